//! The filter on threads of the test, for what the tests of the whole sandbox cannot reach: kernels
//! without some versions of Landlock.

use std::fs::File;
use std::io;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;

use super::*;

const ALL: [Sockets; 5] = [
    Sockets::OwnNetwork,
    Sockets::Local { unix: false },
    Sockets::Local { unix: true },
    Sockets::TcpClient { unix: false },
    Sockets::TcpClient { unix: true },
];

/// Runs `work` in a thread that is confined first.
fn confined<T: Send + 'static>(sockets: Sockets, work: impl FnOnce() -> T + Send + 'static) -> T {
    let closed = Closed {
        sockets,
        outside_is_reachable: true,
        truncating_is_free: true,
    };
    let thread = std::thread::spawn(move || {
        install(closed).unwrap();
        work()
    });
    thread.join().unwrap()
}

fn errno<T>(outcome: io::Result<T>) -> Option<i32> {
    outcome.err().and_then(|error| error.raw_os_error())
}

#[test]
fn every_filter_compiles() {
    for sockets in ALL {
        confined(sockets, || ());
    }
}

#[test]
fn every_call_of_the_lists_is_known_to_the_gate() {
    for call in REFUSED.iter().chain(MISSING).chain(SHARED_BY_KEY) {
        assert!(*call <= LAST_KNOWN_CALL.into(), "{call}");
    }
}

#[test]
fn files_are_not_cut_off_where_landlock_does_not_judge_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, "text").unwrap();
    let file = path.clone();
    confined(ALL[0], move || {
        let cut = openat(CWD, &file, OFlags::RDONLY | OFlags::TRUNC, Mode::empty());
        assert_eq!(cut.unwrap_err(), Errno::PERM);
        assert_eq!(truncate(&file), Some(libc::EPERM));
        // Its flags are in memory, where no filter sees them.
        let flags = OFlags::RDONLY;
        let opened = openat2(CWD, &file, flags, Mode::empty(), ResolveFlags::empty());
        assert_eq!(opened.unwrap_err(), Errno::NOSYS);
        // For writing it takes the right to write.
        File::create(&file).unwrap();
    });
    assert_eq!(std::fs::read(path).unwrap(), b"");
}

/// Cuts a file off by its name, and returns the error.
fn truncate(path: &std::path::Path) -> Option<i32> {
    nix::unistd::truncate(path, 0)
        .err()
        .map(|error| error as i32)
}

#[test]
fn without_a_network_there_are_pairs_of_sockets_only() {
    let refused = confined(Sockets::Local { unix: false }, || {
        UnixStream::pair().unwrap();
        [
            errno(UdpSocket::bind("127.0.0.1:0")),
            errno(TcpListener::bind("127.0.0.1:0")),
            errno(TcpStream::connect("127.0.0.1:1")),
            errno(std::os::unix::net::UnixDatagram::unbound()),
        ]
    });
    assert_eq!(refused, [Some(libc::EPERM); 4]);
    let unix = confined(Sockets::Local { unix: true }, || {
        errno(std::os::unix::net::UnixDatagram::unbound())
    });
    assert_eq!(unix, None);
}

#[test]
fn clients_of_the_proxy_connect_by_tcp_and_nothing_else() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    confined(Sockets::TcpClient { unix: false }, move || {
        TcpStream::connect(address).unwrap();
        assert_eq!(errno(UdpSocket::bind("127.0.0.1:0")), Some(libc::EPERM));
        assert_eq!(errno(TcpListener::bind("127.0.0.1:0")), Some(libc::EPERM));
        assert_eq!(
            errno(std::os::unix::net::UnixDatagram::unbound()),
            Some(libc::EPERM)
        );
    });
}
