//! What `rules/README.md` promises of every rule's form, which the engine relies on.

use std::collections::BTreeSet;

use regex_syntax::hir::{Class, Hir, HirKind};

use super::template::Random;
use super::{assert_none, rules};

const MOST_KEYWORDS: usize = 5;
/// How many texts are drawn from each expression.
const MEMBERS: u64 = 100;
const LONGEST_MATCH: usize = 4 << 10;
const LONGEST_PRIVATE_KEY: usize = 16 << 10;

fn parse(regex: &str) -> Hir {
    regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(regex)
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn ids_are_unique_slugs_and_descriptions_are_there() {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for rule in rules() {
        let slug = !rule.id.is_empty()
            && rule.id.split('-').all(|part| {
                !part.is_empty()
                    && part
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            });
        if !slug || rule.description.trim().is_empty() || !seen.insert(rule.id.clone()) {
            wrong.push(rule.id);
        }
    }
    assert_none("ids that are no slug, or taken, or not described", &wrong);
    assert!(seen.len() >= 165, "only {} rules", seen.len());
}

#[test]
fn keywords_are_few_and_in_lower_case() {
    let mut wrong = Vec::new();
    for rule in rules() {
        let fine = (1..=MOST_KEYWORDS).contains(&rule.keywords.len())
            && rule.keywords.iter().all(|keyword| {
                keyword.len() >= 3
                    && *keyword == keyword.to_ascii_lowercase()
                    && !["key", "api", "sk", "sk_", "sk-"].contains(&keyword.as_str())
            });
        if !fine {
            wrong.push(format!("{}: {:?}", rule.id, rule.keywords));
        }
    }
    assert_none("keywords that are many, short or not in lower case", &wrong);
}

/// Draws texts from what the expression can match, so that a branch without a keyword is found though no sample
/// takes it.
#[test]
fn every_match_holds_a_keyword_of_its_rule() {
    let mut wrong = Vec::new();
    for rule in rules() {
        let hir = parse(&rule.regex);
        for seed in 0..MEMBERS {
            let mut member = Vec::new();
            draw(&hir, &mut Random::new(&rule.id, seed), &mut member);
            member.make_ascii_lowercase();
            let member = String::from_utf8_lossy(&member);
            if !rule.keywords.iter().any(|keyword| member.contains(keyword)) {
                wrong.push(format!("{}: {member:?}", rule.id));
                break;
            }
        }
    }
    assert_none("matches without a keyword", &wrong);
}

/// Appends a text that the expression matches, but for what it asks of the places between characters.
fn draw(hir: &Hir, random: &mut Random, text: &mut Vec<u8>) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.extend_from_slice(&literal.0),
        HirKind::Class(class) => {
            let ranges: Vec<_> = match class {
                Class::Bytes(class) => class
                    .iter()
                    .map(|range| (range.start(), range.end()))
                    .collect(),
                Class::Unicode(class) => class
                    .iter()
                    .map(|range| (range.start() as u8, range.end() as u8))
                    .collect(),
            };
            let (first, last) = ranges[random.below(ranges.len())];
            text.push(first + random.below(usize::from(last - first) + 1) as u8);
        }
        HirKind::Repetition(repetition) => {
            let most = repetition
                .max
                .unwrap_or(u32::MAX)
                .min(repetition.min.saturating_add(2));
            let times = repetition.min + random.below((most - repetition.min) as usize + 1) as u32;
            for _ in 0..times {
                draw(&repetition.sub, random, text);
            }
        }
        HirKind::Capture(capture) => draw(&capture.sub, random, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| draw(part, random, text)),
        HirKind::Alternation(parts) => draw(&parts[random.below(parts.len())], random, text),
    }
}

#[test]
fn every_match_is_bounded_and_has_a_secret_in_a_group() {
    let mut wrong = Vec::new();
    for rule in rules() {
        let hir = parse(&rule.regex);
        let most = if rule.id.ends_with("private-key") {
            LONGEST_PRIVATE_KEY
        } else {
            LONGEST_MATCH
        };
        match hir.properties().maximum_len() {
            Some(length) if length < most => {}
            length => wrong.push(format!("{}: matches up to {length:?} bytes", rule.id)),
        }
        if !holds_group(&hir) {
            wrong.push(format!("{}: no group", rule.id));
        }
    }
    assert_none("expressions without a bound or a group", &wrong);
}

fn holds_group(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Capture(_) => true,
        HirKind::Concat(parts) => parts.iter().any(holds_group),
        HirKind::Alternation(parts) => parts.iter().all(holds_group),
        HirKind::Repetition(repetition) => repetition.min > 0 && holds_group(&repetition.sub),
        _ => false,
    }
}
