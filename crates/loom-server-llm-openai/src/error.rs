//! What the errors of OpenAI and compatible servers mean.
//!
//! OpenAI tells by `code`, else by `type`; compatible servers often by the message only, or by a
//! status in the place of the code. What none of these tells, the HTTP status does.

use http::StatusCode;
use loom_common_core::{LlmError, LlmErrorKind};
use loom_llm_core::{Failure, Peer, kind_of_status};
use serde::Deserialize;
use serde_json::Value;

/// An error as the server describes it.
#[derive(Debug, Default, Deserialize)]
struct ErrorDetail {
    #[serde(default)]
    message: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    /// A name, or a status as a number.
    #[serde(default)]
    code: Value,
}

/// Makes the error for an answer that is a failure; `model` is the one that was asked.
pub(crate) fn refusal(failure: &Failure, peer: &Peer, model: &str) -> LlmError {
    let Some(error) = described(&failure.body) else {
        return failure.unexplained(peer, kind_of_status(failure.status));
    };
    let status = Some(failure.status).filter(|status| !status.is_success());
    let kind = kind(&error, status);
    let explanation = error.message.unwrap_or_default();
    let refusal = failure.explained(peer, kind, model, &explanation);
    // Ollama says this of most small models.
    if explanation.contains("does not support tools") {
        return refusal.with_hint("choose a model that can call tools, with --model");
    }
    refusal
}

/// Makes the error for an error object in the middle of a stream.
pub(crate) fn interruption(json: &str, peer: &Peer) -> LlmError {
    let error = detail(json).unwrap_or_default();
    let kind = kind(&error, None);
    let explanation = error.message.or(error.kind);
    peer.broke_off(kind, explanation.as_deref().unwrap_or(json))
}

/// Reads the error in a body: an object under `error`, a text there, or the fields themselves.
fn described(body: &str) -> Option<ErrorDetail> {
    #[derive(Deserialize)]
    struct ErrorBody<'a> {
        #[serde(borrow)]
        error: &'a serde_json::value::RawValue,
    }

    match serde_json::from_str::<ErrorBody<'_>>(body) {
        Ok(body) => detail(body.error.get()),
        Err(_) => detail(body).filter(|error| error.message.is_some()),
    }
}

fn detail(json: &str) -> Option<ErrorDetail> {
    match serde_json::from_str(json).ok()? {
        Value::String(message) => Some(ErrorDetail {
            message: Some(message),
            ..ErrorDetail::default()
        }),
        value @ Value::Object(_) => serde_json::from_value(value).ok(),
        _ => None,
    }
}

fn kind(error: &ErrorDetail, status: Option<StatusCode>) -> LlmErrorKind {
    let message = error.message.as_deref().unwrap_or_default().to_lowercase();
    let says = |words: &str| message.contains(words);
    let code = error.code.as_str().unwrap_or_default();
    let named = |name: &str| code == name || error.kind.as_deref() == Some(name);
    let status_in_code = error
        .code
        .as_u64()
        .and_then(|code| u16::try_from(code).ok());
    let status = status.or_else(|| StatusCode::from_u16(status_in_code?).ok());

    if named("insufficient_quota") || named("billing_hard_limit_reached") {
        return LlmErrorKind::SpendLimit;
    }
    if named("context_length_exceeded")
        || says("maximum context length")
        || says("context window")
        || says("context size")
        || says("prompt is too long")
        // Under the status and code of a rate limit, but larger than the limit itself: waiting does
        // not help.
        || says("request too large")
    {
        return LlmErrorKind::ContextTooLong;
    }
    if named("model_not_found") || (status == Some(StatusCode::NOT_FOUND) && says("model")) {
        return LlmErrorKind::ModelNotFound;
    }
    if named("invalid_api_key") || named("authentication_error") {
        return LlmErrorKind::KeyRefused;
    }
    match status {
        Some(status) => kind_of_status(status),
        None if named("rate_limit_exceeded") => LlmErrorKind::RateLimited,
        None if named("invalid_request_error") => LlmErrorKind::InvalidRequest,
        None if says("overloaded") => LlmErrorKind::Overloaded,
        None => LlmErrorKind::ProviderFailed,
    }
}
