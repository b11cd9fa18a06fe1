//! What a scan reports: a rule and a place, never the secret.

use std::ops::Range;

use serde::Serialize;

/// A secret that was found.
///
/// It says where the secret stands and how to know it again, but does not hold it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The id of the rule, or [`crate::KNOWN_SECRET`].
    pub rule: String,
    /// What the rule is about.
    pub description: String,
    /// The bytes of the input that hold the secret.
    pub range: Range<u64>,
    /// Line of the first character, from 1.
    pub line: u64,
    /// Column of the first character, from 1, counted in Unicode characters.
    pub column: u64,
    /// Line of the last character, from 1.
    pub end_line: u64,
    /// Column after the last character, from 1, counted in Unicode characters.
    pub end_column: u64,
    /// Shannon entropy of the secret, in bits for each byte.
    pub entropy: f64,
    /// Tells secrets apart without telling them: 32 hexadecimal digits, the same for the same secret and rule everywhere.
    pub fingerprint: String,
    /// The rule's tags.
    pub tags: Vec<String>,
    /// Whether the line holds a comment that allows it: `gitleaks:allow` or `loom:allow`.
    pub allowed_inline: bool,
}

/// Where the text comes from, as far as rules and allow lists ask for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Origin<'a> {
    /// Path of the file, with `/` between its parts.
    pub path: Option<&'a str>,
    /// Hash of the commit, in hexadecimal.
    pub commit: Option<&'a str>,
}
