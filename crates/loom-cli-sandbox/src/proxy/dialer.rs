//! From the name of a host to a connection.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::address::is_public;

/// How long resolving a name, or connecting to one address, may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many of a host's addresses are tried.
const MAX_ADDRESSES: usize = 4;

/// Finds the addresses of a host.
type Resolver =
    Box<dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// Connects to hosts, but only at addresses that it may reach.
pub(super) struct Dialer {
    resolve: Resolver,
    may_reach: fn(IpAddr) -> bool,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum DialError {
    /// The name leads only to addresses that may not be reached.
    Private,
    /// The name is not known, or nobody answers.
    Unreachable(io::Error),
}

impl Dialer {
    /// Asks the system for names, and reaches the public internet.
    pub(super) fn for_the_internet() -> Self {
        Self::new(
            |host, port| {
                async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) }.boxed()
            },
            is_public,
        )
    }

    pub(super) fn new(
        resolve: impl Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>
        + Send
        + Sync
        + 'static,
        may_reach: fn(IpAddr) -> bool,
    ) -> Self {
        Self {
            resolve: Box::new(resolve),
            may_reach,
        }
    }

    /// Resolves a name once, and connects to the first of its addresses that may be reached and
    /// answers.
    pub(super) async fn dial(&self, host: &str, port: u16) -> Result<TcpStream, DialError> {
        let resolving = (self.resolve)(host.to_owned(), port);
        let addresses = within(resolving).await.map_err(DialError::Unreachable)?;
        let mut error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        let mut is_private = !addresses.is_empty();
        let reachable = addresses
            .into_iter()
            .filter(|address| (self.may_reach)(address.ip()));
        for address in reachable.take(MAX_ADDRESSES) {
            is_private = false;
            match within(TcpStream::connect(address)).await {
                Ok(stream) => return Ok(stream),
                Err(failed) => error = failed,
            }
        }
        Err(match is_private {
            true => DialError::Private,
            false => DialError::Unreachable(error),
        })
    }
}

async fn within<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match timeout(PATIENCE, work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}
