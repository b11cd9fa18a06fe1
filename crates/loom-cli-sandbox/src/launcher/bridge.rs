//! The way from a network of one's own to the proxy: a port on its loopback interface, whose
//! connections are carried to the proxy's unix socket.

use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::short_path::ShortPath;

/// How many connections are carried at a time. Those that come on top are closed.
const MAX_CONNECTIONS: usize = 128;

/// Stack of a thread that only copies.
const STACK: usize = 128 * 1024;

/// The port, bound.
#[derive(Debug)]
pub(super) struct Bridge {
    listener: TcpListener,
    socket: PathBuf,
}

impl Bridge {
    /// Takes the port.
    pub(super) fn bind(port: u16, socket: PathBuf) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        Ok(Self { listener, socket })
    }

    /// Carries connections, in threads of its own, for as long as the process lives.
    pub(super) fn serve(self) {
        let _ = thread(move || self.accept());
    }

    fn accept(self) {
        let open = Arc::new(AtomicUsize::new(0));
        for connection in self.listener.incoming().flatten() {
            if open.load(Ordering::Relaxed) >= MAX_CONNECTIONS {
                continue;
            }
            open.fetch_add(1, Ordering::Relaxed);
            let socket = self.socket.clone();
            let count = Arc::clone(&open);
            let carrying = thread(move || {
                // A connection that breaks is the command's to notice.
                let _ = carry(&connection, &socket);
                count.fetch_sub(1, Ordering::Relaxed);
            });
            if carrying.is_err() {
                open.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }
}

fn thread(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().stack_size(STACK).spawn(work)?;
    Ok(())
}

/// Copies both ways until both are done.
fn carry(inside: &TcpStream, socket: &Path) -> io::Result<()> {
    let outside = UnixStream::connect(ShortPath::to(socket)?.path())?;
    let (mut from, mut to) = (inside.try_clone()?, outside.try_clone()?);
    let up = thread::Builder::new().stack_size(STACK).spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    })?;
    let _ = io::copy(&mut &outside, &mut &*inside);
    let _ = inside.shutdown(Shutdown::Write);
    let _ = up.join();
    Ok(())
}
