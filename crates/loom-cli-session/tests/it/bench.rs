//! A session on the bench: what it talks to is in the test's hands.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use loom_cli_permission::{PermissionFiles, Permissions, Places};
use loom_cli_rewind::{Rewind, RewindSettings};
use loom_cli_session::{
    Gate, ModelChoice, Person, Redaction, Session, SessionLimits, SessionSetup, ThreadStart,
    WorkKeeper,
};
use loom_cli_tools::{CommandEnvironment, ToolRegistry, ToolSetup};
use loom_common_core::inquiry::{Answer as PersonAnswer, Inquiry};
use loom_common_core::stream::{Item, ItemDetails, ThreadEvent};
use loom_common_core::{
    BlockKind, LlmClient, LlmError, LlmEvent, LlmRequest, LlmResponse, LlmStream, Message,
    ModelFigures, PermissionMode, Prices, StopReason, Usage,
};
use loom_common_http::RetryConfig;
use loom_common_spool::SnapshotSettings;
use loom_common_thread::{NewThread, StoredThread, ThreadId, ThreadStore};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;
use tempfile::TempDir;

/// Longer than any step of a test takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// One answer of the scripted model.
pub(crate) enum Answer {
    /// These events, and then the end of the stream.
    Events(Vec<Result<LlmEvent, LlmError>>),
    /// These events, and then nothing more for ever.
    Hangs(Vec<LlmEvent>),
    /// No stream at all.
    Fails(LlmError),
}

impl Answer {
    /// Says `text` and is done.
    pub(crate) fn text(text: &str) -> Self {
        Self::whole(text_block(0, text), StopReason::EndTurn)
    }

    /// Calls tools: name and arguments of each. The ids are `call_0`, `call_1`, …
    pub(crate) fn calls(calls: &[(&str, Value)]) -> Self {
        let blocks = calls
            .iter()
            .enumerate()
            .flat_map(|(number, (name, arguments))| {
                let index = u32::try_from(number).unwrap();
                [
                    LlmEvent::BlockStarted {
                        index,
                        block: BlockKind::ToolUse {
                            id: format!("call_{number}"),
                            name: (*name).to_owned(),
                        },
                    },
                    LlmEvent::ArgumentsDelta {
                        index,
                        json: arguments.to_string(),
                    },
                    LlmEvent::BlockStopped { index },
                ]
            });
        Self::whole(blocks, StopReason::ToolUse)
    }

    fn whole(blocks: impl IntoIterator<Item = LlmEvent>, stop_reason: StopReason) -> Self {
        let usage = Usage {
            input_tokens: 10,
            output_tokens: 5,
            ..Usage::default()
        };
        let ending = [
            LlmEvent::Usage { usage },
            LlmEvent::Finished { stop_reason },
        ];
        Self::Events(blocks.into_iter().chain(ending).map(Ok).collect())
    }
}

/// The events of a block of text.
pub(crate) fn text_block(index: u32, text: &str) -> Vec<LlmEvent> {
    let mut events = text_begins(index, text);
    events.push(LlmEvent::BlockStopped { index });
    events
}

/// The events of a block of text that has not ended.
pub(crate) fn text_begins(index: u32, text: &str) -> Vec<LlmEvent> {
    vec![
        LlmEvent::BlockStarted {
            index,
            block: BlockKind::Text,
        },
        LlmEvent::TextDelta {
            index,
            text: text.to_owned(),
        },
    ]
}

/// A model that gives the answers that it was given, in order, and keeps the requests.
#[derive(Default)]
pub(crate) struct ScriptedModel {
    answers: Mutex<std::collections::VecDeque<Answer>>,
    requests: Mutex<Vec<LlmRequest>>,
}

impl ScriptedModel {
    pub(crate) fn requests(&self) -> Vec<LlmRequest> {
        self.requests.lock().unwrap().clone()
    }
}

impl LlmClient for ScriptedModel {
    fn stream<'a>(&'a self, request: &'a LlmRequest) -> BoxFuture<'a, Result<LlmStream, LlmError>> {
        self.requests.lock().unwrap().push(request.clone());
        let answer = self.answers.lock().unwrap().pop_front();
        async move {
            match answer.expect("the model is asked more often than the test has answers") {
                Answer::Events(events) => Ok(stream::iter(events).boxed()),
                Answer::Hangs(events) => {
                    let events = stream::iter(events.into_iter().map(Ok));
                    Ok(events.chain(stream::pending()).boxed())
                }
                Answer::Fails(error) => Err(error),
            }
        }
        .boxed()
    }

    fn complete<'a>(
        &'a self,
        _request: &'a LlmRequest,
    ) -> BoxFuture<'a, Result<LlmResponse, LlmError>> {
        unreachable!("a session streams")
    }
}

/// A folder, a thread store and a model.
pub(crate) struct Bench {
    folder: TempDir,
    pub(crate) model: Arc<ScriptedModel>,
    pub(crate) mode: PermissionMode,
    /// Files of rules of permission, of which there are none.
    pub(crate) rules: PermissionFiles,
    pub(crate) tools: Option<ToolRegistry>,
    pub(crate) rewind: Option<Rewind>,
    pub(crate) keepers: Vec<Arc<dyn WorkKeeper>>,
    /// Prices of the model.
    pub(crate) prices: Option<Prices>,
    pub(crate) limits: SessionLimits,
}

impl Bench {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let model = ScriptedModel::default();
        model.answers.lock().unwrap().extend(answers);
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("work")).unwrap();
        Self {
            folder,
            model: Arc::new(model),
            mode: PermissionMode::Full,
            rules: PermissionFiles::default(),
            tools: None,
            rewind: None,
            keepers: Vec::new(),
            prices: None,
            limits: SessionLimits::default(),
        }
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.folder.path().join("work").canonicalize().unwrap()
    }

    /// Has the files remembered.
    pub(crate) async fn remember(&mut self) {
        let settings = RewindSettings {
            root: self.folder.path().join("undo"),
            snapshots: SnapshotSettings::default(),
        };
        let rewind = Rewind::open(settings, &self.workspace(), Arc::new(noon)).await;
        self.rewind = Some(rewind.unwrap());
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("threads.db")
    }

    pub(crate) async fn store(&self) -> ThreadStore {
        ThreadStore::open(&self.database()).await.unwrap()
    }

    pub(crate) async fn stored(&self, id: &str) -> StoredThread {
        let id: ThreadId = id.parse().unwrap();
        self.store()
            .await
            .load(id)
            .await
            .unwrap()
            .expect("the thread is stored")
    }

    /// Starts a session on a new thread.
    pub(crate) async fn start(&mut self) -> Running {
        let new = NewThread {
            id: ThreadId::new(noon(), &mut StdRng::seed_from_u64(7)),
            cwd: self.workspace(),
            provider: "scripted".to_owned(),
            model: "test-model".to_owned(),
            permission_mode: self.mode,
            git: None,
            created_at: noon(),
        };
        self.start_with(ThreadStart::New(Box::new(new))).await
    }

    /// Starts a session on a stored thread.
    pub(crate) async fn resume(&mut self, id: &str) -> Running {
        let stored = self.stored(id).await;
        self.start_with(ThreadStart::Resume(Box::new(stored))).await
    }

    async fn start_with(&mut self, thread: ThreadStart) -> Running {
        let session = Session::start(SessionSetup {
            model: ModelChoice {
                client: Arc::clone(&self.model) as Arc<dyn LlmClient>,
                provider: "scripted".to_owned(),
                name: "test-model".to_owned(),
                max_tokens: None,
                effort: None,
                figures: ModelFigures {
                    prices: self.prices,
                    ..ModelFigures::default()
                },
            },
            retry: RetryConfig {
                max_attempts: 3,
                base_delay: Duration::from_millis(1),
                ..RetryConfig::default()
            },
            tools: self.tools.take().unwrap_or_else(|| {
                let path = std::env::vars_os().filter(|(name, _)| name == "PATH");
                ToolRegistry::builtin(ToolSetup {
                    environment: CommandEnvironment::new(path, &[]),
                    ..ToolSetup::default()
                })
            }),
            workspace: self.workspace(),
            permission_mode: self.mode,
            person: Person::Present,
            instructions: String::new(),
            nested_instructions: None,
            servers: None,
            server_questions: None,
            gate: Gate {
                permissions: Permissions::load(self.rules.clone(), Places::default()).unwrap(),
                sandbox_works: false,
            },
            hosts: None,
            rewind: self.rewind.clone(),
            keepers: self.keepers.clone(),
            diagnostics: None,
            redaction: Redaction::default(),
            hooks: Arc::default(),
            limits: self.limits,
            compact_at_percent: None,
            subagents: None,
            store: self.store().await,
            thread,
            clock: Arc::new(noon),
            rng: StdRng::seed_from_u64(1),
        });
        let mut running = Running {
            session,
            thread_id: String::new(),
            mode: self.mode,
        };
        let ThreadEvent::ThreadStarted {
            thread_id,
            permission_mode,
            ..
        } = running.next().await
        else {
            panic!("a session begins with thread.started");
        };
        running.thread_id = thread_id;
        running.mode = permission_mode;
        running
    }
}

fn noon() -> Timestamp {
    "2026-01-02T12:00:00Z".parse().unwrap()
}

/// A session that runs.
pub(crate) struct Running {
    pub(crate) session: Session,
    pub(crate) thread_id: String,
    /// The mode that it has begun with.
    pub(crate) mode: PermissionMode,
}

impl Running {
    pub(crate) async fn prompt(&self, text: &str) {
        self.session
            .handle
            .prompt(Message::user(text))
            .await
            .unwrap();
    }

    pub(crate) async fn cancel(&self) {
        self.session.handle.cancel().await.unwrap();
    }

    /// Returns the next event.
    pub(crate) async fn next(&mut self) -> ThreadEvent {
        self.maybe_next().await.expect("the session goes on")
    }

    async fn maybe_next(&mut self) -> Option<ThreadEvent> {
        tokio::time::timeout(PATIENCE, self.session.events.recv())
            .await
            .expect("the session hangs")
    }

    /// Skips events until the person is asked, and returns the id and what is asked.
    pub(crate) async fn inquiry(&mut self) -> (String, Inquiry) {
        match self
            .until(|event| matches!(event, ThreadEvent::InquiryOpened { .. }))
            .await
        {
            ThreadEvent::InquiryOpened { id, inquiry } => (id, inquiry),
            other => unreachable!("{other:?}"),
        }
    }

    /// Answers an inquiry.
    pub(crate) async fn answer(&self, id: String, answer: PersonAnswer) {
        self.session.handle.answer(id, answer).await.unwrap();
    }

    /// Skips events until one that `wanted` accepts, and returns that.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&ThreadEvent) -> bool) -> ThreadEvent {
        loop {
            let event = self.next().await;
            if wanted(&event) {
                return event;
            }
        }
    }

    /// Returns the events up to and with the end of the turn.
    pub(crate) async fn turn(&mut self) -> Vec<ThreadEvent> {
        let mut events = Vec::new();
        loop {
            events.push(self.next().await);
            if matches!(
                events.last(),
                Some(ThreadEvent::TurnCompleted { .. } | ThreadEvent::TurnFailed { .. })
            ) {
                return events;
            }
        }
    }

    /// Ends the session and returns what is left of the events.
    pub(crate) async fn end(mut self) -> Vec<ThreadEvent> {
        self.session.handle.shutdown().await.unwrap();
        let mut events = Vec::new();
        while let Some(event) = self.maybe_next().await {
            events.push(event);
        }
        events
    }
}

/// Returns the items that were completed.
pub(crate) fn completed(events: &[ThreadEvent]) -> Vec<&Item> {
    events
        .iter()
        .filter_map(|event| match event {
            ThreadEvent::ItemCompleted { item } => Some(item),
            _ => None,
        })
        .collect()
}

/// Returns name, status and output of the tool calls that were completed.
pub(crate) fn tool_calls(
    events: &[ThreadEvent],
) -> Vec<(String, loom_common_core::stream::ItemStatus, String)> {
    completed(events)
        .into_iter()
        .filter_map(|item| match &item.details {
            ItemDetails::ToolCall {
                name,
                status,
                output,
                ..
            } => Some((name.clone(), *status, output.clone().unwrap_or_default())),
            _ => None,
        })
        .collect()
}

/// Returns the code of the failure that the events end with.
pub(crate) fn failure_code(events: &[ThreadEvent]) -> &str {
    match events.last() {
        Some(ThreadEvent::TurnFailed { error }) => &error.code,
        other => panic!("the turn did not fail: {other:?}"),
    }
}

/// Waits until `condition` holds.
pub(crate) async fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .unwrap_or_else(|_| panic!("{what} did not happen"));
}

/// Reads a file of the workspace.
pub(crate) fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}
