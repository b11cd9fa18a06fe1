//! The task that serves one server: it starts it, tells it of edits, waits for its word, and ends
//! it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use loom_common_version::VERSION;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::board::{Board, Manner, UNEDITED};
use crate::connection::Connection;
use crate::definition::ServerDefinition;
use crate::diagnostic::{address, read_list};
use crate::diagnostics::LspSetup;
use crate::documents::Documents;
use crate::error::{ConnectionError, LspError};
use crate::process::{Launch, ServerProcess, find};

/// How often a server may end before it is left alone.
pub const MAX_FAILURES: u32 = 3;

/// How long a server has to get ready.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long it has to say goodbye.
const GOODBYE_LIMIT: Duration = Duration::from_secs(1);

/// How long after its first word a server that publishes is listened to for a second.
const QUIET: Duration = Duration::from_millis(150);

/// How often a question is put again that the server cancelled, as the file changed meanwhile.
const RETRIES: usize = 3;

/// Something for the server to be told.
#[derive(Debug)]
pub(crate) enum Command {
    /// A file is about to be edited.
    Opened {
        path: PathBuf,
        /// Its text before the edit.
        text: String,
    },
    /// Files were edited.
    Edited {
        paths: Vec<PathBuf>,
        /// Until when somebody waits.
        deadline: Instant,
        /// Told when the server has spoken.
        done: oneshot::Sender<()>,
    },
    /// The session is over.
    Shutdown,
}

/// The task that serves one server.
#[derive(Debug)]
pub(crate) struct Actor {
    pub(crate) definition: ServerDefinition,
    /// The folder of the project.
    pub(crate) root: PathBuf,
    pub(crate) setup: Arc<LspSetup>,
    pub(crate) board: Arc<Board>,
    pub(crate) problems: Arc<Mutex<Vec<LspError>>>,
    /// Whether the server is not started any more.
    pub(crate) is_given_up: Arc<AtomicBool>,
}

/// A server at work.
#[derive(Debug)]
struct Running {
    connection: Arc<Connection>,
    process: ServerProcess,
    documents: Documents,
    /// Whether it answers when it is asked for diagnostics.
    answers: bool,
    /// Questions whose answers nobody waits for.
    questions: JoinSet<()>,
}

impl Actor {
    /// Serves until the session is over or nobody has commands any more.
    pub(crate) async fn run(self, mut commands: mpsc::Receiver<Command>) {
        let mut running: Option<Running> = None;
        let mut failures = 0;
        // How often in a row somebody waited in vain.
        let mut vain = 0;
        loop {
            let command = tokio::select! {
                // First, so that no command goes to a server that is gone.
                biased;
                reason = ended(running.as_ref()) => {
                    failures += 1;
                    self.fail(running.take(), reason, failures).await;
                    continue;
                }
                command = commands.recv() => command,
            };
            let Some(command) = command else { return };
            if matches!(command, Command::Shutdown) {
                if let Some(running) = running {
                    running.shut_down().await;
                }
                return;
            }
            if running.is_none() && failures < MAX_FAILURES && !self.is_given_up() {
                running = self.start().await;
            }
            let Some(running) = &mut running else {
                continue;
            };
            match command {
                Command::Shutdown => {}
                Command::Opened { path, text } => self.opened(running, path, &text).await,
                Command::Edited {
                    paths,
                    deadline,
                    done,
                } => {
                    let begin = Instant::now();
                    let patience = deadline.saturating_duration_since(begin) / (1 << vain);
                    if !done.is_closed() {
                        self.wait_before(running, &paths, begin + patience / 2)
                            .await;
                    }
                    running.documents.synchronize(&paths).await;
                    if done.is_closed() {
                        continue;
                    }
                    if self.wait(running, &paths, begin + patience).await {
                        vain = 0;
                    } else {
                        vain = (vain + 1).min(4);
                    }
                    // Nobody may wait any more.
                    let _ = done.send(());
                }
            }
        }
    }

    fn is_given_up(&self) -> bool {
        self.is_given_up.load(Ordering::Relaxed)
    }

    fn give_up(&self) {
        self.is_given_up.store(true, Ordering::Relaxed);
    }

    fn report(&self, problem: LspError) {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        problems.push(problem);
    }

    /// Ends a server that failed.
    async fn fail(&self, running: Option<Running>, reason: ConnectionError, failures: u32) {
        let mut reason = reason.to_string();
        if let Some(running) = running
            && let Some(words) = running.end().await
        {
            reason = format!("{reason}; it said: {words}");
        }
        self.board.begin_anew();
        let server = self.definition.name.clone();
        if failures < MAX_FAILURES {
            self.report(LspError::Ended { server, reason });
        } else {
            self.give_up();
            self.report(LspError::GivenUp {
                server,
                times: failures,
                reason,
            });
        }
    }

    /// Starts the server, if it is installed.
    async fn start(&self) -> Option<Running> {
        let setup = &self.setup;
        let installed = self.definition.commands.iter().find_map(|command| {
            let (program, arguments) = command.split_first()?;
            let program = find(program, &setup.environment, &setup.workspace)?;
            Some((program, arguments))
        });
        let Some((program, arguments)) = installed else {
            self.give_up();
            return None;
        };
        let launch = match &setup.launcher {
            Some(launcher) => launcher(&program, arguments),
            None => Ok(Launch {
                program,
                arguments: arguments.iter().map(Into::into).collect(),
                environment: Vec::new(),
            }),
        };
        let started =
            launch.and_then(|launch| ServerProcess::start(&launch, &self.root, &setup.environment));
        let reason = match started {
            Err(error) => error.to_string(),
            Ok((process, stdout, stdin)) => {
                let board = Arc::clone(&self.board);
                let settings = self.definition.settings.clone();
                let connection = Connection::new(stdout, stdin, board, settings);
                match self.initialize(&connection).await {
                    Ok(capabilities) => {
                        let connection = Arc::new(connection);
                        let documents = Documents::new(
                            self.definition.clone(),
                            Arc::clone(&connection),
                            Arc::clone(&self.board),
                            saves(&capabilities),
                        );
                        return Some(Running {
                            connection,
                            process,
                            documents,
                            answers: !capabilities["diagnosticProvider"].is_null(),
                            questions: JoinSet::new(),
                        });
                    }
                    Err(error) => {
                        let words = process.end().await;
                        words.unwrap_or_else(|| error.to_string())
                    }
                }
            }
        };
        self.give_up();
        self.report(LspError::NotStarted {
            server: self.definition.name.clone(),
            reason,
        });
        None
    }

    /// Shakes hands. Returns what the server can do.
    async fn initialize(&self, connection: &Connection) -> Result<Value, ConnectionError> {
        let root = address(&self.root);
        let name = self.root.file_name().unwrap_or_default().to_string_lossy();
        let options = &self.definition.initialization_options;
        let mut params = json!({
            // None: in a sandbox of its own the server would not find ours, and end.
            "processId": null,
            "clientInfo": {"name": "loom", "version": VERSION},
            "rootUri": root,
            "workspaceFolders": [{"uri": root, "name": name}],
            "capabilities": {
                "general": {"positionEncodings": ["utf-16"]},
                "textDocument": {
                    "synchronization": {"didSave": true},
                    "publishDiagnostics": {"versionSupport": true},
                    "diagnostic": {},
                },
                "window": {"workDoneProgress": true},
                "workspace": {"configuration": true, "workspaceFolders": true},
            },
        });
        if !options.is_null() {
            params["initializationOptions"] = options.clone();
        }
        let answer = connection.request("initialize", params).await;
        let result = timeout(START_LIMIT, answer).await.map_err(|_| {
            ConnectionError::Refused(format!(
                "it was not ready after {} s",
                START_LIMIT.as_secs()
            ))
        })??;
        connection.notify("initialized", json!({})).await;
        if !self.definition.settings.is_null() {
            let params = json!({"settings": self.definition.settings});
            connection
                .notify("workspace/didChangeConfiguration", params)
                .await;
        }
        Ok(result["capabilities"].clone())
    }

    /// Tells the server of a file before it is edited, and asks what there is without waiting.
    async fn opened(&self, running: &mut Running, path: PathBuf, text: &str) {
        let Running {
            connection,
            documents,
            answers,
            questions,
            ..
        } = running;
        if self.board.is_sent(&path) {
            return;
        }
        documents.open(&path, text).await;
        while questions.try_join_next().is_some() {}
        if *answers && let Some(uri) = address(&path) {
            let answer = connection.request(QUESTION, question(&uri)).await;
            let board = Arc::clone(&self.board);
            questions.spawn(async move {
                if let Ok(answer) = answer.await {
                    board.said(
                        &path,
                        Some(UNEDITED),
                        Manner::Answered,
                        read_list(&answer["items"]),
                    );
                }
            });
        }
    }

    /// Waits for the server's word about files as they are before the first edit, so that there is
    /// something to compare with: a server that has just started would speak of the edit first.
    async fn wait_before(&self, running: &Running, paths: &[PathBuf], deadline: Instant) {
        let mut changes = self.board.changes();
        let speaking = async {
            while paths.iter().any(|path| self.board.is_silent_before(path)) {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = speaking => {}
            () = sleep_until(deadline) => {}
            // The loop of the task learns of it too.
            _ = running.connection.ended() => {}
        }
    }

    /// Waits for the server's word about files. Returns whether it has spoken of all.
    async fn wait(&self, running: &mut Running, paths: &[PathBuf], deadline: Instant) -> bool {
        let Running {
            connection,
            answers,
            ..
        } = running;
        let speaking = async {
            if *answers {
                for path in paths {
                    self.ask(connection, path).await;
                }
                return;
            }
            let mut changes = self.board.changes();
            while !self.board.has_spoken(paths) {
                if changes.changed().await.is_err() {
                    return;
                }
            }
            // Many check the syntax first and publish again when they know more.
            while timeout(QUIET, changes.changed())
                .await
                .is_ok_and(|change| change.is_ok())
            {}
        };
        tokio::select! {
            () = speaking => self.board.has_spoken(paths),
            () = sleep_until(deadline) => self.board.has_spoken(paths),
            // The loop of the task learns of it too.
            _ = connection.ended() => false,
        }
    }

    /// Asks for the diagnostics of a file.
    async fn ask(&self, connection: &Connection, path: &Path) {
        let Some(uri) = address(path) else { return };
        if !self.board.is_sent(path) {
            return;
        }
        for _ in 0..RETRIES {
            match connection.request(QUESTION, question(&uri)).await.await {
                Ok(answer) => {
                    let diagnostics = read_list(&answer["items"]);
                    self.board.said(path, None, Manner::Answered, diagnostics);
                    return;
                }
                Err(ConnectionError::Refused(_)) => {}
                Err(_) => return,
            }
        }
    }
}

/// The request for the diagnostics of a file.
const QUESTION: &str = "textDocument/diagnostic";

fn question(uri: &str) -> Value {
    json!({"textDocument": {"uri": uri}})
}

/// Returns whether a server wants to know when a file is written, and whether with its text
/// (LSP 3.17, `TextDocumentSyncOptions`).
fn saves(capabilities: &Value) -> Option<bool> {
    match &capabilities["textDocumentSync"] {
        Value::Number(_) => Some(false),
        options => match &options["save"] {
            Value::Null | Value::Bool(false) => None,
            save => Some(save["includeText"] == true),
        },
    }
}

/// Waits for the end of a server's connection; for ever without a server.
async fn ended(running: Option<&Running>) -> ConnectionError {
    match running {
        Some(running) => running.connection.ended().await,
        None => std::future::pending().await,
    }
}

impl Running {
    /// Says goodbye, and ends the process.
    async fn shut_down(self) {
        let goodbye = async {
            // Whatever it answers.
            let _ = self.connection.request("shutdown", Value::Null).await.await;
            self.connection.notify("exit", Value::Null).await;
        };
        let _ = timeout_at(Instant::now() + GOODBYE_LIMIT, goodbye).await;
        self.end().await;
    }

    /// Ends the process. Returns what it had to say besides the protocol.
    async fn end(self) -> Option<String> {
        // Its input closes, which many take for a goodbye.
        drop((self.connection, self.documents, self.questions));
        self.process.end().await
    }
}
