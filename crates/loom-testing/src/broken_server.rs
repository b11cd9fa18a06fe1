//! A server that sends what it is told, whatever it is asked: answers that are no HTTP, that break
//! off, that never come or never end.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a [`BrokenServer`] does on a connection after it has sent its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It closes the connection.
    Close,
    /// It keeps the connection open and says nothing more.
    SayNothing,
    /// It sends spaces for as long as the client reads.
    RepeatForever,
}

/// A server on loopback that answers each connection alike. It stops when dropped.
#[derive(Debug)]
pub struct BrokenServer {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl BrokenServer {
    /// Starts a server that sends `text` when something was asked.
    pub async fn start(text: &'static str, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let serving = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                answer(socket, text, then).await;
            }
        });
        Self { address, serving }
    }

    /// Returns the address: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the address of a server that is not there any more.
    pub fn gone() -> String {
        let listener =
            std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        format!("http://{address}")
    }
}

impl Drop for BrokenServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Answers one connection. A client that goes away meanwhile has had enough.
async fn answer(mut socket: TcpStream, text: &str, then: Then) {
    let mut head = [0; 4096];
    let _ = socket.read(&mut head).await;
    let mut sent = socket.write_all(text.as_bytes()).await;
    match then {
        Then::Close => {}
        Then::SayNothing => std::future::pending().await,
        Then::RepeatForever => {
            let piece = [b' '; 64 * 1024];
            while sent.is_ok() {
                sent = socket.write_all(&piece).await;
            }
        }
    }
}
