//! An answer that is a failure, before an adapter says what it means.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use loom_common_core::{LlmError, LlmErrorKind};
use loom_common_http::{parse_retry_after, parse_should_retry};
use reqwest::Response;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::peer::Peer;

/// The most bytes of a failure's body that are read.
const BODY_LIMIT: usize = 64 * 1024;
/// How long the body of a failure may take: its status says nearly all.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most characters that are shown of what a peer sent.
const SHOWN_CHARACTERS: usize = 300;

/// An HTTP answer that is a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The status.
    pub status: StatusCode,
    /// The body as text, with the peer's secret blotted out.
    pub body: String,
    retry_after_ms: Option<u64>,
    should_retry: Option<bool>,
    request_id: Option<String>,
}

impl Failure {
    /// Reads an answer whose status is not a success. A body that does not come is left out.
    pub async fn read(peer: &Peer, mut response: Response) -> Self {
        let headers = response.headers().clone();
        let status = response.status();
        let mut body = Vec::new();
        let read = async {
            while let Ok(Some(piece)) = response.chunk().await {
                let room = BODY_LIMIT - body.len();
                body.extend_from_slice(&piece[..piece.len().min(room)]);
                if body.len() == BODY_LIMIT {
                    break;
                }
            }
        };
        // What came within the time is what there is.
        let _ = timeout(PATIENCE, read).await;
        Self {
            status,
            body: peer.redact(&String::from_utf8_lossy(&body)),
            retry_after_ms: retry_after_ms(&headers),
            should_retry: parse_should_retry(&headers),
            request_id: request_id(&headers),
        }
    }

    /// Reads the body as JSON; `None` when it is something else.
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&self.body).ok()
    }

    /// Describes a body of no known form in one short line.
    pub fn summary(&self) -> String {
        let body = self.body.trim();
        if body.is_empty() {
            let reason = self.status.canonical_reason().unwrap_or("no explanation");
            return reason.to_owned();
        }
        if body.starts_with('<') {
            return match html_title(body) {
                Some(title) => format!("a web page titled \"{}\"", one_line(title)),
                None => "a web page".to_owned(),
            };
        }
        one_line(body)
    }

    /// Makes the error for a refusal by the provider of `model`, in the provider's own words.
    pub fn explained(
        &self,
        peer: &Peer,
        kind: LlmErrorKind,
        model: &str,
        explanation: &str,
    ) -> LlmError {
        let name = peer.name;
        let message = match kind {
            LlmErrorKind::KeyRefused => key_refused(peer),
            LlmErrorKind::ModelNotFound => format!("{name} has no model `{model}`"),
            _ if explanation.is_empty() => {
                format!("{name} refused the request: {}", self.summary())
            }
            _ => format!("{name} refused the request: {}", peer.quote(explanation)),
        };
        peer.advise(self.error(kind, message))
    }

    /// Makes the error for an answer without an explanation that the API would give: it comes from a
    /// proxy in between, or from another kind of server.
    pub fn unexplained(&self, peer: &Peer, kind: LlmErrorKind) -> LlmError {
        if kind == LlmErrorKind::KeyRefused {
            return peer.advise(self.error(kind, key_refused(peer)));
        }
        let summary = self.summary();
        let address_hint = peer.hints.address;
        if self.status.is_success() {
            let error = peer.malformed(&format!("it is not an event stream but {summary}"));
            return error.with_hint(address_hint);
        }
        let Peer { name, base, .. } = peer;
        let status = self.status.as_u16();
        let error = self.error(
            kind,
            format!("{name} at {base} answered {status}: {summary}"),
        );
        match kind {
            LlmErrorKind::InvalidRequest => error.with_hint(address_hint),
            _ if self.status.is_redirection() => error.with_hint(address_hint),
            _ => peer.advise(error),
        }
    }

    /// Makes the error, with what the headers say about trying again.
    pub fn error(&self, kind: LlmErrorKind, message: impl Into<String>) -> LlmError {
        LlmError {
            retry_after_ms: self.retry_after_ms,
            // The account stays empty whatever the headers say.
            should_retry: self
                .should_retry
                .filter(|retry| !(*retry && kind == LlmErrorKind::SpendLimit)),
            request_id: self.request_id.clone(),
            ..LlmError::new(kind, message)
        }
    }
}

/// Says that a key was refused, without the provider's words: they may repeat a part of the key.
fn key_refused(peer: &Peer) -> String {
    let name = peer.name;
    match peer.secret {
        Some(_) => format!("{name} refused the API key"),
        None => format!("{name} wants an API key, and the server has none"),
    }
}

/// Returns what a status of a model provider means where nothing explains it.
pub fn kind_of_status(status: StatusCode) -> LlmErrorKind {
    match status.as_u16() {
        401 => LlmErrorKind::KeyRefused,
        402 => LlmErrorKind::SpendLimit,
        403 => LlmErrorKind::PermissionDenied,
        408 => LlmErrorKind::Timeout,
        413 => LlmErrorKind::ContextTooLong,
        429 => LlmErrorKind::RateLimited,
        // Not in any standard: Anthropic's word for an overload.
        503 | 529 => LlmErrorKind::Overloaded,
        500.. => LlmErrorKind::ProviderFailed,
        _ => LlmErrorKind::InvalidRequest,
    }
}

/// Reads how long to wait. A date is compared with the peer's own clock, its `date` header, so that
/// clocks which differ do no harm.
fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    let now = headers
        .get(http::header::DATE)
        .and_then(|date| date.to_str().ok())
        .and_then(|date| rfc2822::parse(date).ok())
        .map_or(Timestamp::MAX, |date| date.timestamp());
    let delay = parse_retry_after(headers, now)?;
    Some(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX))
}

/// Reads the peer's name for the request: Anthropic and OpenAI spell the header differently.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers
        .get("request-id")
        .or_else(|| headers.get("x-request-id"))?;
    Some(one_line(id.to_str().ok()?))
}

fn html_title(page: &str) -> Option<&str> {
    // Only ASCII changes, so places in the lowercased page are places in the page.
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    Some(page[start..end].trim()).filter(|title| !title.is_empty())
}

/// Returns the text without line ends and control characters, shortened.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::new();
    let mut count = 0;
    for word in text.split(|character: char| character.is_whitespace() || character.is_control()) {
        if word.is_empty() {
            continue;
        }
        if count > 0 {
            line.push(' ');
            count += 1;
        }
        for character in word.chars() {
            if count >= SHOWN_CHARACTERS {
                line.push('…');
                return line;
            }
            line.push(character);
            count += 1;
        }
    }
    line
}
