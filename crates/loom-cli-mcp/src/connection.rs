//! The life of a server: connect, read what it offers, follow it, and connect anew when it fails.
//!
//! Each server has a task of its own, so that a slow one delays nobody. A server that fails is
//! connected to again, each time after a longer pause, and given up after some attempts in a row; a
//! server that worked for a while has all its attempts back. Somebody can ask for another attempt
//! at any time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use loom_cli_hooks::changed;
use loom_cli_tools::CommandEnvironment;
use loom_common_config::Environment;
use rmcp::RoleClient;
use rmcp::model::{
    ClientRequest, ErrorCode, PaginatedRequestParams, PingRequest, Prompt, ProtocolVersion,
    Tool as RemoteTool,
};
use rmcp::service::{
    ClientInitializeError, ClientLifecycleMode, Peer, RunningService, ServiceError,
    serve_client_with_lifecycle,
};
use tokio::sync::watch;
use tokio::task::JoinError;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::client::Client;
use crate::config::TransportDefinition;
use crate::elicitation::ElicitationHandler;
use crate::endpoint::Endpoint;
use crate::guard::Guarded;
use crate::http;
use crate::inventory::MAX_TOOLS;
use crate::oauth::Credentials;
use crate::process::ServerProcess;
use crate::server::{Server, ServerState, Standing, chain};
use crate::stdio::StdioTransport;
use crate::trust::Distrust;

/// Attempts in a row for a server that has never been ready.
const MAX_STARTS: u32 = 3;

/// Attempts in a row for one that was.
const MAX_RESTARTS: u32 = 6;

/// The pause after the first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// How long a server must have worked to have all its attempts back.
const PROVEN: Duration = Duration::from_secs(60);

/// How long at most a server may take to answer when somebody thinks that it hangs.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// How long at least lies between two readings of a list that changes.
const LIST_INTERVAL: Duration = Duration::from_secs(1);

/// How long the end of a connection may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Pages of a list that are read.
const MAX_PAGES: usize = 50;

/// The most prompts of one server.
const MAX_PROMPTS: usize = 500;

/// What connections are made with.
pub(crate) struct Surroundings {
    pub(crate) workspace: PathBuf,
    /// What variables in definitions are replaced from.
    pub(crate) environment: Environment,
    /// What processes inherit.
    pub(crate) inherited: CommandEnvironment,
    pub(crate) elicitation: Option<Arc<dyn ElicitationHandler>>,
    pub(crate) credentials: Credentials,
}

type Running = RunningService<RoleClient, Client>;

/// Why a connection could not be made, or ended.
struct Failure {
    state: ServerState,
    reason: String,
}

impl Failure {
    /// Makes a failure after which another attempt may help.
    fn passing(reason: impl Into<String>) -> Self {
        Self {
            state: ServerState::Restarting,
            reason: reason.into(),
        }
    }

    /// Makes a failure that stays until somebody does something.
    fn lasting(reason: impl Into<String>) -> Self {
        Self {
            state: ServerState::Failed,
            reason: reason.into(),
        }
    }
}

/// Keeps a server connected until `stop` says that the session is over.
pub(crate) async fn supervise(
    server: Arc<Server>,
    surroundings: Arc<Surroundings>,
    stop: CancellationToken,
) {
    while matches!(
        server.standing().state,
        ServerState::Disabled | ServerState::Untrusted
    ) {
        tokio::select! {
            () = server.restart.notified() => {}
            () = stop.cancelled() => return,
        }
    }
    let mut attempts = 0;
    let mut was_ready = false;
    loop {
        server.set(Standing::without_peer(ServerState::Connecting, None));
        let began = Instant::now();
        let mut process = None;
        let ended = live(&server, &surroundings, &mut process, &mut was_ready, &stop).await;
        if let Some(mut process) = process {
            // The next one may need what this one holds, such as a port.
            let _ = timeout(CLOSE_TIMEOUT, process.wait_for(|&has_ended| has_ended)).await;
        }
        let Some(mut failure) = ended else {
            server.set(Standing::without_peer(ServerState::Stopped, None));
            return;
        };
        if was_ready && began.elapsed() >= PROVEN {
            attempts = 0;
        }
        attempts += 1;
        let most = if was_ready { MAX_RESTARTS } else { MAX_STARTS };
        if failure.state == ServerState::Restarting && attempts >= most {
            failure =
                Failure::lasting(format!("{} It was tried {attempts} times.", failure.reason));
        }
        failure.reason.push_str(&server.log.explanation());
        tracing::debug!(
            server = server.name(),
            reason = failure.reason,
            "a tool server failed"
        );
        let is_final = failure.state != ServerState::Restarting;
        server.set(Standing::without_peer(failure.state, Some(failure.reason)));
        let pause = FIRST_PAUSE * 2_u32.pow(attempts.min(10) - 1);
        tokio::select! {
            () = stop.cancelled() => {
                server.set(Standing::without_peer(ServerState::Stopped, None));
                return;
            }
            () = server.restart.notified() => attempts = 0,
            () = sleep(pause), if !is_final => {}
        }
    }
}

/// Connects and stays connected. Returns why the connection ended, or `None` when it should.
async fn live(
    server: &Arc<Server>,
    surroundings: &Surroundings,
    process: &mut Option<watch::Receiver<bool>>,
    was_ready: &mut bool,
    stop: &CancellationToken,
) -> Option<Failure> {
    server.log.clear();
    if let Some(why) = changed_since_trusted(server).await {
        let Standing { state, reason, .. } = Standing::untrusted(server.name(), &why);
        let reason = reason.unwrap_or_default();
        return Some(Failure { state, reason });
    }
    let connected = timeout(
        server.startup_timeout,
        connect(server, surroundings, process),
    );
    let running = tokio::select! {
        connected = connected => match connected {
            Ok(Ok(running)) => running,
            Ok(Err(failure)) => return Some(failure),
            Err(_) => return Some(Failure::passing(format!(
                "It was not ready within {} s.",
                server.startup_timeout.as_secs_f64()
            ))),
        },
        () = stop.cancelled() => return None,
    };
    *was_ready = true;
    let peer = running.peer().clone();
    server.set(Standing {
        state: ServerState::Ready,
        reason: None,
        peer: Some(peer.clone()),
    });
    let cancel = running.cancellation_token();
    let mut closed = std::pin::pin!(running.waiting());
    let ended = tokio::select! {
        _ = &mut closed => return Some(Failure::passing("It ended.")),
        problem = follow(server, &peer) => Some(problem),
        () = stop.cancelled() => None,
    };
    server.set(Standing::without_peer(ServerState::Restarting, None));
    cancel.cancel();
    // What takes longer goes on without us, and ends with the process.
    let _ = timeout(CLOSE_TIMEOUT, closed).await;
    ended.map(Failure::passing)
}

/// Tells whether a file that the server's definition names is another than the person has trusted.
/// The agent may have written it since the session began.
async fn changed_since_trusted(server: &Arc<Server>) -> Option<Distrust> {
    let server = Arc::clone(server);
    let check = tokio::task::spawn_blocking(move || match &server.entry.pins {
        Ok(pins) => changed(pins).map(|path| Distrust::Changed(path.to_owned())),
        Err(problem) => Some(Distrust::Unpinned(problem.clone())),
    });
    let failed = |error: JoinError| Some(Distrust::Unpinned(error.to_string()));
    check.await.unwrap_or_else(failed)
}

/// Follows a server that is ready. Returns when it does not answer any more, and says so.
async fn follow(server: &Server, peer: &Peer<RoleClient>) -> String {
    loop {
        tokio::select! {
            () = server.changes.lists.notified() => {
                let read = timeout(server.call_timeout, read_lists(server, peer)).await;
                match read {
                    Ok(Ok(())) => server.changed(),
                    // What was known stays in force.
                    Ok(Err(error)) => server.log.line(&format!("(cannot list: {error})")),
                    Err(_) => server.changes.suspect.notify_one(),
                }
                // Many changes in a row are one.
                sleep(LIST_INTERVAL).await;
            }
            () = server.changes.suspect.notified() => {
                let request = ClientRequest::PingRequest(PingRequest::default());
                let limit = PING_TIMEOUT.min(server.call_timeout);
                match timeout(limit, peer.send_request(request)).await {
                    Err(_) => return "It hung: it did not answer for too long.".to_owned(),
                    Ok(Err(ServiceError::TransportSend(error))) => {
                        let cause = chain(error.error.as_ref());
                        return format!("It cannot be reached: {cause}.");
                    }
                    Ok(Err(ServiceError::TransportClosed)) => return "It ended.".to_owned(),
                    Ok(_) => {}
                }
            }
        }
    }
}

/// Connects to a server and reads what it offers.
async fn connect(
    server: &Arc<Server>,
    surroundings: &Surroundings,
    process: &mut Option<watch::Receiver<bool>>,
) -> Result<Running, Failure> {
    let transport = match &server.entry.definition {
        Ok(definition) => &definition.transport,
        Err(problem) => return Err(Failure::lasting(problem.as_str())),
    };
    let handshake = ClientLifecycleMode::Initialize;
    let running = match serve(server, surroundings, transport, handshake, process).await {
        Ok(running) => running,
        Err(Refusal::NoHandshake) => {
            // It speaks only the protocol of 2026, which has none.
            let discover = ClientLifecycleMode::Discover {
                preferred_versions: vec![ProtocolVersion::LATEST],
            };
            serve(server, surroundings, transport, discover, process)
                .await
                .map_err(|refusal| refusal.into_failure(server))?
        }
        Err(refusal) => return Err(refusal.into_failure(server)),
    };
    if let Some(info) = running.peer().peer_info() {
        let identity = info
            .server_info
            .as_ref()
            .map(|identity| format!("{} {}", identity.name, identity.version));
        server.inventory().set_server(
            identity,
            info.instructions.clone(),
            info.capabilities.resources.is_some(),
        );
    }
    read_lists(server, running.peer()).await.map_err(|error| {
        Failure::passing(format!(
            "It does not say what it offers: {}.",
            chain(&error)
        ))
    })?;
    Ok(running)
}

/// Why a server would not be served.
enum Refusal {
    /// It does not know the handshake.
    NoHandshake,
    Failed(Failure),
    Protocol(Box<ClientInitializeError>),
}

impl Refusal {
    fn into_failure(self, server: &Server) -> Failure {
        let error = match self {
            Self::Failed(failure) => return failure,
            Self::NoHandshake => {
                return Failure::lasting("It does not speak a version of the protocol known here.");
            }
            Self::Protocol(error) => error,
        };
        if error.is_authorization_required() || error.auth_challenge().is_some() {
            return Failure {
                state: ServerState::LoginRequired,
                reason: format!("It wants a login: run `loom mcp login {}`.", server.name()),
            };
        }
        Failure::passing(match *error {
            ClientInitializeError::ConnectionClosed(_) => {
                "It ended before it was ready.".to_owned()
            }
            // What wraps it says nothing but names of types.
            ClientInitializeError::TransportError { error, .. } => {
                format!(
                    "It cannot be connected to: {}.",
                    chain(error.error.as_ref())
                )
            }
            error => format!("It cannot be connected to: {}.", chain(&error)),
        })
    }
}

/// Opens a transport and introduces the client.
async fn serve(
    server: &Arc<Server>,
    surroundings: &Surroundings,
    transport: &TransportDefinition,
    lifecycle: ClientLifecycleMode,
    process: &mut Option<watch::Receiver<bool>>,
) -> Result<Running, Refusal> {
    let endpoint = Endpoint::resolve(
        transport,
        &surroundings.environment,
        &surroundings.inherited,
        &surroundings.workspace,
    )
    .map_err(|problem| Refusal::Failed(Failure::lasting(format!("Its definition: {problem}."))))?;
    let client = Client {
        server: server.name().to_owned(),
        root: Url::from_directory_path(&surroundings.workspace).ok(),
        elicitation: surroundings.elicitation.clone(),
        progress: Arc::clone(&server.progress),
        changes: Arc::clone(&server.changes),
    };
    let log = Arc::clone(&server.log);
    let served = match endpoint {
        Endpoint::Process(launch) => {
            let (started, stdout, stdin) =
                ServerProcess::start(&launch, &log).map_err(|error| {
                    let folder = launch.folder.display();
                    Refusal::Failed(Failure::lasting(match launch.folder.is_dir() {
                        true => format!("`{}` cannot be started: {error}.", launch.command),
                        false => format!("The folder {folder} that it runs in does not exist."),
                    }))
                })?;
            *process = Some(started.ended());
            let transport = StdioTransport::new(stdout, stdin, Arc::clone(&log), Some(started));
            serve_client_with_lifecycle(client, Guarded::new(transport, log), lifecycle).await
        }
        Endpoint::Service(service) => {
            let transport = http::open(&service, &surroundings.credentials)
                .await
                .map_err(|problem| Refusal::Failed(Failure::passing(problem)))?;
            serve_client_with_lifecycle(client, Guarded::new(transport, log), lifecycle).await
        }
    };
    served.map_err(|error| match &error {
        ClientInitializeError::JsonRpcError(data)
            if matches!(
                data.code,
                ErrorCode::METHOD_NOT_FOUND | ErrorCode::UNSUPPORTED_PROTOCOL_VERSION
            ) =>
        {
            Refusal::NoHandshake
        }
        _ => Refusal::Protocol(Box::new(error)),
    })
}

/// Reads what a server offers, as far as it says that it offers something.
async fn read_lists(server: &Server, peer: &Peer<RoleClient>) -> Result<(), ServiceError> {
    let capabilities = peer.peer_info().map(|info| info.capabilities.clone());
    let capabilities = capabilities.unwrap_or_default();
    if capabilities.tools.is_some() {
        let mut tools: Vec<RemoteTool> = Vec::new();
        let mut cursor = None;
        for _ in 0..MAX_PAGES {
            let page = peer.list_tools(params(cursor)).await?;
            tools.extend(page.tools);
            cursor = page.next_cursor;
            if cursor.is_none() || tools.len() > MAX_TOOLS {
                break;
            }
        }
        server.reading(|reading| server.inventory().set_tools(tools, reading));
    }
    if capabilities.prompts.is_some() {
        let mut prompts: Vec<Prompt> = Vec::new();
        let mut cursor = None;
        for _ in 0..MAX_PAGES {
            let page = peer.list_prompts(params(cursor)).await?;
            prompts.extend(page.prompts);
            cursor = page.next_cursor;
            if cursor.is_none() || prompts.len() > MAX_PROMPTS {
                break;
            }
        }
        prompts.truncate(MAX_PROMPTS);
        server.inventory().set_prompts(prompts);
    }
    Ok(())
}

fn params(cursor: Option<String>) -> Option<PaginatedRequestParams> {
    Some(PaginatedRequestParams::default().with_cursor(cursor))
}
