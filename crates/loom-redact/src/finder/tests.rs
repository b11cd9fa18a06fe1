//! What an input can cost, counted instead of timed.

use std::sync::Arc;

use super::{Finder, Scope, Work};
use crate::finding::Origin;
use crate::{Detector, KnownSecrets, Rules};

const RULES: &str = r#"
[[rules]]
id = "assignment"
regex = '''(?i)[\w.-]{0,50}?(?:access|key)(?:[ \t\w.-]{0,20})[\s'"]{0,3}(?:=|:)[\x60'"\s=]{0,5}([\w.=-]{10,150}|[a-z0-9][a-z0-9+/]{11,}={0,3})(?:[\x60'"\s;]|$)'''
keywords = ["access", "key"]

[[rules]]
id = "near"
regex = '''\b([a-f0-9]{40})\b'''
keywords = ["key"]

[[rules]]
id = "block"
regex = '''-----BEGIN[ A-Z]{0,20}KEY-----[\s\S-]{64,}?KEY-----'''
keywords = ["-----begin"]
"#;

fn work(text: &[u8]) -> Work {
    let rules = Rules::parse(RULES, "work.toml").unwrap();
    let detector = Detector::new(&rules, KnownSecrets::new());
    let scope = Scope::new(Arc::clone(&detector.0), &Origin::default());
    let mut finder = Finder::new(Arc::new(scope));
    for piece in text.chunks(10_000) {
        finder.push(piece);
        finder.advance();
        finder.drop_decided();
        assert!(
            finder.buffered().0.len() < 120_000,
            "the buffer grows with the text"
        );
    }
    finder.finish();
    finder.work()
}

#[test]
fn a_text_of_keywords_costs_each_start_once_for_each_rule() {
    for line in [
        "key",
        "key=",
        "key = key ",
        "keyaccess\n",
        "-----BEGIN KEY-----",
        "key:aaaaaaaaaaaaaaa! ",
    ] {
        let text = line.repeat(200_000 / line.len());
        let Work { starts, tails } = work(text.as_bytes());
        assert!(
            starts <= 3 * text.len(),
            "{line}: {starts} starts in {} bytes",
            text.len()
        );
        assert!(
            tails <= 4 * text.len(),
            "{line}: {tails} tails in {} bytes",
            text.len()
        );
    }
}

#[test]
fn a_text_without_keywords_costs_nothing() {
    let text = "let value = compute(&input, 17)?;\n".repeat(2_000);
    assert_eq!(work(text.as_bytes()), Work::default());
}
