//! `[REDACTED:rule-id]`: what stands in the place of a secret, and how it is known again.

use std::ops::Range;

const START: &[u8] = b"[REDACTED:";
/// The longest id that a rule may have; see the reader of rule files.
const LONGEST_ID: usize = 100;
/// The longest marker, in bytes.
pub(crate) const LONGEST_MARKER: usize = START.len() + LONGEST_ID + 1;

/// Appends the marker of a rule.
pub(crate) fn push(rule: &str, output: &mut Vec<u8>) {
    output.extend_from_slice(START);
    output.extend_from_slice(rule.as_bytes());
    output.push(b']');
}

/// Finds the first marker that starts at or behind a place.
pub(crate) fn find(text: &[u8], from: usize) -> Option<Range<usize>> {
    let mut at = from;
    loop {
        let start = at + memchr::memmem::find(text.get(at..)?, START)?;
        let id = &text[start + START.len()..];
        let length = id
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
            .count();
        if (1..=LONGEST_ID).contains(&length) && id.get(length) == Some(&b']') {
            return Some(start..start + START.len() + length + 1);
        }
        at = start + 1;
    }
}
