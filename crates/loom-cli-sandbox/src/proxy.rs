//! The way to allowed hosts: a proxy for HTTP inside of Loom, the only thing that a command can
//! reach.
//!
//! It knows two requests: `CONNECT host:port`, which makes a tunnel (RFC 9110, section 9.3.6), and a
//! plain request for a whole URL (RFC 9112, section 3.2.2), which it passes on. For both it looks the
//! host up in the list, resolves the name itself, and connects to an address that it has looked at
//! ([`address`]): a name that leads into the private network is refused whatever the list says, and
//! a name that leads elsewhere at the second look (DNS rebinding) gains nothing, as there is none.
//!
//! Connections are counted, and those over the bound are closed. What was refused is remembered, for
//! the explanation after the command has failed.

mod address;
mod dialer;
mod exchange;
mod pattern;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use pattern::HostPattern;

use self::dialer::Dialer;
use crate::error::SandboxError;
use crate::policy::NetworkRoute;
use crate::short_path::ShortPath;

/// How many connections are served at a time.
const MAX_CONNECTIONS: usize = 128;

/// How many refused hosts are remembered.
const MAX_REFUSED: usize = 64;

/// A host that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedHost {
    /// Its name or address, lowercase.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Why.
    pub reason: RefusalReason,
}

/// Why a host was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// No pattern of the list fits. Allowing it helps.
    NotListed,
    /// Its name leads to an address of this machine or of a private network, which no list allows.
    PrivateAddress,
}

impl fmt::Display for RefusedHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.reason {
            RefusalReason::NotListed => "is not on the list of allowed hosts",
            RefusalReason::PrivateAddress => "leads to this machine or a private network",
        };
        write!(formatter, "{}:{} {reason}", self.host, self.port)
    }
}

/// The proxy. It ends when this is dropped, and its tunnels with it.
#[derive(Debug)]
pub(crate) struct Proxy {
    socket: PathBuf,
    port: u16,
    rules: Arc<Rules>,
    _end: DropGuard,
}

impl Proxy {
    /// Starts to listen, on a unix socket and on a port of this machine.
    pub(crate) async fn start(
        socket: PathBuf,
        hosts: Vec<HostPattern>,
    ) -> Result<Self, SandboxError> {
        Self::start_with(socket, hosts, Dialer::for_the_internet()).await
    }

    async fn start_with(
        socket: PathBuf,
        hosts: Vec<HostPattern>,
        dialer: Dialer,
    ) -> Result<Self, SandboxError> {
        let unix = ShortPath::to(&socket)
            .and_then(|short| UnixListener::bind(short.path()))
            .map_err(SandboxError::Proxy)?;
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(SandboxError::Proxy)?;
        let port = tcp.local_addr().map_err(SandboxError::Proxy)?.port();
        let rules = Arc::new(Rules::new(hosts));
        let end = CancellationToken::new();
        let door = Door {
            rules: Arc::clone(&rules),
            dialer: Arc::new(dialer),
            places: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            end: end.clone(),
        };
        tokio::spawn(end.clone().run_until_cancelled_owned(async move {
            loop {
                tokio::select! {
                    Ok((stream, _)) = unix.accept() => door.let_in(stream),
                    Ok((stream, _)) = tcp.accept() => door.let_in(stream),
                    // Out of file descriptors, for one: others may be given back.
                    else => tokio::task::yield_now().await,
                }
            }
        }));
        Ok(Self {
            socket,
            port,
            rules,
            _end: end.drop_guard(),
        })
    }

    /// Returns where it listens.
    pub(crate) fn route(&self) -> NetworkRoute {
        NetworkRoute::Proxy {
            socket: self.socket.clone(),
            port: self.port,
        }
    }

    /// Returns the variables by which programs find a proxy.
    pub(crate) fn variables(&self) -> Vec<(OsString, OsString)> {
        let url = format!("http://127.0.0.1:{}", self.port);
        let direct = "localhost,127.0.0.1,::1";
        [
            ("HTTP_PROXY", url.as_str()),
            ("http_proxy", &url),
            ("HTTPS_PROXY", &url),
            ("https_proxy", &url),
            ("ALL_PROXY", &url),
            ("all_proxy", &url),
            ("NO_PROXY", direct),
            ("no_proxy", direct),
            // Without it, Node does not look at the others.
            ("NODE_USE_ENV_PROXY", "1"),
        ]
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
    }

    /// Lets a host pass from now on.
    pub(crate) fn allow(&self, host: HostPattern) {
        self.rules.change(|state| state.allowed.push(host));
    }

    /// Returns what was refused and not taken yet, oldest first.
    pub(crate) fn refused(&self) -> Vec<RefusedHost> {
        self.rules
            .change(|state| state.refused.iter().cloned().collect())
    }

    /// Takes what was refused since the last call, oldest first.
    pub(crate) fn take_refused(&self) -> Vec<RefusedHost> {
        self.rules.change(|state| state.refused.drain(..).collect())
    }
}

/// Lets connections in while there is room.
struct Door {
    rules: Arc<Rules>,
    dialer: Arc<Dialer>,
    places: Arc<Semaphore>,
    end: CancellationToken,
}

impl Door {
    fn let_in(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return;
        };
        let exchange = exchange::serve(
            stream,
            Arc::clone(&self.rules),
            Arc::clone(&self.dialer),
            place,
            self.end.clone(),
        );
        tokio::spawn(self.end.clone().run_until_cancelled_owned(exchange));
    }
}

/// What may pass, and what was refused.
#[derive(Debug)]
struct Rules(Mutex<State>);

#[derive(Debug)]
struct State {
    allowed: Vec<HostPattern>,
    refused: VecDeque<RefusedHost>,
}

impl Rules {
    fn new(allowed: Vec<HostPattern>) -> Self {
        Self(Mutex::new(State {
            allowed,
            refused: VecDeque::new(),
        }))
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        // Nothing in here panics half way.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn allows(&self, host: &str, port: u16) -> bool {
        self.change(|state| {
            let mut patterns = state.allowed.iter();
            patterns.any(|pattern| pattern.matches(host, port))
        })
    }

    /// Remembers a refusal, once.
    fn refuse(&self, refused: RefusedHost) {
        tracing::debug!(%refused, "the sandbox's proxy refuses");
        self.change(|state| {
            if !state.refused.contains(&refused) {
                if state.refused.len() == MAX_REFUSED {
                    state.refused.pop_front();
                }
                state.refused.push_back(refused);
            }
        });
    }
}
