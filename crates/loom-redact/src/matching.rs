//! What a match of one rule is: shared by the fast search and by the one that defines it.
//!
//! A match is asked for at a given start and sees at most [`LONGEST_MATCH`] bytes from there, so that whether there
//! is one never depends on text further away. Marks of earlier redaction are walls that nothing reaches across.

use std::ops::Range;

use regex_automata::{Anchored, Input};

use crate::allow::Candidate;
use crate::finding::Origin;
use crate::rules::{Rule, RuleSet};
use crate::{LINE_REACH, LONGEST_MATCH, entropy, fingerprint};

/// A place where a rule's expression matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) range: Range<usize>,
    pub(crate) secret: Range<usize>,
}

impl Match {
    /// Where the rule goes on: behind the secret, so that two may share what stands between them.
    pub(crate) fn resume(&self) -> usize {
        self.secret.end.max(self.range.start + 1)
    }
}

/// A secret found by a rule or by its value, before overlaps are resolved.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hit {
    pub(crate) source: HitSource,
    /// The secret.
    pub(crate) range: Range<usize>,
    /// All that was matched.
    pub(crate) matched: Range<usize>,
    pub(crate) rank: Rank,
    pub(crate) entropy: f64,
    pub(crate) fingerprint: String,
    pub(crate) allowed_inline: bool,
}

impl Hit {
    /// Keeps the better of two overlapping hits; one that both views of a text show is allowed if either says so.
    pub(crate) fn keep_better(&mut self, other: Self) {
        if other.rank > self.rank {
            *self = other;
        } else if other.rank == self.rank {
            self.allowed_inline |= other.allowed_inline;
        }
    }

    /// The same hit in a text where its places are others.
    pub(crate) fn moved(self, to: impl Fn(&Range<usize>) -> Range<usize>) -> Self {
        Self {
            range: to(&self.range),
            matched: to(&self.matched),
            ..self
        }
    }
}

/// What found a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum HitSource {
    /// A rule, by its index.
    Rule(usize),
    /// A known value, by the index of its pattern.
    Known(usize),
}

/// Which of overlapping hits gives the name: a known value before a rule, one that knows a service before a generic
/// one, the longer, the earlier in the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank(u8, usize, std::cmp::Reverse<usize>);

impl Rank {
    pub(crate) fn of_rule(rule: &Rule, index: usize, length: usize) -> Self {
        Self(u8::from(!rule.generic), length, std::cmp::Reverse(index))
    }

    pub(crate) const fn of_known(index: usize, length: usize) -> Self {
        Self(2, length, std::cmp::Reverse(index))
    }
}

impl Rule {
    /// The match that starts at exactly this place, if there is one before the wall.
    pub(crate) fn match_at(&self, text: &[u8], at: usize, wall: usize) -> Option<Match> {
        let regex = self.regex.as_ref()?.regex()?;
        let end = wall.min(at + LONGEST_MATCH);
        let mut captures = regex.create_captures();
        regex.search_captures(
            &Input::new(text).span(at..end).anchored(Anchored::Yes),
            &mut captures,
        );
        let range = captures.get_match()?.range();
        let secret = match self.secret_group {
            Some(group) => captures
                .get_group(group)
                .map_or(range.end..range.end, |span| span.range()),
            None => (1..captures.group_len())
                .find_map(|group| captures.get_group(group).filter(|span| !span.is_empty()))
                .map_or_else(|| trimmed(text, range.clone()), |span| span.range()),
        };
        Some(Match { range, secret })
    }

    /// The match with the first start of these, if there is one before the wall.
    pub(crate) fn first_match(
        &self,
        text: &[u8],
        starts: Range<usize>,
        wall: usize,
    ) -> Option<Match> {
        let regex = self.regex.as_ref()?.regex()?;
        let longest = regex_length(self).min(LONGEST_MATCH);
        let mut at = starts.start;
        while at < starts.end {
            let end = wall.min(starts.end.saturating_add(longest));
            let start = regex.find(Input::new(text).span(at..end))?.start();
            if start >= starts.end {
                return None;
            }
            // What matches here may have seen more than a match may see.
            if let Some(found) = self.match_at(text, start, wall) {
                return Some(found);
            }
            at = start + 1;
        }
        None
    }
}

/// The most bytes that a match can have.
fn regex_length(rule: &Rule) -> usize {
    rule.regex
        .as_ref()
        .and_then(|regex| regex.hir().properties().maximum_len())
        .unwrap_or(LONGEST_MATCH)
}

/// The range without line breaks at its ends, as upstream cuts them.
fn trimmed(text: &[u8], range: Range<usize>) -> Range<usize> {
    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let inside = &text[range.clone()];
    let Some(first) = inside.iter().position(|byte| !is_break(byte)) else {
        return range;
    };
    let last = inside
        .iter()
        .rposition(|byte| !is_break(byte))
        .unwrap_or(first);
    range.start + first..range.start + last + 1
}

/// What a match is worth: none if its secret is too regular or allowed.
pub(crate) fn judge(
    set: &RuleSet,
    index: usize,
    text: &[u8],
    piece: &Range<usize>,
    found: &Match,
    origin: Origin<'_>,
) -> Option<Hit> {
    let rule = &set.rules[index];
    let secret = &text[found.secret.clone()];
    if secret.is_empty() {
        return None;
    }
    let entropy = entropy::shannon(secret);
    if rule.entropy.is_some_and(|least| entropy <= least) {
        return None;
    }
    let line = &text[line_around(text, piece, &found.range)];
    let candidate = Candidate {
        secret,
        matched: &text[found.range.clone()],
        line,
        origin,
    };
    let global = set
        .allowlists
        .iter()
        .filter(|list| list.target_rules.is_empty() || list.target_rules.contains(&rule.id));
    if rule
        .allowlists
        .iter()
        .chain(global)
        .any(|list| list.allows(&candidate))
    {
        return None;
    }
    Some(Hit {
        source: HitSource::Rule(index),
        rank: Rank::of_rule(rule, index, secret.len()),
        entropy,
        fingerprint: fingerprint::of(&rule.id, secret),
        allowed_inline: is_allowed_inline(line),
        range: found.secret.clone(),
        matched: found.range.clone(),
    })
}

/// The lines that a range stands in, as far as [`LINE_REACH`] before and after it.
pub(crate) fn line_around(text: &[u8], piece: &Range<usize>, range: &Range<usize>) -> Range<usize> {
    let first = range.start.saturating_sub(LINE_REACH).max(piece.start);
    let last = (range.end + LINE_REACH).min(piece.end);
    let start =
        memchr::memrchr(b'\n', &text[first..range.start]).map_or(first, |at| first + at + 1);
    let end = memchr::memchr(b'\n', &text[range.end..last]).map_or(last, |at| range.end + at);
    start..end
}

/// Whether a comment in the line says that what it holds is no secret to report.
pub(crate) fn is_allowed_inline(line: &[u8]) -> bool {
    ["gitleaks:allow", "loom:allow"]
        .iter()
        .any(|mark| memchr::memmem::find(line, mark.as_bytes()).is_some())
}
