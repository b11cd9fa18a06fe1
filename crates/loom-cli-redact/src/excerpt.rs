//! Lines around findings, with nothing secret in them.
//!
//! A window keeps the last bytes of the text. A finding waits until so much text has followed its line that a
//! search would have told of any other secret there; then the line is cut out of the window, and each finding that
//! touches it is replaced.

use std::collections::VecDeque;
use std::ops::Range;

use loom_redact::{Finding, LONGEST_MATCH, marker};

/// How much of a line is shown before and after a finding, in bytes.
const AROUND: u64 = 100;

/// How far behind the text a search tells what it found, at most, in bytes. A search takes in blocks of some longest
/// matches and may read a text a few times over; this is more, for here a mistake would print a secret.
const DELAY: u64 = 32 * LONGEST_MATCH as u64;

/// How much is kept before the text that was pushed last, in bytes: a finding that is told late waits once more.
const KEPT: usize = 3 * DELAY as usize;

/// The last bytes of a text and the findings that wait for their excerpts.
#[derive(Debug, Default)]
pub(crate) struct Excerpts {
    window: Vec<u8>,
    /// The place in the text at which the window begins.
    start: u64,
    /// Findings in the order of the text: those that wait, after some that are done and whose place may still show
    /// in a later excerpt.
    findings: VecDeque<Finding>,
    done: usize,
}

impl Excerpts {
    /// Takes the next piece of the text.
    pub(crate) fn push(&mut self, text: &[u8]) {
        self.window.extend_from_slice(text);
    }

    /// Takes what was found, and returns the findings whose lines are complete.
    pub(crate) fn take(&mut self, found: Vec<Finding>) -> Vec<(Finding, Option<String>)> {
        self.findings.extend(found);
        let end = self.end();
        let ready = self.findings.iter().skip(self.done);
        let ready = ready.take_while(|finding| finding.range.end + AROUND + DELAY <= end);
        let ready = self.cut(ready.count());
        self.forget();
        ready
    }

    /// Takes what was found at the end of the text, and returns all that is left.
    pub(crate) fn finish(mut self, found: Vec<Finding>) -> Vec<(Finding, Option<String>)> {
        self.findings.extend(found);
        self.cut(self.findings.len() - self.done)
    }

    fn end(&self) -> u64 {
        self.start + self.window.len() as u64
    }

    fn cut(&mut self, count: usize) -> Vec<(Finding, Option<String>)> {
        let range = self.done..self.done + count;
        self.done += count;
        let findings = self.findings.range(range);
        findings
            .map(|finding| (finding.clone(), self.excerpt(finding)))
            .collect()
    }

    /// Returns what stands on the line before and after the finding; none when the window has moved on.
    fn excerpt(&self, finding: &Finding) -> Option<String> {
        let range = &finding.range;
        if range.start < self.start || range.end > self.end() {
            return None;
        }
        let at = |place: u64| usize::try_from(place.saturating_sub(self.start)).ok();
        let before = &self.window[at(range.start.saturating_sub(AROUND))?..at(range.start)?];
        let before =
            memchr::memrchr(b'\n', before).map_or(before.len(), |line| before.len() - line - 1);
        let after = &self.window[at(range.end)?..at((range.end + AROUND).min(self.end()))?];
        let after = memchr::memchr(b'\n', after).unwrap_or(after.len());
        Some(self.masked(range.start - before as u64..range.end + after as u64))
    }

    /// Returns a part of the window with each finding in it replaced.
    fn masked(&self, shown: Range<u64>) -> String {
        let at =
            |place: u64| usize::try_from(place.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let text = |from: u64, to: u64| {
            let bytes = self.window.get(at(from)..at(to)).unwrap_or_default();
            // Cut characters at either end.
            String::from_utf8_lossy(bytes)
                .trim_matches(char::REPLACEMENT_CHARACTER)
                .to_owned()
        };
        let mut line = String::new();
        let mut place = shown.start;
        for finding in &self.findings {
            let range = &finding.range;
            if range.end <= shown.start || range.start >= shown.end {
                continue;
            }
            if range.start > place {
                line.push_str(&text(place, range.start));
            }
            line.push_str(&marker::of(&finding.rule));
            place = place.max(range.end);
        }
        if place < shown.end {
            line.push_str(&text(place, shown.end));
        }
        line.trim_end_matches('\r').to_owned()
    }

    /// Lets go of what no excerpt will need.
    fn forget(&mut self) {
        if self.window.len() > 2 * KEPT {
            let gone = self.window.len() - KEPT;
            self.window.drain(..gone);
            self.start += gone as u64;
        }
        let seen = self.start;
        while self.done > 0
            && self
                .findings
                .front()
                .is_some_and(|first| first.range.end < seen)
        {
            self.findings.pop_front();
            self.done -= 1;
        }
    }

    /// How much is held, in bytes.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.window.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(range: Range<u64>) -> Finding {
        Finding {
            rule: "demo".to_owned(),
            description: String::new(),
            range,
            line: 1,
            column: 1,
            end_line: 1,
            end_column: 1,
            entropy: 0.0,
            fingerprint: String::new(),
            tags: Vec::new(),
            allowed_inline: false,
        }
    }

    fn shown(ready: Vec<(Finding, Option<String>)>) -> Vec<Option<String>> {
        ready.into_iter().map(|(_, excerpt)| excerpt).collect()
    }

    #[test]
    fn each_secret_of_a_line_is_replaced_in_all_of_its_excerpts() {
        let mut excerpts = Excerpts::default();
        excerpts.push(b"first\na=SECRET b=HIDDEN c\r\nlast");
        let line = Some("a=[REDACTED:demo] b=[REDACTED:demo] c".to_owned());
        let ready = excerpts.finish(vec![finding(8..14), finding(17..23)]);
        assert_eq!(shown(ready), [line.clone(), line]);
    }

    #[test]
    fn a_finding_waits_for_those_behind_it() {
        let mut excerpts = Excerpts::default();
        excerpts.push(b"a=SECRET b=HIDDEN");
        assert_eq!(excerpts.take(vec![finding(2..8)]), []);
        let ready = excerpts.finish(vec![finding(11..17)]);
        assert_eq!(
            shown(ready)[0].as_deref(),
            Some("a=[REDACTED:demo] b=[REDACTED:demo]")
        );
    }

    #[test]
    fn what_reaches_into_an_excerpt_from_outside_is_replaced_too() {
        let mut excerpts = Excerpts::default();
        let text = format!("{}SECRET{}", "h".repeat(150), "t".repeat(150));
        excerpts.push(text.as_bytes());
        let ready = excerpts.finish(vec![finding(0..140), finding(150..156), finding(170..306)]);
        assert_eq!(
            shown(ready)[1].as_deref(),
            Some("[REDACTED:demo]hhhhhhhhhh[REDACTED:demo]tttttttttttttt[REDACTED:demo]")
        );
    }

    #[test]
    fn a_secret_of_several_lines_shows_the_ends_of_its_lines() {
        let mut excerpts = Excerpts::default();
        excerpts.push(b"x\nkey: BEGIN\nmiddle\nEND;\ny");
        let ready = excerpts.finish(vec![finding(7..23)]);
        assert_eq!(shown(ready)[0].as_deref(), Some("key: [REDACTED:demo];"));
    }

    #[test]
    fn the_window_does_not_grow_with_the_text() {
        let mut excerpts = Excerpts::default();
        let piece = vec![b'x'; 64 << 10];
        let mut ready = Vec::new();
        for index in 0..500_u64 {
            excerpts.push(&piece);
            let start = index * piece.len() as u64;
            ready.extend(excerpts.take(vec![finding(start..start + 10)]));
            assert!(excerpts.held() <= 2 * KEPT + piece.len());
        }
        assert!(ready.iter().all(|(_, excerpt)| excerpt.is_some()));
        assert!(ready.len() > 480 && excerpts.findings.len() < 80);
    }
}
