//! What a server said beside the protocol, kept to explain a failure: bounded, whatever it does.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::content::cut;

/// Lines that are kept of the standard error output.
const MAX_LINES: usize = 40;

/// Bytes that are kept of a line.
const MAX_LINE: usize = 500;

/// Lines that are shown in an explanation.
const SHOWN_LINES: usize = 5;

/// What a server said beside the protocol.
#[derive(Debug, Default)]
pub(crate) struct ServerLog(Mutex<Records>);

#[derive(Debug, Default)]
struct Records {
    /// The last lines of the standard error output and of log messages.
    lines: VecDeque<String>,
    /// The first line of the standard output that is not the protocol.
    garbage: Option<String>,
    /// How many such lines there were.
    garbage_lines: u64,
    /// How many messages were dropped because there were too many.
    dropped: u64,
    /// How the process ended.
    exit: Option<String>,
}

impl ServerLog {
    /// Takes a line of the standard error output, or of a log message.
    pub(crate) fn line(&self, line: &str) {
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        tracing::debug!(line, "a tool server says");
        let mut records = self.records();
        if records.lines.len() == MAX_LINES {
            records.lines.pop_front();
        }
        records.lines.push_back(cut(line, MAX_LINE));
    }

    /// Takes a line of the standard output that is not the protocol.
    pub(crate) fn garbage(&self, line: &[u8]) {
        let mut records = self.records();
        records.garbage_lines += 1;
        if records.garbage.is_none() {
            let start = &line[..line.len().min(MAX_LINE)];
            records.garbage = Some(cut(String::from_utf8_lossy(start).trim(), MAX_LINE / 4));
        }
    }

    /// Counts a message that was dropped.
    pub(crate) fn dropped(&self) {
        self.records().dropped += 1;
    }

    /// Remembers how the process ended.
    pub(crate) fn ended(&self, how: String) {
        self.records().exit = Some(how);
    }

    /// Forgets what was said by the process before.
    pub(crate) fn clear(&self) {
        *self.records() = Records::default();
    }

    /// Returns the last lines, the oldest first.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.records().lines.iter().cloned().collect()
    }

    /// Returns what may explain a failure, as sentences; empty when there is nothing.
    pub(crate) fn explanation(&self) -> String {
        let records = self.records();
        let mut text = String::new();
        // Writing to a string cannot fail.
        if let Some(exit) = &records.exit {
            let _ = write!(text, " Its process {exit}.");
        }
        if let Some(garbage) = &records.garbage {
            let _ = write!(
                text,
                " Its standard output, which is for the protocol, holds {} other line(s), the \
                 first of them: {garbage:?}.",
                records.garbage_lines
            );
        }
        if records.dropped > 0 {
            let _ = write!(
                text,
                " It flooded Loom: {} messages were dropped.",
                records.dropped
            );
        }
        let first = records.lines.len().saturating_sub(SHOWN_LINES);
        let last: Vec<&str> = records
            .lines
            .iter()
            .skip(first)
            .map(String::as_str)
            .collect();
        if !last.is_empty() {
            let _ = write!(text, " It said last:\n{}", last.join("\n"));
        }
        text
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
