//! The calls around the models.

use loom_common_core::{LlmErrorKind, ModelFigures};
use loom_search_core::{SearchRequest, SearchResult, SearchResults};
use loom_server_llm_proxy::wire::{
    CheckResult, ComponentHealth, Health, HealthStatus, ModelInfo, ProviderInfo, ProviderList,
};
use serde_json::json;
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::client::{TOKEN, problem, serve, server_client};

fn health(status: HealthStatus) -> Health {
    Health {
        status,
        version: "0.1.0".to_owned(),
        commit: "dev".to_owned(),
        components: vec![ComponentHealth {
            name: "database".to_owned(),
            status,
            duration_ms: 3,
            message: None,
        }],
    }
}

async fn health_server(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/health"))
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn an_unhealthy_server_tells_how_it_is() {
    for (status, health) in [
        (200, health(HealthStatus::Healthy)),
        (200, health(HealthStatus::Degraded)),
        (503, health(HealthStatus::Unhealthy)),
    ] {
        let server = health_server(ResponseTemplate::new(status).set_body_json(&health)).await;
        assert_eq!(server_client(&server.uri()).health().await, Ok(health));
    }
}

#[tokio::test]
async fn health_is_asked_without_the_token() {
    let answer = ResponseTemplate::new(200).set_body_json(health(HealthStatus::Healthy));
    let server = health_server(answer).await;
    server_client(&server.uri()).health().await.unwrap();
    let sent = &server.received_requests().await.unwrap()[0];
    assert!(!sent.headers.contains_key("authorization"));
}

#[tokio::test]
async fn health_of_an_older_or_newer_server_is_read() {
    let answer = json!({"status": "healthy", "version": "9.0.0", "weather": "fine"});
    let server = health_server(ResponseTemplate::new(200).set_body_json(answer)).await;
    let expected = Health {
        status: HealthStatus::Healthy,
        version: "9.0.0".to_owned(),
        commit: String::new(),
        components: Vec::new(),
    };
    assert_eq!(server_client(&server.uri()).health().await, Ok(expected));
}

#[tokio::test]
async fn something_else_that_answers_is_no_health() {
    for (answer, kind) in [
        (
            ResponseTemplate::new(200).set_body_string("OK"),
            LlmErrorKind::MalformedResponse,
        ),
        (ResponseTemplate::new(404), LlmErrorKind::Internal),
        // The server never tells of its health under this status.
        (
            ResponseTemplate::new(502).set_body_json(health(HealthStatus::Unhealthy)),
            LlmErrorKind::ServerUnreachable,
        ),
    ] {
        let server = health_server(answer).await;
        let error = server_client(&server.uri()).health().await.unwrap_err();
        assert_eq!(error.kind, kind);
    }
}

#[tokio::test]
async fn a_proxy_that_does_not_reach_the_server_tells_nothing_of_its_health() {
    for answer in [
        ResponseTemplate::new(503).set_body_string("<html>"),
        ResponseTemplate::new(503).set_body_json(json!({"message": "no upstream"})),
        ResponseTemplate::new(503),
    ] {
        let server = health_server(answer).await;
        let error = server_client(&server.uri()).health().await.unwrap_err();
        assert_eq!(error.kind, LlmErrorKind::ServerUnreachable);
    }
}

#[tokio::test]
async fn the_providers_are_listed() {
    let list = ProviderList {
        providers: vec![ProviderInfo {
            name: "anthropic".to_owned(),
            configured: true,
            default_model: None,
        }],
        web_search: Some("serper".to_owned()),
    };
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/api/v1/llm/providers"))
        .and(header("authorization", format!("Bearer {TOKEN}")))
        .respond_with(ResponseTemplate::new(200).set_body_json(&list))
        .mount(&server)
        .await;
    let client = server_client(&server.uri());
    assert_eq!(client.offer().await, Ok(list.clone()));
    assert_eq!(client.providers().await, Ok(list.providers));
}

#[tokio::test]
async fn an_older_server_offers_no_search() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v1/llm/providers"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"providers": []})))
        .mount(&server)
        .await;
    let offer = server_client(&server.uri()).offer().await;
    assert_eq!(offer, Ok(ProviderList::default()));
}

#[tokio::test]
async fn a_model_is_asked_for_by_any_name() {
    let info = ModelInfo {
        name: "maker/model a&b".to_owned(),
        figures: ModelFigures {
            context_window: Some(1000),
            ..ModelFigures::default()
        },
    };
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/api/v1/llm/openai/model"))
        .and(query_param("name", "maker/model a&b"))
        .and(header("authorization", format!("Bearer {TOKEN}")))
        .respond_with(ResponseTemplate::new(200).set_body_json(&info))
        .mount(&server)
        .await;
    let client = server_client(&server.uri());
    assert_eq!(client.model("openai", &info.name).await, Ok(info));
}

#[tokio::test]
async fn a_search_returns_what_was_found_or_why_not() {
    let route = "/api/v1/search";
    let found = SearchResults {
        results: vec![SearchResult {
            title: "t".to_owned(),
            url: "https://example.com/".to_owned(),
            snippet: "s".to_owned(),
            date: None,
        }],
    };
    let request = SearchRequest {
        query: "q".to_owned(),
        count: Some(2),
    };
    let server = serve(route, ResponseTemplate::new(200).set_body_json(&found)).await;
    let answer = server_client(&server.uri()).search(&request).await;
    assert_eq!(answer, Ok(found));
    let sent = &server.received_requests().await.unwrap()[0];
    let sent: serde_json::Value = sent.body_json().unwrap();
    assert_eq!(sent, json!({"query": "q", "count": 2}));

    let refusal = json!({"detail": "d", "code": "provider_not_configured", "hint": "h"});
    let server = serve(route, problem(404, refusal)).await;
    let error = server_client(&server.uri())
        .search(&request)
        .await
        .unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::ProviderNotConfigured);
    assert_eq!(
        (error.message.as_str(), error.hint.as_deref()),
        ("d", Some("h"))
    );
}

#[tokio::test]
async fn a_check_returns_the_models_or_why_not() {
    let route = "/api/v1/llm/openai/check";
    let result = CheckResult {
        ok: true,
        models: vec!["gpt-x".to_owned()],
    };
    let server = serve(route, ResponseTemplate::new(200).set_body_json(&result)).await;
    let models = server_client(&server.uri()).check("openai").await;
    assert_eq!(models, Ok(result.models));

    let server = serve(
        route,
        problem(502, json!({"detail": "d", "code": "key_refused"})),
    )
    .await;
    let error = server_client(&server.uri())
        .check("openai")
        .await
        .unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::KeyRefused);
}
