//! Where the browser comes back to: a page on a loopback port (RFC 8252, section 7.3).
//!
//! Any program and any page of the machine can send requests there. So only an address with the
//! state of this login counts, and whoever sends something else gets an error and changes nothing.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use url::Url;

/// The path of the page.
const PATH: &str = "/callback";

/// The longest request that is read, in bytes.
const MAX_REQUEST: usize = 16 * 1024;

/// Connections that are served at the same time.
const MAX_CONNECTIONS: usize = 32;

/// How long a request may take to arrive.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

const DONE: &str = "<!doctype html><meta charset=utf-8><title>Loom</title>\
    <p>You can close this page and go back to Loom.";

const REFUSED: &str = "<!doctype html><meta charset=utf-8><title>Loom</title>\
    <p>This page belongs to a login that is over.";

/// Where the browser comes back to.
pub(super) struct Redirect {
    listener: TcpListener,
    url: String,
    state: String,
}

impl Redirect {
    /// Listens on `port`, or on one that the system picks.
    pub(super) async fn bind(port: Option<u16>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0))).await?;
        let port = listener.local_addr()?.port();
        Ok(Self {
            listener,
            url: format!("http://127.0.0.1:{port}{PATH}"),
            state: String::new(),
        })
    }

    /// Waits for the answer to the login at `authorization_url` only.
    pub(super) fn expecting(mut self, authorization_url: &str) -> Self {
        self.state = Url::parse(authorization_url)
            .ok()
            .and_then(|url| state(&url))
            .unwrap_or_default();
        self
    }

    /// Returns the address of the page.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the state that the answer must have.
    pub(super) fn state(&self) -> &str {
        &self.state
    }

    /// Waits for the browser, and returns the address that it came to. Browsers open connections
    /// ahead of time that say nothing, so one does not wait for another.
    pub(super) async fn wait(&self) -> io::Result<String> {
        let mut serving = FuturesUnordered::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if serving.len() < MAX_CONNECTIONS => {
                    let (stream, _) = accepted?;
                    serving.push(timeout(REQUEST_TIMEOUT, self.serve(stream)));
                }
                Some(served) = serving.next() => {
                    if let Ok(Ok(Some(address))) = served {
                        return Ok(address);
                    }
                }
            }
        }
    }

    /// Answers a request. Returns the address that was asked for when it is the answer.
    async fn serve(&self, mut stream: TcpStream) -> io::Result<Option<String>> {
        let mut request = Vec::new();
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            if request.len() > MAX_REQUEST || stream.read_buf(&mut request).await? == 0 {
                return Ok(None);
            }
        }
        let request = String::from_utf8_lossy(&request);
        let target = request
            .strip_prefix("GET ")
            .and_then(|rest| rest.split(' ').next());
        let address = target
            .and_then(|target| Url::parse(&self.url).ok()?.join(target).ok())
            .filter(|url| url.path() == PATH && !self.state.is_empty())
            .filter(|url| state(url).as_deref() == Some(&self.state));
        let (status, page) = match address {
            Some(_) => ("200 OK", DONE),
            None => ("400 Bad Request", REFUSED),
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{page}",
            page.len()
        );
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        Ok(address.map(String::from))
    }
}

fn state(url: &Url) -> Option<String> {
    url.query_pairs()
        .find(|(name, _)| name == "state")
        .map(|(_, value)| value.into_owned())
}
