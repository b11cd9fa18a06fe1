//! Texts that come in pieces, for those who only look and for those who want them redacted.
//!
//! What stands in the place of a secret changes what stands beside it: a token that was glued to another one now
//! stands free. So that scanning what came out finds nothing, it is scanned again around the marks, by a reading that
//! follows the first one, and a third that follows the second. Markers are walls to a search, so that a later reading
//! finds less and less; in nearly all texts the second finds nothing.

use std::sync::Arc;

use crate::detector::Detector;
use crate::finder::Scope;
use crate::finding::{Finding, Origin};
use crate::marker;
use crate::scanner::{Piece, Scanner};

/// How often a text is read.
pub(crate) const READINGS: usize = 3;

/// Looks for secrets in a text that comes in pieces; its memory does not grow with the text.
pub struct Search {
    scanner: Scanner,
    findings: Vec<Finding>,
}

impl Search {
    pub(crate) fn new(detector: &Detector, origin: &Origin<'_>) -> Self {
        let scope = Arc::new(Scope::new(Arc::clone(&detector.0), origin));
        Self {
            scanner: Scanner::new(scope),
            findings: detector.path_findings(origin),
        }
    }

    /// Takes the next piece.
    pub fn push(&mut self, bytes: &[u8]) {
        let findings = &mut self.findings;
        self.scanner
            .push(bytes, &[], |piece| take_finding(piece, findings));
    }

    /// Returns the findings that are certain by now, in the order of the text, each once.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.findings)
    }

    /// Ends the text and returns the findings that were not taken yet.
    pub fn finish(mut self) -> Vec<Finding> {
        let findings = &mut self.findings;
        self.scanner.finish(|piece| take_finding(piece, findings));
        self.findings
    }
}

fn take_finding(piece: Piece<'_>, findings: &mut Vec<Finding>) {
    if let Piece::Secret(finding) = piece {
        findings.push(finding);
    }
}

/// Redacts a text that comes in pieces; its memory does not grow with the text.
pub struct Stream {
    readings: Vec<Scanner>,
    findings: Vec<Finding>,
    /// How much each reading has given out.
    given: [usize; READINGS],
}

/// What a reading gives to the next one: text, and where in its whole output something was taken out.
#[derive(Default)]
struct Output {
    text: Vec<u8>,
    marks: Vec<usize>,
}

impl Stream {
    pub(crate) fn new(detector: &Detector, origin: &Origin<'_>) -> Self {
        let scope = Arc::new(Scope::new(Arc::clone(&detector.0), origin));
        let mut readings = vec![Scanner::new(Arc::clone(&scope))];
        readings.resize_with(READINGS, || Scanner::around_places(Arc::clone(&scope)));
        Self {
            readings,
            findings: Vec::new(),
            given: [0; READINGS],
        }
    }

    /// Takes the next piece and returns what is ready of the redacted text.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut text = Output {
            text: bytes.to_vec(),
            marks: Vec::new(),
        };
        for index in 0..READINGS {
            text = self.pass(index, &text, false);
        }
        text.text
    }

    /// Returns the findings that are certain by now, in the order of the text, each once; places are those of the
    /// text that was pushed.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.findings)
    }

    /// Ends the text and returns the rest of it, redacted, and the findings that were not taken yet.
    pub fn finish(mut self) -> (Vec<u8>, Vec<Finding>) {
        let mut text = Output::default();
        for index in 0..READINGS {
            text = self.pass(index, &text, true);
        }
        (text.text, self.findings)
    }

    /// Redacts a whole text, and reads it again only if there is reason to; none if nothing was found.
    pub(crate) fn whole(mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut text = self.pass(
            0,
            &Output {
                text: bytes.to_vec(),
                marks: Vec::new(),
            },
            true,
        );
        if text.marks.is_empty() {
            return None;
        }
        for index in 1..READINGS {
            if text.marks.is_empty() {
                break;
            }
            text = self.pass(index, &text, true);
        }
        Some(text.text)
    }

    fn pass(&mut self, index: usize, input: &Output, at_end: bool) -> Output {
        let mut output = Output::default();
        let (given, findings) = (&mut self.given[index], &mut self.findings);
        let mut sink = |piece: Piece<'_>| match piece {
            Piece::Text(text) => {
                output.text.extend_from_slice(text);
                *given += text.len();
            }
            Piece::Secret(finding) => {
                let before = output.text.len();
                output.text.extend(marker::of(&finding.rule).as_bytes());
                output.marks.push(*given);
                *given += output.text.len() - before;
                output.marks.push(*given);
                if index == 0 {
                    findings.push(finding);
                }
            }
        };
        self.readings[index].push(&input.text, &input.marks, &mut sink);
        if at_end {
            self.readings[index].finish(&mut sink);
        }
        output
    }
}

// The buffers hold text with the secrets in it.
impl std::fmt::Debug for Search {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Search")
            .field("findings", &self.findings)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream")
            .field("findings", &self.findings)
            .finish_non_exhaustive()
    }
}
