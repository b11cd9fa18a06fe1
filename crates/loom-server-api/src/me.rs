//! Who the caller is.

use axum::{Extension, Json};
use loom_server_auth::TokenInfo;
use loom_server_llm_proxy::wire::Problem;
use serde::Serialize;
use utoipa::ToSchema;

/// The access token that was used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// Id of the token.
    token_id: String,
    /// Name of the token.
    name: String,
    /// `personal`, or `local` for the one that a server made for the user who started it.
    kind: String,
}

/// Tells which access token was used. Serves to check one.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    tag = "server",
    responses(
        (status = 200, description = "The token is good.", body = Me),
        (status = 401, description = "The token is missing or not good.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn me(Extension(token): Extension<TokenInfo>) -> Json<Me> {
    Json(Me {
        token_id: token.id.to_string(),
        name: token.name,
        kind: token.kind.as_str().to_owned(),
    })
}
