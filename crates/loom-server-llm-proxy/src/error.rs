//! What the server's errors mean.

use http::StatusCode;
use loom_common_core::{LlmError, LlmErrorKind};
use loom_llm_core::{Failure, Hints, Peer};
use serde::Deserialize;
use serde_json::Value;

use crate::wire::Problem;

const DOCTOR_HINT: &str = "run `loom doctor` to see what is wrong with the server";
const VERSION_HINT: &str = "the versions of loom and loom-server seem to differ; `loom version` and \
                            `loom doctor` show them";

pub(crate) const HINTS: Hints = Hints {
    unreachable: DOCTOR_HINT,
    silence: DOCTOR_HINT,
    key: "give the server's token with --token or LOOM_TOKEN; `loom doctor` tells which server and \
          which token are in use",
    address: "check --server-url or LOOM_SERVER_URL: something other than loom-server answers there",
};

/// An [`LlmError`] of a server that may know kinds which this client does not.
#[derive(Deserialize)]
struct ReportedError {
    kind: String,
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

/// Makes the error for an answer that is a failure.
pub(crate) fn refusal(failure: &Failure, peer: &Peer) -> LlmError {
    let problem: Option<Problem> = failure.json();
    match problem.filter(|problem| !problem.code.is_empty()) {
        Some(problem) => told(problem, failure),
        None => untold(failure, peer),
    }
}

/// Makes the error that the server reports in the middle of a stream.
pub(crate) fn reported(data: &str, peer: &Peer) -> LlmError {
    let read = || -> Result<LlmError, serde_json::Error> {
        let ReportedError { kind, mut rest } = serde_json::from_str(data)?;
        let kind = kind_named(&kind).unwrap_or(LlmErrorKind::Internal);
        rest.insert("kind".to_owned(), kind.code().into());
        serde_json::from_value(rest.into())
    };
    read().unwrap_or_else(|error| peer.malformed(&error.to_string()))
}

/// Makes the error that a problem document tells of.
fn told(problem: Problem, failure: &Failure) -> LlmError {
    let named = kind_named(&problem.code);
    let kind = named.unwrap_or_else(|| kind_of_status(failure.status));
    let message = [problem.detail, problem.title]
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or(problem.code);
    let error = failure.error(kind, message);
    let own_hint = match failure.status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED if named.is_none() => {
            Some(VERSION_HINT)
        }
        // The server speaks of headers; a person has options and variables.
        StatusCode::UNAUTHORIZED => Some(HINTS.key),
        _ => None,
    };
    LlmError {
        hint: own_hint.map(str::to_owned).or(problem.hint),
        retry_after_ms: problem.retry_after_ms.or(error.retry_after_ms),
        should_retry: problem.should_retry.or(error.should_retry),
        request_id: problem.request_id.or(error.request_id),
        ..error
    }
}

/// Makes the error for a failure without a problem document: not the server's, or not this
/// version's.
fn untold(failure: &Failure, peer: &Peer) -> LlmError {
    let error = failure.unexplained(peer, kind_of_status(failure.status));
    match failure.status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => error.with_hint(VERSION_HINT),
        _ => error,
    }
}

fn kind_named(code: &str) -> Option<LlmErrorKind> {
    serde_json::from_value(Value::String(code.to_owned())).ok()
}

/// Returns the kind for a status that comes without an explanation. A gateway's statuses mean a
/// proxy in front of the server that does not reach it.
fn kind_of_status(status: StatusCode) -> LlmErrorKind {
    match status.as_u16() {
        401 => LlmErrorKind::Unauthorized,
        403 => LlmErrorKind::PermissionDenied,
        408 => LlmErrorKind::Timeout,
        413 => LlmErrorKind::ContextTooLong,
        429 => LlmErrorKind::RateLimited,
        400 | 422 => LlmErrorKind::InvalidRequest,
        502..=504 => LlmErrorKind::ServerUnreachable,
        _ => LlmErrorKind::Internal,
    }
}
