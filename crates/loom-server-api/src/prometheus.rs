//! Metrics for Prometheus.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;
use loom_server_llm_proxy::wire::Problem;

use crate::ApiState;

/// Returns the metrics of the server in Prometheus' text format.
///
/// Like everything it needs an access token; Prometheus sends one with
/// `authorization: { credentials: TOKEN }` in its `scrape_configs`.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "server",
    responses(
        (status = 200, description = "The metrics.", body = String, content_type = "text/plain; version=0.0.4"),
        (status = 401, description = "The token is missing or not good.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn metrics(State(state): State<Arc<ApiState>>) -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        state.metrics.render(),
    )
}
