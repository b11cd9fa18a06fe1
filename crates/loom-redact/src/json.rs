//! Redacts inside JSON: strings change, the shape does not.
//!
//! A string is read together with the key that it stands under, as `"key": "value"`, so that a rule for assignments
//! sees what the key says about the value; the strings of a list stand under the list's key. Escapes are undone before
//! and made again after. In a text every byte outside of the strings that held a secret stays as it was: numbers keep
//! their form, and spaces and the order of keys stay.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::detector::Detector;
use crate::marker;
use crate::stream::READINGS;

impl Detector {
    /// Takes the secrets out of all strings of a value and of the keys of its objects.
    ///
    /// A key that becomes the same as another one gets a number.
    pub fn redact_json(&self, value: &mut Value) {
        self.redact_value("", value);
    }

    /// Takes the secrets out of all strings of a JSON text, its keys included; none if the text is no JSON.
    pub fn redact_json_text<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        serde_json::from_str::<IgnoredAny>(text).ok()?;
        let strings = strings(text);
        // The parser took each literal, so it can be read.
        let read =
            |string: &Literal| serde_json::from_str::<String>(&text[string.start..string.end]);
        let redacted: Vec<Option<String>> = strings
            .iter()
            .map(|string| {
                let key = (!string.is_key).then_some(string.key.as_str());
                self.redact_pair(key, &read(string).ok()?)
            })
            .collect();
        let mut taken: HashSet<(usize, String)> = strings
            .iter()
            .zip(&redacted)
            .filter(|(string, redacted)| string.is_key && redacted.is_none())
            .filter_map(|(string, _)| Some((string.object, read(string).ok()?)))
            .collect();
        let mut output = String::new();
        let mut done = 0;
        for (string, redacted) in strings.iter().zip(redacted) {
            let Some(mut value) = redacted else { continue };
            if string.is_key {
                value = unique(value, |key| {
                    taken.contains(&(string.object, key.to_owned()))
                });
                taken.insert((string.object, value.clone()));
            }
            output.push_str(&text[done..string.start]);
            output.push_str(&Value::String(value).to_string());
            done = string.end;
        }
        if done == 0 {
            return Some(Cow::Borrowed(text));
        }
        output.push_str(&text[done..]);
        Some(Cow::Owned(output))
    }

    fn redact_value(&self, key: &str, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(redacted) = self.redact_pair(Some(key), text) {
                    *text = redacted;
                }
            }
            Value::Array(items) => items
                .iter_mut()
                .for_each(|item| self.redact_value(key, item)),
            Value::Object(fields) => {
                for (key, value) in fields.iter_mut() {
                    self.redact_value(key, value);
                }
                self.redact_keys(fields);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn redact_keys(&self, fields: &mut Map<String, Value>) {
        if fields
            .keys()
            .all(|key| self.redact_pair(None, key).is_none())
        {
            return;
        }
        let redacted: Vec<(Option<String>, String, Value)> = std::mem::take(fields)
            .into_iter()
            .map(|(key, value)| (self.redact_pair(None, &key), key, value))
            .collect();
        let mut taken: HashSet<String> = redacted
            .iter()
            .filter(|(redacted, ..)| redacted.is_none())
            .map(|(_, key, _)| key.clone())
            .collect();
        for (redacted, key, value) in redacted {
            let key = redacted.map_or(key, |redacted| unique(redacted, |key| taken.contains(key)));
            taken.insert(key.clone());
            fields.insert(key, value);
        }
    }

    /// The text without secrets, unless there was none; a key itself has none.
    fn redact_pair(&self, key: Option<&str>, text: &str) -> Option<String> {
        let before = key.map_or_else(|| "\"".to_owned(), |key| format!("\"{key}\": \""));
        let mut value = text.to_owned();
        // What was taken out may have hidden something, as in a stream.
        for _ in 0..READINGS {
            let pair = format!("{before}{value}\"");
            let inside = before.len()..pair.len() - 1;
            let mut redacted = String::with_capacity(value.len());
            let mut done = inside.start;
            for finding in self.scan(pair.as_bytes()) {
                let place = |at: u64| {
                    usize::try_from(at)
                        .unwrap_or(inside.end)
                        .clamp(done, inside.end)
                };
                let (start, end) = (place(finding.range.start), place(finding.range.end));
                if start < end {
                    redacted.push_str(&pair[done..start]);
                    redacted.push_str(&marker::of(&finding.rule));
                    done = end;
                }
            }
            if done == inside.start {
                break;
            }
            redacted.push_str(&pair[done..inside.end]);
            value = redacted;
        }
        (value != text).then_some(value)
    }
}

/// The key with a number if it is taken.
fn unique(key: String, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(&key) {
        return key;
    }
    (2_u64..)
        .map(|number| format!("{key}-{number}"))
        .find(|key| !is_taken(key))
        .unwrap_or(key)
}

/// A string in a JSON text, with its quotes.
struct Literal {
    start: usize,
    end: usize,
    is_key: bool,
    /// The key that it stands under.
    key: String,
    /// The object or list that it stands in, by the place where that starts.
    object: usize,
}

/// All strings of a valid JSON text, in order.
fn strings(text: &str) -> Vec<Literal> {
    let bytes = text.as_bytes();
    let mut all: Vec<Literal> = Vec::new();
    // For each open object or list the key that it stands under and the place where it starts.
    let mut outer: Vec<(String, usize)> = Vec::new();
    let mut key = String::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                let end = literal_end(bytes, at);
                all.push(Literal {
                    start: at,
                    end,
                    is_key: false,
                    key: key.clone(),
                    object: outer.last().map_or(0, |(_, start)| *start),
                });
                at = end;
                continue;
            }
            b':' => {
                if let Some(last) = all.last_mut() {
                    last.is_key = true;
                    key = serde_json::from_str(&text[last.start..last.end]).unwrap_or_default();
                }
            }
            b'{' | b'[' => outer.push((key.clone(), at)),
            b'}' | b']' => key = outer.pop().map(|(key, _)| key).unwrap_or_default(),
            b',' => key = outer.last().map(|(key, _)| key.clone()).unwrap_or_default(),
            _ => {}
        }
        at += 1;
    }
    all
}

/// The end of the string that starts here.
fn literal_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = bytes
        .get(at..)
        .and_then(|rest| memchr::memchr2(b'"', b'\\', rest))
    {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}
