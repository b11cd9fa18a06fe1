//! Models of all providers behind one interface.
//!
//! `complete` answers in one piece, `stream` as server-sent events: each event is named after the
//! `type` of the [`LlmEvent`] in its data, and the stream ends with `finished`, or with `error`
//! and an [`LlmError`]. Before the first event a failure is a [`Problem`] instead, so that a
//! client that gets status 200 knows that the provider has begun to answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Sse};
use axum::{Json, RequestPartsExt as _};
use futures::{Stream, StreamExt as _};
use http::HeaderName;
use http::request::Parts;
use loom_common_core::{LlmError, LlmErrorKind, LlmEvent, LlmRequest, LlmResponse, LlmStream};
use loom_server_llm_proxy::wire::{
    CheckResult, ERROR_EVENT, Problem, ProviderInfo, ProviderList, event_name,
};
use loom_server_llm_service::ProviderStatus;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::ApiState;
use crate::json::JsonBody;
use crate::problem::ProblemResponse;

/// How often a comment tells a silent connection's proxies that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Name of a provider, from the path.
pub(crate) struct ProviderName(String);

impl<S: Send + Sync> FromRequestParts<S> for ProviderName {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ProblemResponse> {
        let name: Result<Path<String>, PathRejection> = parts.extract().await;
        name.map(|Path(name)| Self(name))
            .map_err(|_| ProblemResponse::not_found(parts.uri.path()))
    }
}

/// Lists the model providers.
#[utoipa::path(
    get,
    path = "/api/v1/llm/providers",
    tag = "llm",
    responses(
        (status = 200, description = "The providers.", body = ProviderList),
        (status = 401, description = "The token is missing or not good.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn providers(State(state): State<Arc<ApiState>>) -> Json<ProviderList> {
    let info = |provider: ProviderStatus| ProviderInfo {
        name: provider.name.to_owned(),
        configured: provider.configured,
        default_model: provider.default_model,
    };
    Json(ProviderList {
        providers: state.llm.providers().into_iter().map(info).collect(),
    })
}

/// Asks a model and returns the whole answer.
#[utoipa::path(
    post,
    path = "/api/v1/llm/{provider}/complete",
    tag = "llm",
    params(("provider" = String, Path, description = "Name of the provider.")),
    request_body = LlmRequest,
    responses(
        (status = 200, description = "The answer.", body = LlmResponse),
        (status = "default", description = "The call failed; `code` says how.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn complete(
    State(state): State<Arc<ApiState>>,
    ProviderName(provider): ProviderName,
    JsonBody(request): JsonBody<LlmRequest>,
) -> Result<Json<LlmResponse>, ProblemResponse> {
    let client = state.llm.client(&provider)?;
    tokio::select! {
        answer = client.complete(&request) => Ok(Json(answer?)),
        () = state.cut.cancelled() => Err(shutting_down().into()),
    }
}

/// Asks a model and returns the answer as it is made.
///
/// Each server-sent event is named after the `type` of its data, an `LlmEvent`. The last one is
/// `finished`, or `error` with an `LlmError`. Comments keep a silent connection alive.
#[utoipa::path(
    post,
    path = "/api/v1/llm/{provider}/stream",
    tag = "llm",
    params(("provider" = String, Path, description = "Name of the provider.")),
    request_body = LlmRequest,
    responses(
        (status = 200, description = "The events of the answer.", body = LlmEvent, content_type = "text/event-stream"),
        (status = "default", description = "The call failed before the answer began; `code` says how.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn stream(
    State(state): State<Arc<ApiState>>,
    ProviderName(provider): ProviderName,
    JsonBody(request): JsonBody<LlmRequest>,
) -> Result<impl IntoResponse, ProblemResponse> {
    let client = state.llm.client(&provider)?;
    let events = tokio::select! {
        events = client.stream(&request) => events?,
        () = state.cut.cancelled() => return Err(shutting_down().into()),
    };
    let answer = Sse::new(server_sent(events, state.cut.clone()))
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    // nginx would gather the events otherwise.
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((unbuffered, answer))
}

/// Asks a provider whether it takes the server's key, and which models it offers.
#[utoipa::path(
    post,
    path = "/api/v1/llm/{provider}/check",
    tag = "llm",
    params(("provider" = String, Path, description = "Name of the provider.")),
    responses(
        (status = 200, description = "The provider takes the key.", body = CheckResult),
        (status = "default", description = "It does not, or cannot be reached; `code` says which.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn check(
    State(state): State<Arc<ApiState>>,
    ProviderName(provider): ProviderName,
) -> Result<Json<CheckResult>, ProblemResponse> {
    let models = state.llm.check(&provider).await.models?;
    Ok(Json(CheckResult { ok: true, models }))
}

/// Writes the events of an answer as server-sent events, up to and with the one that ends it.
fn server_sent(
    mut events: LlmStream,
    cut: CancellationToken,
) -> impl Stream<Item = Result<Event, Infallible>> {
    async_stream::stream! {
        loop {
            let next = tokio::select! {
                next = events.next() => next.unwrap_or_else(|| Err(ended_early())),
                () = cut.cancelled() => Err(shutting_down()),
            };
            let is_last = matches!(next, Err(_) | Ok(LlmEvent::Finished { .. }));
            yield Ok(match &next {
                Ok(event) => encode(event_name(event), event),
                Err(error) => encode(ERROR_EVENT, error),
            });
            if is_last {
                break;
            }
        }
    }
}

fn encode(name: &'static str, data: &impl Serialize) -> Event {
    let event = Event::default().event(name);
    event.json_data(data).unwrap_or_else(|error| {
        tracing::error!(%error, "an event cannot be written as JSON");
        Event::default().comment("an event was lost")
    })
}

fn shutting_down() -> LlmError {
    LlmError::new(
        LlmErrorKind::StreamInterrupted,
        "the server was shut down before the answer was whole",
    )
}

fn ended_early() -> LlmError {
    LlmError::new(
        LlmErrorKind::StreamInterrupted,
        "the provider's answer ended before it was whole",
    )
}
