//! What Google's errors mean.

use loom_common_core::{LlmError, LlmErrorKind};
use loom_llm_core::{Failure, Peer, kind_of_status};
use serde::Deserialize;

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Deserialize)]
struct ErrorDetail {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<Reason>,
    #[serde(default)]
    details: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(default)]
    reason: String,
}

/// Makes the error for an answer that is a failure.
pub(crate) fn refusal(failure: &Failure, peer: &Peer) -> LlmError {
    let Some(ErrorBody { error }) = failure.json() else {
        return failure.unexplained(peer, kind_of_status(failure.status));
    };
    let refusal = failure.explained(peer, kind(failure, &error), "", &error.message);
    match refusal.kind {
        LlmErrorKind::PermissionDenied => refusal.with_hint(
            "enable the Custom Search API for the key's project in the Google Cloud console, and \
             see that the key is not restricted to other APIs",
        ),
        LlmErrorKind::InvalidRequest => refusal.with_hint(
            "check LOOM_SERVER_GOOGLE_CSE_ENGINE_ID where loom-server runs: it must be the id of a \
             search engine",
        ),
        _ => refusal,
    }
}

fn kind(failure: &Failure, error: &ErrorDetail) -> LlmErrorKind {
    let reasons = || error.errors.iter().chain(&error.details);
    let is_for = |names: &[&str]| {
        reasons().any(|given| {
            names
                .iter()
                .any(|name| given.reason.eq_ignore_ascii_case(name))
        })
    };
    let message = error.message.to_ascii_lowercase();

    if is_for(&["keyInvalid", "API_KEY_INVALID", "keyExpired"])
        || message.contains("api key not valid")
        || message.contains("api key expired")
    {
        return LlmErrorKind::KeyRefused;
    }
    // `rateLimitExceeded` stands for a quota of any length; only the message tells which.
    if is_for(&["dailyLimitExceeded", "quotaExceeded", "billingNotEnabled"])
        || message.contains("per day")
    {
        return LlmErrorKind::SpendLimit;
    }
    if is_for(&["rateLimitExceeded", "userRateLimitExceeded"]) {
        return LlmErrorKind::RateLimited;
    }
    kind_of_status(failure.status)
}
