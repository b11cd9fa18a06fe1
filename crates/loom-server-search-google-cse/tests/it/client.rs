//! What is asked, and what the answers mean.

use std::time::Duration;

use loom_common_core::{LlmError, LlmErrorKind};
use loom_common_secret::SecretString;
use loom_search_core::{SearchProvider as _, SearchRequest, SearchResult};
use loom_server_search_google_cse::{GoogleCseClient, GoogleCseConfig};
use serde_json::{Value, json};
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) const KEY: &str = "the-secret-key";

pub(crate) fn client(base_url: &str, timeout: Duration) -> GoogleCseClient {
    let config = GoogleCseConfig {
        api_key: SecretString::new(KEY.to_owned()),
        engine_id: "engine:1".to_owned(),
        base_url: base_url.parse().unwrap(),
        timeout,
    };
    GoogleCseClient::new(config, loom_common_http::new_client()).unwrap()
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
    Mock::given(method("GET"))
        .and(path("/customsearch/v1"))
        .and(query_param("key", KEY))
        .and(query_param("cx", "engine:1"))
        .and(query_param("q", "rust \"async\" & more"))
        .and(query_param("num", "3"))
        .respond_with(answer)
        .mount(&server)
        .await;
    client(&server.uri(), Duration::from_secs(30))
        .search(&request())
        .await
}

async fn refused(status: u16, error: Value) -> LlmError {
    let answer = ResponseTemplate::new(status).set_body_json(json!({"error": error}));
    search(answer).await.unwrap_err()
}

#[tokio::test]
async fn results_are_read_and_all_else_is_passed_over() {
    let answer = json!({
        "kind": "customsearch#search",
        "queries": {"request": [{"count": 2}]},
        "items": [
            {"kind": "customsearch#result", "title": "A", "htmlTitle": "<b>A</b>",
             "link": "https://a.example/", "snippet": "about a", "pagemap": {"metatags": [{}]}},
            {"title": "B", "link": "https://b.example/"},
        ],
    });
    let found = search(ResponseTemplate::new(200).set_body_json(answer)).await;
    let result = |title: &str, url: &str, snippet: &str| SearchResult {
        title: title.to_owned(),
        url: url.to_owned(),
        snippet: snippet.to_owned(),
        date: None,
    };
    assert_eq!(
        found.unwrap(),
        [
            result("A", "https://a.example/", "about a"),
            result("B", "https://b.example/", ""),
        ]
    );
}

#[tokio::test]
async fn nothing_found_is_no_error() {
    let answer = json!({"kind": "customsearch#search", "queries": {}});
    let found = search(ResponseTemplate::new(200).set_body_json(answer)).await;
    assert_eq!(found, Ok(Vec::new()));
}

#[tokio::test]
async fn refusals_have_the_kind_that_says_what_to_do() {
    use LlmErrorKind::{
        InvalidRequest, KeyRefused, PermissionDenied, ProviderFailed, RateLimited, SpendLimit,
    };
    for (status, error, kind) in [
        (
            400,
            json!({"message": "API key not valid. Please pass a valid API key.",
                   "errors": [{"reason": "badRequest"}], "status": "INVALID_ARGUMENT",
                   "details": [{"@type": "…ErrorInfo", "reason": "API_KEY_INVALID"}]}),
            KeyRefused,
        ),
        (
            400,
            json!({"message": "Bad Request", "errors": [{"reason": "keyInvalid"}]}),
            KeyRefused,
        ),
        (
            403,
            json!({"message": "Custom Search API has not been used in project 1",
                   "errors": [{"reason": "accessNotConfigured"}]}),
            PermissionDenied,
        ),
        (
            403,
            json!({"message": "Daily Limit Exceeded", "errors": [{"reason": "dailyLimitExceeded"}]}),
            SpendLimit,
        ),
        (
            429,
            json!({"message": "Quota exceeded for quota metric 'Queries' and limit 'Queries per day'",
                   "errors": [{"reason": "rateLimitExceeded"}], "status": "RESOURCE_EXHAUSTED"}),
            SpendLimit,
        ),
        (
            429,
            json!({"message": "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute'",
                   "errors": [{"reason": "rateLimitExceeded"}], "status": "RESOURCE_EXHAUSTED"}),
            RateLimited,
        ),
        (
            400,
            json!({"message": "Request contains an invalid argument."}),
            InvalidRequest,
        ),
        (500, json!({"message": "Internal error"}), ProviderFailed),
    ] {
        let refusal = refused(status, error.clone()).await;
        assert_eq!(refusal.kind, kind, "{status} {error}");
        assert!(kind == ProviderFailed || refusal.hint.is_some(), "{error}");
    }
}

#[tokio::test]
async fn the_key_is_not_repeated() {
    let error = refused(400, json!({"message": format!("bad {KEY}")})).await;
    assert_eq!(
        error.message,
        "Google's Programmable Search refused the request: bad [REDACTED]"
    );
    let client = client("http://localhost:1", Duration::from_secs(30));
    assert!(!format!("{client:?}").contains(KEY));
    let error = loom_search_core::SearchProvider::search(&client, &request())
        .await
        .unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::ProviderUnreachable);
    assert!(!format!("{error:?}").contains(KEY), "{error:?}");
}
