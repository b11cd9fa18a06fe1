//! Redacts what passes by, in memory that does not depend on how much it is.
//!
//! A stream holds text back as long as more of it could turn out to be part of a secret. Where text comes slowly, as
//! from `tail -f`, somebody waits for it: when nothing has come for [`IDLE`] and the last line is complete, the text
//! so far counts as all there is, and is let go. Only a block such as a private key, which has begun and has not
//! ended, is held back further.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use loom_redact::{Detector, Finding, LONGEST_MATCH, Origin, Stream};
use memchr::memmem;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::encoding::{Encoding, Transcoder};
use crate::error::RedactError;
use crate::progress::Progress;

/// How long nothing must come before a complete line is let go.
pub const IDLE: Duration = Duration::from_millis(100);

/// How long is waited where nobody waits for anything, but may want to stop.
const PATIENCE: Duration = Duration::from_millis(250);

/// How much is read at once, in bytes.
const CHUNK: usize = 64 << 10;

/// The most findings that are listed; more are counted only.
const MOST_FINDINGS: usize = 10_000;

/// What came from a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// So many bytes, at least one.
    Bytes(usize),
    /// Nothing, for as long as was waited.
    Nothing,
    /// The end.
    End,
}

/// What is redacted: something that can be waited for, for a while.
pub trait Source {
    /// Waits for bytes and puts them into the buffer, as many as there are and fit.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn next(&mut self, buffer: &mut [u8], patience: Duration) -> io::Result<Arrival>;
}

impl<T: Read + AsFd> Source for T {
    fn next(&mut self, buffer: &mut [u8], patience: Duration) -> io::Result<Arrival> {
        let patience = Timespec::try_from(patience).map_err(io::Error::other)?;
        loop {
            let ready = poll(&mut [PollFd::new(self, PollFlags::IN)], Some(&patience));
            match ready {
                Ok(0) => return Ok(Arrival::Nothing),
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            match self.read(buffer) {
                Ok(0) => return Ok(Arrival::End),
                Ok(read) => return Ok(Arrival::Bytes(read)),
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted | ErrorKind::WouldBlock => {}
                    _ => return Err(error),
                },
            }
        }
    }
}

/// What was redacted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filtered {
    /// The first ten thousand secrets, with their places in the original text.
    pub findings: Vec<Finding>,
    /// How many there were.
    pub total: u64,
    /// Whether something was no valid UTF-16 where the rest is, and was replaced.
    pub had_errors: bool,
    /// Whether the reader of the output went away before the end.
    pub reader_is_gone: bool,
}

/// Redacts a source into an output.
///
/// # Errors
///
/// [`RedactError::Stream`] and [`RedactError::Stopped`]. A reader of the output that goes away is none.
pub fn filter(
    detector: &Detector,
    origin: &Origin<'_>,
    source: &mut dyn Source,
    output: &mut dyn Write,
    progress: &Progress,
) -> Result<Filtered, RedactError> {
    let mut text = Text::new(detector, origin);
    let mut buffer = vec![0; CHUNK];
    let mut head = Vec::new();
    let mut transcoder: Option<Transcoder> = None;
    let outcome = loop {
        progress.go_on()?;
        let patience = if text.waits { IDLE } else { PATIENCE };
        let arrival = source
            .next(&mut buffer, patience)
            .map_err(RedactError::Stream)?;
        let ready = match arrival {
            Arrival::Nothing => text.pause(),
            Arrival::Bytes(_) | Arrival::End => {
                let is_last = arrival == Arrival::End;
                let bytes = match arrival {
                    Arrival::Bytes(read) => &buffer[..read],
                    _ => &[],
                };
                progress.add_bytes(bytes.len() as u64);
                let bytes = match &transcoder {
                    Some(_) => bytes,
                    None => {
                        head.extend_from_slice(bytes);
                        if Encoding::needs_more(&head) && !is_last {
                            continue;
                        }
                        &head
                    }
                };
                let coding = transcoder.get_or_insert_with(|| Transcoder::new(Encoding::of(bytes)));
                let mut ready = text.push(coding.decode(bytes, is_last));
                if is_last {
                    ready.extend(text.end());
                }
                ready
            }
        };
        let ready = match &mut transcoder {
            Some(transcoder) => transcoder.encode(ready),
            None => ready,
        };
        match output.write_all(&ready).and_then(|()| output.flush()) {
            Ok(()) if arrival == Arrival::End => break Ok(false),
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => break Ok(true),
            Err(error) => break Err(RedactError::Stream(error)),
        }
    };
    progress.add_file();
    Ok(Filtered {
        reader_is_gone: outcome?,
        had_errors: transcoder.is_some_and(|transcoder| transcoder.had_errors()),
        ..text.filtered
    })
}

/// A text that may be cut where it pauses.
struct Text<'a> {
    detector: &'a Detector,
    origin: &'a Origin<'a>,
    stream: Stream,
    /// Whether text is held back that a pause would let go.
    waits: bool,
    /// How long the text of this stream is, and how many lines it has.
    bytes: u64,
    lines: u64,
    /// The same of all streams before.
    bytes_before: u64,
    lines_before: u64,
    /// The last bytes, in which a mark may have begun, and what follows the begin of a block that has not ended.
    tail: Vec<u8>,
    block: Option<usize>,
    filtered: Filtered,
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

impl<'a> Text<'a> {
    fn new(detector: &'a Detector, origin: &'a Origin<'a>) -> Self {
        Self {
            detector,
            origin,
            stream: detector.stream_with(origin),
            waits: false,
            bytes: 0,
            lines: 0,
            bytes_before: 0,
            lines_before: 0,
            tail: Vec::new(),
            block: None,
            filtered: Filtered::default(),
        }
    }

    fn push(&mut self, text: &[u8]) -> Vec<u8> {
        if text.is_empty() {
            return Vec::new();
        }
        let ready = self.stream.push(text);
        let found = self.stream.take_findings();
        self.note(found);
        self.bytes += text.len() as u64;
        self.lines += memchr::memchr_iter(b'\n', text).count() as u64;
        self.follow_blocks(text);
        self.waits = text.ends_with(b"\n") && self.block.is_none();
        ready
    }

    /// Looks for the begin and the end of blocks, also where they are cut.
    fn follow_blocks(&mut self, text: &[u8]) {
        self.tail.extend_from_slice(text);
        let begin = memmem::rfind(&self.tail, BEGIN);
        let end = memmem::rfind(&self.tail, END);
        self.block = match (begin, end, self.block) {
            (Some(begin), end, _) if end.is_none_or(|end| end < begin) => {
                Some(self.tail.len() - begin)
            }
            (None, None, Some(length)) => Some(length + text.len()),
            _ => None,
        };
        // A longer one is no match for any rule.
        self.block = self.block.filter(|length| *length <= LONGEST_MATCH);
        let kept = self.tail.len().min(BEGIN.len() - 1);
        self.tail.drain(..self.tail.len() - kept);
    }

    /// Lets go of complete lines, as nothing has come for a while.
    fn pause(&mut self) -> Vec<u8> {
        if !self.waits {
            return Vec::new();
        }
        self.waits = false;
        self.end()
    }

    fn end(&mut self) -> Vec<u8> {
        let next = self.detector.stream_with(self.origin);
        let (ready, found) = std::mem::replace(&mut self.stream, next).finish();
        self.note(found);
        self.bytes_before += std::mem::take(&mut self.bytes);
        self.lines_before += std::mem::take(&mut self.lines);
        ready
    }

    fn note(&mut self, found: Vec<Finding>) {
        self.filtered.total += found.len() as u64;
        let room = MOST_FINDINGS.saturating_sub(self.filtered.findings.len());
        for mut finding in found.into_iter().take(room) {
            finding.range.start += self.bytes_before;
            finding.range.end += self.bytes_before;
            finding.line += self.lines_before;
            finding.end_line += self.lines_before;
            self.filtered.findings.push(finding);
        }
    }
}

#[cfg(test)]
mod tests;
