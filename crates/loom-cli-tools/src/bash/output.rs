//! The output of a command, bounded: its start and its end in memory, the whole in a file.
//!
//! What comes is made text at once: what is not UTF-8 becomes U+FFFD, and escape sequences go. The
//! first and the last of it are kept in memory; when something would fall out between them, the
//! whole goes to a [spool](Spool), and a flood costs no more than that. Whoever asks gets what has
//! come since it was asked for last, shortened in the middle. Lines that were drawn over with
//! carriage returns, as progress bars do, then shrink to what was seen last.

use std::collections::VecDeque;

use anstream::adapter::StripBytes;
use loom_common_core::ProgressSink;

use crate::outputs::{Spool, from_line_start, join, start_of};

/// How much is streamed while the command runs; more than anybody reads, less than hurts.
const MAX_STREAMED_BYTES: usize = 256 * 1024;

/// Takes the output of a command.
pub(super) struct Output {
    cleaner: Cleaner,
    head: String,
    /// The last of what does not fit into the head. May begin inside a character.
    tail: VecDeque<u8>,
    /// How much of each end is kept.
    max_end: usize,
    /// Bytes of text that came.
    total: usize,
    /// Bytes of it that were asked for.
    taken: usize,
    /// Has all of it from the start, once not everything is in memory any more.
    spool: Spool,
    streamed: usize,
}

impl Output {
    /// Shows about `limit` bytes at once. What is longer goes to `spool`.
    pub(super) fn new(limit: usize, spool: Spool) -> Self {
        Self {
            cleaner: Cleaner::default(),
            head: String::new(),
            tail: VecDeque::new(),
            max_end: limit / 2,
            total: 0,
            taken: 0,
            spool,
            streamed: 0,
        }
    }

    /// Takes the next piece, and passes its text on to `progress`.
    pub(super) fn push(&mut self, piece: &[u8], progress: Option<&ProgressSink>) {
        let text = self.cleaner.clean(piece);
        if let Some(progress) = progress {
            self.stream(&text, progress);
        }
        let was_whole = self.is_whole();
        if was_whole && self.total + text.len() > 2 * self.max_end {
            let (head, tail) = (self.head.clone(), self.tail());
            self.spool.append(&head);
            self.spool.append(&tail);
        }
        if !was_whole || self.total + text.len() > 2 * self.max_end {
            self.spool.append(&text);
        }
        self.total += text.len();
        let room = self.max_end - self.head.len();
        let fitting = if self.tail.is_empty() {
            text.floor_char_boundary(room)
        } else {
            0
        };
        let (head, rest) = text.split_at(fitting);
        self.head.push_str(head);
        let rest = rest.as_bytes();
        let rest = &rest[rest.len().saturating_sub(self.max_end)..];
        let excess = (self.tail.len() + rest.len()).saturating_sub(self.max_end);
        self.tail.drain(..excess);
        self.tail.extend(rest);
    }

    fn stream(&mut self, text: &str, progress: &ProgressSink) {
        if text.is_empty() || self.streamed >= MAX_STREAMED_BYTES {
            return;
        }
        self.streamed += text.len();
        progress.send(text);
        if self.streamed >= MAX_STREAMED_BYTES {
            progress.send("\n… the output goes on …\n");
        }
    }

    /// Returns what has come since the last time, shortened, without white space at its end.
    pub(super) fn take(&mut self) -> String {
        let new = self.total - self.taken;
        let tail = self.tail();
        let mut text = if self.is_whole() {
            let whole = format!("{}{tail}", self.head);
            drawn(&whole[self.taken..])
        } else if new <= tail.len() {
            drawn(&tail[tail.len() - new..])
        } else {
            let start = if self.taken == 0 {
                self.head.clone()
            } else {
                let start = self.spool.read_at(self.taken as u64, self.max_end);
                let whole = start.len() - unfinished_character(&start);
                String::from_utf8_lossy(&start[..whole]).into_owned()
            };
            let start = drawn(start_of(&start, self.max_end));
            let end = drawn(from_line_start(&tail));
            let left_out = new.saturating_sub(start.len() + end.len());
            join(&start, left_out, &self.spool.kept(), &end)
        };
        self.taken = self.total;
        text.truncate(text.trim_end().len());
        text
    }

    /// Tells whether there is something that was not asked for yet.
    pub(super) fn has_news(&self) -> bool {
        self.taken < self.total
    }

    /// Tells whether all that came is in memory.
    fn is_whole(&self) -> bool {
        self.total == self.head.len() + self.tail.len()
    }

    /// Returns the tail from its first whole character on.
    fn tail(&self) -> String {
        let bytes: Vec<u8> = self.tail.iter().copied().collect();
        let start = bytes
            .iter()
            .position(|byte| !(0x80..0xc0).contains(byte))
            .unwrap_or(bytes.len());
        String::from_utf8_lossy(&bytes[start..]).into_owned()
    }
}

/// Makes text of bytes that come in pieces, which may cut a character or an escape sequence in two.
#[derive(Default)]
struct Cleaner {
    undecoded: Vec<u8>,
    strip: StripBytes,
    /// Whether there was anything but plain text so far.
    has_controls: bool,
}

impl Cleaner {
    /// Returns the text of the next piece, without what needs another piece to be understood.
    fn clean(&mut self, piece: &[u8]) -> String {
        let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t');
        if !self.has_controls && self.undecoded.is_empty() && piece.iter().all(is_plain) {
            return String::from_utf8_lossy(piece).into_owned();
        }
        self.has_controls |= piece
            .iter()
            .any(|byte| *byte == 0x7f || byte.is_ascii_control());
        self.undecoded.extend_from_slice(piece);
        let whole = self.undecoded.len() - unfinished_character(&self.undecoded);
        let rest = self.undecoded.split_off(whole);
        let bytes = std::mem::replace(&mut self.undecoded, rest);
        self.strip(&bytes)
    }

    fn strip(&mut self, bytes: &[u8]) -> String {
        let decoded = String::from_utf8_lossy(bytes);
        let mut stripped = Vec::with_capacity(decoded.len());
        for printable in self.strip.strip_next(decoded.as_bytes()) {
            stripped.extend_from_slice(printable);
        }
        String::from_utf8_lossy(&stripped).into_owned()
    }
}

/// Returns how many bytes at the end may be the start of a character.
fn unfinished_character(bytes: &[u8]) -> usize {
    let last = bytes.len().saturating_sub(3);
    for (index, &byte) in bytes.iter().enumerate().skip(last).rev() {
        let length = match byte {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            0x80..=0xbf => continue,
            _ => return 0,
        };
        let there = bytes.len() - index;
        return if there < length { there } else { 0 };
    }
    0
}

/// Returns the text as it stands on a terminal at the end, as far as carriage returns go.
fn drawn(text: &str) -> String {
    let mut drawn = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (line, ""),
        };
        let last = line.rsplit('\r').find(|drawing| !drawing.is_empty());
        drawn.push_str(last.unwrap_or_default());
        drawn.push_str(end);
    }
    drawn
}

#[cfg(test)]
mod tests;
