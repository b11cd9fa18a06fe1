//! The specification: what is to be found, said as plainly as possible and without care for speed.
//!
//! [`scan`] searches a whole text with every rule. Tests and `examples/compare` hold the fast search to it, which must
//! find exactly the same. It does not know what is proven of expressions, has no first stage and no pieces; only what
//! a match of one rule at one place is, and what it is worth, is shared.

use std::ops::Range;
use std::sync::Arc;

use crate::detector::Detector;
use crate::finder::Scope;
use crate::finding::{Finding, Origin};
use crate::matching::{Hit, HitSource, Rank, is_allowed_inline, judge, line_around};
use crate::place::{Place, to_u64};
use crate::rules::Rule;
use crate::view::{Places, Plain};
use crate::wrap::{Event, Wraps};
use crate::{KEYWORD_REACH, entropy, marker};

/// Finds the secrets in a text by running every rule on everything.
pub fn scan(detector: &Detector, text: &[u8], origin: &Origin<'_>) -> Vec<Finding> {
    let scope = Scope::new(Arc::clone(&detector.0), origin);
    let mut plain = Plain::default();
    let mut readable = Vec::new();
    plain.push(text, |part| readable.extend_from_slice(part));
    plain.finish(|part| readable.extend_from_slice(part));
    let mut hits = hits(&scope, &readable);
    for (lines, places, joints) in paragraphs(&readable) {
        hits.extend(
            self::hits(&scope, &lines)
                .into_iter()
                .filter(|hit| {
                    joints
                        .iter()
                        .any(|joint| hit.matched.start < *joint && *joint < hit.matched.end)
                })
                .map(|hit| hit.moved(|range| places.origins(range))),
        );
    }
    let mut hits: Vec<Hit> = hits
        .into_iter()
        .map(|hit| hit.moved(|range| plain.places.origins(range)))
        .map(|hit| Hit {
            range: whole_characters(text, &hit.range),
            ..hit
        })
        .collect();
    hits.sort_by_key(|hit| (hit.range.start, hit.range.end, hit.source));
    let counting = counting(&scope, text, &hits);
    let mut merged: Vec<(Range<usize>, Hit)> = Vec::new();
    for hit in counting {
        match merged.last_mut() {
            Some((range, best)) if hit.range.start < range.end => {
                range.end = range.end.max(hit.range.end);
                best.keep_better(hit);
            }
            _ => merged.push((hit.range.clone(), hit)),
        }
    }
    let found = merged
        .into_iter()
        .map(|(range, best)| finding(&scope, text, &range, best));
    detector
        .path_findings(origin)
        .into_iter()
        .chain(found)
        .collect()
}

/// All hits in one text, between its markers.
fn hits(scope: &Scope, text: &[u8]) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut start = 0;
    loop {
        let marker = marker::find(text, start);
        let piece = start..marker.as_ref().map_or(text.len(), |marker| marker.start);
        for (index, rule) in scope.parts.rules.rules.iter().enumerate() {
            if scope.is_active(index) {
                let mut resume = 0;
                for zone in zones(rule, text, &piece) {
                    let starts = zone.start.max(resume)..zone.end;
                    resume = search(scope, index, text, &piece, starts, &mut hits);
                }
            }
        }
        known(scope, text, &piece, &mut hits);
        match marker {
            Some(marker) => start = marker.end,
            None => return hits,
        }
    }
}

/// Where a match of the rule may start: near one of its keywords, or anywhere if it has none.
fn zones(rule: &Rule, text: &[u8], piece: &Range<usize>) -> Vec<Range<usize>> {
    if rule.keywords.is_empty() {
        return vec![piece.clone()];
    }
    let lower = text[piece.clone()].to_ascii_lowercase();
    let mut near: Vec<Range<usize>> = rule
        .keywords
        .iter()
        .flat_map(|keyword| {
            // Overlapping occurrences, too.
            let ends = |at: usize| at + keyword.len();
            (0..lower.len())
                .filter(|at| lower[*at..].starts_with(keyword))
                .map(move |at| at.saturating_sub(KEYWORD_REACH)..ends(at) + KEYWORD_REACH + 1)
                .collect::<Vec<_>>()
        })
        .map(|zone| zone.start + piece.start..(zone.end + piece.start).min(piece.end))
        .collect();
    near.sort_by_key(|zone| zone.start);
    let mut zones: Vec<Range<usize>> = Vec::new();
    for zone in near {
        match zones.last_mut() {
            Some(last) if zone.start <= last.end => last.end = last.end.max(zone.end),
            _ => zones.push(zone),
        }
    }
    zones
}

/// Finds the matches with these starts, leftmost first, each behind the secret of the last, and returns where the rule
/// goes on.
fn search(
    scope: &Scope,
    index: usize,
    text: &[u8],
    piece: &Range<usize>,
    starts: Range<usize>,
    hits: &mut Vec<Hit>,
) -> usize {
    let set = &scope.parts.rules;
    let rule = &set.rules[index];
    let Some(regex) = rule.regex.as_ref().and_then(|regex| regex.regex()) else {
        return 0;
    };
    let mut at = starts.start;
    while at < starts.end {
        let input = regex_automata::Input::new(text).span(at..piece.end);
        let Some(start) = regex.find(input).map(|found| found.start()) else {
            break;
        };
        if start >= starts.end {
            break;
        }
        at = match rule.match_at(text, start, piece.end) {
            None => start + 1,
            Some(found) => {
                hits.extend(judge(set, index, text, piece, &found, scope.origin()));
                found.resume()
            }
        };
    }
    at
}

fn known(scope: &Scope, text: &[u8], piece: &Range<usize>, hits: &mut Vec<Hit>) {
    let Some(known) = &scope.parts.known else {
        return;
    };
    for start in piece.clone() {
        let input = aho_corasick::Input::new(text).span(start..piece.end);
        let Some(found) = known.automaton.find(input) else {
            return;
        };
        if found.start() != start {
            continue;
        }
        let (pattern, range) = (found.pattern().as_usize(), found.range());
        hits.push(Hit {
            source: HitSource::Known(pattern),
            rank: Rank::of_known(pattern, range.len()),
            entropy: entropy::shannon(&text[range.clone()]),
            fingerprint: known.fingerprints[pattern].clone(),
            allowed_inline: is_allowed_inline(&text[line_around(text, piece, &range)]),
            matched: range.clone(),
            range,
        });
    }
}

/// The paragraphs of a text: their lines as one, the way back, and where breaks were left out.
fn paragraphs(text: &[u8]) -> Vec<(Vec<u8>, Places, Vec<usize>)> {
    let mut all = Vec::new();
    let mut open: Option<(Vec<u8>, Places, Vec<usize>)> = None;
    Wraps::default().advance(text, 0, true, |event| match event {
        Event::Line(line) => {
            let (lines, places, joints) = open.get_or_insert_default();
            if !lines.is_empty() {
                joints.push(lines.len());
            }
            places.jump(lines.len(), line.start);
            lines.extend_from_slice(&text[line]);
        }
        Event::End => all.extend(open.take()),
    });
    all
}

fn whole_characters(text: &[u8], range: &Range<usize>) -> Range<usize> {
    let continues = |at: usize| text.get(at).is_some_and(|byte| byte & 0xC0 == 0x80);
    let start = (0..=3)
        .map(|back| range.start.saturating_sub(back))
        .find(|at| !continues(*at));
    let end = (0..=3).map(|on| range.end + on).find(|at| !continues(*at));
    start.unwrap_or(range.start.saturating_sub(3))..end.unwrap_or(range.end + 3)
}

/// The hits whose requirements are met and that are to be reported.
fn counting(scope: &Scope, text: &[u8], hits: &[Hit]) -> Vec<Hit> {
    let rules = &scope.parts.rules.rules;
    let place = |hit: &Hit| place(text, hit.range.start);
    hits.iter()
        .filter(|hit| match hit.source {
            HitSource::Known(_) => true,
            HitSource::Rule(rule) => {
                !rules[rule].skip_report
                    && rules[rule].required.iter().all(|required| {
                        hits.iter().any(|other| {
                            other.source == HitSource::Rule(required.rule)
                                && required.is_met(&place(hit), &place(other))
                        })
                    })
            }
        })
        .cloned()
        .collect()
}

fn place(text: &[u8], offset: usize) -> Place {
    let mut place = Place::START;
    place.advance(text, 0, offset);
    place
}

fn finding(scope: &Scope, text: &[u8], range: &Range<usize>, best: Hit) -> Finding {
    let (start, end) = (place(text, range.start), place(text, range.end));
    let (rule, description, tags) = scope.parts.names(best.source);
    Finding {
        rule,
        description,
        tags,
        range: to_u64(range.start)..to_u64(range.end),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        entropy: best.entropy,
        fingerprint: best.fingerprint,
        allowed_inline: best.allowed_inline,
    }
}
