//! What happens around every request: its id, its span, its metrics and its line in the log.
//!
//! No body, no query and no header other than the request id is recorded: they may hold secrets.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::ApiState;
use crate::problem;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest request id that is taken from a client.
const MAX_ID_LENGTH: usize = 64;

const HEALTH: &str = "/health";

const REQUESTS: &str = "loom_http_requests_total";
const DURATION: &str = "loom_http_request_duration_seconds";

/// Tells the recorder what the metrics of this crate mean.
pub fn describe_metrics() {
    describe_counter!(REQUESTS, "Requests by method, route and status.");
    describe_histogram!(
        DURATION,
        Unit::Seconds,
        "Time from a request's head to its answer's head, by method and route."
    );
}

/// Surrounds a request with all of this.
pub(crate) async fn observe(
    State(state): State<Arc<ApiState>>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = client_id(request.headers()).unwrap_or_else(|| state.request_ids.next());
    let method = method_name(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("unmatched", MatchedPath::as_str)
        .to_owned();
    let span = tracing::info_span!(
        "request",
        id,
        method,
        path = request.uri().path(),
        token = Empty,
        code = Empty,
    );
    let response = next.run(request).instrument(span.clone()).await;
    let mut response = problem::finish(response, &id, &state.redaction);

    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let status = response.status().as_u16();
    let duration = started.elapsed();
    let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| {
        // Something asks for the health every few seconds, and that is not news.
        if route == HEALTH {
            tracing::debug!(status, duration_ms, "answered");
        } else {
            tracing::info!(status, duration_ms, "answered");
        }
    });
    counter!(
        REQUESTS,
        "method" => method,
        "route" => route.clone(),
        "status" => status.to_string(),
    )
    .increment(1);
    histogram!(DURATION, "method" => method, "route" => route).record(duration);
    response
}

/// Returns the client's own id of the request, if it is one that is fit for a log.
fn client_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_sane = (1..=MAX_ID_LENGTH).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    is_sane.then(|| id.to_owned())
}

/// Returns the method as a metrics label. A client can make methods up, so the set is closed.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
