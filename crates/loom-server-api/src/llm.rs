//! Models of all providers behind one interface.
//!
//! `complete` answers in one piece, `stream` as server-sent events: each event is named after the
//! `type` of the [`LlmEvent`] in its data, and the stream ends with `finished`, or with `error`
//! and an [`LlmError`]. Before the first event a failure is a [`Problem`] instead, so that a
//! client that gets status 200 knows that the provider has begun to answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Sse};
use axum::{Json, RequestPartsExt as _};
use futures::stream::{Stream, StreamExt as _, TryStreamExt as _, poll_fn};
use http::HeaderName;
use http::request::Parts;
use loom_common_core::{LlmError, LlmErrorKind, LlmEvent, LlmRequest, LlmResponse, LlmStream};
use loom_redact::Redactor;
use loom_server_llm_proxy::wire::{
    CheckResult, ERROR_EVENT, ModelInfo, Problem, ProviderInfo, ProviderList, event_name,
};
use loom_server_llm_service::ProviderStatus;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use utoipa::{IntoParams, ToSchema};

use crate::ApiState;
use crate::json::JsonBody;
use crate::problem::{self, ProblemResponse};

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

/// What the data of a server-sent event holds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum StreamData {
    /// A part of the answer.
    Event(LlmEvent),
    /// Why the answer ends before it is whole. Only in an event named `error`.
    Error(LlmError),
}

/// Lists what the server offers: the providers of models, and of web search.
#[utoipa::path(
    get,
    path = "/api/v1/llm/providers",
    tag = "llm",
    responses(
        (status = 200, description = "What there is.", body = ProviderList),
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
        web_search: state.search.as_ref().map(|web| web.provider().to_owned()),
    })
}

/// Which model is meant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ModelQuery {
    /// Name of the model; the provider's default without it.
    #[serde(default)]
    name: String,
}

/// Tells how much a model takes and what it costs, as far as the server knows.
///
/// The provider is not asked. A model that the server has no figures for comes without any.
#[utoipa::path(
    get,
    path = "/api/v1/llm/{provider}/model",
    tag = "llm",
    params(("provider" = String, Path, description = "Name of the provider."), ModelQuery),
    responses(
        (status = 200, description = "The model and its figures.", body = ModelInfo),
        (status = "default", description = "There is no such provider, or it has no default model; `code` says which.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn model(
    State(state): State<Arc<ApiState>>,
    ProviderName(provider): ProviderName,
    query: Result<Query<ModelQuery>, QueryRejection>,
) -> Result<Json<ModelInfo>, ProblemResponse> {
    let Query(query) = query.map_err(|rejection| ProblemResponse::bad_query(&rejection))?;
    let model = state.llm.model(&provider, &query.name)?;
    Ok(Json(ModelInfo {
        name: model.name,
        figures: model.figures,
    }))
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
        (status = 200, description = "The events of the answer.", body = StreamData, content_type = "text/event-stream"),
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
    let answer = event_stream(redacted(events, state.redaction.clone()), state.cut.clone());
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

fn event_stream(events: LlmStream, cut: CancellationToken) -> impl IntoResponse {
    Sse::new(server_sent(events, cut)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// Writes the events of an answer as server-sent events, up to and with the one that ends it.
fn server_sent(
    events: LlmStream,
    cut: CancellationToken,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let mut events = within_span(events);
    async_stream::stream! {
        loop {
            let next = tokio::select! {
                next = events.next() => next.unwrap_or_else(|| Err(ended_early())),
                () = cut.cancelled() => Err(shutting_down()),
            };
            let data = match next {
                Ok(event) => StreamData::Event(event),
                Err(error) => StreamData::Error(error),
            };
            let is_last = data.is_last();
            yield Ok(data.into_server_sent());
            if is_last {
                break;
            }
        }
    }
}

/// Takes secrets out of the error that a stream may end in.
fn redacted(events: LlmStream, redaction: Redactor) -> LlmStream {
    let redact = move |mut error: LlmError| {
        problem::redact(&redaction, &mut error.message, &mut error.hint);
        error
    };
    events.map_err(redact).boxed()
}

/// Keeps the stream in the span of the request, when it is asked and when it is dropped: a handler
/// has long returned when the server writes the stream, or learns that the client has hung up.
fn within_span(events: LlmStream) -> impl Stream<Item = Result<LlmEvent, LlmError>> + Unpin {
    let mut events = events.in_current_span();
    let span = events.span().clone();
    poll_fn(move |context| span.in_scope(|| events.inner_mut().poll_next_unpin(context)))
}

impl StreamData {
    fn is_last(&self) -> bool {
        matches!(
            self,
            Self::Error(_) | Self::Event(LlmEvent::Finished { .. })
        )
    }

    fn into_server_sent(self) -> Event {
        let name = match &self {
            Self::Event(event) => event_name(event),
            Self::Error(_) => ERROR_EVENT,
        };
        let event = Event::default().event(name);
        event.json_data(self).unwrap_or_else(|error| {
            tracing::error!(%error, "an event cannot be written as JSON");
            Event::default().comment("an event was lost")
        })
    }
}

pub(crate) fn shutting_down() -> LlmError {
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

#[cfg(test)]
mod tests {
    use futures::stream;
    use loom_common_secret::SecretString;
    use loom_redact::KnownSecrets;
    use tokio::time::Instant;

    use super::*;

    /// Returns the first piece of the body.
    async fn first_piece(events: LlmStream) -> String {
        let response = event_stream(events, CancellationToken::new()).into_response();
        let mut pieces = response.into_body().into_data_stream();
        let piece = pieces.next().await.unwrap().unwrap();
        String::from_utf8(piece.to_vec()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_is_kept_alive_by_comments() {
        let started = Instant::now();
        let piece = first_piece(stream::pending().boxed()).await;
        assert_eq!(piece, ":\n\n");
        assert_eq!(started.elapsed(), KEEP_ALIVE);
    }

    #[tokio::test]
    async fn the_error_that_ends_a_stream_holds_no_secret() {
        let mut known = KnownSecrets::new();
        let key = SecretString::new("swordfish-0123456789".to_owned());
        known.add("key", &key).unwrap();
        let redactor = Redactor::new(known);
        let mut error = LlmError::new(LlmErrorKind::InvalidRequest, "no swordfish-0123456789");
        error.hint = Some("not swordfish-0123456789".to_owned());
        let events = stream::iter([Err(error)]).boxed();
        let piece = first_piece(redacted(events, redactor)).await;
        assert!(
            piece.contains("\"no [REDACTED:key]\"") && piece.contains("\"not [REDACTED:key]\""),
            "{piece}"
        );
    }

    #[tokio::test]
    async fn a_stream_that_ends_without_its_end_is_told() {
        let piece = first_piece(stream::empty().boxed()).await;
        assert!(
            piece.starts_with("event: error\ndata: {\"kind\":\"stream_interrupted\""),
            "{piece}"
        );
    }
}
