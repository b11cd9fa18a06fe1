//! What a session sees: edits in, text for the model out.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::actor::{Actor, Command};
use crate::board::Board;
use crate::definition::ServerDefinition;
use crate::diagnostic::render;
use crate::documents::{Source, read};
use crate::error::LspError;
use crate::process::Launcher;

/// Servers of a session.
const MAX_SERVERS: usize = 8;

/// Commands that wait for a server. When there are more, a file is told of with its next edit.
const QUEUE: usize = 64;

/// How long the servers have to end with the session, before they are killed.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(4);

/// What servers are started with.
#[derive(Clone)]
pub struct LspSetup {
    /// The folder that the agent works in: absolute, with symbolic links resolved.
    pub workspace: PathBuf,
    /// What servers inherit, without secrets. Its `PATH` is where they are looked for.
    pub environment: Vec<(OsString, OsString)>,
    /// The servers that there may be. The first that serves a file is taken.
    pub servers: Vec<ServerDefinition>,
    /// How programs are started: in the sandbox, as servers run code of the project. Without one
    /// they are started as they are, and [`Diagnostics::is_confined`] says so.
    pub launcher: Option<Launcher>,
    /// How long an edit waits for diagnostics at most.
    pub wait: Duration,
}

impl fmt::Debug for LspSetup {
    /// Leaves the environment out: values may be secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LspSetup")
            .field("workspace", &self.workspace)
            .field("servers", &self.servers)
            .field("wait", &self.wait)
            .finish_non_exhaustive()
    }
}

/// The diagnostics of a session's files.
///
/// Dropping it kills the servers; [`Diagnostics::shutdown`] ends them in peace.
#[derive(Debug)]
pub struct Diagnostics {
    setup: Arc<LspSetup>,
    /// By name and folder of the project.
    servers: Mutex<HashMap<(String, PathBuf), Server>>,
    problems: Arc<Mutex<Vec<LspError>>>,
}

/// A server as seen from here.
#[derive(Debug)]
struct Server {
    commands: mpsc::Sender<Command>,
    board: Arc<Board>,
    is_given_up: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Diagnostics {
    /// Takes the setup. Nothing is started.
    pub fn new(setup: LspSetup) -> Self {
        Self {
            setup: Arc::new(setup),
            servers: Mutex::new(HashMap::new()),
            problems: Arc::default(),
        }
    }

    /// Tells whether servers are kept from harm. Those that are not run what the project says with
    /// all rights of the person, so nobody should tell them of edits without the person's consent:
    /// the first edit starts them.
    pub fn is_confined(&self) -> bool {
        self.setup.launcher.is_some()
    }

    /// Tells the servers of files that are about to be edited, so that it is known what there was
    /// before. Starts servers in the background, and waits for nothing but the disk.
    ///
    /// Paths are absolute, with symbolic links resolved.
    pub async fn before_edit(&self, paths: &[PathBuf]) {
        for path in paths {
            let Some((commands, board)) = self.server(path) else {
                continue;
            };
            if board.is_sent(path) {
                continue;
            }
            if let Source::Text(text, _) = read(path).await {
                let path = path.clone();
                // When the queue is full, only the comparison is lost.
                let _ = commands.try_send(Command::Opened { path, text });
            }
        }
    }

    /// Tells the servers of files that were edited, made or deleted, and returns what is new, for
    /// the model. Waits [`LspSetup::wait`] at most.
    ///
    /// Paths are absolute, with symbolic links resolved.
    pub async fn after_edit(&self, paths: &[PathBuf]) -> Option<String> {
        let deadline = Instant::now() + self.setup.wait;
        let mut by_server: Vec<(mpsc::Sender<Command>, Vec<PathBuf>)> = Vec::new();
        for path in paths {
            let Some((commands, _)) = self.server(path) else {
                continue;
            };
            match by_server
                .iter_mut()
                .find(|(known, _)| known.same_channel(&commands))
            {
                Some((_, paths)) => paths.push(path.clone()),
                None => by_server.push((commands, vec![path.clone()])),
            }
        }
        if by_server.is_empty() {
            return None;
        }
        let mut waiting = Vec::new();
        for (commands, paths) in by_server {
            let (done, is_done) = oneshot::channel();
            let command = Command::Edited {
                paths,
                deadline,
                done,
            };
            if commands.try_send(command).is_ok() {
                waiting.push(is_done);
            }
        }
        for is_done in waiting {
            // A server that is given up answers nobody.
            let _ = timeout_at(deadline, is_done).await;
        }
        self.come_in()
    }

    /// Returns what has come in since the model was told the last time. Does not wait.
    pub fn come_in(&self) -> Option<String> {
        let servers = self.servers();
        let findings: Vec<_> = servers
            .values()
            .flat_map(|server| server.board.take_new())
            .collect();
        render(&findings, &self.setup.workspace)
    }

    /// Takes what the person should know of the servers since the last call.
    pub fn problems(&self) -> Vec<LspError> {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *problems)
    }

    /// Ends the servers. Waits some seconds at most.
    pub async fn shutdown(&self) {
        let servers: Vec<Server> = self.servers().drain().map(|(_, server)| server).collect();
        for server in &servers {
            // A full queue means a server that does not listen: it is killed.
            let _ = server.commands.try_send(Command::Shutdown);
        }
        let deadline = Instant::now() + SHUTDOWN_LIMIT;
        for mut server in servers {
            let _ = timeout_at(deadline, &mut server.task).await;
        }
    }

    /// Returns the server of a file, which may not run yet; none when there is none.
    fn server(&self, path: &Path) -> Option<(mpsc::Sender<Command>, Arc<Board>)> {
        let workspace = &self.setup.workspace;
        if !path.starts_with(workspace) {
            return None;
        }
        let definition = self
            .setup
            .servers
            .iter()
            .find(|server| server.language(path).is_some())?;
        let key = (definition.name.clone(), definition.root(path, workspace));
        let mut servers = self.servers();
        if !servers.contains_key(&key) && servers.len() >= MAX_SERVERS {
            return None;
        }
        let root = key.1.clone();
        let server = servers.entry(key).or_insert_with(|| {
            let (commands, queue) = mpsc::channel(QUEUE);
            let board = Arc::new(Board::default());
            let is_given_up = Arc::new(AtomicBool::new(false));
            let actor = Actor {
                definition: definition.clone(),
                root,
                setup: Arc::clone(&self.setup),
                board: Arc::clone(&board),
                problems: Arc::clone(&self.problems),
                is_given_up: Arc::clone(&is_given_up),
            };
            Server {
                commands,
                board,
                is_given_up,
                task: tokio::spawn(actor.run(queue)),
            }
        });
        let is_given_up = server.is_given_up.load(Ordering::Relaxed);
        (!is_given_up).then(|| (server.commands.clone(), Arc::clone(&server.board)))
    }

    fn servers(&self) -> MutexGuard<'_, HashMap<(String, PathBuf), Server>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
