//! The fast search in one text that comes in pieces.
//!
//! The text stays in a buffer, from which what lies behind is dropped. A place is looked at once enough of the text
//! after it is there: [`LOOKAHEAD`] holds all that a decision about a place can depend on. So the decisions are those
//! of a search over the whole text, however it was cut, and the buffer's size does not depend on the text's.
//!
//! For each keyword that occurs, the rules that have it look at the starts that the keyword allows; what a rule
//! remembers is where its last secret ended and which starts it has tried, so that no start is tried twice.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use regex_automata::{Anchored, Input};

use crate::detector::Parts;
use crate::finding::Origin;
use crate::grams::Occurrence;
use crate::marker::{self, LONGEST_MARKER};
use crate::matching::{Hit, HitSource, Rank, is_allowed_inline, judge, line_around};
use crate::rules::index::{LONGEST_KEYWORD, User};
use crate::scanner::BLOCK;
use crate::{KEYWORD_REACH, LINE_REACH, LONGEST_MATCH, entropy};

/// How much text after a place a decision about it may depend on, in bytes.
pub(crate) const LOOKAHEAD: usize =
    KEYWORD_REACH + LONGEST_MATCH + LINE_REACH + LONGEST_KEYWORD + LONGEST_MARKER + 1;
/// How much text before a place a decision about it may depend on, in bytes.
pub(crate) const LOOKBEHIND: usize = KEYWORD_REACH + LINE_REACH + 2 * LONGEST_KEYWORD + 1;

/// What a search needs to know beside the text; shared by all searches of one input.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) parts: Arc<Parts>,
    pub(crate) path: Option<String>,
    pub(crate) commit: Option<String>,
    /// For each rule whether it is for this origin.
    active: Vec<bool>,
}

impl Scope {
    pub(crate) fn new(parts: Arc<Parts>, origin: &Origin<'_>) -> Self {
        let set = &parts.rules;
        let allowed = set
            .allowlists
            .iter()
            .any(|list| list.target_rules.is_empty() && list.allows_origin(*origin));
        let active = set
            .rules
            .iter()
            .map(|rule| {
                let is_wanted = !(parts.specific_only && rule.generic);
                !allowed && is_wanted && rule.regex.is_some() && rule.is_for(*origin)
            })
            .collect();
        Self {
            active,
            path: origin.path.map(str::to_owned),
            commit: origin.commit.map(str::to_owned),
            parts,
        }
    }

    pub(crate) fn origin(&self) -> Origin<'_> {
        Origin {
            path: self.path.as_deref(),
            commit: self.commit.as_deref(),
        }
    }

    pub(crate) fn is_active(&self, rule: usize) -> bool {
        self.active[rule]
    }
}

/// What a rule remembers.
#[derive(Debug, Clone, Default)]
struct Progress {
    /// The next match starts here or later.
    resume: usize,
    /// These starts are decided.
    tried: Range<usize>,
}

/// How much was done, for the tests of what an input can cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Work {
    /// Starts that were tried by an expression.
    pub(crate) starts: usize,
    /// Keywords whose tail was tried.
    pub(crate) tails: usize,
}

/// A search in one text. All places are offsets into that text, not into the buffer.
pub(crate) struct Finder {
    scope: Arc<Scope>,
    buffer: Vec<u8>,
    /// Offset of the buffer's start.
    base: usize,
    /// Everything before is searched for keywords.
    scanned: usize,
    /// Everything before is decided.
    settled: usize,
    /// Keywords that were found and wait for those that may start before them.
    waiting: Vec<Occurrence>,
    progress: Vec<Progress>,
    markers: VecDeque<Range<usize>>,
    /// Everything before is searched for markers.
    marked: usize,
    /// Only here anything can be found; everywhere if none.
    live: Option<VecDeque<Range<usize>>>,
    hits: Vec<Hit>,
    work: Work,
}

impl Finder {
    pub(crate) fn new(scope: Arc<Scope>) -> Self {
        let progress = vec![Progress::default(); scope.parts.rules.rules.len()];
        Self {
            scope,
            buffer: Vec::new(),
            base: 0,
            scanned: 0,
            settled: 0,
            waiting: Vec::new(),
            progress,
            markers: VecDeque::new(),
            marked: 0,
            live: None,
            hits: Vec::new(),
            work: Work::default(),
        }
    }

    /// Has the search look only around the places given with [`Finder::look_around`].
    pub(crate) fn only_around_places(mut self) -> Self {
        self.live = Some(VecDeque::new());
        self
    }

    /// Looks around a place that lies at most [`LOOKAHEAD`] behind what was decided.
    pub(crate) fn look_around(&mut self, place: usize) {
        let Some(live) = &mut self.live else { return };
        let range = place.saturating_sub(LOOKAHEAD)..place + LOOKAHEAD;
        match live.back_mut() {
            Some(last) if range.start <= last.end => last.end = range.end,
            _ => live.push_back(range),
        }
    }

    pub(crate) fn push(&mut self, text: &[u8]) {
        self.buffer.extend_from_slice(text);
    }

    /// Offset of the end of what was pushed.
    pub(crate) fn end(&self) -> usize {
        self.base + self.buffer.len()
    }

    /// The text that is in the buffer, and its offset.
    pub(crate) fn buffered(&self) -> (&[u8], usize) {
        (&self.buffer, self.base)
    }

    /// No hit that is still to come starts before this place.
    pub(crate) fn certain(&self) -> usize {
        self.settled.saturating_sub(KEYWORD_REACH)
    }

    pub(crate) fn take_hits(&mut self) -> Vec<Hit> {
        std::mem::take(&mut self.hits)
    }

    #[cfg(test)]
    pub(crate) fn work(&self) -> Work {
        self.work
    }

    /// Decides all that can be decided by now.
    pub(crate) fn advance(&mut self) {
        let limit = self.end().saturating_sub(LOOKAHEAD);
        if limit > self.scanned {
            self.decide(limit, limit.saturating_sub(LONGEST_KEYWORD));
        }
    }

    /// Decides the rest.
    pub(crate) fn finish(&mut self) {
        self.decide(self.end(), self.end());
    }

    /// Drops the text that no decision can depend on any more.
    pub(crate) fn drop_decided(&mut self) {
        let keep = self.settled.saturating_sub(LOOKBEHIND);
        if keep >= self.base + BLOCK {
            self.buffer.drain(..keep - self.base);
            self.base = keep;
            while self
                .markers
                .front()
                .is_some_and(|marker| marker.end <= keep)
            {
                self.markers.pop_front();
            }
        }
    }

    /// Looks for keywords before `limit` and decides about those before `settled`.
    fn decide(&mut self, limit: usize, settled: usize) {
        self.note_markers();
        let spans = self.live_spans(self.scanned..limit);
        for span in &spans {
            let range = span.start - self.base..span.end - self.base;
            let from = self.waiting.len();
            self.scope
                .parts
                .rules
                .index
                .grams
                .find(&self.buffer, range, &mut self.waiting);
            for found in &mut self.waiting[from..] {
                found.at += self.base;
            }
        }
        self.waiting.sort_unstable();
        let ready = self.waiting.partition_point(|found| found.at < settled);
        let waiting = self.waiting.split_off(ready);
        let occurrences = std::mem::replace(&mut self.waiting, waiting);
        for occurrence in &occurrences {
            self.visit(*occurrence);
        }
        for span in &spans {
            for index in 0..self.scope.parts.rules.index.everywhere.len() {
                let rule = self.scope.parts.rules.index.everywhere[index];
                self.search_everywhere(rule, span);
            }
            self.search_known(span);
        }
        self.scanned = limit;
        self.settled = settled;
    }

    fn note_markers(&mut self) {
        let from = self.marked.saturating_sub(LONGEST_MARKER).max(self.base);
        let mut at = self.markers.back().map_or(from, |last| from.max(last.end)) - self.base;
        while let Some(found) = marker::find(&self.buffer, at) {
            at = found.end;
            self.markers
                .push_back(found.start + self.base..found.end + self.base);
        }
        self.marked = self.end();
    }

    /// The parts of a range where something can be found.
    fn live_spans(&mut self, range: Range<usize>) -> Vec<Range<usize>> {
        let Some(live) = &mut self.live else {
            return vec![range];
        };
        while live.front().is_some_and(|span| span.end <= range.start) {
            live.pop_front();
        }
        live.iter()
            .map(|span| span.start.max(range.start)..span.end.min(range.end))
            .filter(|span| span.start < span.end)
            .collect()
    }

    /// The text between markers that holds the place, as a range of the buffer; none inside of a marker.
    fn piece(&self, at: usize) -> Option<Range<usize>> {
        let next = self.markers.partition_point(|marker| marker.end <= at);
        let start = next
            .checked_sub(1)
            .map_or(self.base, |last| self.markers[last].end);
        let end = self
            .markers
            .get(next)
            .map_or(self.end(), |marker| marker.start);
        (at < end).then(|| start - self.base..end - self.base)
    }

    fn visit(&mut self, occurrence: Occurrence) {
        let scope = Arc::clone(&self.scope);
        let index = &scope.parts.rules.index;
        let at = occurrence.at - self.base;
        let end = at + index.grams.keyword(occurrence.keyword).len();
        let Some(piece) = self.piece(occurrence.at) else {
            return;
        };
        if end > piece.end {
            return;
        }
        for user in &index.users[occurrence.keyword] {
            match *user {
                User::Anchored {
                    rule,
                    anchor,
                    at_start,
                    at_tail,
                } if scope.is_active(rule) => {
                    let tail = scope.parts.rules.tail(rule, anchor);
                    let Some(first_tail) = at.checked_sub(at_tail.least) else {
                        continue;
                    };
                    let tails = at.saturating_sub(at_tail.most).max(piece.start)..first_tail + 1;
                    self.work.tails += tails.len();
                    let begins = tail.and_then(|tail| tail.regex()).is_none_or(|tail| {
                        tails.into_iter().any(|start| {
                            let end = piece.end.min(start + LONGEST_MATCH);
                            let input = Input::new(&self.buffer)
                                .span(start..end)
                                .anchored(Anchored::Yes);
                            tail.is_match(input.earliest(true))
                        })
                    });
                    let Some(last) = at.checked_sub(at_start.least) else {
                        continue;
                    };
                    if begins {
                        self.search(rule, &piece, at.saturating_sub(at_start.most)..last + 1);
                    }
                }
                User::Near { rule } if scope.is_active(rule) => {
                    self.search(
                        rule,
                        &piece,
                        at.saturating_sub(KEYWORD_REACH)..end + KEYWORD_REACH + 1,
                    );
                }
                User::Anchored { .. } | User::Near { .. } => {}
            }
        }
    }

    /// Has a rule look at starts, given as a range of the buffer.
    fn search(&mut self, rule: usize, piece: &Range<usize>, starts: Range<usize>) {
        let starts = starts.start.max(piece.start)..starts.end.min(piece.end);
        let progress = &mut self.progress[rule];
        let mut from = (starts.start + self.base).max(progress.resume);
        if progress.tried.contains(&from) {
            from = progress.tried.end;
        } else {
            progress.tried = from..from;
        }
        let end = starts.end + self.base;
        if from >= end {
            return;
        }
        progress.tried.end = end;
        self.work.starts += end - from;
        let mut at = from - self.base;
        let set = Arc::clone(&self.scope);
        let set = &set.parts.rules;
        while let Some(found) = set.rules[rule].first_match(&self.buffer, at..starts.end, piece.end)
        {
            at = found.resume();
            self.progress[rule].resume = at + self.base;
            if let Some(hit) = judge(set, rule, &self.buffer, piece, &found, self.scope.origin()) {
                let base = self.base;
                self.hits
                    .push(hit.moved(|range| range.start + base..range.end + base));
            }
        }
    }

    fn search_everywhere(&mut self, rule: usize, span: &Range<usize>) {
        if !self.scope.is_active(rule) {
            return;
        }
        let mut at = span.start;
        while at < span.end {
            let Some(piece) = self.piece(at) else {
                at += 1;
                continue;
            };
            let end = (piece.end + self.base).min(span.end);
            self.search(rule, &piece, at - self.base..end - self.base);
            at = end.max(at + 1);
        }
    }

    fn search_known(&mut self, span: &Range<usize>) {
        let scope = Arc::clone(&self.scope);
        let Some(known) = &scope.parts.known else {
            return;
        };
        let mut at = span.start - self.base;
        let end = span.end - self.base;
        while at < end {
            let input = aho_corasick::Input::new(&self.buffer)
                .span(at..self.buffer.len().min(end + known.longest));
            let Some(found) = known
                .automaton
                .find(input)
                .filter(|found| found.start() < end)
            else {
                break;
            };
            at = found.start() + 1;
            let range = found.range();
            let Some(piece) = self
                .piece(range.start + self.base)
                .filter(|piece| range.end <= piece.end)
            else {
                continue;
            };
            let secret = &self.buffer[range.clone()];
            let pattern = found.pattern().as_usize();
            let line = &self.buffer[line_around(&self.buffer, &piece, &range)];
            self.hits.push(Hit {
                source: HitSource::Known(pattern),
                rank: Rank::of_known(pattern, range.len()),
                entropy: entropy::shannon(secret),
                fingerprint: known.fingerprints[pattern].clone(),
                allowed_inline: is_allowed_inline(line),
                range: range.start + self.base..range.end + self.base,
                matched: range.start + self.base..range.end + self.base,
            });
        }
    }
}

#[cfg(test)]
mod tests;
