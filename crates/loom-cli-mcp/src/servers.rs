//! All servers of a session.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use loom_cli_tools::{CommandEnvironment, OutputStore};
use loom_common_config::Environment;
use loom_common_core::ToolDefinition;
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::config::{McpConfig, Scope, ServerEntry};
use crate::connection::{Surroundings, supervise};
use crate::elicitation::ElicitationHandler;
use crate::error::McpError;
use crate::name::server_parts;
use crate::oauth::Credentials;
use crate::offering::McpOffering;
use crate::server::{CallLimits, Server, ServerState, Standing};
use crate::trust::{Distrust, TrustStore};

/// How much servers may take and give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct McpLimits {
    /// How long a server may take to be ready, where its definition does not say.
    pub startup_timeout: Duration,
    /// How long a server may be silent during a call, where its definition does not say. A call
    /// whose server keeps sending progress may take ten times as long.
    pub call_timeout: Duration,
    /// How many tools of servers the model is told of without searching.
    pub offered_tools: usize,
    /// How many tokens their definitions may take, as estimated from their length.
    pub offered_tokens: usize,
}

impl Default for McpLimits {
    /// Half a minute to start, two minutes of silence, 40 tools of 10,000 tokens.
    fn default() -> Self {
        Self {
            startup_timeout: Duration::from_secs(30),
            call_timeout: Duration::from_secs(120),
            offered_tools: 40,
            offered_tokens: 10_000,
        }
    }
}

/// What the servers of a session are started with.
pub struct McpSetup {
    /// Which servers there are.
    pub config: McpConfig,
    /// Loom's state folder: which servers are trusted, and logins.
    pub state_folder: PathBuf,
    /// The folder that the agent works in: absolute, with symbolic links resolved.
    pub workspace: PathBuf,
    /// What variables in definitions are replaced from.
    pub environment: Environment,
    /// What the processes of servers inherit, beside what their definitions name.
    pub inherited: CommandEnvironment,
    /// Where outputs go that are too long for the model.
    pub outputs: OutputStore,
    /// Answers when a server asks the person for something; without one it is declined.
    pub elicitation: Option<Arc<dyn ElicitationHandler>>,
    /// How much servers may take and give.
    pub limits: McpLimits,
}

/// How a server stands, for showing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerStatus {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub scope: Scope,
    /// The file that defines it.
    pub file: PathBuf,
    /// Its command line or address, as configured; empty when the definition cannot be read.
    pub transport: String,
    /// How it stands.
    pub state: ServerState,
    /// Why it is not ready.
    pub reason: Option<String>,
    /// What it calls itself, with its version.
    pub identity: Option<String>,
    /// How many tools it offers.
    pub tools: usize,
    /// How many prompts it offers.
    pub prompts: usize,
    /// Whether it offers resources.
    pub resources: bool,
    /// What it last wrote to its standard error output, or logged.
    pub log: Vec<String>,
}

/// The servers of a session. Clones are the same servers; when the last is dropped they end.
#[derive(Clone)]
pub struct McpServers {
    pub(crate) shared: Arc<Shared>,
    tasks: TaskTracker,
    stop: CancellationToken,
    _stop_on_drop: Arc<DropGuard>,
}

/// What all that have to do with the servers share.
pub(crate) struct Shared {
    pub(crate) servers: Vec<Arc<Server>>,
    pub(crate) limits: McpLimits,
    pub(crate) outputs: OutputStore,
    trust: TrustStore,
    version: Arc<watch::Sender<u64>>,
}

impl Shared {
    /// Finds a server.
    pub(crate) fn server(&self, name: &str) -> Result<&Arc<Server>, McpError> {
        self.servers
            .iter()
            .find(|server| server.name() == name)
            .ok_or_else(|| McpError::UnknownServer {
                name: name.to_owned(),
                known: self
                    .servers
                    .iter()
                    .map(|server| server.name().to_owned())
                    .collect(),
            })
    }
}

impl McpServers {
    /// Starts the servers in the background, and returns at once. Those that are switched off, or
    /// that the person has not trusted, are not started. Must be called in a Tokio runtime.
    pub fn start(setup: McpSetup) -> Self {
        let trust = TrustStore::new(&setup.state_folder);
        let untrusted = trust.untrusted(&setup.config.servers);
        let standing = |entry: &ServerEntry| {
            let distrust = untrusted.iter().find(|server| server.entry == entry);
            match distrust.map(|server| &server.why) {
                _ if entry.is_disabled() => Standing::without_peer(ServerState::Disabled, None),
                None => Standing::without_peer(ServerState::Connecting, None),
                Some(Distrust::Unknown) => Standing::without_peer(ServerState::Untrusted, None),
                Some(why) => Standing::untrusted(&entry.name, why),
            }
        };
        let limits = CallLimits {
            startup_timeout: setup.limits.startup_timeout,
            call_timeout: setup.limits.call_timeout,
        };
        let parts = server_parts(setup.config.servers.iter().map(|entry| entry.name.as_str()));
        let version = Arc::new(watch::Sender::new(0));
        let servers: Vec<Arc<Server>> = setup
            .config
            .servers
            .iter()
            .zip(parts)
            .map(|(entry, part)| {
                let (entry, standing) = (entry.clone(), standing(entry));
                let (outputs, version) = (setup.outputs.clone(), Arc::clone(&version));
                Arc::new(Server::new(entry, part, standing, limits, outputs, version))
            })
            .collect();
        let surroundings = Arc::new(Surroundings {
            workspace: setup.workspace,
            environment: setup.environment,
            inherited: setup.inherited,
            elicitation: setup.elicitation,
            credentials: Credentials::new(&setup.state_folder),
        });
        let tasks = TaskTracker::new();
        let stop = CancellationToken::new();
        for server in &servers {
            tasks.spawn(supervise(
                Arc::clone(server),
                Arc::clone(&surroundings),
                stop.clone(),
            ));
        }
        tasks.close();
        Self {
            shared: Arc::new(Shared {
                servers,
                limits: setup.limits,
                outputs: setup.outputs,
                trust,
                version,
            }),
            tasks,
            _stop_on_drop: Arc::new(stop.clone().drop_guard()),
            stop,
        }
    }

    /// Returns what brings the servers' tools into a registry. Each registry has one of its own:
    /// what was found by searching belongs to the conversation that searched.
    pub fn offering(&self) -> McpOffering {
        McpOffering::new(Arc::clone(&self.shared))
    }

    /// Waits until each server is ready, or is not going to be for now. A session without a
    /// person, whose first request should know the tools, waits here as long as it likes to.
    pub async fn settled(&self) {
        join_all(self.shared.servers.iter().map(|server| async move {
            let mut watch = server.watch();
            // An error means that the server is gone.
            let _ = watch
                .wait_for(|standing| standing.state != ServerState::Connecting)
                .await;
        }))
        .await;
    }

    /// Returns how the servers stand, in the order of their configuration.
    pub fn status(&self) -> Vec<ServerStatus> {
        self.shared
            .servers
            .iter()
            .map(|server| status(server))
            .collect()
    }

    /// Returns the tools that a server offers now, as the model would be told of them.
    ///
    /// # Errors
    ///
    /// [`McpError::UnknownServer`] when there is none of this name.
    pub fn tools(&self, name: &str) -> Result<Vec<ToolDefinition>, McpError> {
        let inventory = self.shared.server(name)?.inventory();
        Ok(inventory
            .tools()
            .iter()
            .filter(|tool| inventory.schema(&tool.remote).is_some())
            .map(|tool| tool.definition.clone())
            .collect())
    }

    /// Returns a number that grows whenever a server stands otherwise or offers something else:
    /// what is waited on to show [`McpServers::status`] anew.
    pub fn version(&self) -> watch::Receiver<u64> {
        self.shared.version.subscribe()
    }

    /// Remembers that the person trusts the server `name` as it was when the session began, and
    /// starts it. It does not start when a file that it names has changed since.
    ///
    /// # Errors
    ///
    /// When there is none of this name, or the trust cannot be stored.
    pub fn trust(&self, name: &str) -> Result<(), McpError> {
        let server = self.shared.server(name)?;
        self.shared.trust.trust(&[&server.entry])?;
        if server.standing().state == ServerState::Untrusted {
            server.set(Standing::without_peer(ServerState::Connecting, None));
            server.restart.notify_one();
        }
        Ok(())
    }

    /// Tries a server again that failed or wanted a login.
    ///
    /// # Errors
    ///
    /// When there is none of this name, or it must not be started.
    pub fn retry(&self, name: &str) -> Result<(), McpError> {
        let server = self.shared.server(name)?;
        match server.standing().state {
            state @ (ServerState::Disabled | ServerState::Untrusted | ServerState::Stopped) => {
                Err(server.unavailable(state, None))
            }
            ServerState::Connecting | ServerState::Ready => Ok(()),
            ServerState::Restarting | ServerState::LoginRequired | ServerState::Failed => {
                server.set(Standing::without_peer(ServerState::Connecting, None));
                server.restart.notify_one();
                Ok(())
            }
        }
    }

    /// Ends the servers, and waits until their processes are gone.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

fn status(server: &Server) -> ServerStatus {
    let standing = server.standing();
    let inventory = server.inventory();
    ServerStatus {
        name: server.name().to_owned(),
        scope: server.scope(),
        file: server.entry.file.clone(),
        transport: match &server.entry.definition {
            Ok(definition) => definition.transport.to_string(),
            Err(_) => String::new(),
        },
        state: standing.state,
        reason: standing.reason,
        identity: inventory.identity().map(ToOwned::to_owned),
        tools: inventory.present(),
        prompts: inventory.prompts().len(),
        resources: inventory.has_resources(),
        log: server.log.lines(),
    }
}
