//! Drives a session from Rust: starts it, says something, follows its events, answers what the agent
//! asks, and ends it.
//!
//! ```sh
//! cargo run -p loom-cli-session --example drive
//! ```
//!
//! The model here follows a script, so that the example needs no server. A real one is reached by
//! `loom_server_llm_proxy::ProxyLlmClient`, which is an [`LlmClient`] as well; nothing else changes.

use std::collections::VecDeque;
use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use jiff::Timestamp;
use loom_cli_permission::{PermissionFiles, Permissions, Places};
use loom_cli_session::{
    Gate, ModelChoice, Person, Redaction, Session, SessionLimits, SessionSetup, ThreadStart,
};
use loom_cli_tools::ToolRegistry;
use loom_common_core::inquiry::{Answer, Inquiry};
use loom_common_core::stream::{ItemDelta, ItemDetails, ThreadEvent};
use loom_common_core::{
    BlockKind, LlmClient, LlmError, LlmEvent, LlmRequest, LlmResponse, LlmStream, Message,
    ModelFigures, PermissionMode, ResponseBuilder, StopReason,
};
use loom_common_http::RetryConfig;
use loom_common_thread::{NewThread, ThreadId, ThreadStore};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    converse(folder.path(), &mut io::stdout()).await
}

/// Has a conversation of one turn in `folder`, and writes what happens.
pub(crate) async fn converse(folder: &Path, output: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let mut session = Session::start(setup(folder).await?);
    session
        .handle
        .prompt(Message::user("Paint the shed."))
        .await?;
    // Events come until the session has ended. Whoever does not read them slows it down.
    while let Some(event) = session.events.recv().await {
        match event {
            ThreadEvent::ThreadStarted { model, .. } => {
                writeln!(output, "a session with {model}")?;
            }
            ThreadEvent::ItemUpdated { item } => {
                if let ItemDelta::AgentMessage { delta } = item.delta {
                    write!(output, "{delta}")?;
                }
            }
            ThreadEvent::ItemCompleted { item } => match item.details {
                ItemDetails::AgentMessage { .. } => writeln!(output)?,
                ItemDetails::ToolCall { name, status, .. } => {
                    writeln!(output, "[{name}: {status:?}]")?;
                }
                _ => {}
            },
            // What asked waits until the inquiry is answered by its id, or the turn is stopped.
            ThreadEvent::InquiryOpened { id, inquiry } => {
                let answer = match &inquiry {
                    Inquiry::Question { question, options } => {
                        writeln!(output, "{question} {options:?}")?;
                        Answer::Reply {
                            text: "red".to_owned(),
                        }
                    }
                    // Permissions, plans, hosts, forms: this program says no.
                    _ => Answer::Deny { instead: None },
                };
                session.handle.answer(id, answer).await?;
            }
            ThreadEvent::TurnFailed { error } => writeln!(output, "failed: {}", error.message)?,
            // A session goes on with the next prompt; this one has none.
            ThreadEvent::TurnCompleted { .. } => session.handle.shutdown().await?,
            ThreadEvent::Result { turns, usage, .. } => {
                let tokens = usage.input_tokens + usage.output_tokens;
                writeln!(output, "{turns} turn, {tokens} tokens")?;
            }
            // There are more, and there will be: a reader passes over what it does not know.
            _ => {}
        }
    }
    Ok(())
}

/// Says what the session works with. Everything comes from outside: the library reads no
/// environment, no home and no clock of its own.
async fn setup(folder: &Path) -> Result<SessionSetup, Box<dyn Error>> {
    let mut rng = StdRng::seed_from_u64(1);
    let now = Timestamp::UNIX_EPOCH;
    let workspace = folder.canonicalize()?;
    let model = ModelChoice {
        client: Arc::new(ScriptedModel::new()),
        provider: "example".to_owned(),
        name: "scripted".to_owned(),
        max_tokens: None,
        effort: None,
        figures: ModelFigures::default(),
    };
    Ok(SessionSetup {
        retry: RetryConfig::default(),
        // `ToolRegistry::builtin` has the tools for files and commands.
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
        // With `Person::Absent` nothing waits for an answer that cannot come.
        person: Person::Present,
        rewind: None,
        keepers: Vec::new(),
        diagnostics: None,
        redaction: Redaction::default(),
        hooks: Arc::default(),
        limits: SessionLimits::default(),
        compact_at_percent: None,
        subagents: None,
        store: ThreadStore::open(&workspace.join("threads.db")).await?,
        thread: ThreadStart::New(Box::new(NewThread {
            id: ThreadId::new(now, &mut rng),
            cwd: workspace.clone(),
            provider: model.provider.clone(),
            model: model.name.clone(),
            permission_mode: PermissionMode::Ask,
            git: None,
            created_at: now,
        })),
        model,
        workspace,
        clock: Arc::new(move || now),
        rng,
    })
}

/// A model that first asks the person, and then is done.
struct ScriptedModel(Mutex<VecDeque<Vec<LlmEvent>>>);

impl ScriptedModel {
    fn new() -> Self {
        let asks = vec![
            LlmEvent::BlockStarted {
                index: 0,
                block: BlockKind::ToolUse {
                    id: "call_1".to_owned(),
                    name: "ask_user".to_owned(),
                },
            },
            LlmEvent::ArgumentsDelta {
                index: 0,
                json: r#"{"question": "Which color?", "options": ["red", "blue"]}"#.to_owned(),
            },
            LlmEvent::BlockStopped { index: 0 },
            LlmEvent::Finished {
                stop_reason: StopReason::ToolUse,
            },
        ];
        let is_done = vec![
            LlmEvent::BlockStarted {
                index: 0,
                block: BlockKind::Text,
            },
            LlmEvent::TextDelta {
                index: 0,
                text: "It is red now.".to_owned(),
            },
            LlmEvent::BlockStopped { index: 0 },
            LlmEvent::Finished {
                stop_reason: StopReason::EndTurn,
            },
        ];
        Self(Mutex::new([asks, is_done].into()))
    }
}

impl LlmClient for ScriptedModel {
    fn stream<'a>(&'a self, _: &'a LlmRequest) -> BoxFuture<'a, Result<LlmStream, LlmError>> {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.pop_front().unwrap_or_default();
        let events = stream::iter(answer.into_iter().map(Ok)).boxed();
        async move { Ok(events) }.boxed()
    }

    fn complete<'a>(
        &'a self,
        request: &'a LlmRequest,
    ) -> BoxFuture<'a, Result<LlmResponse, LlmError>> {
        async move {
            let mut events = self.stream(request).await?;
            let mut response = ResponseBuilder::default();
            while let Some(event) = events.next().await {
                response.apply(event?)?;
            }
            response.finish()
        }
        .boxed()
    }
}
