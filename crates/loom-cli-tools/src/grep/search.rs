//! The search of one file.
//!
//! Most files are small: they are read whole into a buffer that lives as long as the thread, and
//! searched in place, which takes fewer copies and system calls than the searcher's own rolling
//! buffer. A file that does not fit goes on as a stream from there.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use grep_matcher::Matcher as _;
use grep_regex::RegexMatcher;
use grep_searcher::{
    BinaryDetection, Searcher, SearcherBuilder, Sink, SinkContext, SinkContextKind, SinkMatch,
};
use rustix::fs::OFlags;

use super::findings::{FileFindings, Findings};
use super::{Arguments, MAX_CONTEXT, OutputMode};
use crate::blocking::Cancellation;

/// Bytes of a line that are shown; of a longer one, those around the match.
const MAX_LINE_BYTES: usize = 400;

/// Files up to this size are searched in one piece.
const WHOLE_FILE: usize = 4 * 1024 * 1024;

/// The first size of the buffer for whole files: most files fit.
const FIRST_BUFFER: usize = 64 * 1024;

/// The most memory for one line, or for one file when matches may span lines.
const HEAP_LIMIT: usize = 64 * 1024 * 1024;

/// Searches files, one after the other, on one thread.
pub(super) struct FileSearch<'a> {
    matcher: RegexMatcher,
    searcher: Searcher,
    buffer: Vec<u8>,
    mode: OutputMode,
    findings: &'a Findings,
    cancellation: &'a Cancellation,
}

impl<'a> FileSearch<'a> {
    pub(super) fn new(
        matcher: RegexMatcher,
        arguments: &Arguments,
        mode: OutputMode,
        findings: &'a Findings,
        cancellation: &'a Cancellation,
    ) -> Self {
        let mut builder = SearcherBuilder::new();
        builder
            // Nothing of a file with a NUL in its first 64 KiB is searched, and of other files
            // nothing after one.
            .binary_detection(BinaryDetection::quit(0))
            .heap_limit(Some(HEAP_LIMIT))
            .multi_line(arguments.multiline.unwrap_or(false))
            .line_number(mode == OutputMode::Content);
        if mode == OutputMode::Content {
            let both = arguments.context.unwrap_or(0);
            let lines = |own: Option<usize>| own.unwrap_or(both).min(MAX_CONTEXT);
            builder
                .before_context(lines(arguments.before_context))
                .after_context(lines(arguments.after_context));
        }
        Self {
            matcher,
            searcher: builder.build(),
            buffer: vec![0; FIRST_BUFFER],
            mode,
            findings,
            cancellation,
        }
    }

    /// Searches the file at `path`, which is reported as `shown`.
    pub(super) fn search(&mut self, path: &Path, shown: &Path) {
        let mut collector = Collector {
            matcher: &self.matcher,
            mode: self.mode,
            findings: self.findings,
            cancellation: self.cancellation,
            shown,
            is_collecting: false,
            before: String::new(),
            found: FileFindings::default(),
        };
        let searched = read_start(path, &mut self.buffer).and_then(|start| match start {
            Start::Whole(content) => {
                self.searcher
                    .search_slice(&self.matcher, content, &mut collector)
            }
            Start::Part(content, rest) => {
                let rest = Cancellable {
                    inner: content.chain(rest),
                    cancellation: self.cancellation,
                };
                self.searcher
                    .search_reader(&self.matcher, rest, &mut collector)
            }
        });
        match searched {
            Ok(()) => self.findings.add(shown, collector.found),
            // A file that vanishes meanwhile was not there.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => self.findings.add_unreadable(),
        }
    }
}

/// A reader that fails once the call is cancelled: a large file without matches gives the search
/// no other occasion to end early.
struct Cancellable<'a, R> {
    inner: R,
    cancellation: &'a Cancellation,
}

impl<R: Read> Read for Cancellable<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cancellation.is_cancelled() {
            return Err(io::Error::other("the call was cancelled"));
        }
        self.inner.read(buffer)
    }
}

/// The content of a file, as far as it was read.
enum Start<'a> {
    Whole(&'a [u8]),
    /// The beginning of a large file, and the file to go on with.
    Part(&'a [u8], File),
}

/// Reads a file as far as it is searched in one piece.
fn read_start<'a>(path: &Path, buffer: &'a mut Vec<u8>) -> io::Result<Start<'a>> {
    let mut file = open(path)?;
    let mut length = 0;
    loop {
        if length == buffer.len() {
            if length >= WHOLE_FILE {
                return Ok(Start::Part(&buffer[..length], file));
            }
            buffer.resize(length * 2, 0);
        }
        match file.read(&mut buffer[length..]) {
            Ok(0) => return Ok(Start::Whole(&buffer[..length])),
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Opens a file that the walk has found, unless it became a link meanwhile.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    File::options()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(path)
}

/// Takes the matches of one file.
struct Collector<'a> {
    matcher: &'a RegexMatcher,
    mode: OutputMode,
    findings: &'a Findings,
    cancellation: &'a Cancellation,
    shown: &'a Path,
    /// Whether the lines are kept, not only counted. Decided at the first match.
    is_collecting: bool,
    /// Lines before a match that is still to come.
    before: String,
    found: FileFindings,
}

impl Collector<'_> {
    /// Returns a line as it is shown: its number, a mark, its text.
    fn line(&self, number: u64, mark: char, line: &[u8]) -> String {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() <= MAX_LINE_BYTES {
            return format!("{number}{mark}{}\n", String::from_utf8_lossy(line));
        }
        let start = match self.matcher.find(line) {
            Ok(Some(found)) => found.start(),
            Ok(None) | Err(_) => 0,
        };
        format!("{number}{mark}{}\n", excerpt(line, start))
    }
}

impl Sink for Collector<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, matched: &SinkMatch<'_>) -> io::Result<bool> {
        let findings = self.findings;
        if self.found.matches == 0 {
            self.is_collecting = self.mode == OutputMode::Content && findings.wants(self.shown);
        }
        self.found.matches += 1;
        self.is_collecting &= findings.has_room(&self.found);
        let mut result = std::mem::take(&mut self.before);
        if self.is_collecting {
            for (number, line) in (matched.line_number().unwrap_or(0)..).zip(matched.lines()) {
                result.push_str(&self.line(number, ':', line));
                if !findings.fits(&result) {
                    result.push_str("…\n");
                    break;
                }
            }
            self.found.push(result);
        }
        let is_enough = self.mode == OutputMode::FilesWithMatches;
        Ok(!is_enough && !self.cancellation.is_cancelled())
    }

    fn context(&mut self, _: &Searcher, context: &SinkContext<'_>) -> io::Result<bool> {
        let line = self.line(context.line_number().unwrap_or(0), '-', context.bytes());
        if *context.kind() != SinkContextKind::After {
            self.before.push_str(&line);
        } else if self.is_collecting {
            self.found.extend(&line);
        }
        Ok(true)
    }

    fn context_break(&mut self, _: &Searcher) -> io::Result<bool> {
        self.before.push_str("--\n");
        Ok(true)
    }
}

/// Returns the part of a long line around the match that starts at `start`.
fn excerpt(line: &[u8], start: usize) -> String {
    let from = start.saturating_sub(MAX_LINE_BYTES / 4);
    let to = (from + MAX_LINE_BYTES).min(line.len());
    let mut shown = String::new();
    if from > 0 {
        shown.push('…');
    }
    shown.push_str(String::from_utf8_lossy(&line[from..to]).trim_matches('\u{fffd}'));
    if to < line.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::findings::Limits;
    use super::*;
    use crate::blocking::run_blocking;

    /// Searches a large file whose only match is at its end.
    fn report(cancellation: &Cancellation) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.txt");
        let mut content = "nothing\n".repeat(WHOLE_FILE / 4);
        content.push_str("needle\n");
        std::fs::write(&path, content).unwrap();
        let arguments: Arguments = serde_json::from_value(json!({"pattern": "needle"})).unwrap();
        let limits = Limits {
            results: 10,
            bytes: 1000,
        };
        let mode = OutputMode::FilesWithMatches;
        let findings = Findings::new(mode, limits);
        FileSearch::new(
            RegexMatcher::new(&arguments.pattern).unwrap(),
            &arguments,
            mode,
            &findings,
            cancellation,
        )
        .search(&path, Path::new("large.txt"));
        findings.report()
    }

    #[tokio::test]
    async fn a_cancelled_search_does_not_read_a_large_file_to_its_end() {
        assert!(report(&Cancellation::default()).contains("large.txt"));
        // What is left of a call that is over counts as cancelled.
        let over = run_blocking(|cancellation| Ok(cancellation.clone()));
        let cancelled = over.await.unwrap();
        assert!(!report(&cancelled).contains("large.txt"));
    }
}
