//! What every request must keep to, whatever the script says.
//!
//! The rules are read off the vendors' API references, not off the product's code: a client that
//! misreads the protocol must fail here, even where its own server would agree with it.
//! [`Findings`] collects every broken rule of a request, so that a test shows them all at once.
//! What needs memory of earlier requests stands in [`super::history`].

mod anthropic;
mod openai;

use std::collections::HashSet;

use http::HeaderMap;
use serde_json::Value;

use super::history::Sendings;
use super::request::{ModelRequest, Protocol};

/// A broken rule, and the status that the vendor would answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) status: u16,
    pub(super) message: String,
}

impl Violation {
    /// A rule whose breach the vendor answers with 400.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            status: 400,
            message: message.into(),
        }
    }
}

/// The broken rules of one request.
#[derive(Debug, Default)]
pub(super) struct Findings {
    violations: Vec<Violation>,
}

impl Findings {
    fn add(&mut self, message: impl Into<String>) {
        self.violations.push(Violation::new(message));
    }

    /// Adds a finding unless the rule holds.
    fn require(&mut self, holds: bool, message: impl FnOnce() -> String) {
        if !holds {
            self.add(message());
        }
    }

    /// Requires an object with no fields but these.
    fn only_fields(&mut self, place: &str, value: &Value, allowed: &[&str]) {
        let Some(object) = value.as_object() else {
            self.add(format!("{place} is not an object"));
            return;
        };
        for name in object
            .keys()
            .filter(|name| !allowed.contains(&name.as_str()))
        {
            self.add(format!("{place} has the unknown field {name:?}"));
        }
    }

    /// Requires a text that is not blank: a block of text without text is refused.
    fn text(&mut self, place: &str, value: &Value) {
        match value.as_str() {
            Some(text) => {
                self.require(!text.trim().is_empty(), || format!("{place} is empty text"))
            }
            None => self.add(format!("{place} is not a string")),
        }
    }

    /// Requires standard base64 with padding (RFC 4648, section 4), and some of it.
    fn base64(&mut self, place: &str, value: &Value) {
        let valid = value.as_str().is_some_and(is_base64);
        self.require(valid, || format!("{place} is not base64"));
    }

    /// Requires names that both vendors accept, each declared once; returns them.
    fn tool_names(&mut self, names: Vec<(String, &Value)>) -> HashSet<String> {
        let mut declared = HashSet::new();
        for (place, name) in names {
            let Some(name) = name.as_str().filter(|name| is_tool_name(name)) else {
                self.add(format!(
                    "{place} is {name}, not 1 to 64 letters, digits, '_' and '-'"
                ));
                continue;
            };
            let is_new = declared.insert(name.to_owned());
            self.require(is_new, || {
                format!("{place}: the tool {name:?} is declared twice")
            });
        }
        declared
    }
}

/// Checks a request for an answer, by itself.
pub(super) fn check(request: &ModelRequest, api_key: &str, sendings: &Sendings) -> Vec<Violation> {
    let mut violations = check_headers(request.protocol(), request.headers(), api_key);
    let mut findings = Findings::default();
    let content_type = request.header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().map(str::trim);
    findings.require(media_type == Some("application/json"), || {
        format!("content-type is {content_type:?}, not application/json")
    });
    if request.json().is_object() {
        match request.protocol() {
            Protocol::Anthropic => anthropic::check(request.json(), sendings, &mut findings),
            Protocol::OpenAi => openai::check(request.json(), sendings, &mut findings),
        }
    } else {
        findings.add("the body is not a JSON object");
    }
    violations.append(&mut findings.violations);
    violations
}

/// Checks what every request must carry, the list of models included.
pub(super) fn check_headers(
    protocol: Protocol,
    headers: &HeaderMap,
    api_key: &str,
) -> Vec<Violation> {
    let header = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    };
    let mut violations = Vec::new();
    let key = match protocol {
        Protocol::Anthropic => header("x-api-key"),
        Protocol::OpenAi => header("authorization")
            .strip_prefix("Bearer ")
            .unwrap_or_default(),
    };
    if key != api_key {
        violations.push(Violation {
            status: 401,
            message: format!("the key is {key:?}, not {api_key:?}"),
        });
    }
    let version = header("anthropic-version");
    if protocol == Protocol::Anthropic && version != "2023-06-01" {
        violations.push(Violation::new(format!(
            "anthropic-version is {version:?}, not \"2023-06-01\""
        )));
    }
    violations
}

/// An array's elements; nothing where the value is no array.
fn elements(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn is_tool_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

fn is_base64(text: &str) -> bool {
    let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
    let digits = &text[..text.len() - padding];
    !digits.is_empty()
        && text.len().is_multiple_of(4)
        && padding <= 2
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}
