//! What a program says to a session that it drives: JSON objects, one a line, on standard input.
//!
//! A line that makes no sense is told to the program as a warning in the stream's own order and
//! changes nothing; a session that has done work is not thrown away for a typing error. The end of
//! the input is the end of the conversation, not of the work: what was asked for is still done, but
//! nobody is there to be asked any more.

use std::io::{self, BufRead, Read};
use std::thread;

use loom_cli_session::SessionHandle;
use loom_common_core::Message;
use loom_common_core::input::{PromptContent, SessionInput};
use loom_common_core::message::Role;
use tokio::sync::mpsc;

use super::assembly::Models;
use super::own_commands::{Heard, OwnCommands, Said, unheard};
use super::selection::Model;
use crate::error::CliError;

/// Longest line, in bytes: a prompt with pictures.
const MAX_LINE: u64 = 64 << 20;
/// How many lines may wait.
const QUEUE: usize = 16;
const GONE: &str = "the program that drives loom has closed its input";

/// What a program's lines are carried out with.
pub(super) struct Program {
    /// Finds the models that it names.
    pub(super) models: Models,
    /// Understands what it says.
    pub(super) own_commands: OwnCommands,
}

/// The lines as they come.
pub(super) struct StreamInput {
    lines: mpsc::Receiver<io::Result<String>>,
    /// Number of lines so far.
    line: u64,
    /// Of which provider a model is when a line names none.
    provider: String,
}

impl StreamInput {
    /// Begins to read standard input.
    pub(super) fn read(provider: String) -> Self {
        let (sender, lines) = mpsc::channel(QUEUE);
        // Reading blocks for as long as the program likes, also past the end of the session.
        thread::spawn(move || {
            let mut input = io::stdin().lock();
            loop {
                let mut line = Vec::new();
                let read = input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
                let line = match read {
                    Ok(0) => return,
                    Ok(_) if line.len() as u64 == MAX_LINE => Err(io::Error::other(format!(
                        "a line is longer than {MAX_LINE} bytes"
                    ))),
                    Ok(_) => Ok(String::from_utf8_lossy(&line).into_owned()),
                    Err(error) => Err(error),
                };
                let failed = line.is_err();
                if sender.blocking_send(line).is_err() || failed {
                    return;
                }
            }
        });
        Self {
            lines,
            line: 0,
            provider,
        }
    }

    /// Takes a line and does what it says; false at the end of the input.
    ///
    /// # Errors
    ///
    /// When the session has ended.
    pub(super) async fn next(
        &mut self,
        handle: &SessionHandle,
        program: &Program,
    ) -> Result<bool, CliError> {
        let line = match self.lines.recv().await {
            Some(Ok(line)) => line,
            Some(Err(error)) => {
                CliError::warn(&format!("cannot read standard input: {error}"));
                return self.end(handle).await;
            }
            None => return self.end(handle).await,
        };
        self.line += 1;
        if line.trim().is_empty() {
            return Ok(true);
        }
        match serde_json::from_str(&line) {
            Ok(input) => self.take(input, handle, program).await?,
            Err(error) => {
                let text = format!("line {} of the input is not understood: {error}", self.line);
                handle.warn(text).await?;
            }
        }
        Ok(true)
    }

    async fn end(&self, handle: &SessionHandle) -> Result<bool, CliError> {
        handle.nobody_there(GONE).await?;
        handle.finish().await?;
        Ok(false)
    }

    async fn take(
        &mut self,
        input: SessionInput,
        handle: &SessionHandle,
        program: &Program,
    ) -> Result<(), CliError> {
        match input {
            SessionInput::Prompt {
                content: PromptContent::Text(text),
            } => {
                let heard = program.hear(&text, &self.provider).await;
                say(handle, heard).await?;
            }
            SessionInput::Prompt { content } => {
                let message = program.message(content, handle).await?;
                handle.prompt(message).await?;
            }
            SessionInput::Answer { id, answer } => handle.answer(id, answer).await?,
            SessionInput::Cancel => handle.cancel().await?,
            SessionInput::SetPermissionMode { mode } => handle.set_permission_mode(mode).await?,
            SessionInput::SetEffort { effort } => handle.set_effort(effort).await?,
            SessionInput::Compact { instructions } => handle.compact(instructions).await?,
            SessionInput::Replace { id, content } => {
                let message = program.message(content, handle).await?;
                handle.replace(id, message).await?;
            }
            SessionInput::Withdraw { id } => handle.withdraw(id).await?,
            SessionInput::SetModel { provider, model } => {
                let provider = provider.unwrap_or_else(|| self.provider.clone());
                let name = model;
                match program.models.find(Model { provider, name }).await {
                    Ok(model) => {
                        self.provider.clone_from(&model.provider);
                        handle.set_model(model).await?;
                    }
                    Err(error) => handle.warn(error.to_string()).await?,
                }
            }
        }
        Ok(())
    }
}

/// Says something to a session, or tells why not.
pub(super) async fn say(
    handle: &SessionHandle,
    heard: Result<Heard, String>,
) -> Result<(), CliError> {
    let Heard { said, problems } = match heard {
        Ok(heard) => heard,
        Err(why) => return Ok(handle.reject(unheard(why)).await?),
    };
    for problem in problems {
        handle.warn(problem).await?;
    }
    match said {
        Said::Prompt(message) => handle.prompt(message).await?,
        Said::Command(command) => handle.run_command(*command).await?,
    }
    Ok(())
}

impl Program {
    /// Returns what a text means, which is read as a person's would be.
    pub(super) async fn hear(&self, text: &str, provider: &str) -> Result<Heard, String> {
        self.own_commands.hear(text, &self.models, provider).await
    }

    /// Makes a message of a prompt. A text goes with what it mentions; a program that sends blocks
    /// has attached what it wants to.
    async fn message(
        &self,
        content: PromptContent,
        handle: &SessionHandle,
    ) -> Result<Message, CliError> {
        match content {
            PromptContent::Text(text) => {
                let mentioning = self.own_commands.message(&text).await;
                for problem in mentioning.problems {
                    handle.warn(problem).await?;
                }
                Ok(mentioning.message)
            }
            PromptContent::Blocks(content) => Ok(Message {
                role: Role::User,
                content,
            }),
        }
    }
}
