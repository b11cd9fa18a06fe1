//! JSON request bodies.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::problem::ProblemResponse;

/// Characters of a parser's message that are passed on: it quotes what it did not expect, and
/// that can be megabytes.
const MAX_DETAIL: usize = 400;

/// How long a body may take to arrive. A client that stops in the middle would hold its
/// connection for ever otherwise.
const BODY_TIME_LIMIT: Duration = Duration::from_secs(60);

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
        if !is_unpacked(request.headers()) {
            return Err(ProblemResponse::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "the body is compressed in a way that this server does not know",
            )
            .with_hint(
                "send it with one `Content-Encoding` of gzip, deflate, br and zstd, or none",
            ));
        }
        let body = tokio::time::timeout(BODY_TIME_LIMIT, Bytes::from_request(request, state))
            .await
            .map_err(|_| too_slow())?
            .map_err(|rejection| not_received(&rejection))?;
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

/// Tells whether the body has been unpacked, or never was packed. Unpacking takes the header away.
fn is_unpacked(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .all(|coding| coding == "identity")
}

fn too_slow() -> ProblemResponse {
    ProblemResponse::new(
        StatusCode::REQUEST_TIMEOUT,
        "request_timeout",
        format!(
            "the body was not whole after {} s",
            BODY_TIME_LIMIT.as_secs()
        ),
    )
    .with_hint("check the connection, or compress the body")
}

fn not_received(rejection: &BytesRejection) -> ProblemResponse {
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
            "the body was cut short, or cannot be decompressed",
        )
    }
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

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::response::IntoResponse as _;
    use futures::{StreamExt as _, stream};
    use serde_json::Value;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let begin = stream::iter([Ok::<_, std::io::Error>("{\"model\": ")]);
        let request = Request::post("/")
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from_stream(begin.chain(stream::pending())))
            .unwrap();
        let started = Instant::now();
        let refused = tokio::time::timeout(
            BODY_TIME_LIMIT * 2,
            JsonBody::<Value>::from_request(request, &()),
        )
        .await
        .expect("reading ends by itself")
        .err()
        .unwrap();
        assert_eq!(started.elapsed(), BODY_TIME_LIMIT);
        assert_eq!(refused, too_slow());
        assert_eq!(refused.into_response().status(), 408);
    }
}
