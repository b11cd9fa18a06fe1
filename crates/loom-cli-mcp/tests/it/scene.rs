//! A session with servers, in a folder of its own.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loom_cli_mcp::{
    ConfigFiles, McpConfig, McpLimits, McpOffering, McpServers, McpSetup, ServerState, ServerStatus,
};
use loom_cli_tools::{CommandEnvironment, OutputLimits, OutputStore, ToolRegistry};
use loom_common_config::Environment;
use loom_common_core::{Confinement, ProgressSink, ReadFilter, ToolCall, ToolContext, ToolOutput};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a test waits for anything.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// The folders of a session, and what it is started with.
pub(crate) struct Scene {
    folder: Arc<TempDir>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) limits: McpLimits,
    pub(crate) elicitation: Option<Arc<dyn loom_cli_mcp::ElicitationHandler>>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("workspace")).unwrap();
        let path = std::env::vars().find(|(name, _)| name == "PATH");
        Self {
            folder: Arc::new(folder),
            environment: path.into_iter().collect(),
            limits: McpLimits::default(),
            elicitation: None,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.path("workspace")
    }

    pub(crate) fn files(&self) -> ConfigFiles {
        ConfigFiles::find(&self.path("config"), &self.workspace())
    }

    /// Writes the person's servers.
    pub(crate) fn configure(&self, servers: &Value) {
        write_json(&self.files().user, &json!({"mcpServers": servers}));
    }

    /// Writes the project's servers.
    pub(crate) fn configure_project(&self, servers: &Value) {
        write_json(&self.files().project, &json!({"mcpServers": servers}));
    }

    /// Reads which servers there are.
    pub(crate) fn config(&self) -> McpConfig {
        McpConfig::load(self.files(), &self.workspace(), &self.environment())
    }

    fn environment(&self) -> Environment {
        self.environment.iter().cloned().collect()
    }

    /// Starts the servers.
    pub(crate) fn start(&self) -> Session {
        let environment = self.environment();
        let inherited = CommandEnvironment::new(environment.variables(), &[]);
        let servers = McpServers::start(McpSetup {
            config: self.config(),
            state_folder: self.path("state"),
            workspace: self.workspace(),
            environment,
            inherited,
            outputs: OutputStore::new(&self.path("outputs"), "session", OutputLimits::default()),
            elicitation: self.elicitation.clone(),
            limits: self.limits,
        });
        Session {
            offering: servers.offering(),
            registry: ToolRegistry::new(Vec::new()),
            workspace: self.workspace(),
            _folder: Arc::clone(&self.folder),
            servers,
        }
    }

    /// Starts servers, and waits until each is ready or is not going to be.
    pub(crate) async fn settled(&self, servers: &Value) -> Session {
        self.configure(servers);
        let session = self.start();
        within(session.servers.settled()).await;
        session.update();
        session
    }
}

/// Returns the definition of the server that misbehaves, with options.
pub(crate) fn fake<const N: usize>(options: [String; N]) -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/fake.mjs");
    let args: Vec<String> = std::iter::once(file.to_owned()).chain(options).collect();
    json!({"command": "node", "args": args})
}

/// Waits until a process is gone.
pub(crate) async fn gone(process: u32) {
    let waited = tokio::task::spawn_blocking(move || {
        let process = Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
        let Ok(handle) = pidfd_open(process, PidfdFlags::empty()) else {
            return true;
        };
        let mut handles = [PollFd::new(&handle, PollFlags::IN)];
        let limit = Timespec {
            tv_sec: DEADLINE.as_secs() as i64,
            tv_nsec: 0,
        };
        poll(&mut handles, Some(&limit)).unwrap() > 0
    });
    assert!(waited.await.unwrap(), "process {process} is still there");
}

/// Tells whether a process is there.
pub(crate) fn is_alive(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

pub(crate) fn write_json(path: &Path, value: &Value) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, value.to_string()).unwrap();
}

/// Waits for something that must happen.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future)
        .await
        .expect("nothing happened in time")
}

/// A session with servers.
pub(crate) struct Session {
    pub(crate) servers: McpServers,
    pub(crate) offering: McpOffering,
    pub(crate) registry: ToolRegistry,
    workspace: PathBuf,
    _folder: Arc<TempDir>,
}

impl Session {
    /// Does what comes before each request.
    pub(crate) fn update(&self) {
        self.offering.update(&self.registry);
    }

    pub(crate) fn status(&self, name: &str) -> ServerStatus {
        let status = self.servers.status();
        status
            .into_iter()
            .find(|status| status.name == name)
            .unwrap()
    }

    /// Waits until a server stands as wanted.
    pub(crate) async fn wait_for(&self, name: &str, state: ServerState) -> ServerStatus {
        self.wait_until(name, |status| status.state == state).await
    }

    /// Waits until the status of a server is as wanted.
    pub(crate) async fn wait_until(
        &self,
        name: &str,
        is_wanted: impl Fn(&ServerStatus) -> bool,
    ) -> ServerStatus {
        let mut version = self.servers.version();
        let reached = async {
            while !is_wanted(&self.status(name)) {
                version.changed().await.unwrap();
            }
            self.status(name)
        };
        match tokio::time::timeout(DEADLINE, reached).await {
            Ok(status) => status,
            Err(_) => panic!("it did not come to that: {:?}", self.status(name)),
        }
    }

    /// Calls a tool.
    pub(crate) async fn call(&self, name: &str, arguments: Value) -> ToolOutput {
        self.call_with(name, arguments, ProgressSink::discard())
            .await
    }

    /// Calls a tool, and returns the output with the progress that it made.
    pub(crate) async fn call_noting_progress(
        &self,
        name: &str,
        arguments: Value,
    ) -> (ToolOutput, String) {
        let progress = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&progress);
        let sink = ProgressSink::new(move |piece| kept.lock().unwrap().push_str(piece));
        let output = self.call_with(name, arguments, sink).await;
        let progress = progress.lock().unwrap().clone();
        (output, progress)
    }

    async fn call_with(&self, name: &str, arguments: Value, progress: ProgressSink) -> ToolOutput {
        let call = ToolCall {
            id: "call".to_owned(),
            name: name.to_owned(),
            arguments: arguments.to_string(),
            extra: Default::default(),
        };
        let context = self.context(progress);
        within(self.registry.run(&call, &context)).await
    }

    pub(crate) fn context(&self, progress: ProgressSink) -> ToolContext {
        ToolContext {
            workspace: self.workspace.clone(),
            progress,
            confinement: Confinement::default(),
            permitted: None,
            readable: ReadFilter::everything(),
        }
    }

    pub(crate) async fn shutdown(self) {
        within(self.servers.shutdown()).await;
    }
}
