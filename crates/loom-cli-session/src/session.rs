//! What a front end has of a session: what it hands in, where it sends commands, what it gets.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use loom_cli_hooks::Hooks;
use loom_cli_instructions::Instructions;
use loom_cli_lsp::Diagnostics;
use loom_cli_mcp::McpServers;
use loom_cli_rewind::{RestoreReport, Rewind};
use loom_cli_tools::ToolRegistry;
use loom_common_core::inquiry::Answer;
use loom_common_core::stream::{StreamError, ThreadEvent};
use loom_common_core::{Effort, Message, PermissionMode};
use loom_common_http::RetryConfig;
use loom_common_thread::{NewThread, StoredThread, ThreadStore};
use rand::rngs::StdRng;
use tokio::sync::{mpsc, oneshot};

use crate::begin;
use crate::command_prompt::CommandPrompt;
use crate::error::SessionError;
use crate::gate::Gate;
use crate::hosts::Hosts;
use crate::inquiries::Person;
use crate::keeping::WorkKeeper;
use crate::model::ModelChoice;
use crate::redaction::Redaction;
use crate::restore::Restore;
use crate::server_questions::ServerQuestions;
use crate::subagents::Subagents;

/// How many events may wait for the front end, and how many reports for the agent.
pub(crate) const QUEUE: usize = 256;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a session works with.
pub struct SessionSetup {
    /// The model that answers.
    pub model: ModelChoice,
    /// How long to wait before a failed model call is asked again, and how often.
    pub retry: RetryConfig,
    /// The tools.
    pub tools: ToolRegistry,
    /// The folder to work in: absolute, with symbolic links resolved.
    pub workspace: PathBuf,
    /// What people wrote down for the agent; stands behind Loom's own instructions.
    pub instructions: String,
    /// Finds what people wrote down for the folders that the agent comes across.
    pub nested_instructions: Option<Arc<Instructions>>,
    /// Servers of tools.
    pub servers: Option<McpServers>,
    /// What the servers ask the person by; none where they may not ask.
    pub server_questions: Option<ServerQuestions>,
    /// What calls are judged by.
    pub gate: Gate,
    /// The hosts that commands in the sandbox may reach; none where nobody is asked for others.
    pub hosts: Option<Hosts>,
    /// What the agent may do without asking.
    pub permission_mode: PermissionMode,
    /// Whether there is somebody to ask.
    pub person: Person,
    /// Remembers the files, so that what was done to them can be undone; none where nothing is to be
    /// remembered.
    pub rewind: Option<Rewind>,
    /// What takes the agent's work behind each turn, such as commits. They are told of it only where
    /// files are remembered.
    pub keepers: Vec<Arc<dyn WorkKeeper>>,
    /// Language servers, which say what an edit breaks; none where they are not wanted.
    pub diagnostics: Option<Arc<Diagnostics>>,
    /// What secrets are taken out of.
    pub redaction: Redaction,
    /// Programs of the person that run around what the agent does.
    pub hooks: Arc<Hooks>,
    /// How far a turn, and the run, may go.
    pub limits: SessionLimits,
    /// When the conversation is shortened to what matters by itself, in percent of what the model
    /// takes; none for only when the person wants it or nothing more fits.
    pub compact_at_percent: Option<u8>,
    /// What subagents are made with; none where there are to be none.
    pub subagents: Option<Subagents>,
    /// Where threads are kept.
    pub store: ThreadStore,
    /// The thread.
    pub thread: ThreadStart,
    /// The time, for what is stored.
    pub clock: Clock,
    /// Randomness, for the jitter of waiting times.
    pub rng: StdRng,
}

/// How far a session may go by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionLimits {
    /// How often a turn may ask the model.
    pub max_model_calls: Option<u32>,
    /// What the run may cost with all its subagents, in millionths of a US dollar. Counts only where
    /// prices are known; of models that it does not hold for the person is told.
    pub max_cost_micros: Option<u64>,
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
    pub(crate) commands: mpsc::Sender<Command>,
}

/// What a front end wants of the session.
pub(crate) enum Command {
    Prompt(Message),
    Run(Box<CommandPrompt>),
    Answer {
        id: String,
        answer: Answer,
    },
    NobodyThere {
        reason: String,
    },
    SetMode(PermissionMode),
    SetModel(Box<ModelChoice>),
    SetEffort(Option<Effort>),
    Compact {
        instructions: Option<String>,
    },
    Restore {
        restore: Restore,
        done: oneshot::Sender<Result<RestoreReport, String>>,
    },
    Warn {
        text: String,
    },
    Reject(StreamError),
    Withdraw {
        id: u64,
    },
    Replace {
        id: u64,
        message: Message,
    },
    Cancel,
    Finish,
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

    /// Gives a command of a file a turn of its own: when the one that runs is over, and ahead of what
    /// is said after it.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`].
    pub async fn run_command(&self, command: CommandPrompt) -> Result<(), SessionError> {
        self.send(Command::Run(Box::new(command))).await
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

    /// Says that nobody answers any more: open inquiries are withdrawn, and further ones are not
    /// made. `reason` is what the model is told.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`].
    pub async fn nobody_there(&self, reason: impl Into<String>) -> Result<(), SessionError> {
        let reason = reason.into();
        self.send(Command::NobodyThere { reason }).await
    }

    /// Sets what the agent may do without asking, from the next tool call on.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`].
    pub async fn set_permission_mode(&self, mode: PermissionMode) -> Result<(), SessionError> {
        self.send(Command::SetMode(mode)).await
    }

    /// Takes another model, from the next model call on.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`].
    pub async fn set_model(&self, model: ModelChoice) -> Result<(), SessionError> {
        self.send(Command::SetModel(Box::new(model))).await
    }

    /// Sets how much the model should think, from the next model call on.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`].
    pub async fn set_effort(&self, effort: Option<Effort>) -> Result<(), SessionError> {
        self.send(Command::SetEffort(effort)).await
    }

    /// Shortens the conversation to what matters, after the model call that runs. `instructions`
    /// say what matters most.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`].
    pub async fn compact(&self, instructions: Option<String>) -> Result<(), SessionError> {
        self.send(Command::Compact { instructions }).await
    }

    /// Shows a warning of the front end's own among the events.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`].
    pub async fn warn(&self, text: impl Into<String>) -> Result<(), SessionError> {
        let text = text.into();
        self.send(Command::Warn { text }).await
    }

    /// Shows that something was said of which no turn comes, and why.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`].
    pub async fn reject(&self, error: StreamError) -> Result<(), SessionError> {
        self.send(Command::Reject(error)).await
    }

    /// Goes back to a point of the thread. Refused while a turn runs.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`], and [`SessionError::NotRestored`] with what is in the way.
    pub async fn restore(&self, restore: Restore) -> Result<RestoreReport, SessionError> {
        let (done, restored) = oneshot::channel();
        self.send(Command::Restore { restore, done }).await?;
        let restored = restored.await.map_err(|_| SessionError::Ended)?;
        restored.map_err(SessionError::NotRestored)
    }

    /// Takes back a prompt that waits. One that has gone out stays said.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`].
    pub async fn withdraw(&self, id: u64) -> Result<(), SessionError> {
        self.send(Command::Withdraw { id }).await
    }

    /// Says in other words what waits.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`].
    pub async fn replace(&self, id: u64, message: Message) -> Result<(), SessionError> {
        self.send(Command::Replace { id, message }).await
    }

    /// Stops the turn, if one runs.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`].
    pub async fn cancel(&self) -> Result<(), SessionError> {
        self.send(Command::Cancel).await
    }

    /// Ends the session once nothing is left to do: after the turn that runs, and after the prompts
    /// that wait.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`], when it already has.
    pub async fn finish(&self) -> Result<(), SessionError> {
        self.send(Command::Finish).await
    }

    /// Ends the session at once, in good order.
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
        let (session, work) = begin::session(setup);
        tokio::spawn(work);
        session
    }
}
