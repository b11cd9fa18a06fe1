//! One server: how it stands, what it offers, and what is asked of it.

use std::error::Error;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use loom_cli_tools::OutputStore;
use loom_common_core::ProgressSink;
use rmcp::RoleClient;
use rmcp::model::{CancelledNotificationParam, ClientRequest, RequestId, ServerResult};
use rmcp::service::{Peer, PeerRequestOptions, ServiceError};
use rmcp::transport::streamable_http_client::StreamableHttpError;
use serde::Serialize;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};

use crate::client::{Changes, ProgressRoutes};
use crate::config::{Scope, ServerEntry, ToolFilter};
use crate::error::McpError;
use crate::inventory::{Inventory, Reading};
use crate::log::ServerLog;
use crate::trust::Distrust;

/// How many times the silence that a call may have is its time in all: a server that sends
/// progress for ever does not keep a call alive for ever.
const TOTAL_PER_SILENCE: u32 = 10;

/// How a server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerState {
    /// It is switched off in the configuration.
    Disabled,
    /// It is the project's, and the person has not trusted it.
    Untrusted,
    /// It is being started or connected to.
    Connecting,
    /// It answers.
    Ready,
    /// It failed, and is tried again in a moment.
    Restarting,
    /// It wants the person to log in.
    LoginRequired,
    /// It failed, and is not tried again by itself.
    Failed,
    /// The session is over.
    Stopped,
}

impl fmt::Display for ServerState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Disabled => "switched off",
            Self::Untrusted => "not trusted",
            Self::Connecting => "connecting",
            Self::Ready => "ready",
            Self::Restarting => "failed, and is tried again",
            Self::LoginRequired => "wants a login",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        })
    }
}

/// How a server stands, with what belongs to that.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) state: ServerState,
    /// Why it is not ready, as sentences.
    pub(crate) reason: Option<String>,
    /// Who to ask while it is ready.
    pub(crate) peer: Option<Peer<RoleClient>>,
}

impl Standing {
    /// Makes a standing in which the server cannot be asked.
    pub(crate) fn without_peer(state: ServerState, reason: Option<String>) -> Self {
        Self {
            state,
            reason,
            peer: None,
        }
    }

    /// Makes the standing of a server that was trusted, and is no more.
    pub(crate) fn untrusted(name: &str, why: &Distrust) -> Self {
        let reason = format!(
            "It is not started: {why}. Look at that, trust it anew with `loom mcp trust {name}`, \
             and begin a new session."
        );
        Self::without_peer(ServerState::Untrusted, Some(reason))
    }
}

/// One server.
pub(crate) struct Server {
    pub(crate) entry: ServerEntry,
    /// Its part of names.
    pub(crate) part: String,
    pub(crate) startup_timeout: Duration,
    /// How long it may be silent during a call.
    pub(crate) call_timeout: Duration,
    pub(crate) outputs: OutputStore,
    pub(crate) log: Arc<ServerLog>,
    pub(crate) changes: Arc<Changes>,
    pub(crate) progress: Arc<ProgressRoutes>,
    /// Told when somebody wants another attempt.
    pub(crate) restart: Notify,
    standing: watch::Sender<Standing>,
    inventory: Mutex<Inventory>,
    /// Counts what changes on any server.
    version: Arc<watch::Sender<u64>>,
}

impl Server {
    pub(crate) fn new(
        entry: ServerEntry,
        part: String,
        standing: Standing,
        limits: CallLimits,
        outputs: OutputStore,
        version: Arc<watch::Sender<u64>>,
    ) -> Self {
        let definition = entry.definition.as_ref().ok();
        Self {
            startup_timeout: definition
                .and_then(|definition| definition.startup_timeout)
                .unwrap_or(limits.startup_timeout),
            call_timeout: definition
                .and_then(|definition| definition.call_timeout)
                .unwrap_or(limits.call_timeout),
            entry,
            part,
            outputs,
            log: Arc::default(),
            changes: Arc::default(),
            progress: Arc::default(),
            restart: Notify::new(),
            standing: watch::Sender::new(standing),
            inventory: Mutex::default(),
            version,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.entry.name
    }

    pub(crate) fn scope(&self) -> Scope {
        self.entry.scope
    }

    pub(crate) fn inventory(&self) -> MutexGuard<'_, Inventory> {
        self.inventory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `with` with how to read what the server says of its tools.
    pub(crate) fn reading<T>(&self, with: impl FnOnce(Reading<'_>) -> T) -> T {
        let everything = ToolFilter::default();
        let definition = self.entry.definition.as_ref().ok();
        with(Reading {
            server_part: &self.part,
            filter: definition.map_or(&everything, |definition| &definition.tools),
            trust_annotations: definition.is_some_and(|definition| definition.trust_annotations),
        })
    }

    pub(crate) fn standing(&self) -> Standing {
        self.standing.borrow().clone()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    pub(crate) fn set(&self, standing: Standing) {
        self.standing.send_replace(standing);
        self.changed();
    }

    /// Tells those who watch that something changed.
    pub(crate) fn changed(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    /// Waits until the server is ready, as long as it may take to start.
    ///
    /// # Errors
    ///
    /// [`McpError::Unavailable`] or [`McpError::LoginRequired`] when it is not.
    pub(crate) async fn ready(&self) -> Result<Peer<RoleClient>, McpError> {
        let mut watch = self.watch();
        let decided = watch.wait_for(|standing| {
            !matches!(
                standing.state,
                ServerState::Connecting | ServerState::Restarting
            )
        });
        let standing = match timeout(self.startup_timeout, decided).await {
            Ok(Ok(standing)) => standing.clone(),
            _ => self.standing(),
        };
        match standing.peer {
            Some(peer) => Ok(peer),
            None if standing.state == ServerState::LoginRequired => Err(McpError::LoginRequired {
                name: self.name().to_owned(),
            }),
            None => Err(self.unavailable(standing.state, standing.reason)),
        }
    }

    /// Makes the error of a server that cannot be asked.
    pub(crate) fn unavailable(&self, state: ServerState, reason: Option<String>) -> McpError {
        let reason = reason.unwrap_or_else(|| {
            match state {
                ServerState::Disabled => "it is switched off in the configuration",
                ServerState::Untrusted => "the person has not trusted it",
                ServerState::Stopped => "the session is over",
                _ => "it has not answered yet; try again in a moment",
            }
            .to_owned()
        });
        McpError::Unavailable {
            name: self.name().to_owned(),
            reason,
        }
    }

    /// Asks the server and waits for the answer: as long as it is not silent for too long. The
    /// server is told when nobody waits any more, because time is up or the future was dropped.
    ///
    /// # Errors
    ///
    /// When the server is not there, refuses, or does not answer in time.
    pub(crate) async fn ask(
        &self,
        request: ClientRequest,
        progress: &ProgressSink,
    ) -> Result<ServerResult, McpError> {
        let peer = self.ready().await?;
        let gone = |_| self.gone();
        let mut handle = peer
            .send_request_with_option(request, PeerRequestOptions::no_options())
            .await
            .map_err(gone)?;
        let mut cancel = CancelOnDrop {
            request: Some((peer, handle.id.clone())),
        };
        let open = self
            .progress
            .open(handle.progress_token.clone(), progress.clone());
        let longest = self.call_timeout * TOTAL_PER_SILENCE;
        let mut ends = Instant::now() + longest;
        let mut silent_until = Instant::now() + self.call_timeout;
        let answer = loop {
            tokio::select! {
                // In this order: an answer counts, however late it is seen.
                biased;
                answer = &mut handle.rx => break answer,
                () = sleep_until(silent_until.min(ends)) => {
                    if self.changes.asking.load(Ordering::Relaxed) > 0 {
                        // The time that the person takes is not the server's.
                        ends += self.call_timeout;
                        silent_until = Instant::now() + self.call_timeout;
                        continue;
                    }
                    // A server that does not answer this one may not answer any.
                    self.changes.suspect.notify_one();
                    let what = match Instant::now() >= ends {
                        true => format!("gave no answer for {} s", longest.as_secs_f64()),
                        false => format!("was silent for {} s", self.call_timeout.as_secs_f64()),
                    };
                    return Err(self.refused(format!(
                        "{what}, and was told that nobody waits any more"
                    )));
                }
                () = open.route.seen.notified() => {
                    silent_until = Instant::now() + self.call_timeout;
                }
            }
        };
        cancel.request = None;
        match answer {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(ServiceError::McpError(error))) => Err(self.refused(format!(
                "answered with the error {}: {}",
                error.code.0, error.message
            ))),
            Ok(Err(ServiceError::TransportClosed)) | Err(_) => Err(self.gone()),
            Ok(Err(ServiceError::TransportSend(error))) => {
                self.changes.suspect.notify_one();
                let cause = chain(error.error.as_ref());
                if ServiceError::TransportSend(error).is_authorization_required() {
                    return Err(McpError::LoginRequired {
                        name: self.name().to_owned(),
                    });
                }
                Err(self.refused(format!("cannot be reached: {cause}")))
            }
            Ok(Err(error)) => Err(self.refused(format!("cannot be understood: {error}"))),
        }
    }

    /// Makes the error of a call during which the server went away.
    fn gone(&self) -> McpError {
        let explanation = self.log.explanation();
        self.refused(format!(
            "went away during the call; it is started again.{explanation}"
        ))
    }

    pub(crate) fn refused(&self, problem: String) -> McpError {
        McpError::Refused {
            name: self.name().to_owned(),
            problem,
        }
    }
}

/// How long things may take where a server's definition does not say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallLimits {
    pub(crate) startup_timeout: Duration,
    pub(crate) call_timeout: Duration,
}

/// Tells the server that nobody waits for a request any more.
struct CancelOnDrop {
    request: Option<(Peer<RoleClient>, RequestId)>,
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        let Some((peer, id)) = self.request.take() else {
            return;
        };
        // Without a runtime the connection is gone as well.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let reason = "nobody waits for it any more".to_owned();
                let params = CancelledNotificationParam::new(Some(id), Some(reason));
                // It fails only when the server is gone.
                let _ = peer.notify_cancelled(params).await;
            });
        }
    }
}

/// Returns an error with what caused it, in one line, without addresses: variables were put into
/// them, which may be secrets.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = without_addresses(&error.to_string());
    let mut cause = cause_of(error);
    while let Some(error) = cause {
        let said = without_addresses(&error.to_string());
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = cause_of(error);
    }
    text
}

fn cause_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    // This one holds its cause without naming it as such.
    match error.downcast_ref::<StreamableHttpError<reqwest::Error>>() {
        Some(StreamableHttpError::Client(cause)) => Some(cause),
        _ => error.source(),
    }
}

/// Cuts out where the HTTP client says which address it is about.
fn without_addresses(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(" for url (") {
        kept.push_str(before);
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    kept.push_str(rest);
    kept
}
