//! Looks for secrets in one content that comes in pieces.

use loom_redact::{Detector, Finding, Origin, Search};

use crate::encoding::{BinaryFiles, Encoding, HEAD, Transcoder};
use crate::excerpt::Excerpts;

/// A finding and its excerpt.
pub(crate) type Found = (Finding, Option<String>);

/// A search in one content.
pub(crate) struct ContentSearch {
    search: Search,
    excerpts: Excerpts,
    found: Vec<Found>,
    state: State,
    takes_binary: bool,
}

enum State {
    /// The beginning is collected, to know what kind of content it is.
    Beginning(Vec<u8>),
    Text(Box<Transcoder>),
    /// Not looked through.
    Binary,
}

impl ContentSearch {
    pub(crate) fn new(detector: &Detector, origin: &Origin<'_>, binary: BinaryFiles) -> Self {
        Self {
            search: detector.search(origin),
            excerpts: Excerpts::default(),
            found: Vec::new(),
            state: State::Beginning(Vec::new()),
            takes_binary: binary == BinaryFiles::Take,
        }
    }

    /// Takes the next piece. Returns whether more is wanted: of a binary content it is not.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> bool {
        match &mut self.state {
            State::Beginning(head) if head.is_empty() && bytes.len() >= HEAD => self.begin(bytes),
            State::Beginning(head) => {
                head.extend_from_slice(bytes);
                if head.len() < HEAD {
                    return true;
                }
                let head = std::mem::take(head);
                self.begin(&head)
            }
            State::Text(transcoder) => {
                let text = transcoder.decode(bytes, false);
                self.search.push(text);
                self.excerpts.push(text);
                let found = self.search.take_findings();
                self.found.extend(self.excerpts.take(found));
                true
            }
            State::Binary => false,
        }
    }

    fn begin(&mut self, head: &[u8]) -> bool {
        if !self.takes_binary && Encoding::is_binary(head) {
            self.state = State::Binary;
            return false;
        }
        self.state = State::Text(Box::new(Transcoder::new(Encoding::of(head))));
        self.push(head)
    }

    /// Ends the content and returns what was found; none when it is binary.
    pub(crate) fn finish(mut self) -> Option<Vec<Found>> {
        if let State::Beginning(head) = &mut self.state {
            let head = std::mem::take(head);
            self.begin(&head);
        }
        match &mut self.state {
            State::Text(transcoder) => {
                let text = transcoder.decode(&[], true);
                self.search.push(text);
                self.excerpts.push(text);
            }
            State::Beginning(_) | State::Binary => return None,
        }
        let found = self.search.finish();
        self.found.extend(self.excerpts.finish(found));
        Some(self.found)
    }
}
