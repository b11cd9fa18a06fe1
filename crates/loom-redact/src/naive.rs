//! The specification: every rule on everything.

use std::ops::Range;

use regex_automata::{Anchored, Input};

use crate::allow::Candidate;
use crate::detector::Detector;
use crate::finding::{Finding, Origin};
use crate::known::KNOWN_SECRET;
use crate::rules::Rule;
use crate::{KEYWORD_REACH, LINE_REACH, LONGEST_MATCH, entropy, fingerprint};

struct Raw {
    range: Range<usize>,
    rule: String,
    description: String,
    tags: Vec<String>,
    rank: (u8, usize),
    entropy: f64,
}

pub(crate) fn scan(detector: &Detector, text: &[u8], origin: &Origin<'_>) -> Vec<Finding> {
    let set = &detector.0.rules;
    if set
        .allowlists
        .iter()
        .any(|list| list.target_rules.is_empty() && list.allows_origin(*origin))
    {
        return Vec::new();
    }
    let mut raw = Vec::new();
    for rule in &set.rules {
        if let Some(path) = &rule.path {
            let applies = origin
                .path
                .is_some_and(|at| path.regex().is_some_and(|regex| regex.is_match(at)));
            if !applies {
                continue;
            }
        }
        find(detector, rule, text, origin, &mut raw);
    }
    if let Some(known) = &detector.0.known {
        let mut at = 0;
        while let Some(found) = known
            .automaton
            .find(aho_corasick::Input::new(text).span(at..text.len()))
        {
            raw.push(Raw {
                range: found.range(),
                rule: known.names[found.pattern().as_usize()].clone(),
                description: KNOWN_SECRET.to_owned(),
                tags: Vec::new(),
                rank: (2, found.len()),
                entropy: entropy::shannon(&text[found.range()]),
            });
            at = found.start() + 1;
        }
    }
    raw.sort_by_key(|raw| (raw.range.start, raw.range.end));
    let mut merged: Vec<(Range<usize>, Raw)> = Vec::new();
    for next in raw {
        match merged.last_mut() {
            Some((range, best)) if next.range.start < range.end => {
                range.end = range.end.max(next.range.end);
                if next.rank > best.rank {
                    *best = next;
                }
            }
            _ => merged.push((next.range.clone(), next)),
        }
    }
    merged
        .into_iter()
        .map(|(range, best)| finding(text, range, best))
        .collect()
}

fn find(detector: &Detector, rule: &Rule, text: &[u8], origin: &Origin<'_>, raw: &mut Vec<Raw>) {
    let Some(regex) = rule.regex.as_ref().and_then(|regex| regex.regex()) else {
        return;
    };
    let mut captures = regex.create_captures();
    let mut at = 0;
    while at <= text.len() {
        let Some(found) = regex.find(Input::new(text).span(at..text.len())) else {
            break;
        };
        let start = found.start();
        let end = text.len().min(start + LONGEST_MATCH);
        regex.search_captures(
            &Input::new(text).span(start..end).anchored(Anchored::Yes),
            &mut captures,
        );
        let Some(matched) = captures.get_match() else {
            at = start + 1;
            continue;
        };
        let near =
            &text[start.saturating_sub(KEYWORD_REACH)..text.len().min(start + KEYWORD_REACH)];
        let near = near.to_ascii_lowercase();
        let named = rule.keywords.is_empty()
            || rule
                .keywords
                .iter()
                .any(|keyword| memchr::memmem::find(&near, keyword).is_some());
        if !named {
            at = start + 1;
            continue;
        }
        let secret = match rule.secret_group {
            Some(group) => captures.get_group(group),
            None => (1..captures.group_len())
                .find_map(|group| captures.get_group(group).filter(|span| !span.is_empty())),
        };
        let secret = secret.map_or(matched.range(), |span| span.start..span.end);
        at = secret.end.max(start + 1);
        let value = &text[secret.clone()];
        let line_start = memchr::memrchr(b'\n', &text[..start]).map_or(0, |at| at + 1);
        let line_end = memchr::memchr(b'\n', &text[matched.end()..])
            .map_or(text.len(), |at| matched.end() + at);
        let line = line_start.max(start.saturating_sub(LINE_REACH))
            ..line_end.min(matched.end() + LINE_REACH);
        let candidate = Candidate {
            secret: value,
            matched: &text[matched.range()],
            line: &text[line],
            origin: *origin,
        };
        let entropy = entropy::shannon(value);
        let global =
            detector.0.rules.allowlists.iter().filter(|list| {
                list.target_rules.is_empty() || list.target_rules.contains(&rule.id)
            });
        let allowed = rule
            .allowlists
            .iter()
            .chain(global)
            .any(|list| list.allows(&candidate));
        if value.is_empty()
            || value.starts_with(b"[REDACTED:")
            || allowed
            || rule.entropy.is_some_and(|least| entropy <= least)
        {
            continue;
        }
        raw.push(Raw {
            rank: (u8::from(!rule.generic), secret.len()),
            range: secret,
            rule: rule.id.clone(),
            description: rule.description.clone(),
            tags: rule.tags.clone(),
            entropy,
        });
    }
}

fn finding(text: &[u8], range: Range<usize>, best: Raw) -> Finding {
    let place = |at: usize| {
        let line = memchr::memchr_iter(b'\n', &text[..at]).count() + 1;
        let start = memchr::memrchr(b'\n', &text[..at]).map_or(0, |at| at + 1);
        let column = text[start..at]
            .iter()
            .filter(|byte| **byte & 0xC0 != 0x80)
            .count()
            + 1;
        (line as u64, column as u64)
    };
    let (line, column) = place(range.start);
    let (end_line, end_column) = place(range.end);
    let line_start = memchr::memrchr(b'\n', &text[..range.start]).map_or(0, |at| at + 1);
    let line_end =
        memchr::memchr(b'\n', &text[range.end..]).map_or(text.len(), |at| range.end + at);
    let around = &text[line_start..line_end];
    Finding {
        fingerprint: fingerprint::of(&best.rule, &text[best.range.clone()]),
        allowed_inline: ["gitleaks:allow", "loom:allow"]
            .iter()
            .any(|mark| memchr::memmem::find(around, mark.as_bytes()).is_some()),
        range: range.start as u64..range.end as u64,
        rule: best.rule,
        description: best.description,
        line,
        column,
        end_line,
        end_column,
        entropy: best.entropy,
        tags: best.tags,
    }
}
