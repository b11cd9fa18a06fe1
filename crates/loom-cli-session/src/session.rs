//! What a front end has of a session: what it hands in, where it sends commands, what it gets.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use loom_cli_tools::ToolRegistry;
use loom_common_core::inquiry::Answer;
use loom_common_core::stream::ThreadEvent;
use loom_common_core::{Effort, LlmClient, Message, PermissionMode};
use loom_common_http::RetryConfig;
use loom_common_thread::{NewThread, StoredThread, ThreadStore};
use rand::rngs::StdRng;
use tokio::sync::mpsc;

use crate::error::SessionError;
use crate::inquiries::Person;
use crate::operations::Operations;
use crate::runner::Runner;

/// How many events may wait for the front end, and how many reports for the agent.
const QUEUE: usize = 256;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a session works with.
pub struct SessionSetup {
    /// The way to the model.
    pub client: Arc<dyn LlmClient>,
    /// Name of the model's provider.
    pub provider: String,
    /// Name of the model.
    pub model: String,
    /// Limit of tokens for one answer.
    pub max_tokens: Option<u32>,
    /// How much the model should think.
    pub effort: Option<Effort>,
    /// How long to wait before a failed model call is asked again, and how often.
    pub retry: RetryConfig,
    /// The tools.
    pub tools: ToolRegistry,
    /// The folder to work in: absolute, with symbolic links resolved.
    pub workspace: PathBuf,
    /// What the agent may do without asking.
    pub permission_mode: PermissionMode,
    /// Whether there is somebody to ask.
    pub person: Person,
    /// Where threads are kept.
    pub store: ThreadStore,
    /// The thread.
    pub thread: ThreadStart,
    /// The time, for what is stored.
    pub clock: Clock,
    /// Randomness, for the jitter of waiting times.
    pub rng: StdRng,
}

/// The thread of a session.
pub enum ThreadStart {
    /// A new one, stored with the first message.
    New(Box<NewThread>),
    /// One that goes on.
    Resume(Box<StoredThread>),
}

/// A running session.
pub struct Session {
    /// Takes commands.
    pub handle: SessionHandle,
    /// Gives what is to be shown. Ends after [`ThreadEvent::Result`].
    pub events: mpsc::Receiver<ThreadEvent>,
}

/// Takes commands for a session. The session ends when the last handle is dropped.
#[derive(Clone)]
pub struct SessionHandle {
    commands: mpsc::Sender<Command>,
}

/// What a front end wants of the session.
pub(crate) enum Command {
    Prompt(Message),
    Answer { id: String, answer: Answer },
    Cancel,
    Shutdown,
}

impl SessionHandle {
    /// Says something to the agent. While a turn runs it is kept for the next model call.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`].
    pub async fn prompt(&self, message: Message) -> Result<(), SessionError> {
        self.send(Command::Prompt(message)).await
    }

    /// Answers the inquiry `id`. An answer that comes too late changes nothing.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`].
    pub async fn answer(&self, id: impl Into<String>, answer: Answer) -> Result<(), SessionError> {
        let id = id.into();
        self.send(Command::Answer { id, answer }).await
    }

    /// Stops the turn, if one runs.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`].
    pub async fn cancel(&self) -> Result<(), SessionError> {
        self.send(Command::Cancel).await
    }

    /// Ends the session.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`], when it already has.
    pub async fn shutdown(&self) -> Result<(), SessionError> {
        self.send(Command::Shutdown).await
    }

    async fn send(&self, command: Command) -> Result<(), SessionError> {
        let sent = self.commands.send(command).await;
        sent.map_err(|_| SessionError::Ended)
    }
}

impl Session {
    /// Starts a session as a task of the current runtime.
    pub fn start(setup: SessionSetup) -> Self {
        let (commands, command_queue) = mpsc::channel(QUEUE);
        let (events, event_queue) = mpsc::channel(QUEUE);
        let (reports, report_queue) = mpsc::channel(QUEUE);
        let (runner, first_actions) = Runner::new(setup, events, Operations::new(reports));
        tokio::spawn(runner.run(first_actions, command_queue, report_queue));
        Self {
            handle: SessionHandle { commands },
            events: event_queue,
        }
    }
}
