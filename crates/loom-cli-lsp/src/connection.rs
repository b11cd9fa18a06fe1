//! The conversation with a server: requests and their answers, notifications, and the few requests
//! that servers make.
//!
//! One task reads, one writes. Both end the connection when something is wrong with it, and then
//! all that waits for an answer learns why.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::board::{Board, Manner};
use crate::codec;
use crate::diagnostic;
use crate::error::ConnectionError;

/// Messages to the server that wait to be written.
const QUEUE: usize = 64;

/// How long the server may leave its input unread.
const WRITE_LIMIT: Duration = Duration::from_secs(20);

/// How many messages make a flood, within how long.
const FLOOD: u32 = 20_000;
const FLOOD_TIME: Duration = Duration::from_secs(10);

/// After how many messages there is a pause, which slows a server down by its full pipe.
const BURST: u32 = 500;
const PAUSE: Duration = Duration::from_millis(20);

/// The conversation with a server. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Connection {
    outgoing: mpsc::Sender<Vec<u8>>,
    shared: Arc<Shared>,
    next_id: AtomicI64,
    _tasks: JoinSet<()>,
}

type Answer = Result<Value, ConnectionError>;

#[derive(Debug)]
struct Shared {
    /// Requests that wait for their answer; none once the connection is over.
    pending: Mutex<Option<HashMap<i64, oneshot::Sender<Answer>>>>,
    /// Why the connection is over, once it is.
    end: watch::Sender<Option<ConnectionError>>,
    board: Arc<Board>,
    /// What the server is answered when it asks for its settings.
    settings: Value,
}

impl Connection {
    /// Begins a conversation. What the server says of files goes to the board.
    pub(crate) fn new(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        board: Arc<Board>,
        settings: Value,
    ) -> Self {
        let (outgoing, queue) = mpsc::channel(QUEUE);
        let shared = Arc::new(Shared {
            pending: Mutex::new(Some(HashMap::new())),
            end: watch::Sender::new(None),
            board,
            settings,
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(write(writer, queue, Arc::clone(&shared)));
        tasks.spawn(read(
            BufReader::new(reader),
            outgoing.clone(),
            Arc::clone(&shared),
        ));
        Self {
            outgoing,
            shared,
            next_id: AtomicI64::new(1),
            _tasks: tasks,
        }
    }

    /// Sends a request. The answer is awaited by the future that is returned, which does not
    /// borrow the connection.
    pub(crate) async fn request(
        &self,
        method: &str,
        params: Value,
    ) -> impl Future<Output = Answer> + Send + 'static {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        if let Some(pending) = self.shared.pending().as_mut() {
            pending.insert(id, sender);
        }
        self.send(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
            .await;
        let shared = Arc::clone(&self.shared);
        async move {
            // Without a sender the connection is over.
            answer.await.unwrap_or_else(|_| Err(shared.reason()))
        }
    }

    /// Sends a notification.
    pub(crate) async fn notify(&self, method: &str, params: Value) {
        self.send(json!({"jsonrpc": "2.0", "method": method, "params": params}))
            .await;
    }

    /// Waits for the end of the connection.
    pub(crate) async fn ended(&self) -> ConnectionError {
        let mut end = self.shared.end.subscribe();
        match end.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or(ConnectionError::Closed),
            Err(_) => ConnectionError::Closed,
        }
    }

    async fn send(&self, message: Value) {
        let sending = self.outgoing.send(codec::encode(&message));
        // An error says that the connection is over, which is known by then.
        if timeout(WRITE_LIMIT, sending).await.is_err() {
            self.shared.end(ConnectionError::Stuck);
        }
    }
}

impl Shared {
    fn pending(&self) -> MutexGuard<'_, Option<HashMap<i64, oneshot::Sender<Answer>>>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the connection. The first reason is the one that counts.
    fn end(&self, reason: ConnectionError) {
        self.end.send_if_modified(|end| {
            let is_first = end.is_none();
            end.get_or_insert(reason);
            is_first
        });
        *self.pending() = None;
    }

    fn reason(&self) -> ConnectionError {
        self.end.borrow().clone().unwrap_or(ConnectionError::Closed)
    }

    /// Takes a message in. Returns what is to be answered, if it asks.
    fn take(&self, message: Value) -> Option<Value> {
        let id = &message["id"];
        let params = &message["params"];
        match (message["method"].as_str(), id.is_null()) {
            (Some(method), false) => Some(match self.answer(method, params) {
                Some(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
                None => json!({"jsonrpc": "2.0", "id": id, "error": {
                    "code": METHOD_NOT_FOUND, "message": "not known here"
                }}),
            }),
            (Some("textDocument/publishDiagnostics"), true) => {
                if let Some(path) = params["uri"].as_str().and_then(diagnostic::path) {
                    let diagnostics = diagnostic::read_list(&params["diagnostics"]);
                    let version = params["version"].as_i64();
                    self.board
                        .said(&path, version, Manner::Published, diagnostics);
                }
                None
            }
            (Some(_), true) => None,
            (None, _) => {
                self.take_answer(id.as_i64(), &message);
                None
            }
        }
    }

    fn take_answer(&self, id: Option<i64>, message: &Value) {
        let waiting = id.and_then(|id| self.pending().as_mut()?.remove(&id));
        if let Some(waiting) = waiting {
            let answer = match message.get("error") {
                Some(error) if !error.is_null() => {
                    let text = error["message"].as_str().unwrap_or("without a reason");
                    Err(ConnectionError::Refused(text.chars().take(200).collect()))
                }
                _ => Ok(message["result"].clone()),
            };
            // Nobody may wait any more.
            let _ = waiting.send(answer);
        }
    }

    /// Answers a request of the server; none when it is not known.
    fn answer(&self, method: &str, params: &Value) -> Option<Value> {
        match method {
            "workspace/configuration" => {
                let items = params["items"].as_array().map_or(&[][..], Vec::as_slice);
                Some(
                    items
                        .iter()
                        .map(|item| self.setting(item["section"].as_str()))
                        .collect(),
                )
            }
            "workspace/applyEdit" => Some(json!({"applied": false})),
            "client/registerCapability"
            | "client/unregisterCapability"
            | "window/showMessageRequest"
            | "window/workDoneProgress/create"
            | "workspace/diagnostic/refresh"
            | "workspace/workspaceFolders" => Some(Value::Null),
            _ => None,
        }
    }

    fn setting(&self, section: Option<&str>) -> Value {
        let names = section.into_iter().flat_map(|section| section.split('.'));
        names
            .filter(|name| !name.is_empty())
            .fold(&self.settings, |settings, name| &settings[name])
            .clone()
    }
}

/// The code of an answer to a request that is not known (JSON-RPC 2.0, section 5.1).
const METHOD_NOT_FOUND: i64 = -32601;

async fn write(
    mut writer: impl AsyncWrite + Unpin,
    mut queue: mpsc::Receiver<Vec<u8>>,
    shared: Arc<Shared>,
) {
    while let Some(frame) = queue.recv().await {
        let writing = async {
            writer.write_all(&frame).await?;
            writer.flush().await
        };
        match timeout(WRITE_LIMIT, writing).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return shared.end(error.into()),
            Err(_) => return shared.end(ConnectionError::Stuck),
        }
    }
}

async fn read(
    mut reader: BufReader<impl AsyncRead + Unpin>,
    outgoing: mpsc::Sender<Vec<u8>>,
    shared: Arc<Shared>,
) {
    let mut since = Instant::now();
    let mut count = 0;
    loop {
        let message = match codec::read(&mut reader).await {
            Ok(Some(message)) => message,
            Ok(None) => return shared.end(ConnectionError::Closed),
            Err(error) => return shared.end(error),
        };
        if let Some(answer) = shared.take(message) {
            // A server that asks faster than it reads goes without an answer.
            let _ = outgoing.try_send(codec::encode(&answer));
        }
        count += 1;
        if since.elapsed() > FLOOD_TIME {
            (since, count) = (Instant::now(), 0);
        } else if count > FLOOD {
            return shared.end(ConnectionError::Flood);
        } else if count % BURST == 0 {
            sleep(PAUSE).await;
        }
    }
}
