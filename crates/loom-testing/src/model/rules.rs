//! What every request must keep to, whatever the script says.

use http::HeaderMap;

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

/// Checks a request for an answer.
pub(super) fn check(request: &ModelRequest, api_key: &str) -> Vec<Violation> {
    let mut violations = check_headers(request.protocol(), request.headers(), api_key);
    let content_type = request.header("content-type").unwrap_or_default();
    if content_type.split(';').next().map(str::trim) != Some("application/json") {
        violations.push(Violation::new(format!(
            "content-type is {content_type:?}, not application/json"
        )));
    }
    if request.json().is_null() {
        violations.push(Violation::new("the body is not JSON"));
    }
    violations
}

/// Checks what every request must carry, the list of models included.
pub(super) fn check_headers(
    protocol: Protocol,
    headers: &HeaderMap,
    api_key: &str,
) -> Vec<Violation> {
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
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
