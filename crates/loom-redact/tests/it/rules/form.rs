//! What `rules/README.md` promises of every rule's form, which the engine relies on.

use std::collections::BTreeSet;

use regex_syntax::hir::{Capture, Hir, HirKind};

use super::template::Sample;
use super::{SEEDS, assert_none, rules, samples};

const MOST_KEYWORDS: usize = 5;
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

#[test]
fn every_match_holds_a_keyword_of_its_rule() {
    let samples = samples();
    let mut wrong = Vec::new();
    for rule in rules() {
        let regex = regex_automata::meta::Builder::new()
            .build_from_hir(&parse(&rule.regex))
            .unwrap();
        for template in &samples[&rule.id].yes {
            for seed in 0..SEEDS {
                let text = Sample::expand(template, seed).text;
                let matched = regex
                    .find_iter(text.as_bytes())
                    .map(|found| text.as_bytes()[found.range()].to_ascii_lowercase());
                for matched in matched {
                    let matched = String::from_utf8_lossy(&matched).into_owned();
                    if !rule
                        .keywords
                        .iter()
                        .any(|keyword| matched.contains(keyword))
                    {
                        wrong.push(format!("{}: {matched}", rule.id));
                    }
                }
            }
        }
    }
    assert_none("matches without a keyword", &wrong);
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
        HirKind::Capture(Capture { .. }) => true,
        HirKind::Concat(parts) => parts.iter().any(holds_group),
        HirKind::Alternation(parts) => parts.iter().all(holds_group),
        HirKind::Repetition(repetition) => repetition.min > 0 && holds_group(&repetition.sub),
        _ => false,
    }
}
