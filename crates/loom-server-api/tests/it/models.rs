//! What the server knows about models.

use loom_testing::TestServer;
use loom_testing::model::DEFAULT_API_KEY;
use serde_json::json;

use crate::client::Client;

async fn server() -> TestServer {
    TestServer::start(|config| {
        config.llm.anthropic.api_key = Some(DEFAULT_API_KEY.to_owned().into());
        config.llm.openai.base_url = "http://localhost:1".parse().unwrap();
        config.llm.models = vec!["vendor/model context_window=4096".parse().unwrap()];
    })
    .await
}

#[tokio::test]
async fn a_model_has_figures_where_they_are_known() {
    let server = server().await;
    let client = Client::new(&server);
    for (path, expected) in [
        (
            "anthropic/model?name=claude-opus-4-5-20251101",
            json!({"name": "claude-opus-4-5-20251101", "figures": {
                "context_window": 200_000,
                "max_output_tokens": 64_000,
                "prices": {"rates": {
                    "input": 5.0, "output": 25.0, "cache_read": 0.5, "cache_write": 6.25,
                }},
            }}),
        ),
        (
            "openai/model?name=vendor%2Fmodel",
            json!({"name": "vendor/model", "figures": {"context_window": 4096}}),
        ),
        (
            "openai/model?name=nobody-knows",
            json!({"name": "nobody-knows", "figures": {}}),
        ),
    ] {
        let answer = client.get(&format!("/api/v1/llm/{path}")).await;
        assert_eq!((answer.status, answer.body), (200, expected), "{path}");
    }
}

#[tokio::test]
async fn without_a_name_the_default_model_is_meant() {
    let server = server().await;
    let client = Client::new(&server);
    for path in ["anthropic/model", "anthropic/model?name="] {
        let answer = client.get(&format!("/api/v1/llm/{path}")).await;
        assert_eq!(answer.body["name"], "claude-sonnet-5-5", "{path}");
        assert_eq!(answer.body["figures"]["context_window"], 1_000_000);
    }
}

#[tokio::test]
async fn what_cannot_be_told_is_a_problem() {
    let server = server().await;
    let client = Client::new(&server);
    for (path, status, code) in [
        ("vertex/model?name=x", 404, "provider_not_configured"),
        ("openai/model", 400, "invalid_request"),
        ("openai/model?name=a&name=b", 422, "invalid_request"),
    ] {
        let answer = client.get(&format!("/api/v1/llm/{path}")).await;
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        let code = json!(code);
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (status, &code),
            "{path}"
        );
    }
}
