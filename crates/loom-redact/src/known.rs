//! Values that are known to be secret, looked for as they are and as they get encoded.
//!
//! The forms of a value stay in memory, in an automaton, as long as a detector is used that looks for them; they are not
//! overwritten afterwards.

use aho_corasick::{AhoCorasick, MatchKind};
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use loom_common_secret::SecretString;

use crate::LONGEST_MATCH;
use crate::error::KnownSecretError;
use crate::fingerprint;

/// The rule's id of a value whose name is no slug.
pub const KNOWN_SECRET: &str = "known-secret";

/// The shortest value looked for, in bytes.
///
/// Shorter ones are words, numbers and years: taking each out would make every text unreadable, and the pieces
/// of base64 that do not depend on what stands around are shorter still.
pub const SHORTEST_KNOWN_SECRET: usize = 8;

/// Exact values to be found whatever the rules say: plain, in base64, percent-encoded and as in JSON.
#[derive(Clone, Default)]
pub struct KnownSecrets {
    names: Vec<String>,
    fingerprints: Vec<String>,
    patterns: Vec<(Vec<u8>, usize)>,
}

impl KnownSecrets {
    /// Starts with no value.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value; `name` is shown in its place if it is a slug of lower-case letters, digits and dashes.
    ///
    /// # Errors
    ///
    /// When the value is shorter than [`SHORTEST_KNOWN_SECRET`] or too long to be looked for.
    pub fn add(&mut self, name: &str, value: &SecretString) -> Result<(), KnownSecretError> {
        let value = value.expose();
        if value.len() < SHORTEST_KNOWN_SECRET {
            return Err(KnownSecretError::TooShort {
                name: name.to_owned(),
                length: value.len(),
                least: SHORTEST_KNOWN_SECRET,
            });
        }
        let most = LONGEST_MATCH / 4;
        if value.len() > most {
            return Err(KnownSecretError::TooLong {
                name: name.to_owned(),
                length: value.len(),
                most,
            });
        }
        let index = self.names.len();
        let shown = slug(name).unwrap_or(KNOWN_SECRET);
        self.names.push(shown.to_owned());
        self.fingerprints
            .push(fingerprint::of(shown, value.as_bytes()));
        for form in forms(value) {
            if form.len() >= SHORTEST_KNOWN_SECRET
                && !self.patterns.iter().any(|(other, _)| *other == form)
            {
                self.patterns.push((form, index));
            }
        }
        Ok(())
    }

    /// Returns whether no value was added.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub(crate) fn matcher(&self) -> Option<KnownMatcher> {
        if self.patterns.is_empty() {
            return None;
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(self.patterns.iter().map(|(pattern, _)| pattern))
            .ok()?;
        let pick = |of: &[String]| {
            self.patterns
                .iter()
                .map(|(_, index)| of[*index].clone())
                .collect()
        };
        Some(KnownMatcher {
            automaton,
            names: pick(&self.names),
            fingerprints: pick(&self.fingerprints),
            longest: self
                .patterns
                .iter()
                .map(|(pattern, _)| pattern.len())
                .max()
                .unwrap_or(0),
        })
    }
}

impl std::fmt::Debug for KnownSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KnownSecrets")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

/// The automaton over all forms of all values.
pub(crate) struct KnownMatcher {
    pub(crate) automaton: AhoCorasick,
    /// For each pattern the name to be shown.
    pub(crate) names: Vec<String>,
    /// For each pattern the fingerprint of the value that it is a form of.
    pub(crate) fingerprints: Vec<String>,
    /// Length of the longest pattern, in bytes.
    pub(crate) longest: usize,
}

fn slug(name: &str) -> Option<&str> {
    let valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (!name.is_empty() && name.len() <= 64 && name.bytes().all(valid)).then_some(name)
}

/// The value as it is and as it gets encoded, without doubles.
fn forms(value: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![value.as_bytes().to_vec()];
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        for offset in 0..3 {
            forms.push(base64_inside(engine, value.as_bytes(), offset));
        }
    }
    for upper in [true, false] {
        forms.push(percent_encoded(value, upper, b"-._~"));
        // `application/x-www-form-urlencoded`.
        let form = percent_encoded(value, upper, b"-._* ");
        forms.push(
            form.into_iter()
                .map(|byte| if byte == b' ' { b'+' } else { byte })
                .collect(),
        );
    }
    if let Ok(quoted) = serde_json::to_string(value) {
        let inside = &quoted[1..quoted.len() - 1];
        forms.push(inside.as_bytes().to_vec());
        forms.push(inside.replace('/', r"\/").into_bytes());
    }
    let mut unique = Vec::with_capacity(forms.len());
    for form in forms {
        if !unique.contains(&form) {
            unique.push(form);
        }
    }
    unique
}

/// The digits of base64 that the value decides alone when `offset` bytes of a group stand before it.
fn base64_inside(engine: &impl base64::Engine, value: &[u8], offset: usize) -> Vec<u8> {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(value);
    let encoded = engine.encode(&padded).into_bytes();
    let first = (offset * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    encoded[first..last].to_vec()
}

fn percent_encoded(value: &str, upper: bool, unreserved: &[u8]) -> Vec<u8> {
    let digits: &[u8; 16] = if upper {
        b"0123456789ABCDEF"
    } else {
        b"0123456789abcdef"
    };
    let mut encoded = Vec::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || unreserved.contains(&byte) {
            encoded.push(byte);
        } else {
            encoded.extend([
                b'%',
                digits[usize::from(byte >> 4)],
                digits[usize::from(byte & 15)],
            ]);
        }
    }
    encoded
}

impl std::fmt::Debug for KnownMatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KnownMatcher")
            .field("patterns", &self.names.len())
            .finish_non_exhaustive()
    }
}
