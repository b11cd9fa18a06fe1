//! SARIF 2.1.0, as code hosts read it.
//!
//! Source: OASIS, Static Analysis Results Interchange Format 2.1.0.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Located;
use crate::rules::Rules;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Writes findings as a SARIF log of one run; `version` is that of the program. No field holds a secret.
pub fn sarif(findings: &[Located<'_>], rules: &Rules, version: &str) -> Value {
    let known: BTreeMap<&str, _> = rules.iter().map(|rule| (rule.id, rule)).collect();
    let mut indices: BTreeMap<&str, usize> = BTreeMap::new();
    let mut listed = Vec::new();
    for located in findings {
        let id = located.finding.rule.as_str();
        indices.entry(id).or_insert_with(|| {
            let tags = known
                .get(id)
                .map_or(located.finding.tags.as_slice(), |rule| rule.tags);
            listed.push(json!({
                "id": id,
                "shortDescription": { "text": description(&located.finding.description, id) },
                "defaultConfiguration": { "level": "error" },
                "properties": { "tags": tags },
            }));
            listed.len() - 1
        });
    }
    let results: Vec<Value> = findings
        .iter()
        .map(|located| result(located, &indices))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "loom", "version": version, "rules": listed } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn description(text: &str, id: &str) -> String {
    if text.is_empty() {
        id.to_owned()
    } else {
        text.to_owned()
    }
}

fn result(located: &Located<'_>, indices: &BTreeMap<&str, usize>) -> Value {
    let finding = located.finding;
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": indices.get(finding.rule.as_str()),
        "level": "error",
        "message": { "text": format!("A secret was found by the rule {}.", finding.rule) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(located.path) },
                "region": {
                    "startLine": finding.line,
                    "startColumn": finding.column,
                    "endLine": finding.end_line,
                    "endColumn": finding.end_column,
                    "byteOffset": finding.range.start,
                    "byteLength": finding.range.end - finding.range.start,
                },
            },
        }],
        "partialFingerprints": { "secret/v1": finding.fingerprint },
        "properties": { "entropy": finding.entropy },
    });
    if let Some(commit) = located.commit {
        result["properties"]["commit"] = commit.into();
    }
    if finding.allowed_inline {
        result["suppressions"] = json!([{ "kind": "inSource" }]);
    }
    result
}

/// The path as a relative reference: RFC 3986, section 3.3.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
