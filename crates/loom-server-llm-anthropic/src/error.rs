//! What the provider's errors mean.
//!
//! The provider's own error type outweighs the HTTP status: errors also come under status 200, in
//! the middle of a stream, and gateways change the status. Some types hold several meanings, told
//! apart by a detail or, where there is none, by the message.

use http::StatusCode;
use loom_common_core::{LlmError, LlmErrorKind};
use loom_llm_core::{Failure, Peer, kind_of_status};
use serde::Deserialize;
use serde_json::Value;

/// The body of a failure, or the data of an `error` event.
#[derive(Debug, Deserialize)]
pub(crate) struct ErrorBody {
    error: ErrorDetail,
    #[serde(default)]
    request_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ErrorDetail {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    details: Value,
}

/// Makes the error for an answer that is a failure; `model` is the one that was asked.
pub(crate) fn refusal(failure: &Failure, peer: &Peer, model: &str) -> LlmError {
    let Some(ErrorBody { error, request_id }) = failure.json() else {
        return failure.unexplained(peer, kind_of_status(failure.status));
    };
    let status = Some(failure.status).filter(|status| !status.is_success());
    let kind = kind(&error, status);
    let explanation = error.message.unwrap_or_default();
    let mut refusal = failure.explained(peer, kind, model, &explanation);
    refusal.request_id = refusal.request_id.or(request_id);
    refusal
}

/// Makes the error for an `error` event in the middle of a stream.
pub(crate) fn interruption(body: ErrorBody, peer: &Peer) -> LlmError {
    let ErrorBody { error, request_id } = body;
    let kind = kind(&error, None);
    let explanation = error.message.or(error.kind).unwrap_or_default();
    LlmError {
        request_id,
        ..peer.broke_off(kind, &explanation)
    }
}

fn kind(error: &ErrorDetail, status: Option<StatusCode>) -> LlmErrorKind {
    let message = error.message.as_deref().unwrap_or_default();
    let says = |words: &str| message.contains(words);
    match error.kind.as_deref().unwrap_or_default() {
        "authentication_error" => LlmErrorKind::KeyRefused,
        "permission_error" => LlmErrorKind::PermissionDenied,
        "billing_error" => LlmErrorKind::SpendLimit,
        "not_found_error" if says("model") => LlmErrorKind::ModelNotFound,
        "not_found_error" => LlmErrorKind::InvalidRequest,
        "request_too_large" => LlmErrorKind::ContextTooLong,
        "rate_limit_error" if is_spend_limit(error) => LlmErrorKind::SpendLimit,
        "rate_limit_error" => LlmErrorKind::RateLimited,
        "overloaded_error" => LlmErrorKind::Overloaded,
        "api_error" | "timeout_error" => LlmErrorKind::ProviderFailed,
        "invalid_request_error" if says("prompt is too long") || says("context limit") => {
            LlmErrorKind::ContextTooLong
        }
        "invalid_request_error" if says("credit balance is too low") || says("usage limits") => {
            LlmErrorKind::SpendLimit
        }
        "invalid_request_error" => status.map_or(LlmErrorKind::InvalidRequest, kind_of_status),
        // A type that did not exist when this was written.
        _ => status.map_or(LlmErrorKind::ProviderFailed, kind_of_status),
    }
}

fn is_spend_limit(error: &ErrorDetail) -> bool {
    error.details["error_code"] == "enforced_spend_limit_reached"
}
