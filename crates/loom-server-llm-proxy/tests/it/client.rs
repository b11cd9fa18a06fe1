//! What the tests share: a server with one route, and clients of it.

use std::sync::Arc;

use loom_common_core::{LlmRequest, Message};
use loom_server_llm_proxy::{ProxyLlmClient, ServerClient};
use serde_json::json;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) const TOKEN: &str = "loom_secret_token";

/// Starts a server that gives this answer to POSTs with the token on one route.
pub(crate) async fn serve(route: &str, answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path(route))
        .and(header("authorization", format!("Bearer {TOKEN}")))
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}

pub(crate) fn client(url: &str) -> ProxyLlmClient {
    let http = loom_common_http::new_client();
    ProxyLlmClient::anthropic(url.parse().unwrap(), TOKEN.to_owned().into(), http).unwrap()
}

pub(crate) fn server_client(url: &str) -> ServerClient {
    client(url).server().clone()
}

pub(crate) fn request() -> LlmRequest {
    LlmRequest {
        model: "claude-x".to_owned(),
        system: None,
        messages: vec![Arc::new(Message::user("go"))],
        tools: Vec::new(),
        max_tokens: None,
        effort: None,
    }
}

/// Makes an answer that is a problem document.
pub(crate) fn problem(status: u16, fields: serde_json::Value) -> ResponseTemplate {
    let mut document = json!({"type": "about:blank", "title": "T", "status": status});
    for (name, value) in fields.as_object().unwrap() {
        document[name] = value.clone();
    }
    ResponseTemplate::new(status).set_body_raw(document.to_string(), "application/problem+json")
}
