//! Texts that look like source code and hold secrets, near misses and what makes a search stumble; from proptest's
//! generator, so that a failure shrinks and can be repeated.

use std::sync::LazyLock;

use loom_common_secret::SecretString;
use loom_redact::{Detector, KnownSecrets, Rules};
use proptest::prelude::*;

/// Rules of every shape: tokens, assignments, branches, keywords outside of the match, none at all, long blocks.
pub(crate) const RULES: &str = r#"
[[rules]]
id = "token"
regex = '''\b(ghp_[0-9a-zA-Z]{12})\b'''
entropy = 2
keywords = ["ghp_"]

[[rules]]
id = "token-prefix"
regex = '''(?:^|[^a-z])([a-z]{3}\dQ~[a-z]{6,9})'''
keywords = ["q~"]

[[rules]]
id = "branches"
regex = '''\b((?:A3T[A-Z0-9]|AKIA|ASIA)[A-Z2-7]{8})\b|(?i)\bakiba[_ ]?=([a-z]{6,})'''
keywords = ["a3t", "akia", "asia", "akiba"]
[[rules.allowlists]]
regexes = ['''.+EXAMPLE$''']

[[rules]]
id = "assignment"
regex = '''(?i)[\w.-]{0,50}?(?:adafruit)(?:[ \t\w.-]{0,20})[\s'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'"\s=]{0,5}([a-z0-9_-]{12,20})(?:[\x60'"\s;]|\\[nr]|$)'''
keywords = ["adafruit"]

[[rules]]
id = "generic"
regex = '''(?i)[\w.-]{0,50}?(?:access|auth|(?-i:[Aa]pi|API)|key|passw(?:or)?d|token)(?:[ \t\w.-]{0,20})[\s'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'"\s=]{0,5}([\w.=-]{10,50}|[a-z0-9][a-z0-9+/]{11,}={0,3})(?:[\x60'"\s;]|\\[nr]|$)'''
entropy = 3
keywords = ["access", "auth", "api", "key", "passw", "token"]
[[rules.allowlists]]
stopwords = ["abcd"]
[[rules.allowlists]]
regexTarget = "match"
regexes = ['''(?i)random[_.-]?access''']
[[rules.allowlists]]
condition = "AND"
regexTarget = "line"
regexes = ['''^\s*//''']
stopwords = ["zz"]

[[rules]]
id = "near"
regex = '''\b(sgp_[a-f0-9]{6}|[a-f0-9]{12})\b'''
keywords = ["sgp_", "sourcegraph"]

[[rules]]
id = "nowhere"
regex = '''<<([^<>]{4,40})>>'''

[[rules]]
id = "block"
regex = '''-----BEGIN[ A-Z]{0,20}KEY-----[\s\S-]{16,}?KEY-----'''
keywords = ["-----begin"]

[[rules]]
id = "greedy"
regex = '''(?:^|;)k=([a-z]{6})(?:;|$)'''
keywords = ["k="]

[[rules]]
id = "beside"
regex = '''\bid:([0-9]{6})\b'''
keywords = ["id:"]
skipReport = true

[[rules]]
id = "pair"
regex = '''\bpw:([a-z]{6})\b'''
keywords = ["pw:"]
[[rules.required]]
id = "beside"
withinLines = 2
"#;

/// A detector with these rules and two known values; built once, because that takes longer than a case.
pub(crate) fn detector() -> &'static Detector {
    static DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
        let mut known = KnownSecrets::new();
        let values = [
            ("db-password", "hunter2 hunter2/\"x\""),
            ("Key of the Cloud", "q7Zp-Lm_Rt=="),
        ];
        for (name, value) in values {
            known
                .add(name, &SecretString::from(value.to_owned()))
                .unwrap();
        }
        Detector::new(&Rules::parse(RULES, "sample.toml").unwrap(), known)
    });
    &DETECTOR
}

/// A piece of a text: a secret, a near miss, or what may stand around it.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,9}",
        3 => prop::sample::select(vec![
            " ", " = ", "=", ": ", "\"", "'", ";", "\n", "\r\n", "\n    ", "//", "_", ",", "::", "=>", "\\n", "é", "\u{1F511}", "\n\n",
        ]).prop_map(str::to_owned),
        2 => "ghp_[0-9a-zA-Z]{11,13}",
        1 => "(ghp_[0-9a-zA-Z]{4}\x1b\\[[0-9;]{0,6}m[0-9a-zA-Z]{8}|\x1b\\[[0-9;]{0,4}[mK]|\x1b\\[|\x1b)",
        1 => "[a-z]{3}[0-9]Q~[a-z]{5,10}",
        2 => "(A3T[A-Z0-9]|AKIA|ASIA|AKIB)[A-Z2-7]{7,9}|AKIAEXAMPLE.|AKIBA_?=[a-z]{5,8}",
        3 => "(adafruit|access|random_access|auth|api|Api|key|password|passwd|token)( |_key|)(=|: ?|\" ?: ?\"|=>)[a-zA-Z0-9_-]{9,22}",
        1 => "[a-f0-9]{11,13}|sgp_[a-f0-9]{6}|sourcegraph",
        1 => "<<[a-z <]{3,8}>>",
        1 => "-----BEGIN RSA KEY-----[a-z\n]{10,30}(-----END KEY-----)?",
        1 => "(;k=[a-z]{6}){1,3};?",
        1 => "id:[0-9]{6} |pw:[a-z]{6} ",
        1 => prop::sample::select(vec![
            "hunter2 hunter2/\"x\"", "hunter2 hunter2/\\\"x\\\"", "aHVudGVyMiBodW50ZXIyLyJ4I", "h1bnRlcjIgaHVudGVyMi8ieC",
            "hunter2%20hunter2%2F%22x%22", "hunter2+hunter2%2f%22x%22", "q7Zp-Lm_Rt==", "q7Zp-Lm_Rt%3D%3D",
        ]).prop_map(str::to_owned),
        1 => "\\[REDACTED:[a-z-]{0,8}\\]|\\[REDACTED:",
        1 => " // (loom|gitleaks):allow",
    ]
}

/// A secret that is long, far from its keyword, or in a long line: what a search must look far ahead for.
pub(crate) fn long() -> impl Strategy<Value = String> {
    prop_oneof![
        "-----BEGIN RSA KEY-----[a-z\n]{500,6000}-----END KEY-----",
        "sourcegraph {800,1100}[a-f0-9]{12} {800,1100}sourcegraph",
        "(// )?[a-z =]{1000,2100} key = zz[a-zA-Z0-9]{12} [a-z =]{1000,2100}(// loom:allow)?\n",
    ]
}

/// Some texts are broken at a width, as by a terminal.
pub(crate) fn text() -> impl Strategy<Value = String> {
    (
        prop::collection::vec(piece(), 0..60),
        prop::option::weighted(0.3, 40_usize..90),
    )
        .prop_map(|(pieces, width)| {
            let text = pieces.concat();
            match width {
                None => text,
                Some(width) => {
                    let mut wrapped = String::new();
                    for line in text.lines() {
                        for (index, character) in line.chars().enumerate() {
                            if index > 0 && index % width == 0 {
                                wrapped.push('\n');
                            }
                            wrapped.push(character);
                        }
                        wrapped.push('\n');
                    }
                    wrapped
                }
            }
        })
}
