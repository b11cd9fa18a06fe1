//! Measures what the protocol adds to each update: the time from a piece of the model's answer to its
//! bytes on the output, less the time from such a piece to the session's event.
//!
//! ```sh
//! cargo run --release -p loom-cli-acp --example updates -- 500
//! ```
//!
//! Prints two medians in microseconds: of the whole way, and of the way to the event.

#![expect(clippy::print_stdout, reason = "a program for measuring by hand")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use jiff::Timestamp;
use loom_cli_acp::{
    CommandEntry, Companion, Heard, KnownThread, ModelId, Opened, Opening, Program, Prompt,
    Refusal, RefusalKind, Said, serve,
};
use loom_cli_permission::{PermissionFiles, Permissions, Places};
use loom_cli_session::{
    Gate, ModelChoice, Person, Redaction, Session, SessionLimits, SessionSetup, ThreadStart,
};
use loom_cli_tools::ToolRegistry;
use loom_common_core::stream::{ItemDelta, ThreadEvent};
use loom_common_core::{
    BlockKind, LlmClient, LlmError, LlmEvent, LlmRequest, LlmResponse, LlmStream, Message,
    ModelFigures, PermissionMode, ReadFilter, StopReason,
};
use loom_common_http::RetryConfig;
use loom_common_thread::{NewThread, ThreadId, ThreadStore};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::mpsc;

/// Pieces before the first that counts.
const WARM_UP: usize = 20;

/// Says when the next piece of the answer comes.
type Pace = mpsc::Sender<()>;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let pieces: usize = std::env::args()
        .nth(1)
        .as_deref()
        .unwrap_or("500")
        .parse()?;
    let folder = tempfile::tempdir()?;
    let folder = folder.path().canonicalize()?;
    let whole = through_protocol(&folder, pieces).await?;
    let session = to_event(&folder, pieces).await?;
    println!("{} {}", median(whole), median(session));
    Ok(())
}

fn median(mut micros: Vec<f64>) -> f64 {
    micros.drain(..WARM_UP.min(micros.len().saturating_sub(1)));
    micros.sort_by(f64::total_cmp);
    micros.get(micros.len() / 2).copied().unwrap_or_default()
}

fn since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e6
}

/// Measures the way to the session's event.
async fn to_event(folder: &Path, pieces: usize) -> Result<Vec<f64>, Box<dyn Error>> {
    let (pace, model) = PacedModel::new(pieces);
    let mut session = session(folder, model).await?;
    session.handle.prompt(Message::user("Speak.")).await?;
    let mut times = Vec::new();
    for _ in 0..pieces {
        let start = Instant::now();
        pace.send(()).await?;
        loop {
            let event = session.events.recv().await.ok_or("the session broke off")?;
            if let ThreadEvent::ItemUpdated { item } = event
                && matches!(item.delta, ItemDelta::AgentMessage { .. })
            {
                times.push(since(start));
                break;
            }
        }
    }
    Ok(times)
}

/// Measures the way to the editor.
async fn through_protocol(folder: &Path, pieces: usize) -> Result<Vec<f64>, Box<dyn Error>> {
    let (pace, model) = PacedModel::new(pieces);
    let (input, agent_input) = tokio::io::duplex(64 * 1024);
    let (agent_output, output) = tokio::io::duplex(64 * 1024);
    let program = Arc::new(OneSession(Mutex::new(Some(session(folder, model).await?))));
    let serving = tokio::spawn(async move {
        let never = std::future::pending();
        serve(program, "0", agent_input, agent_output, never).await
    });
    let mut editor = Editor {
        input,
        output: BufReader::new(output),
    };
    let greeting = json!({"protocolVersion": 1, "clientCapabilities": {}});
    editor.say(1, "initialize", &greeting).await?;
    editor.until(|line| line["id"] == 1).await?;
    let opening = json!({"cwd": folder, "mcpServers": []});
    editor.say(2, "session/new", &opening).await?;
    let opened = editor.until(|line| line["id"] == 2).await?;
    let id = &opened["result"]["sessionId"];
    let prompt = json!({"sessionId": id, "prompt": [{"type": "text", "text": "Speak."}]});
    editor.say(3, "session/prompt", &prompt).await?;
    let mut times = Vec::new();
    for _ in 0..pieces {
        let start = Instant::now();
        pace.send(()).await?;
        editor.line_with("agent_message_chunk").await?;
        times.push(since(start));
    }
    drop(editor);
    serving.await??;
    Ok(times)
}

/// An editor's end of the pipes.
struct Editor {
    input: tokio::io::DuplexStream,
    output: BufReader<tokio::io::DuplexStream>,
}

impl Editor {
    async fn say(&mut self, id: u64, method: &str, params: &Value) -> Result<(), Box<dyn Error>> {
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.input
            .write_all(format!("{message}\n").as_bytes())
            .await?;
        Ok(())
    }

    async fn line_with(&mut self, text: &str) -> Result<String, Box<dyn Error>> {
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).await? == 0 {
                return Err("the agent has ended".into());
            }
            if line.contains(text) {
                return Ok(line);
            }
        }
    }

    async fn until(&mut self, is_it: impl Fn(&Value) -> bool) -> Result<Value, Box<dyn Error>> {
        loop {
            let line = serde_json::from_str(&self.line_with("").await?)?;
            if is_it(&line) {
                return Ok(line);
            }
        }
    }
}

/// A program that has one session to open.
struct OneSession(Mutex<Option<Session>>);

impl Program for OneSession {
    fn open(&self, _: Opening) -> BoxFuture<'_, Result<Opened, Refusal>> {
        let session = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let opened = session.map(|session| Opened {
            session,
            history: Vec::new(),
            effort: None,
            warnings: Vec::new(),
            companion: Box::new(Plain),
        });
        let refusal = Refusal {
            kind: RefusalKind::Failed,
            message: "there is one session".to_owned(),
            hint: None,
        };
        std::future::ready(opened.ok_or(refusal)).boxed()
    }

    fn check<'a>(&'a self, _: &'a Path, _: &'a str) -> BoxFuture<'a, Result<(), Refusal>> {
        std::future::ready(Ok(())).boxed()
    }

    fn threads(&self, _: Option<PathBuf>) -> BoxFuture<'_, Result<Vec<KnownThread>, Refusal>> {
        std::future::ready(Ok(Vec::new())).boxed()
    }

    fn thread<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<KnownThread>, Refusal>> {
        std::future::ready(Ok(None)).boxed()
    }

    fn delete<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), Refusal>> {
        std::future::ready(Ok(())).boxed()
    }
}

/// Takes what is said as it is.
struct Plain;

impl Companion for Plain {
    fn hear(&self, prompt: Prompt) -> BoxFuture<'_, Result<Heard, Refusal>> {
        let heard = Heard {
            said: Said::Prompt(Message::user(prompt.text)),
            problems: Vec::new(),
        };
        std::future::ready(Ok(heard)).boxed()
    }

    fn set_model<'a>(&'a self, _: &'a ModelId) -> BoxFuture<'a, Result<(), Refusal>> {
        std::future::ready(Ok(())).boxed()
    }

    fn models(&self) -> BoxFuture<'_, Vec<ModelId>> {
        std::future::ready(Vec::new()).boxed()
    }

    fn modes(&self) -> Vec<PermissionMode> {
        vec![PermissionMode::Ask]
    }

    fn readable(&self) -> ReadFilter {
        ReadFilter::everything()
    }

    fn commands(&self) -> Vec<CommandEntry> {
        Vec::new()
    }

    fn settled(&self) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }
}

async fn session(folder: &Path, model: PacedModel) -> Result<Session, Box<dyn Error>> {
    let mut rng = StdRng::seed_from_u64(1);
    let now = Timestamp::UNIX_EPOCH;
    let name = folder.join(format!("{:p}.db", Arc::as_ptr(&model.pieces)));
    let model = ModelChoice {
        client: Arc::new(model),
        provider: "example".to_owned(),
        name: "paced".to_owned(),
        max_tokens: None,
        effort: None,
        figures: ModelFigures::default(),
    };
    Ok(Session::start(SessionSetup {
        retry: RetryConfig::default(),
        tools: ToolRegistry::new(Vec::new()),
        instructions: String::new(),
        nested_instructions: None,
        servers: None,
        server_questions: None,
        gate: Gate {
            permissions: Permissions::load(PermissionFiles::default(), Places::default())?,
            sandbox_works: false,
        },
        hosts: None,
        permission_mode: PermissionMode::Ask,
        person: Person::Present,
        rewind: None,
        keepers: Vec::new(),
        diagnostics: None,
        redaction: Redaction::default(),
        hooks: Arc::default(),
        limits: SessionLimits::default(),
        compact_at_percent: None,
        subagents: None,
        store: ThreadStore::open(&name).await?,
        thread: ThreadStart::New(Box::new(NewThread {
            id: ThreadId::new(now, &mut rng),
            cwd: folder.to_owned(),
            provider: model.provider.clone(),
            model: model.name.clone(),
            permission_mode: PermissionMode::Ask,
            git: None,
            created_at: now,
        })),
        model,
        workspace: folder.to_owned(),
        clock: Arc::new(move || now),
        rng,
    }))
}

/// A model whose answer comes piece by piece, each when it is told to.
struct PacedModel {
    pieces: Arc<Mutex<Option<mpsc::Receiver<()>>>>,
    count: usize,
}

impl PacedModel {
    fn new(count: usize) -> (Pace, Self) {
        let (pace, paced) = mpsc::channel(1);
        let pieces = Arc::new(Mutex::new(Some(paced)));
        (pace, Self { pieces, count })
    }
}

impl LlmClient for PacedModel {
    fn stream<'a>(&'a self, _: &'a LlmRequest) -> BoxFuture<'a, Result<LlmStream, LlmError>> {
        let paced = self
            .pieces
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let begins = LlmEvent::BlockStarted {
            index: 0,
            block: BlockKind::Text,
        };
        let pieces = stream::unfold(paced, |paced| async {
            let mut paced = paced?;
            paced.recv().await?;
            let text = "a piece of the answer ".to_owned();
            Some((LlmEvent::TextDelta { index: 0, text }, Some(paced)))
        });
        let ends = [
            LlmEvent::BlockStopped { index: 0 },
            LlmEvent::Finished {
                stop_reason: StopReason::EndTurn,
            },
        ];
        let events = stream::iter([begins])
            .chain(pieces.take(self.count))
            .chain(stream::iter(ends));
        std::future::ready(Ok(events.map(Ok).boxed())).boxed()
    }

    fn complete<'a>(&'a self, _: &'a LlmRequest) -> BoxFuture<'a, Result<LlmResponse, LlmError>> {
        std::future::pending().boxed()
    }
}
