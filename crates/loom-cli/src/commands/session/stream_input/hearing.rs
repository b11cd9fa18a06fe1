//! What of a program's lines takes time to understand, and what keeps its place among that.
//!
//! A prompt may mention what a server of tools takes a minute to read. A task of its own therefore
//! takes prompts, and all that must not overtake one, in the order in which they were said; lines go
//! on being read meanwhile, as one of them may hold the answer that the server waits for.
//!
//! A stop is for what was said before it. Prompts that are not understood by then are dropped, and
//! the program is told of each.

use loom_cli_session::{SessionError, SessionHandle};
use loom_common_core::input::{PromptContent, SessionInput};
use loom_common_core::message::Role;
use loom_common_core::{ContentBlock, Message};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::say;
use crate::commands::session::assembly::Models;
use crate::commands::session::own_commands::{Heard, OwnCommands, Said, Unheard};
use crate::commands::session::selection::Model;

/// How many lines may wait to be understood. Further ones are not read until there is room.
const QUEUE: usize = 16;

/// What a program's lines are carried out with.
pub(in crate::commands::session) struct Program {
    /// Finds the models that it names.
    pub(in crate::commands::session) models: Models,
    /// Understands what it says.
    pub(in crate::commands::session) own_commands: OwnCommands,
}

/// The way of lines to the session.
pub(super) struct Hearing {
    /// None once the last line has come.
    lines: Option<mpsc::Sender<Line>>,
    /// Number of stops so far.
    stops: watch::Sender<u64>,
    /// Ends with the last line, or with this.
    task: JoinSet<()>,
}

/// A line that waits.
struct Line {
    input: SessionInput,
    /// Number of stops before it.
    stops: u64,
}

impl Hearing {
    /// Begins a task that takes lines.
    pub(super) fn begin(handle: SessionHandle, program: Program, provider: String) -> Self {
        let (lines, waiting) = mpsc::channel(QUEUE);
        let (stops, stopped) = watch::channel(0);
        let hearer = Hearer {
            handle,
            program,
            provider,
            stopped,
        };
        let mut task = JoinSet::new();
        task.spawn(hearer.run(waiting));
        Self {
            lines: Some(lines),
            stops,
            task,
        }
    }

    /// Hands on a line behind all others.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`].
    pub(super) async fn hear(&self, input: SessionInput) -> Result<(), SessionError> {
        let lines = self.lines.as_ref().ok_or(SessionError::Ended)?;
        let stops = *self.stops.borrow();
        let sent = lines.send(Line { input, stops }).await;
        sent.map_err(|_| SessionError::Ended)
    }

    /// Drops the prompts that have not come to the session yet.
    pub(super) fn stop(&self) {
        self.stops.send_modify(|stops| *stops += 1);
    }

    /// Waits until all that was said has come to the session.
    pub(super) async fn end(&mut self) {
        self.lines = None;
        self.task.join_next().await;
    }
}

/// Takes the lines.
struct Hearer {
    handle: SessionHandle,
    program: Program,
    /// Of which provider a model is when a line names none.
    provider: String,
    stopped: watch::Receiver<u64>,
}

impl Hearer {
    async fn run(mut self, mut lines: mpsc::Receiver<Line>) {
        while let Some(line) = lines.recv().await {
            // A session that has ended takes nothing more.
            if self.take(line).await.is_err() {
                return;
            }
        }
    }

    async fn take(&mut self, Line { input, stops }: Line) -> Result<(), SessionError> {
        let handle = &self.handle;
        match input {
            SessionInput::Prompt { content } => {
                let stopped = &mut self.stopped;
                let heard = tokio::select! {
                    biased;
                    // Without anybody to stop it, it is not stopped.
                    true = async { stopped.wait_for(|now| *now > stops).await.is_ok() } => {
                        Err(Unheard::Stopped)
                    }
                    heard = self.program.prompt(content, &self.provider) => heard,
                };
                say(handle, heard).await
            }
            SessionInput::Replace { id, content } => {
                let message = match content {
                    PromptContent::Text(text) => {
                        let mentioning = self.program.own_commands.message(&text).await;
                        for problem in mentioning.problems {
                            handle.warn(problem).await?;
                        }
                        mentioning.message
                    }
                    PromptContent::Blocks(content) => of_blocks(content),
                };
                handle.replace(id, message).await
            }
            SessionInput::SetModel { provider, model } => {
                let provider = provider.unwrap_or_else(|| self.provider.clone());
                let name = model;
                match self.program.models.find(Model { provider, name }).await {
                    Ok(model) => {
                        self.provider.clone_from(&model.provider);
                        handle.set_model(model).await
                    }
                    Err(error) => handle.warn(error.to_string()).await,
                }
            }
            SessionInput::SetEffort { effort } => handle.set_effort(effort).await,
            SessionInput::Compact { instructions } => handle.compact(instructions).await,
            SessionInput::Withdraw { id } => handle.withdraw(id).await,
            // These wait for nothing, and do not come here.
            SessionInput::Answer { .. }
            | SessionInput::Cancel
            | SessionInput::SetPermissionMode { .. } => Ok(()),
        }
    }
}

impl Program {
    /// Returns what a text means, which is read as a person's would be.
    pub(in crate::commands::session) async fn hear(
        &self,
        text: &str,
        provider: &str,
    ) -> Result<Heard, Unheard> {
        self.own_commands.hear(text, &self.models, provider).await
    }

    /// Returns what a prompt means. A program that sends blocks has attached what it wants to.
    async fn prompt(&self, content: PromptContent, provider: &str) -> Result<Heard, Unheard> {
        match content {
            PromptContent::Text(text) => self.hear(&text, provider).await,
            PromptContent::Blocks(content) => Ok(Heard {
                said: Said::Prompt(of_blocks(content)),
                problems: Vec::new(),
            }),
        }
    }
}

fn of_blocks(content: Vec<ContentBlock>) -> Message {
    Message {
        role: Role::User,
        content,
    }
}
