//! Values that are known to be secret, in every form in which they get around.

use loom_common_secret::SecretString;
use loom_redact::{Detector, KnownSecretError, KnownSecrets, Rules};

fn detector(values: &[(&str, &str)]) -> Detector {
    let mut known = KnownSecrets::new();
    for (name, value) in values {
        known
            .add(name, &SecretString::from((*value).to_owned()))
            .unwrap();
    }
    Detector::new(&Rules::default(), known)
}

#[test]
fn a_value_is_found_plain_and_encoded() {
    // What `base64`, `encodeURIComponent` and `JSON.stringify` make of `p/ss w+rd"1`.
    let detector = detector(&[("db-password", "p/ss w+rd\"1")]);
    for form in [
        "p/ss w+rd\"1",
        "p%2Fss%20w%2Brd%221",
        "p%2fss+w%2brd%221",
        r#"p/ss w+rd\"1"#,
        r#"p\/ss w+rd\"1"#,
    ] {
        assert_eq!(
            detector.redact(&format!("<{form}>")),
            "<[REDACTED:db-password]>",
            "{form}"
        );
    }
    // Bytes before and after move it within the groups of base64: `user:`, `a:`, `to:`.
    for (encoded, redacted) in [
        ("cC9zcyB3K3JkIjE=", "[REDACTED:db-password]E="),
        (
            "dXNlcjpwL3NzIHcrcmQiMQ==",
            "dXNlcjp[REDACTED:db-password]Q==",
        ),
        ("dG86cC9zcyB3K3JkIjE=", "dG86[REDACTED:db-password]E="),
        ("YTpwL3NzIHcrcmQiMQ", "YTp[REDACTED:db-password]Q"),
    ] {
        assert_eq!(detector.redact(encoded), redacted, "{encoded}");
    }
}

#[test]
fn base64_for_addresses_is_found_too() {
    let value = "~~~???>>>abc";
    let detector = detector(&[("key", value)]);
    assert_eq!(detector.redact("fn5-Pz8_Pj4-YWJj"), "[REDACTED:key]");
    assert_eq!(detector.redact("fn5+Pz8/Pj4+YWJj"), "[REDACTED:key]");
}

#[test]
fn the_longest_of_several_values_gives_the_name() {
    let detector = detector(&[
        ("short", "abcdefgh"),
        ("long", "abcdefghijkl"),
        ("Not a slug", "zyxwvuts"),
    ]);
    assert_eq!(
        detector.redact("abcdefghijkl abcdefghi zyxwvuts"),
        "[REDACTED:long] [REDACTED:short]i [REDACTED:known-secret]"
    );
}

#[test]
fn overlapping_values_go_together() {
    let detector = detector(&[("one", "abcdabcd"), ("two", "abcdxxxx")]);
    assert_eq!(
        detector.redact("-abcdabcdabcdabcdxxxx-"),
        "-[REDACTED:one]-"
    );
}

#[test]
fn a_value_that_stands_in_markers_does_not_take_them_apart() {
    let detector = detector(&[("odd", "REDACTED")]);
    let once = detector.redact("REDACTED").into_owned();
    assert_eq!(once, "[REDACTED:odd]");
    assert_eq!(detector.redact(&once), once);
}

#[test]
fn the_fingerprint_is_that_of_the_value_in_every_form() {
    let detector = detector(&[("key", "abcdefgh ijkl")]);
    let prints: Vec<String> = detector
        .scan(b"abcdefgh ijkl abcdefgh%20ijkl")
        .into_iter()
        .map(|finding| finding.fingerprint)
        .collect();
    assert_eq!(prints.len(), 2);
    assert_eq!(prints[0], prints[1]);
}

#[test]
fn values_that_cannot_be_looked_for_are_refused_by_name() {
    let mut known = KnownSecrets::new();
    let error = known
        .add("pin", &SecretString::from("1234".to_owned()))
        .unwrap_err();
    assert_eq!(
        error,
        KnownSecretError::TooShort {
            name: "pin".to_owned(),
            length: 4,
            least: 8
        }
    );
    let long = "x".repeat(5000);
    let error = known.add("blob", &SecretString::from(long)).unwrap_err();
    assert_eq!(
        error,
        KnownSecretError::TooLong {
            name: "blob".to_owned(),
            length: 5000,
            most: 4096
        }
    );
    assert!(known.is_empty());
    assert!(!format!("{:?}", detector(&[("a", "s3cr3t-s3cr3t")])).contains("s3cr3t"));
}
