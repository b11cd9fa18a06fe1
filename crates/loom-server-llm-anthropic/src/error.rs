//! What the provider's errors mean.
//!
//! The provider's own error type outweighs the HTTP status: errors also come under status 200, in
//! the middle of a stream, and gateways change the status. Some types hold several meanings, told
//! apart by a detail or, where there is none, by the message.

use http::StatusCode;
use loom_common_core::{LlmError, LlmErrorKind};
use loom_llm_core::{Failure, Peer};
use serde::Deserialize;

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
    kind: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    details: Option<MoreDetail>,
}

#[derive(Debug, Deserialize)]
struct MoreDetail {
    #[serde(default)]
    error_code: Option<String>,
}

/// A request that was refused, as far as errors speak of it.
pub(crate) struct RefusedRequest<'a> {
    pub(crate) peer: &'a Peer,
    /// The model that was asked; none where the models are listed.
    pub(crate) model: Option<&'a str>,
}

/// Makes the error for an answer that is a failure.
pub(crate) fn refusal(failure: &Failure, request: &RefusedRequest<'_>) -> LlmError {
    let name = &request.peer.name;
    let status = failure.status;
    let body: Option<ErrorBody> = failure.json();
    let Some(ErrorBody { error, request_id }) = body else {
        return foreign_answer(failure, request);
    };
    let kind = kind(&error, Some(status));
    let message = match kind {
        LlmErrorKind::KeyRefused if request.peer.secret.is_none() => {
            format!("{name} wants an API key, and the server has none")
        }
        // The provider's message may repeat a part of the key.
        LlmErrorKind::KeyRefused => format!("{name} refused the API key"),
        LlmErrorKind::ModelNotFound => {
            format!("{name} has no model `{}`", request.model.unwrap_or("?"))
        }
        _ => format!("{name} refused the request: {}", described(&error, failure)),
    };
    let mut refusal = with_hint(failure.error(kind, message));
    refusal.request_id = refusal.request_id.or(request_id);
    refusal
}

/// Makes the error for an `error` event in the middle of a stream.
pub(crate) fn interruption(body: ErrorBody, peer: &Peer, request_id: Option<&str>) -> LlmError {
    let ErrorBody {
        error,
        request_id: own_id,
    } = body;
    let what = if error.message.is_empty() {
        &error.kind
    } else {
        &error.message
    };
    let message = format!("{} broke off its answer: {}", peer.name, peer.redact(what));
    let mut interruption = with_hint(LlmError::new(kind(&error, None), message));
    interruption.request_id = own_id.or(request_id.map(str::to_owned));
    interruption
}

/// Makes the error for an answer that the API itself does not give: a proxy's page, another server.
fn foreign_answer(failure: &Failure, request: &RefusedRequest<'_>) -> LlmError {
    let Peer { name, base, .. } = request.peer;
    let status = failure.status;
    let summary = failure.summary();
    if status.is_success() {
        return request
            .peer
            .malformed(&format!("it is not an event stream but {summary}"))
            .with_hint(BASE_URL_HINT);
    }
    let message = format!("{name} at {base} answered {}: {summary}", status.as_u16());
    let kind = kind_of_status(status);
    let error = failure.error(kind, message);
    if kind == LlmErrorKind::InvalidRequest {
        return error.with_hint(BASE_URL_HINT);
    }
    with_hint(error)
}

const BASE_URL_HINT: &str = "check LOOM_SERVER_ANTHROPIC_BASE_URL: it must be the address of an \
                             Anthropic Messages API";

fn described(error: &ErrorDetail, failure: &Failure) -> String {
    if error.message.is_empty() {
        failure.summary()
    } else {
        error.message.clone()
    }
}

fn kind(error: &ErrorDetail, status: Option<StatusCode>) -> LlmErrorKind {
    let says = |words: &str| error.message.contains(words);
    match error.kind.as_str() {
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
        // A type that did not exist when this was written: the status is left.
        "invalid_request_error" => status.map_or(LlmErrorKind::InvalidRequest, kind_of_status),
        _ => status.map_or(LlmErrorKind::ProviderFailed, kind_of_status),
    }
}

fn is_spend_limit(error: &ErrorDetail) -> bool {
    let code = error
        .details
        .as_ref()
        .and_then(|more| more.error_code.as_deref());
    code == Some("enforced_spend_limit_reached")
}

fn kind_of_status(status: StatusCode) -> LlmErrorKind {
    match status.as_u16() {
        401 => LlmErrorKind::KeyRefused,
        402 => LlmErrorKind::SpendLimit,
        403 => LlmErrorKind::PermissionDenied,
        408 => LlmErrorKind::Timeout,
        413 => LlmErrorKind::ContextTooLong,
        429 => LlmErrorKind::RateLimited,
        529 => LlmErrorKind::Overloaded,
        500.. => LlmErrorKind::ProviderFailed,
        _ => LlmErrorKind::InvalidRequest,
    }
}

fn with_hint(error: LlmError) -> LlmError {
    let hint = match error.kind {
        LlmErrorKind::KeyRefused => {
            "set LOOM_SERVER_ANTHROPIC_API_KEY where loom-server runs to a valid key and start it \
             again"
        }
        LlmErrorKind::PermissionDenied => {
            "the key's workspace may not use this model or feature; ask whoever manages the key"
        }
        LlmErrorKind::ModelNotFound => "choose another model with --model",
        LlmErrorKind::SpendLimit => {
            "raise the limit or add credit in the provider's console, or use another key"
        }
        _ => return error,
    };
    error.with_hint(hint)
}
