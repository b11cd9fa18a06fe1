//! Search of the web, by the one provider that the server is configured for.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use loom_common_core::{LlmError, LlmErrorKind};
use loom_search_core::{SearchRequest, SearchResults};
use loom_server_llm_proxy::wire::Problem;

use crate::ApiState;
use crate::json::JsonBody;
use crate::llm::shutting_down;
use crate::problem::ProblemResponse;

/// Searches the web.
///
/// The list of providers tells whether the server can.
#[utoipa::path(
    post,
    path = "/api/v1/search",
    tag = "search",
    request_body = SearchRequest,
    responses(
        (status = 200, description = "What was found, the best first; perhaps nothing.", body = SearchResults),
        (status = "default", description = "The search failed, or the server has none; `code` says how.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn search(
    State(state): State<Arc<ApiState>>,
    JsonBody(request): JsonBody<SearchRequest>,
) -> Result<Json<SearchResults>, ProblemResponse> {
    let web = state.search.as_ref().ok_or_else(not_configured)?;
    tokio::select! {
        results = web.search(&request) => Ok(Json(results?)),
        () = state.cut.cancelled() => Err(shutting_down().into()),
    }
}

fn not_configured() -> LlmError {
    LlmError::new(
        LlmErrorKind::ProviderNotConfigured,
        "the server has no web search",
    )
    .with_hint(
        "set LOOM_SERVER_SERPER_API_KEY, or LOOM_SERVER_GOOGLE_CSE_API_KEY and \
         LOOM_SERVER_GOOGLE_CSE_ENGINE_ID, where loom-server runs and start it again",
    )
}
