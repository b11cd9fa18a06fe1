//! Findings of files, written for people's tools: JSON and SARIF 2.1.0.

mod sarif;

use serde::Serialize;
use serde_json::Value;

pub use sarif::sarif;

use crate::finding::Finding;

/// A finding and the file, and perhaps the commit, where it was found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Located<'a> {
    /// Path of the file, relative to what was scanned, with `/` between its parts.
    pub path: &'a str,
    /// Hash of the commit that brought it in, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<&'a str>,
    /// What was found.
    #[serde(flatten)]
    pub finding: &'a Finding,
}

/// Writes findings as a JSON array of objects: the fields of [`Finding`] with `path` and, if any, `commit`.
pub fn json(findings: &[Located<'_>]) -> Value {
    // Texts, numbers and lists only, which always have a form in JSON.
    serde_json::to_value(findings).unwrap_or_default()
}
