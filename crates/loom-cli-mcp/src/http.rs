//! The transport over streamable HTTP, with a login where there is one.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use reqwest::redirect::Policy;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::AuthClient;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;

use crate::endpoint::Service;
use crate::oauth::{self, Credentials};
use crate::stdio::MAX_MESSAGE;

/// Redirects that are followed for one request.
const MAX_REDIRECTS: usize = 5;

/// The transport to a service.
pub(crate) type HttpTransport = StreamableHttpClientTransport<AuthClient<reqwest::Client>>;

/// Opens the transport to a service. Nothing is sent yet, but for what a stored login needs.
///
/// # Errors
///
/// What went wrong, as sentences.
pub(crate) async fn open(
    service: &Service,
    credentials: &Credentials,
) -> Result<HttpTransport, String> {
    let client = client()?;
    // Who configured a token of its own wants that one.
    let has_token = service.headers.contains_key(&AUTHORIZATION);
    let client = match has_token {
        true => oauth::client_without_login(client, &service.url).await?,
        false => {
            let credentials = credentials.of(&service.url);
            oauth::client(client, &service.url, &service.oauth, &credentials).await?
        }
    };
    let config = StreamableHttpClientTransportConfig::with_uri(Arc::from(service.url.as_str()))
        .custom_headers(service.headers.clone())
        .max_sse_event_size(MAX_MESSAGE)
        .max_json_response_size(MAX_MESSAGE);
    Ok(StreamableHttpClientTransport::with_client(client, config))
}

/// Makes a client that follows redirects within the service only: what goes to it may hold a
/// token, and a redirect that turns a request into another loses the message.
pub(crate) fn client() -> Result<reqwest::Client, String> {
    let policy = Policy::custom(|attempt| {
        let keeps_body = matches!(attempt.status().as_u16(), 307 | 308);
        let stays = attempt
            .previous()
            .first()
            .is_some_and(|first| first.origin() == attempt.url().origin());
        match keeps_body && stays && attempt.previous().len() <= MAX_REDIRECTS {
            true => attempt.follow(),
            false => attempt.stop(),
        }
    });
    loom_common_http::builder()
        .redirect(policy)
        .build()
        .map_err(|error| format!("There can be no HTTP client: {error}."))
}
