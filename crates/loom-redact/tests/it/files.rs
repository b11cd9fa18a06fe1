//! Rule files: what is read, what is refused, and what the refusal says.

use loom_redact::{Detector, KnownSecrets, Rules};

#[test]
fn the_builtin_rules_are_read() {
    let rules = Rules::read_builtin().unwrap();
    assert_eq!(rules.warnings(), &[] as &[String]);
}

#[test]
fn a_rule_finds_and_redacts() {
    let rules = Rules::parse(
        "[[rules]]\nid = \"demo\"\nregex = '''\\b(dm_[a-z0-9]{20})\\b'''\nkeywords = [\"dm_\"]\n",
        "demo.toml",
    )
    .unwrap();
    let detector = Detector::new(&rules, KnownSecrets::new());
    assert_eq!(
        detector.redact("key dm_0123456789abcdefghij end"),
        "key [REDACTED:demo] end"
    );
}
