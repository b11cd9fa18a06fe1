//! Redacts inside JSON: the strings change, the shape does not.
//!
//! A string is read together with the key it stands under, as `"key": "value"`, so that a rule for assignments
//! sees what the key says about the value.

use serde_json::Value;

use crate::detector::Detector;

impl Detector {
    /// Takes the secrets out of all strings of a value, and out of the keys of its objects.
    pub fn redact_json(&self, value: &mut Value) {
        redact_value(self, "", value);
    }
}

fn redact_value(detector: &Detector, key: &str, value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(redacted) = redact_pair(detector, key, text) {
                *text = redacted;
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| redact_value(detector, key, item)),
        Value::Object(fields) => fields
            .iter_mut()
            .for_each(|(key, value)| redact_value(detector, key, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text without secrets, unless there was none.
fn redact_pair(detector: &Detector, key: &str, text: &str) -> Option<String> {
    let before = format!("\"{key}\": \"");
    let pair = format!("{before}{text}\"");
    let mut redacted = String::with_capacity(text.len());
    let mut done = before.len();
    let end = pair.len() - 1;
    for finding in detector.scan(pair.as_bytes()) {
        let start = usize::try_from(finding.range.start)
            .unwrap_or(end)
            .clamp(done, end);
        let stop = usize::try_from(finding.range.end)
            .unwrap_or(end)
            .clamp(done, end);
        if start < stop {
            redacted.push_str(&pair[done..start]);
            redacted.push_str(&format!("[REDACTED:{}]", finding.rule));
            done = stop;
        }
    }
    (done > before.len()).then(|| redacted + &pair[done..end])
}
