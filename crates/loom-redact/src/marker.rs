//! `[REDACTED:rule-id]`: what stands in the place of a secret, and how it is known again.

use std::ops::Range;

const START: &str = "[REDACTED:";
/// The longest id that a rule may have; see the reader of rule files.
const LONGEST_ID: usize = 100;
/// The longest marker, in bytes.
pub(crate) const LONGEST_MARKER: usize = START.len() + LONGEST_ID + 1;

/// Returns what stands in the place of a secret that a rule has found.
pub fn of(rule: &str) -> String {
    format!("{START}{rule}]")
}

/// Returns the markers of a text, in order.
pub fn all(text: &str) -> impl Iterator<Item = &str> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let found = find(text.as_bytes(), at)?;
        at = found.end;
        text.get(found)
    })
}

/// Finds the first marker that starts at or behind a place.
pub(crate) fn find(text: &[u8], from: usize) -> Option<Range<usize>> {
    let mut at = from;
    loop {
        let start = at + memchr::memmem::find(text.get(at..)?, START.as_bytes())?;
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
