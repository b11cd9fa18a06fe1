//! The output of a command, bounded: its start and its end, and how much lies between.
//!
//! The bytes are kept as they come; a flood costs no more than copying them. Only what is shown is
//! made text: what is not UTF-8 becomes U+FFFD, escape sequences go, and lines that were drawn over
//! with carriage returns, as progress bars do, shrink to what was seen last.

use std::collections::VecDeque;

use anstream::adapter::StripBytes;
use loom_common_core::ProgressSink;

/// How much is streamed while the command runs; more than anybody reads, less than hurts.
const MAX_STREAMED_BYTES: usize = 256 * 1024;

/// Takes the output of a command.
pub(super) struct Output {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    /// How much of each end is kept.
    max_end: usize,
    total: usize,
    streamed: usize,
    stream: Cleaner,
}

impl Output {
    /// Keeps about `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            head: Vec::new(),
            tail: VecDeque::new(),
            max_end: limit / 2,
            total: 0,
            streamed: 0,
            stream: Cleaner::default(),
        }
    }

    /// Takes the next piece and passes its text on to `progress`.
    pub(super) fn push(&mut self, piece: &[u8], progress: &ProgressSink) {
        self.total += piece.len();
        let (head, rest) = piece.split_at(piece.len().min(self.max_end - self.head.len()));
        self.head.extend_from_slice(head);
        let rest = &rest[rest.len().saturating_sub(self.max_end)..];
        let excess = (self.tail.len() + rest.len()).saturating_sub(self.max_end);
        self.tail.drain(..excess);
        self.tail.extend(rest);
        if self.streamed < MAX_STREAMED_BYTES {
            self.stream(piece, progress);
        }
    }

    fn stream(&mut self, piece: &[u8], progress: &ProgressSink) {
        let text = self.stream.clean(piece);
        if text.is_empty() {
            return;
        }
        self.streamed += text.len();
        progress.send(&text);
        if self.streamed >= MAX_STREAMED_BYTES {
            progress.send("\n… the output goes on …\n");
        }
    }

    /// Returns what is kept as text, without white space at its end.
    pub(super) fn finish(self) -> String {
        let tail = Vec::from(self.tail);
        let mut text = if self.total == self.head.len() + tail.len() {
            let text = drawn(&[self.head, tail].concat());
            // Only bytes that are not UTF-8 grow when they become text.
            let excess = text.len().saturating_sub(2 * self.max_end);
            match excess {
                0 => text,
                excess => format!(
                    "{}\n… {excess} bytes left out …\n",
                    &text[..text.floor_char_boundary(2 * self.max_end)]
                ),
            }
        } else {
            let head = drawn(head_to_line_end(&self.head));
            let head = &head[..head.floor_char_boundary(self.max_end)];
            let tail = drawn(tail_from_line_start(&tail));
            let tail = &tail[tail.ceil_char_boundary(tail.len().saturating_sub(self.max_end))..];
            let left_out = self.total.saturating_sub(head.len() + tail.len());
            let gap = if head.ends_with('\n') { "" } else { "\n" };
            format!("{head}{gap}… {left_out} bytes left out …\n{tail}")
        };
        text.truncate(text.trim_end().len());
        text
    }
}

/// Returns the bytes up to a line end that is near the end, or else up to the last whole character.
fn head_to_line_end(head: &[u8]) -> &[u8] {
    let end = match head.iter().rposition(|&byte| byte == b'\n') {
        Some(end) if head.len() - end <= head.len() / 4 => end + 1,
        _ => head.len() - unfinished_character(head),
    };
    &head[..end]
}

/// Returns the bytes from a line start that is near the start, or else from the first whole
/// character.
fn tail_from_line_start(tail: &[u8]) -> &[u8] {
    let start = match tail.iter().position(|&byte| byte == b'\n') {
        Some(end) if end < tail.len() / 4 => end + 1,
        _ => tail
            .iter()
            .position(|byte| !(0x80..0xc0).contains(byte))
            .unwrap_or(tail.len()),
    };
    &tail[start..]
}

/// Makes text of bytes that come in pieces, which may cut a character or an escape sequence in two.
#[derive(Default)]
struct Cleaner {
    undecoded: Vec<u8>,
    strip: StripBytes,
}

impl Cleaner {
    /// Returns the text of the next piece, without what needs another piece to be understood.
    fn clean(&mut self, piece: &[u8]) -> String {
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
fn drawn(bytes: &[u8]) -> String {
    let text = Cleaner::default().strip(bytes);
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
mod tests {
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;

    use super::*;

    fn output_of(limit: usize, pieces: &[&[u8]]) -> (String, String) {
        let streamed = Arc::new(Mutex::new(String::new()));
        let sink = Arc::clone(&streamed);
        let progress = ProgressSink::new(move |piece| sink.lock().unwrap().push_str(piece));
        let mut output = Output::new(limit);
        for piece in pieces {
            output.push(piece, &progress);
        }
        let streamed = streamed.lock().unwrap().clone();
        (output.finish(), streamed)
    }

    #[test]
    fn short_output_is_kept_whole() {
        let (text, streamed) = output_of(100, &[b"one\n", b"two\n"]);
        assert_eq!(text, "one\ntwo");
        assert_eq!(streamed, "one\ntwo\n");
    }

    #[test]
    fn the_middle_of_long_output_is_counted_and_left_out() {
        let lines: String = (0..100).map(|number| format!("line {number}\n")).collect();
        let (text, streamed) = output_of(100, &[lines.as_bytes()]);
        assert_eq!(
            text,
            "line 0\nline 1\nline 2\nline 3\nline 4\nline 5\nline 6\n… 693 bytes left out …\n\
             line 94\nline 95\nline 96\nline 97\nline 98\nline 99"
        );
        assert_eq!(streamed, lines);
    }

    #[test]
    fn a_character_and_an_escape_sequence_may_come_in_two_pieces() {
        let (text, streamed) = output_of(100, &[b"a\xe2\x82", b"\xac \x1b[3", b"1mred\x1b[0m\n"]);
        assert_eq!(text, "a€ red");
        assert_eq!(streamed, "a€ red\n");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced() {
        assert_eq!(
            output_of(100, &[b"caf\xe9\n", b"\xff\xfe ok"]).0,
            "caf\u{fffd}\n\u{fffd}\u{fffd} ok"
        );
    }

    #[test]
    fn of_a_line_that_was_drawn_over_the_last_drawing_is_kept() {
        assert_eq!(
            output_of(100, &[b"  1%\r 50%\r100%\nwindows\r\nlast\r"]).0,
            "100%\nwindows\nlast"
        );
    }

    proptest! {
        #[test]
        fn output_stays_below_its_limit(
            limit in 0..200_usize,
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 0..20),
        ) {
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            let (text, _) = output_of(limit, &pieces);
            let text: String = text
                .lines()
                .filter(|line| !line.ends_with("bytes left out …"))
                .collect();
            prop_assert!(text.len() <= limit, "{} bytes: {text:?}", text.len());
        }

        #[test]
        fn plain_text_is_streamed_as_it_is(
            text in "[a-zäß€😀\n ]{0,200}",
            cuts in prop::collection::vec(0..600_usize, 0..5),
        ) {
            let mut cuts: Vec<usize> =
                cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> =
                cuts.windows(2).map(|cut| &text.as_bytes()[cut[0]..cut[1]]).collect();
            let (kept, streamed) = output_of(1000, &pieces);
            prop_assert_eq!(kept, text.trim_end());
            prop_assert_eq!(streamed, text);
        }
    }
}
