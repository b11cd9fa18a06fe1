//! HTTP routes of the server, and their OpenAPI description.
//!
//! # Types
//!
//! [`router`] makes the whole HTTP interface from an [`ApiState`]; [`openapi_document`] describes
//! it. One module stands for one group of endpoints and holds their types, description and
//! handlers. Routes are mounted by `utoipa-axum`: a handler without a description does not
//! compile as a route, so the document always has all of them.
//!
//! # Flow of a request
//!
//! ```text
//! request id, span, metrics, log      every request            (request.rs)
//! └ panic becomes a problem document  every request
//!   └ access token                    all but the open routes  (authentication.rs)
//!     └ decompression                 all but the open routes
//!       └ handler                     read body, call a service, map the error
//! ```
//!
//! A body may come compressed. It is unpacked while a handler reads it, so the limit counts the
//! bytes that come out: a small body that unpacks to gigabytes is refused after the first few.
//!
//! Open are only `/health`, the OpenAPI document and its viewer. The token is checked before any
//! part of the body is read.
//!
//! # Failure
//!
//! Whatever fails before an answer has begun is a problem document (RFC 9457), unknown
//! routes and panics too. Its `code` is stable; problem.rs has the table. A
//! streamed answer that fails after its begin ends with an `error` event, and a server that
//! shuts down ends the streams that do not finish in time in the same way. A client that hangs up
//! drops the stream, which cancels the call to the provider.

mod authentication;
mod docs;
mod health;
mod json;
mod llm;
mod me;
mod problem;
mod prometheus;
mod request;
mod search;
mod state;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use http::{Method, Uri};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::decompression::RequestDecompressionLayer;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::problem::ProblemResponse;

pub use request::describe_metrics;
pub use state::{ApiState, RequestIds};

/// Makes the HTTP interface of the server.
pub fn router(state: ApiState) -> Router {
    let body_limit = state.body_limit;
    let state = Arc::new(state);
    let (open, _) = open_routes().split_for_parts();
    let (guarded, _) = guarded_routes().split_for_parts();
    let guarded = guarded
        // What it does not know it passes on: json.rs refuses that with a problem document.
        .route_layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
        .route_layer(from_fn_with_state(
            Arc::clone(&state),
            authentication::require_token,
        ));
    open.merge(docs::swagger_ui())
        .merge(guarded)
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(body_limit))
        .layer(CatchPanicLayer::custom(problem::from_panic))
        .layer(from_fn_with_state(Arc::clone(&state), request::observe))
        .with_state(state)
}

/// Returns the OpenAPI document of all routes.
pub fn openapi_document() -> OpenApi {
    let mut document = docs::Description::openapi();
    document.merge(open_routes().into_openapi());
    document.merge(guarded_routes().into_openapi());
    document
}

/// Routes that anybody may call.
fn open_routes() -> OpenApiRouter<Arc<ApiState>> {
    OpenApiRouter::default()
        .routes(routes!(health::health))
        .routes(routes!(docs::openapi_json))
}

/// Routes that need an access token.
fn guarded_routes() -> OpenApiRouter<Arc<ApiState>> {
    OpenApiRouter::default()
        .routes(routes!(me::me))
        .routes(routes!(prometheus::metrics))
        .routes(routes!(llm::providers))
        .routes(routes!(llm::model))
        .routes(routes!(llm::complete))
        .routes(routes!(llm::stream))
        .routes(routes!(llm::check))
        .routes(routes!(search::search))
}

async fn no_such_route(uri: Uri) -> ProblemResponse {
    ProblemResponse::not_found(uri.path())
}

async fn no_such_method(method: Method, uri: Uri) -> ProblemResponse {
    ProblemResponse::method_not_allowed(&method, uri.path())
}
