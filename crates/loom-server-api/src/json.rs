//! JSON request bodies.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::problem::ProblemResponse;

/// Characters of a parser's message that are passed on: it quotes what it did not expect, and
/// that can be megabytes.
const MAX_DETAIL: usize = 400;

/// A JSON body. What is wrong with one is told with line and column.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ProblemResponse;

    async fn from_request(request: Request, state: &S) -> Result<Self, ProblemResponse> {
        if !is_json(request.headers()) {
            return Err(ProblemResponse::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "the body must be JSON",
            )
            .with_hint("send `Content-Type: application/json`"));
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| {
                if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                    ProblemResponse::new(
                        StatusCode::PAYLOAD_TOO_LARGE,
                        "body_too_large",
                        "the body is longer than this server takes",
                    )
                } else {
                    ProblemResponse::new(
                        StatusCode::BAD_REQUEST,
                        "malformed_json",
                        "the body was cut short",
                    )
                }
            })?;
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|error| unreadable(&error))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
}

fn unreadable(error: &serde_json::Error) -> ProblemResponse {
    let (status, code, summary) = match error.classify() {
        Category::Data => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_request",
            "the body is not what this route takes",
        ),
        Category::Syntax | Category::Eof | Category::Io => (
            StatusCode::BAD_REQUEST,
            "malformed_json",
            "the body is not JSON",
        ),
    };
    let message = error.to_string();
    let message = match message.char_indices().nth(MAX_DETAIL) {
        None => message,
        Some((end, _)) => format!(
            "{}… at line {} column {}",
            &message[..end],
            error.line(),
            error.column()
        ),
    };
    ProblemResponse::new(status, code, format!("{summary}: {message}"))
}
