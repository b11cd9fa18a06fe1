//! Rules that count only beside a match of another rule.
//!
//! Upstream lets a required rule match anywhere in the same fragment unless lines or columns are given. Here it must
//! besides lie within [`REACH`], so that a decision does not depend on text that is far away.

use crate::finder::Scope;
use crate::matching::HitSource;
use crate::place::Place;
use crate::rules::Required;
use crate::scanner::Pending;

/// How far a required match may lie from the one that requires it, in bytes.
pub(crate) const REACH: usize = 4 << 10;

/// Remembers the hits that others may require.
#[derive(Debug)]
pub(crate) struct Requirements {
    /// Whether any rule requires another one.
    any: bool,
    /// Rule and place of hits that were judged.
    recent: Vec<(usize, Place)>,
}

impl Requirements {
    pub(crate) fn new(scope: &Scope) -> Self {
        let any = scope
            .parts
            .rules
            .rules
            .iter()
            .any(|rule| !rule.required.is_empty());
        Self {
            any,
            recent: Vec::new(),
        }
    }

    /// How many of the hits, sorted by their start, can be judged.
    pub(crate) fn ready(&self, pending: &[Pending], certain: usize, at_end: bool) -> usize {
        let reach = if self.any { REACH } else { 0 };
        if at_end {
            return pending.len();
        }
        pending.partition_point(|pending| pending.hit.range.start + reach < certain)
    }

    /// Says for the first hits whether each counts.
    pub(crate) fn judge(&mut self, scope: &Scope, pending: &[Pending], ready: usize) -> Vec<bool> {
        let rules = &scope.parts.rules.rules;
        let placed: Vec<Option<(usize, Place)>> = pending
            .iter()
            .map(|pending| match (pending.hit.source, pending.place) {
                (HitSource::Rule(rule), Some(place)) => Some((rule, place)),
                _ => None,
            })
            .collect();
        let counts = |(rule, at): (usize, Place)| {
            let met = |required: &Required| {
                let mut others = self.recent.iter().chain(placed.iter().flatten());
                others.any(|(other, place)| *other == required.rule && required.is_met(&at, place))
            };
            !rules[rule].skip_report && rules[rule].required.iter().all(met)
        };
        let kept = placed[..ready]
            .iter()
            .map(|hit| hit.is_none_or(counts))
            .collect();
        if self.any {
            self.recent.extend(placed[..ready].iter().flatten());
            let last = self.recent.last().map_or(0, |(_, place)| place.offset);
            self.recent
                .retain(|(_, place)| place.offset + 2 * REACH >= last);
        }
        kept
    }
}

impl Required {
    /// Whether a hit of the required rule lies near enough.
    pub(crate) fn is_met(&self, at: &Place, other: &Place) -> bool {
        at.offset.abs_diff(other.offset) <= REACH
            && self
                .within_lines
                .is_none_or(|most| at.line.abs_diff(other.line) <= most)
            && self
                .within_columns
                .is_none_or(|most| at.column.abs_diff(other.column) <= most)
    }
}
