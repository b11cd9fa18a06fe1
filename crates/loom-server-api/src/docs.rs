//! The OpenAPI document, and its viewer.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Bytes;
use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{ApiState, openapi_document};

const DOCUMENT_PATH: &str = "/api/v1/openapi.json";

/// The parts of the document that are not routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Loom server",
        description = "Interface of the Loom server. Errors are problem documents (RFC 9457) with a stable `code`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
        contact(),
    ),
    tags(
        (name = "llm", description = "Models of all providers behind one interface."),
        (name = "search", description = "Search of the web."),
        (name = "server", description = "The server itself."),
    ),
    security(("token" = [])),
    modifiers(&BearerToken),
)]
pub(crate) struct Description;

/// Names the one way to authenticate.
struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "An access token; `loom-server token create NAME` makes one.",
            ))
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// Returns this document.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "server",
    security(()),
    responses((status = 200, description = "The OpenAPI document.", body = serde_json::Value)),
)]
pub(crate) async fn openapi_json() -> impl IntoResponse {
    // Made on the first request: most servers are never asked for it.
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
        serde_json::to_vec(&openapi_document())
            .unwrap_or_default()
            .into()
    });
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.clone())
}

/// Routes of the viewer at `/api/docs`. All its files are in this program.
pub(crate) fn swagger_ui() -> Router<Arc<ApiState>> {
    SwaggerUi::new("/api/docs")
        .config(Config::from(DOCUMENT_PATH).validator_url("none"))
        .into()
}
