//! Search of the web through the server.

use loom_testing::TestServer;
use loom_testing::search::{FakeSearchEngine, FoundPage, SEARCH_API_KEY, SEARCH_ENGINE_ID};
use loom_testing::server::use_search;
use serde_json::{Value, json};

use crate::client::{Answer, Client};

const ROUTE: &str = "/api/v1/search";

async fn engine() -> FakeSearchEngine {
    FakeSearchEngine::start([
        FoundPage::new("Tokio", "https://tokio.rs/", "A runtime\nfor Rust"),
        FoundPage::new("Bad", "javascript:alert(1)", "not an address"),
        FoundPage::new("smol", "https://github.com/smol-rs/smol", "A small one"),
    ])
    .await
}

async fn offered(client: &Client) -> Value {
    client.get("/api/v1/llm/providers").await.body["web_search"].clone()
}

fn found() -> Value {
    json!({"results": [
        {"title": "Tokio", "url": "https://tokio.rs/", "snippet": "A runtime for Rust"},
        {"title": "smol", "url": "https://github.com/smol-rs/smol", "snippet": "A small one"},
    ]})
}

#[tokio::test]
async fn both_providers_search_and_are_named_in_the_list() {
    let engine = engine().await;
    let serper = TestServer::start(|config| use_search(config, &engine)).await;
    let google = TestServer::start(|config| {
        let google = &mut config.search.google_cse;
        google.api_key = Some(SEARCH_API_KEY.to_owned().into());
        google.engine_id = Some(SEARCH_ENGINE_ID.to_owned());
        google.base_url = engine.url().parse().unwrap();
    })
    .await;
    for (server, name) in [(&serper, "serper"), (&google, "google_cse")] {
        let client = Client::new(server);
        assert_eq!(offered(&client).await, name);
        let answer = client
            .post(ROUTE, &json!({"query": "async runtimes"}))
            .await;
        assert_eq!((answer.status, answer.body), (200, found()), "{name}");
    }
    assert_eq!(engine.queries(), ["async runtimes", "async runtimes"]);
}

#[tokio::test]
async fn a_server_without_a_search_says_so_and_how_to_get_one() {
    let server = TestServer::start(|_| {}).await;
    let client = Client::new(&server);
    assert_eq!(offered(&client).await, Value::Null);
    let answer = client.post(ROUTE, &json!({"query": "x"})).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.body["code"], "provider_not_configured");
    assert_eq!(answer.body["detail"], "the server has no web search");
    assert_eq!(
        answer.body["hint"],
        "set LOOM_SERVER_SERPER_API_KEY, or LOOM_SERVER_GOOGLE_CSE_API_KEY and \
         LOOM_SERVER_GOOGLE_CSE_ENGINE_ID, where loom-server runs and start it again"
    );
}

#[tokio::test]
async fn a_search_needs_a_token() {
    let engine = engine().await;
    let server = TestServer::start(|config| use_search(config, &engine)).await;
    let client = Client::without_token(&server);
    let answer = client.post(ROUTE, &json!({"query": "x"})).await;
    assert_eq!(answer.status, 401);
    assert_eq!(engine.queries(), [""; 0]);
}

#[tokio::test]
async fn failures_are_problems_with_a_status_of_their_own() {
    let engine = engine().await;
    let server = TestServer::start(|config| use_search(config, &engine)).await;
    let client = Client::new(&server);
    let told = |answer: Answer| {
        (
            answer.status,
            answer.body["code"].as_str().unwrap().to_owned(),
        )
    };
    for (body, status, code) in [
        (json!({"query": " "}), 400, "invalid_request"),
        (json!({"count": 3}), 422, "invalid_request"),
    ] {
        let answer = told(client.post(ROUTE, &body).await);
        assert_eq!(answer, (status, code.to_owned()));
    }
    for (failure, message, status, code) in [
        (403, "Unauthorized.", 502, "key_refused"),
        (400, "Not enough credits", 402, "spend_limit"),
        (400, "bad", 400, "invalid_request"),
    ] {
        engine.fail(failure, message);
        let answer = told(client.post(ROUTE, &json!({"query": "x"})).await);
        assert_eq!(answer, (status, code.to_owned()));
    }
}

#[tokio::test]
async fn a_failure_that_may_pass_is_asked_again_before_it_is_told() {
    let engine = engine().await;
    let server = TestServer::start(|config| use_search(config, &engine)).await;
    engine.fail(500, "oops");
    let answer = Client::new(&server)
        .post(ROUTE, &json!({"query": "x"}))
        .await;
    assert_eq!(answer.status, 502);
    assert_eq!(answer.body["code"], "provider_failed");
    assert_eq!(engine.queries(), ["x", "x", "x"]);
}
