//! What is read off expressions of the shapes that rules have.

use super::{Distance, Plan};
use crate::rules::dialect;

/// Keyword and distances from the start of the match, for each branch; none where nothing is proven.
fn plan(expression: &str, keywords: &[&str]) -> Option<Vec<Vec<(String, usize, usize)>>> {
    let keywords: Vec<Vec<u8>> = keywords
        .iter()
        .map(|word| word.as_bytes().to_vec())
        .collect();
    let hir = dialect::parse(expression).unwrap();
    match Plan::new(&hir, &keywords) {
        Plan::Anchored(anchors) => Some(
            anchors
                .iter()
                .map(|anchor| {
                    assert!(anchor.tail(&hir).is_some());
                    anchor
                        .uses
                        .iter()
                        .map(|found| {
                            let Distance { least, most } = found.from_start;
                            (
                                String::from_utf8(keywords[found.keyword].clone()).unwrap(),
                                least,
                                most,
                            )
                        })
                        .collect()
                })
                .collect(),
        ),
        Plan::Near | Plan::Everywhere => None,
    }
}

fn at(keyword: &str, least: usize, most: usize) -> (String, usize, usize) {
    (keyword.to_owned(), least, most)
}

#[test]
fn a_token_starts_with_its_keyword() {
    assert_eq!(
        plan(r"\b(ghp_[0-9a-zA-Z]{36})\b", &["ghp_"]),
        Some(vec![vec![at("ghp_", 0, 0)]])
    );
    assert_eq!(
        plan(r"(?:^|[^a-z])([a-z]{3}\dQ~[a-z]{31})", &["q~"]),
        Some(vec![vec![at("q~", 4, 5)]])
    );
}

#[test]
fn an_assignment_has_its_keyword_after_a_prefix() {
    let expression =
        r#"(?i)[\w.-]{0,50}?(?:adafruit)(?:[ \t\w.-]{0,20})[\s'"]{0,3}(?:=|>)([a-z0-9]{32})"#;
    assert_eq!(
        plan(expression, &["adafruit"]),
        Some(vec![vec![at("adafruit", 0, 50)]])
    );
    let expression = r"(?i)[\w.-]{0,50}?(?:access|(?-i:[Aa]pi|API)|passw(?:or)?d)=(\w{10})";
    let found = plan(expression, &["access", "api", "passw", "password"]).unwrap();
    assert_eq!(
        found,
        [[
            at("access", 0, 50),
            at("passw", 0, 50),
            at("password", 0, 50),
            at("api", 0, 50)
        ]
        .into_iter()
        .collect::<Vec<_>>()]
        .into_iter()
        .map(|mut uses| {
            uses.sort();
            uses
        })
        .collect::<Vec<_>>()
        .into_iter()
        .collect::<Vec<_>>()
    );
}

#[test]
fn every_branch_must_hold_a_keyword() {
    let tokens = r"\b((?:A3T[A-Z0-9]|AKIA|ASIA)[A-Z2-7]{16})\b";
    let found = plan(tokens, &["a3t", "akia", "asia"]).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].len(), 3);
    assert_eq!(plan(tokens, &["a3t", "akia"]), None);
    let either = r"(?i)\batlassian=([a-z0-9]{20})|\b(ATATT3[A-Z]{186})";
    assert_eq!(
        plan(either, &["atlassian", "atatt3"]),
        Some(vec![vec![at("atlassian", 0, 0), at("atatt3", 0, 0)]])
    );
    let seam = r"(?i)\b(?:at_[a-z]{20}|ab[0-9]x)";
    assert_eq!(
        plan(seam, &["at_", "ab"]),
        Some(vec![vec![at("at_", 0, 0)], vec![at("ab", 0, 0)]])
    );
    assert_eq!(
        plan(
            r"\b(sgp_[a-f0-9]{40}|[a-f0-9]{40})\b",
            &["sgp_", "sourcegraph"]
        ),
        None
    );
}

#[test]
fn a_keyword_after_an_endless_prefix_proves_nothing() {
    assert_eq!(plan(r"\w+key=\w{10}", &["key="]), None);
    assert_eq!(plan(r"(?:key=)?\w{10}", &["key="]), None);
}
