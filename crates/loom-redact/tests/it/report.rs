//! What is written for other programs to read.

use loom_redact::report::{self, Located};

use crate::sample;

const TEXT: &str = "é ghp_0aB1cD2eF3gH\n// key = Zk3vX9qLm2Rt7Yw loom:allow\n";

#[test]
fn json_has_the_finding_and_never_the_secret() {
    let findings = sample::detector().scan(TEXT.as_bytes());
    let located: Vec<Located<'_>> = findings
        .iter()
        .map(|finding| Located {
            path: "src/a b.rs",
            commit: Some("c0ffee"),
            finding,
        })
        .collect();
    let json = report::json(&located);
    assert!(!json.to_string().contains("0aB1") && !json.to_string().contains("Zk3v"));
    insta::assert_json_snapshot!(json);
}

#[test]
fn sarif_has_rules_regions_and_fingerprints() {
    let findings = sample::detector().scan(TEXT.as_bytes());
    let located: Vec<Located<'_>> = findings
        .iter()
        .map(|finding| Located {
            path: "src/a b.rs",
            commit: None,
            finding,
        })
        .collect();
    let rules = loom_redact::Rules::parse(sample::RULES, "sample.toml").unwrap();
    let sarif = report::sarif(&located, &rules, "1.2.3");
    assert!(!sarif.to_string().contains("0aB1") && !sarif.to_string().contains("Zk3v"));
    insta::assert_json_snapshot!(sarif);
}
