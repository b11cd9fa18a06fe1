//! What is asked, and what the answers mean.

use std::time::Duration;

use loom_common_core::{LlmError, LlmErrorKind};
use loom_common_secret::SecretString;
use loom_search_core::{SearchProvider as _, SearchRequest, SearchResult};
use loom_server_search_serper::{SerperClient, SerperConfig};
use serde_json::{Value, json};
use wiremock::matchers::{body_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) const KEY: &str = "the-secret-key";

pub(crate) fn client(base_url: &str, timeout: Duration) -> SerperClient {
    let config = SerperConfig {
        api_key: SecretString::new(KEY.to_owned()),
        base_url: base_url.parse().unwrap(),
        timeout,
    };
    SerperClient::new(config, loom_common_http::new_client()).unwrap()
}

pub(crate) fn request() -> SearchRequest {
    SearchRequest {
        query: "rust \"async\" & more".to_owned(),
        count: Some(3),
    }
}

/// Searches at a server that gives this answer.
async fn search(answer: ResponseTemplate) -> Result<Vec<SearchResult>, LlmError> {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/search"))
        .and(header("x-api-key", KEY))
        .and(body_json(json!({"q": "rust \"async\" & more", "num": 3})))
        .respond_with(answer)
        .mount(&server)
        .await;
    client(&server.uri(), Duration::from_secs(30))
        .search(&request())
        .await
}

async fn refused(status: u16, body: Value) -> LlmError {
    let answer = ResponseTemplate::new(status).set_body_json(body);
    search(answer).await.unwrap_err()
}

#[tokio::test]
async fn results_are_read_and_all_else_is_passed_over() {
    let answer = json!({
        "searchParameters": {"q": "rust", "type": "search"},
        "answerBox": {"title": "no result"},
        "organic": [
            {"title": "A", "link": "https://a.example/", "snippet": "about a", "date": "3 days ago", "position": 1},
            {"title": "B", "link": "https://b.example/", "sitelinks": [{"title": "no result"}]},
            {"snippet": "without an address"},
        ],
        "credits": 1,
    });
    let found = search(ResponseTemplate::new(200).set_body_json(answer)).await;
    let result = |title: &str, url: &str, snippet: &str, date: Option<&str>| SearchResult {
        title: title.to_owned(),
        url: url.to_owned(),
        snippet: snippet.to_owned(),
        date: date.map(str::to_owned),
    };
    assert_eq!(
        found.unwrap(),
        [
            result("A", "https://a.example/", "about a", Some("3 days ago")),
            result("B", "https://b.example/", "", None),
            result("", "", "without an address", None),
        ]
    );
}

#[tokio::test]
async fn nothing_found_is_no_error() {
    let answer = ResponseTemplate::new(200).set_body_json(json!({"organic": []}));
    assert_eq!(search(answer).await, Ok(Vec::new()));
}

#[tokio::test]
async fn refusals_have_the_kind_that_says_what_to_do() {
    use LlmErrorKind::{InvalidRequest, KeyRefused, Overloaded, RateLimited, SpendLimit};
    let told = |message: &str| json!({"message": message, "statusCode": 0});
    for (status, message, kind) in [
        (401, "Unauthorized.", KeyRefused),
        (403, "Unauthorized.", KeyRefused),
        (400, "Not enough credits", SpendLimit),
        (402, "", SpendLimit),
        (429, "Too Many Requests", RateLimited),
        (400, "Missing query parameter", InvalidRequest),
        (503, "", Overloaded),
    ] {
        let error = refused(status, told(message)).await;
        assert_eq!(error.kind, kind, "{status} {message}");
    }
    let error = refused(403, told("Unauthorized.")).await;
    assert_eq!(error.message, "serper.dev refused the API key");
    assert_eq!(
        error.hint.as_deref(),
        Some(
            "set LOOM_SERVER_SERPER_API_KEY where loom-server runs to a valid key and start it again"
        )
    );
}

#[tokio::test]
async fn a_pause_that_is_asked_for_is_passed_on() {
    let answer = ResponseTemplate::new(429).insert_header("retry-after", "7");
    let error = search(answer).await.unwrap_err();
    assert_eq!(error.retry_after_ms, Some(7_000));
}

#[tokio::test]
async fn the_key_is_not_repeated() {
    let error = refused(400, json!({"message": format!("bad {KEY}")})).await;
    assert_eq!(
        error.message,
        "serper.dev refused the request: bad [REDACTED]"
    );
    let client = client("http://localhost", Duration::from_secs(1));
    assert!(!format!("{client:?}").contains(KEY));
}

#[test]
fn a_key_that_fits_no_header_is_told_at_once() {
    let config = SerperConfig {
        api_key: SecretString::new("a\nb".to_owned()),
        base_url: "http://localhost".parse().unwrap(),
        timeout: Duration::from_secs(1),
    };
    let error = SerperClient::new(config, loom_common_http::new_client()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the serper.dev API key has characters that cannot stand in an HTTP header"
    );
}
