//! The prompt of `loom -p`: from the argument, from standard input, or from both.
//!
//! Standard input that is a pipe may never end although nobody means to write to it: many programs
//! start others that way. With a prompt in the argument it is therefore given a short time to show
//! that there is something in it; without one, it is all there is, and is waited for.

use std::io::{self, IsTerminal, Read};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rustix::fs::FileType;

use crate::error::CliError;

/// How long a pipe may stay silent beside a prompt in the argument.
const SILENCE: Duration = Duration::from_secs(3);
/// Longest input, in bytes: past this no model could read it.
const LIMIT: usize = 16 << 20;

/// Returns the prompt. `argument` is empty when the option came without one; `-` stands for
/// standard input, by custom.
pub(super) fn read(argument: &str) -> Result<String, CliError> {
    let from_argument = Some(argument).filter(|text| !matches!(text.trim(), "" | "-"));
    let from_input = match (from_argument, Input::look()) {
        (None, Input::Terminal) => {
            return Err(CliError::usage("there is no prompt")
                .hint("write it behind -p, or send it to standard input"));
        }
        (_, Input::Nothing | Input::Terminal) => String::new(),
        (None, Input::Something) => read_input(None)?,
        (Some(_), Input::Something) => read_input(Some(SILENCE))?,
    };
    let parts = [from_argument.unwrap_or_default(), &from_input];
    let parts = parts.map(str::trim_end).into_iter();
    let prompt = parts
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n\n");
    if prompt.trim().is_empty() {
        return Err(CliError::usage("the prompt is empty")
            .hint("write it behind -p, or send it to standard input"));
    }
    Ok(prompt)
}

/// What standard input is.
enum Input {
    Terminal,
    Nothing,
    Something,
}

impl Input {
    fn look() -> Self {
        if io::stdin().is_terminal() {
            return Self::Terminal;
        }
        match rustix::fs::fstat(io::stdin()) {
            Ok(stat) => match FileType::from_raw_mode(stat.st_mode) {
                FileType::Fifo | FileType::Socket | FileType::RegularFile => Self::Something,
                _ => Self::Nothing,
            },
            Err(_) => Self::Nothing,
        }
    }
}

/// Reads standard input to its end; gives up when nothing at all comes for `patience`.
fn read_input(patience: Option<Duration>) -> Result<String, CliError> {
    let (pieces, received) = mpsc::channel::<io::Result<Vec<u8>>>();
    // The thread may stay blocked in its read; it ends with the process.
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let piece = match input.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => Ok(buffer[..length].to_vec()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let failed = piece.is_err();
            if pieces.send(piece).is_err() || failed {
                return;
            }
        }
    });
    let first = match patience {
        Some(patience) => match received.recv_timeout(patience) {
            Ok(piece) => Some(piece),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                CliError::warn(
                    "standard input is open but silent; going on without it (`-p -` waits for it)",
                );
                return Ok(String::new());
            }
        },
        None => received.recv().ok(),
    };
    let mut bytes = Vec::new();
    for piece in first.into_iter().chain(received) {
        bytes.extend(piece?);
        if bytes.len() > LIMIT {
            return Err(CliError::usage("standard input is longer than 16 MiB")
                .hint("let the agent read the file itself: name it in the prompt"));
        }
    }
    String::from_utf8(bytes).map_err(|_| {
        CliError::usage("standard input is not UTF-8 text")
            .hint("let the agent read the file itself: name it in the prompt")
    })
}
