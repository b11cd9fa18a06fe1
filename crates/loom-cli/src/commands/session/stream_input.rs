//! What a program says to a session that it drives: JSON objects, one a line, on standard input.
//!
//! A line that makes no sense is told to the program as a warning in the stream's own order and
//! changes nothing; a session that has done work is not thrown away for a typing error. The end of
//! the input is the end of the conversation, not of the work: what was asked for is still done, but
//! nobody is there to be asked any more.
//!
//! Answers, stops and what the agent may do take effect as they are read; all else in its order,
//! once it is understood ([`hearing`]).

mod hearing;

use std::io::{self, BufRead, Read};
use std::thread;

use loom_cli_session::{SessionError, SessionHandle};
use loom_common_core::input::SessionInput;
use tokio::sync::mpsc;

use super::own_commands::{Heard, Said, Unheard};
use crate::error::CliError;
use hearing::Hearing;

pub(super) use hearing::Program;

/// Longest line, in bytes: a prompt with pictures.
const MAX_LINE: u64 = 64 << 20;
/// How many lines may wait.
const QUEUE: usize = 16;
const GONE: &str = "the program that drives loom has closed its input";

/// The lines as they come.
pub(super) struct StreamInput {
    lines: mpsc::Receiver<io::Result<String>>,
    /// Number of lines so far.
    line: u64,
    handle: SessionHandle,
    hearing: Hearing,
}

impl StreamInput {
    /// Begins to read standard input. A model is of `provider` when a line names none.
    pub(super) fn read(handle: SessionHandle, program: Program, provider: String) -> Self {
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
            hearing: Hearing::begin(handle.clone(), program, provider),
            handle,
        }
    }

    /// Takes a line and does what it says; false at the end of the input. Can be dropped, and called
    /// again, while it waits for a line, or for the end of what was said.
    ///
    /// # Errors
    ///
    /// When the session has ended.
    pub(super) async fn next(&mut self) -> Result<bool, CliError> {
        let line = match self.lines.recv().await {
            Some(Ok(line)) => line,
            Some(Err(error)) => {
                CliError::warn(&format!("cannot read standard input: {error}"));
                return self.end().await;
            }
            None => return self.end().await,
        };
        self.line += 1;
        if line.trim().is_empty() {
            return Ok(true);
        }
        match serde_json::from_str(&line) {
            Ok(input) => self.take(input).await?,
            Err(error) => {
                let text = format!("line {} of the input is not understood: {error}", self.line);
                self.handle.warn(text).await?;
            }
        }
        Ok(true)
    }

    async fn end(&mut self) -> Result<bool, CliError> {
        self.handle.nobody_there(GONE).await?;
        self.hearing.end().await;
        self.handle.finish().await?;
        Ok(false)
    }

    async fn take(&mut self, input: SessionInput) -> Result<(), SessionError> {
        match input {
            SessionInput::Answer { id, answer } => self.handle.answer(id, answer).await,
            SessionInput::Cancel => {
                self.handle.cancel().await?;
                self.hearing.stop();
                Ok(())
            }
            SessionInput::SetPermissionMode { mode } => self.handle.set_permission_mode(mode).await,
            input => self.hearing.hear(input).await,
        }
    }
}

/// Says something to a session, or tells why not.
pub(super) async fn say(
    handle: &SessionHandle,
    heard: Result<Heard, Unheard>,
) -> Result<(), SessionError> {
    let Heard { said, problems } = match heard {
        Ok(heard) => heard,
        Err(unheard) => return handle.reject(unheard.into()).await,
    };
    for problem in problems {
        handle.warn(problem).await?;
    }
    match said {
        Said::Prompt(message) => handle.prompt(message).await,
        Said::Command(command) => handle.run_command(*command).await,
    }
}
