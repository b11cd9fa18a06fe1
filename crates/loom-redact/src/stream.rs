//! Texts that come in pieces.

use crate::detector::Detector;
use crate::finding::{Finding, Origin};
use crate::naive;

/// Looks for secrets in a text that comes in pieces.
#[derive(Debug)]
pub struct Search {
    detector: Detector,
    path: Option<String>,
    commit: Option<String>,
    text: Vec<u8>,
}

impl Search {
    pub(crate) fn new(detector: Detector, origin: &Origin<'_>) -> Self {
        Self {
            detector,
            path: origin.path.map(str::to_owned),
            commit: origin.commit.map(str::to_owned),
            text: Vec::new(),
        }
    }

    /// Takes the next piece.
    pub fn push(&mut self, bytes: &[u8]) {
        self.text.extend_from_slice(bytes);
    }

    /// Returns the findings that are certain by now, in the order of the text, each once.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        Vec::new()
    }

    /// Ends the text and returns the findings that were not taken yet.
    pub fn finish(self) -> Vec<Finding> {
        let origin = Origin {
            path: self.path.as_deref(),
            commit: self.commit.as_deref(),
        };
        naive::scan(&self.detector, &self.text, &origin)
    }
}

/// Redacts a text that comes in pieces.
#[derive(Debug)]
pub struct Stream {
    search: Search,
}

impl Stream {
    pub(crate) fn new(detector: Detector, origin: &Origin<'_>) -> Self {
        Self {
            search: Search::new(detector, origin),
        }
    }

    /// Takes the next piece and returns what is ready of the redacted text.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.search.push(bytes);
        Vec::new()
    }

    /// Returns the findings that are certain by now, in the order of the text, each once; places are those of the
    /// text that was pushed.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        self.search.take_findings()
    }

    /// Ends the text and returns the rest of it, redacted, and the findings that were not taken yet.
    pub fn finish(self) -> (Vec<u8>, Vec<Finding>) {
        let text = self.search.text.clone();
        let findings = self.search.finish();
        let mut redacted = Vec::with_capacity(text.len());
        let mut done = 0;
        for finding in &findings {
            let start = usize::try_from(finding.range.start).unwrap_or(text.len());
            redacted.extend_from_slice(&text[done..start]);
            redacted.extend_from_slice(format!("[REDACTED:{}]", finding.rule).as_bytes());
            done = usize::try_from(finding.range.end).unwrap_or(text.len());
        }
        redacted.extend_from_slice(&text[done..]);
        (redacted, findings)
    }
}
