//! The check of the access token, before a guarded route.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::ApiState;
use crate::problem::ProblemResponse;

/// Lets a request with a good token through, and gives the handlers the
/// [`TokenInfo`](loom_server_auth::TokenInfo) as an extension.
pub(crate) async fn require_token(
    State(state): State<Arc<ApiState>>,
    mut request: Request,
    next: Next,
) -> Result<Response, ProblemResponse> {
    let presented = bearer(request.headers())?;
    let token = state.tokens.authenticate(presented).await?;
    tracing::Span::current().record("token", tracing::field::display(token.id));
    request.extensions_mut().insert(token);
    Ok(next.run(request).await)
}

/// Returns the token of an `Authorization: Bearer` header (RFC 6750, section 2.1).
fn bearer(headers: &HeaderMap) -> Result<&str, ProblemResponse> {
    let header = headers
        .get(AUTHORIZATION)
        .ok_or_else(|| ProblemResponse::unauthorized("the request has no access token"))?;
    let (scheme, token) = header
        .to_str()
        .ok()
        .and_then(|text| text.trim().split_once(' '))
        .ok_or_else(|| ProblemResponse::unauthorized("the Authorization header cannot be read"))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ProblemResponse::unauthorized(
            "the Authorization header is not of the Bearer scheme",
        ));
    }
    Ok(token.trim())
}
