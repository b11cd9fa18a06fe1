//! Errors as RFC 9457 problem documents.
//!
//! | code | status |
//! | --- | --- |
//! | `malformed_json` | 400 |
//! | `unauthorized`: the access token is missing or not good | 401 |
//! | `not_found` | 404 |
//! | `method_not_allowed` | 405 |
//! | `request_timeout`: the body did not arrive in time | 408 |
//! | `body_too_large`: when decompressed | 413 |
//! | `unsupported_media_type`: not JSON, or compressed in an unknown way | 415 |
//! | `invalid_request`: JSON or a query, but not what the route takes | 422 |
//! | `internal` | 500 |
//! | `database_unavailable` | 503 |
//!
//! A failed call to a provider of models or of web search has the code of its [`LlmErrorKind`](loom_common_core::LlmErrorKind)
//! and the status that [`loom_server_llm_proxy::wire`] gives it. A status speaks about this
//! server: when a provider refuses the server's key, the client's own token is in order, so that
//! is a bad gateway and not 401.

use std::any::Any;
use std::borrow::Cow;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use loom_common_core::LlmError;
use loom_redact::Redactor;
use loom_server_auth::AuthError;
use loom_server_db::DbError;
use loom_server_llm_proxy::wire::{PROBLEM_MEDIA_TYPE, Problem};

/// A problem document as the answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ProblemResponse(Box<Problem>);

impl ProblemResponse {
    pub(crate) fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            instance: None,
            code: code.to_owned(),
            hint: None,
            retry_after_ms: None,
            should_retry: None,
            request_id: None,
        }))
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn not_found(path: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is nothing at {path}"),
        )
        .with_hint("/api/docs lists what there is")
    }

    pub(crate) fn method_not_allowed(method: &Method, path: &str) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            format!("{path} cannot be asked with {method}"),
        )
        .with_hint("/api/docs lists what there is")
    }

    pub(crate) fn bad_query(rejection: &QueryRejection) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_request",
            rejection.body_text(),
        )
        .with_hint("/api/docs tells what the route takes")
    }

    pub(crate) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail).with_hint(
            "send `Authorization: Bearer TOKEN`; `loom-server token create NAME` makes a token",
        )
    }

    fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the server failed inside",
        )
        .with_hint("the server's log says more, under the id in `instance`")
    }
}

impl From<LlmError> for ProblemResponse {
    fn from(error: LlmError) -> Self {
        Self(Box::new(error.into()))
    }
}

impl From<AuthError> for ProblemResponse {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Malformed | AuthError::Unknown | AuthError::Revoked => {
                Self::unauthorized(error.to_string())
            }
            AuthError::Database(error) => error.into(),
            AuthError::NotFound(_) | AuthError::InvalidId(_) | AuthError::InvalidName => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_request",
                error.to_string(),
            ),
        }
    }
}

impl From<DbError> for ProblemResponse {
    /// What the database says goes to the log only: it speaks of hosts and files.
    fn from(error: DbError) -> Self {
        if error.is_retryable() {
            tracing::warn!(%error, "the database is not available");
            Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "database_unavailable",
                "the server's database does not answer",
            )
            .with_hint("try again later; the server's log says more")
        } else {
            tracing::error!(%error, "the database failed");
            Self::internal()
        }
    }
}

/// Turns a panic of a handler into an answer. The message goes to the log only.
pub(crate) fn from_panic(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(message, "a handler panicked");
    ProblemResponse::internal().into_response()
}

/// Finishes the problem of an answer, if the answer is one: takes secrets out of it and names the
/// request.
pub(crate) fn finish(mut response: Response, request_id: &str, redaction: &Redactor) -> Response {
    match response.extensions_mut().remove::<ProblemResponse>() {
        Some(ProblemResponse(mut problem)) => {
            let Problem { detail, hint, .. } = &mut *problem;
            redact(redaction, detail, hint);
            problem.instance = Some(request_id.to_owned());
            *response.body_mut() = body(&problem);
            response.headers_mut().remove(CONTENT_LENGTH);
            response
        }
        None => response,
    }
}

/// Takes the secrets out of an error's message and hint.
pub(crate) fn redact(redaction: &Redactor, message: &mut String, hint: &mut Option<String>) {
    for text in std::iter::once(message).chain(hint) {
        if let Cow::Owned(redacted) = redaction.redact(text) {
            *text = redacted;
        }
    }
}

fn body(problem: &Problem) -> Body {
    Body::from(serde_json::to_vec(problem).unwrap_or_default())
}

impl IntoResponse for ProblemResponse {
    fn into_response(self) -> Response {
        let problem = &self.0;
        tracing::Span::current().record("code", problem.code.as_str());
        let mut response = Response::new(body(problem));
        let status =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_MEDIA_TYPE));
        if let Some(ms) = problem.retry_after_ms {
            headers.insert(RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000)));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"loom\""),
            );
        }
        // For `finish`, which stands outside of all that makes problems.
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::to_bytes;
    use axum::routing::get;
    use http::Request;
    use serde_json::Value;
    use tower::ServiceExt as _;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    async fn read(response: Response) -> Value {
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[tokio::test]
    async fn a_panic_is_answered_without_its_message() {
        async fn handler() {
            panic!("the key is sk-123");
        }
        let router = Router::new()
            .route("/", get(handler))
            .layer(CatchPanicLayer::custom(from_panic));
        let request = Request::get("/").body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()[CONTENT_TYPE], PROBLEM_MEDIA_TYPE);
        let body = read(response).await;
        assert_eq!(body["code"], "internal");
        assert!(!body.to_string().contains("sk-123"));
    }

    #[tokio::test]
    async fn a_time_to_wait_is_rounded_up_to_seconds() {
        let mut error = LlmError::new(loom_common_core::LlmErrorKind::RateLimited, "slow down");
        for (ms, seconds) in [(0, "0"), (1, "1"), (1000, "1"), (1001, "2")] {
            error.retry_after_ms = Some(ms);
            let response = ProblemResponse::from(error.clone()).into_response();
            assert_eq!(response.headers()[RETRY_AFTER], seconds);
            assert_eq!(read(response).await["retry_after_ms"], ms);
        }
    }

    #[tokio::test]
    async fn what_a_database_says_is_not_told_to_clients() {
        let reason = "PostgreSQL at db.internal:5432";
        let away = DbError::Unavailable {
            reason: reason.to_owned(),
        };
        let broken = DbError::Damaged {
            reason: reason.to_owned(),
        };
        for (error, status, code) in [
            (away, 503, "database_unavailable"),
            (DbError::DiskFull, 503, "database_unavailable"),
            (broken, 500, "internal"),
        ] {
            let response = ProblemResponse::from(error).into_response();
            assert_eq!(response.status(), status);
            let body = read(response).await;
            assert_eq!(body["code"], code);
            assert!(!body.to_string().contains("db.internal"));
        }
    }
}
