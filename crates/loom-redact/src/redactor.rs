//! The built-in rules for those who have little text and no time: logs, errors, messages.
//!
//! Reading the rules takes some 20 ms and megabytes. Most texts need none of it: a rule finds nothing where none of
//! its keywords stands ([`naive`](crate::naive)), and which keywords there are is told by a glance at the rule files,
//! without reading the rules. So a [`Redactor`] looks for keywords first, and reads the rules when it comes across
//! one.

mod glance;

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::known::KnownMatcher;
use crate::{Detector, KnownSecrets, Rules};

/// Takes out what the built-in rules find and what is known to be secret; clones share everything.
#[derive(Clone)]
pub struct Redactor {
    shared: Arc<Shared>,
    specific_only: bool,
}

struct Shared {
    known: KnownSecrets,
    matcher: Option<KnownMatcher>,
    /// Made when a text needs it.
    detector: OnceLock<Detector>,
}

impl Redactor {
    /// Makes a redactor of the built-in rules and these values.
    pub fn new(known: KnownSecrets) -> Self {
        Self {
            shared: Arc::new(Shared {
                matcher: known.matcher(),
                known,
                detector: OnceLock::new(),
            }),
            specific_only: false,
        }
    }

    /// Returns the same without the generic rules, as [`Detector::without_generic_rules`].
    #[must_use]
    pub fn without_generic_rules(&self) -> Self {
        Self {
            specific_only: true,
            ..self.clone()
        }
    }

    /// Takes the secrets out of a text, as [`Detector::redact`].
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.is_clean(text.as_bytes()) {
            true => Cow::Borrowed(text),
            false => self.detector().redact(text),
        }
    }

    /// Takes the secrets out of bytes, as [`Detector::redact_bytes`].
    pub fn redact_bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        match self.is_clean(bytes) {
            true => Cow::Borrowed(bytes),
            false => self.detector().redact_bytes(bytes),
        }
    }

    /// Takes the secrets out of a value, as [`Detector::redact_json`].
    pub fn redact_json(&self, value: &mut Value) {
        if !self.is_clean_json("", value) {
            self.detector().redact_json(value);
        }
    }

    fn detector(&self) -> Detector {
        let shared = &self.shared;
        let detector = shared
            .detector
            .get_or_init(|| Detector::new(Rules::builtin(), shared.known.clone()));
        match self.specific_only {
            true => detector.without_generic_rules(),
            false => detector.clone(),
        }
    }

    /// Tells whether there is certainly nothing to find. Once the rules are read, they are faster.
    fn is_clean(&self, text: &[u8]) -> bool {
        if self.shared.detector.get().is_some() {
            return false;
        }
        let matcher = self.shared.matcher.as_ref();
        let has_known = |text: &[u8]| matcher.is_some_and(|known| known.automaton.is_match(text));
        glance::readings(text).is_some_and(|readings| {
            readings
                .iter()
                .all(|text| !glance::has_keyword(text) && !has_known(text))
        })
    }

    /// The same for the strings of a value, each beside its key as it is searched.
    fn is_clean_json(&self, key: &str, value: &Value) -> bool {
        match value {
            Value::String(text) => self.is_clean(format!("\"{key}\": \"{text}\"").as_bytes()),
            Value::Array(items) => items.iter().all(|item| self.is_clean_json(key, item)),
            Value::Object(fields) => fields.iter().all(|(key, value)| {
                self.is_clean(format!("\"{key}\": ").as_bytes()) && self.is_clean_json(key, value)
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) => true,
        }
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Redactor")
            .field("known", &self.shared.known)
            .field("specific_only", &self.specific_only)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use loom_common_secret::SecretString;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn redactor() -> Redactor {
        let mut known = KnownSecrets::new();
        let value = SecretString::new("swordfish-0123".to_owned());
        known.add("fish", &value).unwrap();
        Redactor::new(known)
    }

    /// A token that a rule knows, in parts: whole it would look like one.
    fn token() -> String {
        ["ghp", "_", "aV8kQ2mW7pLz4TxR9nB3", "cD6fG1hJ5sKyE0uI"].concat()
    }

    #[test]
    fn the_rules_are_read_for_a_text_with_a_keyword_and_for_no_other() {
        let redactor = redactor();
        for text in ["", "fix the parser\nand run its tests", "swordfish 0123"] {
            assert_eq!(redactor.redact(text), text);
        }
        redactor.redact_json(&mut json!({"command": "ls -l", "count": [1, null]}));
        assert!(redactor.shared.detector.get().is_none());
        assert_eq!(redactor.redact(&token()), "[REDACTED:github-pat]");
        assert!(redactor.shared.detector.get().is_some());
    }

    #[test]
    fn what_is_broken_by_colours_and_lines_is_not_overlooked() {
        let token = token();
        let (start, end) = token.split_at(2);
        let line = "x".repeat(78);
        for text in [
            format!("{start}\u{1b}[1m{end}"),
            format!("{line}{start}\r\n{end}"),
            format!("{line}{start}\n{end}"),
        ] {
            let detector = Detector::new(Rules::builtin(), KnownSecrets::new());
            let redacted = redactor().redact(&text).into_owned();
            assert!(redacted.contains("[REDACTED:"), "{redacted}");
            assert_eq!(redacted, detector.redact(&text));
        }
        let known = redactor()
            .redact("a\u{1b}[1mswordfish\u{1b}[m-0123")
            .into_owned();
        assert!(!known.contains("0123"), "{known}");
    }

    #[test]
    fn a_key_says_what_its_value_is() {
        let mut value = json!({"list": [{"password": "kV9xQ2mW7pLz4T"}]});
        redactor().redact_json(&mut value);
        assert_eq!(
            value,
            json!({"list": [{"password": "[REDACTED:generic-password]"}]})
        );
    }

    proptest! {
        #[test]
        fn a_glance_never_changes_the_result(
            words in prop::collection::vec(
                prop_oneof![
                    "[a-z]{1,8}",
                    "[A-Za-z0-9_]{12,40}",
                    Just("password = ".to_owned()),
                    Just("GHP_".to_owned()),
                    Just("\u{1b}[1m".to_owned()),
                    Just("\r\n".to_owned()),
                    Just("swordfish-0123".to_owned()),
                    Just("c3dvcmRmaXNoLTAxMjM=".to_owned()),
                ],
                0..12,
            ),
        ) {
            let text = words.concat();
            let fresh = redactor();
            let expected = fresh.detector().redact(&text).into_owned();
            let other = redactor();
            prop_assert_eq!(other.redact(&text), expected);
        }
    }
}
