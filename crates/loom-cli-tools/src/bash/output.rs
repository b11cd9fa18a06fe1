//! The output of a command, bounded: its start and its end, and how much lies between.
//!
//! Bytes come in pieces that may cut a character or an escape sequence in two. They are decoded
//! (what is not UTF-8 becomes U+FFFD) and freed of escape sequences on the way in, so that what is
//! kept is text. At the end, lines that were drawn over with carriage returns, as progress bars
//! do, shrink to what was seen last.

use std::collections::VecDeque;

use anstream::adapter::StripBytes;
use loom_common_core::ProgressSink;

/// How much is streamed while the command runs; more than anybody reads, less than hurts.
const MAX_STREAMED_BYTES: usize = 256 * 1024;

/// Takes the output of a command.
pub(super) struct Output {
    undecoded: Vec<u8>,
    strip: StripBytes,
    streamed: usize,
    kept: HeadAndTail,
}

impl Output {
    /// Keeps about `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            undecoded: Vec::new(),
            strip: StripBytes::new(),
            streamed: 0,
            kept: HeadAndTail::new(limit),
        }
    }

    /// Takes the next piece and passes its text on to `progress`.
    pub(super) fn push(&mut self, piece: &[u8], progress: &ProgressSink) {
        self.undecoded.extend_from_slice(piece);
        let cut = self.undecoded.len() - unfinished_character(&self.undecoded);
        let rest = self.undecoded.split_off(cut);
        let bytes = std::mem::replace(&mut self.undecoded, rest);
        let text = self.clean(&bytes);
        self.kept.push(text.as_bytes());
        self.stream(&text, progress);
    }

    /// Returns what is kept, without white space at its end.
    pub(super) fn finish(mut self) -> String {
        let rest = std::mem::take(&mut self.undecoded);
        let text = self.clean(&rest);
        self.kept.push(text.as_bytes());
        let (head, left_out, tail) = self.kept.into_parts();
        let mut text = drawn_over(&head);
        if left_out > 0 {
            if !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&format!("… {left_out} bytes left out …\n"));
        }
        text.push_str(&drawn_over(&tail));
        text.truncate(text.trim_end().len());
        text
    }

    fn clean(&mut self, bytes: &[u8]) -> String {
        let decoded = String::from_utf8_lossy(bytes);
        let mut stripped = Vec::with_capacity(decoded.len());
        for printable in self.strip.strip_next(decoded.as_bytes()) {
            stripped.extend_from_slice(printable);
        }
        String::from_utf8_lossy(&stripped).into_owned()
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
fn drawn_over(text: &str) -> String {
    let mut drawn = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (line, ""),
        };
        let last = line
            .rsplit('\r')
            .find(|drawing| !drawing.is_empty())
            .unwrap_or_default();
        drawn.push_str(last);
        drawn.push_str(end);
    }
    drawn
}

/// The first and the last bytes of a text of any length.
struct HeadAndTail {
    head: Vec<u8>,
    max_head: usize,
    tail: VecDeque<u8>,
    max_tail: usize,
    total: u64,
}

impl HeadAndTail {
    fn new(limit: usize) -> Self {
        Self {
            head: Vec::new(),
            max_head: limit / 2,
            tail: VecDeque::new(),
            max_tail: limit - limit / 2,
            total: 0,
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let room = (self.max_head - self.head.len()).min(bytes.len());
        let (head, rest) = bytes.split_at(room);
        self.head.extend_from_slice(head);
        let rest = &rest[rest.len().saturating_sub(self.max_tail)..];
        let excess = (self.tail.len() + rest.len()).saturating_sub(self.max_tail);
        self.tail.drain(..excess);
        self.tail.extend(rest);
    }

    /// Returns the start, the number of bytes that are left out, and the end. Where bytes are left
    /// out, the cuts are moved to line ends that are near, else to ends of characters.
    fn into_parts(self) -> (String, u64, String) {
        let tail = Vec::from(self.tail);
        if self.total == (self.head.len() + tail.len()) as u64 {
            let whole = [self.head, tail].concat();
            return (
                String::from_utf8_lossy(&whole).into_owned(),
                0,
                String::new(),
            );
        }
        let near = |length: usize| length / 4;
        let head_end = match self.head.iter().rposition(|&byte| byte == b'\n') {
            Some(end) if self.head.len() - end <= near(self.head.len()) => end + 1,
            _ => self.head.len() - unfinished_character(&self.head),
        };
        let tail_start = match tail.iter().position(|&byte| byte == b'\n') {
            Some(end) if end < near(tail.len()) => end + 1,
            _ => tail
                .iter()
                .position(|byte| !(0x80..0xc0).contains(byte))
                .unwrap_or(tail.len()),
        };
        let head = String::from_utf8_lossy(&self.head[..head_end]).into_owned();
        let tail = String::from_utf8_lossy(&tail[tail_start..]).into_owned();
        let left_out = self.total - (head.len() + tail.len()) as u64;
        (head, left_out, tail)
    }
}
