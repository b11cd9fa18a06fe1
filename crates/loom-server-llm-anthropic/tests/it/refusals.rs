//! Requests that the provider refuses: what it says, and what a person is told.

use loom_common_core::{LlmClient, LlmError, LlmErrorKind, Message};
use loom_server_llm_anthropic::{AnthropicClient, AnthropicConfig};
use loom_testing::{FakeModel, Reply};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::client::{KEY, client, config, request, stream};

const KEY_HINT: &str =
    "set LOOM_SERVER_ANTHROPIC_API_KEY where loom-server runs to a valid key and start it again";
const SPEND_HINT: &str =
    "raise the limit or add credit in the provider's console, or use another key";
const LENGTH_HINT: &str = "start a new thread, or choose a model that takes longer conversations";
const PERMISSION_HINT: &str =
    "the key may not use this model or feature; ask whoever manages the key";
const RATE_HINT: &str = "wait a while: the provider limits requests and tokens per minute";
const LATER_HINT: &str = "try again later; the provider's status page may say more";
const ADDRESS_HINT: &str =
    "check LOOM_SERVER_ANTHROPIC_BASE_URL: it must be the address of an Anthropic Messages API";

async fn refused_with(
    client: impl FnOnce(&str) -> AnthropicClient,
    answer: ResponseTemplate,
) -> LlmError {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/messages"))
        .respond_with(answer)
        .mount(&server)
        .await;
    let client = client(&server.uri());
    let request = request([Message::user("go")]);
    let error = stream(&client, &request).await.unwrap_err();
    assert_eq!(client.complete(&request).await, Err(error.clone()));
    let shown = format!("{error:?} {client:?}");
    assert!(!shown.contains(KEY), "the key must not show: {shown}");
    error
}

async fn refused(status: u16, body: Value) -> LlmError {
    refused_with(client, ResponseTemplate::new(status).set_body_json(body)).await
}

fn body(kind: &str, message: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"})
}

fn error(kind: LlmErrorKind, message: &str, hint: Option<&str>) -> LlmError {
    LlmError {
        hint: hint.map(str::to_owned),
        request_id: Some("req_1".to_owned()),
        ..LlmError::new(kind, message)
    }
}

#[tokio::test]
async fn every_error_of_the_provider_has_a_kind_and_a_hint() {
    use LlmErrorKind::*;
    let cases = [
        (
            401,
            "authentication_error",
            "invalid x-api-key test-key",
            KeyRefused,
            "Anthropic refused the API key",
            Some(KEY_HINT),
        ),
        (
            403,
            "permission_error",
            "no",
            PermissionDenied,
            "Anthropic refused the request: no",
            Some(PERMISSION_HINT),
        ),
        (
            404,
            "not_found_error",
            "model: claude-x",
            ModelNotFound,
            "Anthropic has no model `claude-x`",
            Some("choose another model with --model"),
        ),
        (
            404,
            "not_found_error",
            "Not found",
            InvalidRequest,
            "Anthropic refused the request: Not found",
            None,
        ),
        (
            400,
            "invalid_request_error",
            "messages: bad",
            InvalidRequest,
            "Anthropic refused the request: messages: bad",
            None,
        ),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 2 tokens > 1 maximum",
            ContextTooLong,
            "Anthropic refused the request: prompt is too long: 2 tokens > 1 maximum",
            Some(LENGTH_HINT),
        ),
        (
            400,
            "invalid_request_error",
            "input length and `max_tokens` exceed context limit: 3",
            ContextTooLong,
            "Anthropic refused the request: input length and `max_tokens` exceed context limit: 3",
            Some(LENGTH_HINT),
        ),
        (
            413,
            "request_too_large",
            "Request exceeds the maximum size",
            ContextTooLong,
            "Anthropic refused the request: Request exceeds the maximum size",
            Some(LENGTH_HINT),
        ),
        (
            400,
            "invalid_request_error",
            "Your credit balance is too low to access the API.",
            SpendLimit,
            "Anthropic refused the request: Your credit balance is too low to access the API.",
            Some(SPEND_HINT),
        ),
        (
            400,
            "invalid_request_error",
            "You have reached your specified API usage limits.",
            SpendLimit,
            "Anthropic refused the request: You have reached your specified API usage limits.",
            Some(SPEND_HINT),
        ),
        (
            402,
            "billing_error",
            "pay",
            SpendLimit,
            "Anthropic refused the request: pay",
            Some(SPEND_HINT),
        ),
        (
            429,
            "rate_limit_error",
            "slow down",
            RateLimited,
            "Anthropic refused the request: slow down",
            Some(RATE_HINT),
        ),
        (
            500,
            "api_error",
            "Internal server error",
            ProviderFailed,
            "Anthropic refused the request: Internal server error",
            Some(LATER_HINT),
        ),
        (
            504,
            "timeout_error",
            "late",
            ProviderFailed,
            "Anthropic refused the request: late",
            Some(LATER_HINT),
        ),
        (
            529,
            "overloaded_error",
            "Overloaded",
            Overloaded,
            "Anthropic refused the request: Overloaded",
            Some(LATER_HINT),
        ),
        (
            418,
            "brand_new_error",
            "short and stout",
            InvalidRequest,
            "Anthropic refused the request: short and stout",
            None,
        ),
        (
            500,
            "brand_new_error",
            "",
            ProviderFailed,
            "Anthropic refused the request: {\"type\":\"error\",\"error\":{\"type\":\"brand_new_error\",\"message\":\"\"},\"request_id\":\"req_1\"}",
            Some(LATER_HINT),
        ),
    ];
    for (status, wire_kind, wire_message, kind, message, hint) in cases {
        assert_eq!(
            refused(status, body(wire_kind, wire_message)).await,
            error(kind, message, hint),
            "for {status} {wire_kind} {wire_message}"
        );
    }
}

#[tokio::test]
async fn a_spend_limit_is_no_rate_limit() {
    let mut body = body("rate_limit_error", "spent");
    body["error"]["details"] = json!({"error_code": "enforced_spend_limit_reached"});
    let answer = ResponseTemplate::new(429)
        .set_body_json(body)
        .insert_header("x-should-retry", "true");
    let expected = error(
        LlmErrorKind::SpendLimit,
        "Anthropic refused the request: spent",
        Some(SPEND_HINT),
    );
    let refusal = refused_with(client, answer).await;
    assert!(!refusal.is_retryable());
    assert_eq!(refusal, expected);
}

#[tokio::test]
async fn what_the_provider_says_about_trying_again_is_kept() {
    let answer = ResponseTemplate::new(429)
        .set_body_json(body("rate_limit_error", "slow down"))
        .insert_header("retry-after", "7")
        .insert_header("x-should-retry", "false")
        .insert_header("request-id", "req_9");
    let expected = LlmError {
        hint: Some(RATE_HINT.to_owned()),
        retry_after_ms: Some(7000),
        should_retry: Some(false),
        request_id: Some("req_9".to_owned()),
        ..LlmError::new(
            LlmErrorKind::RateLimited,
            "Anthropic refused the request: slow down",
        )
    };
    assert_eq!(refused_with(client, answer).await, expected);
}

#[tokio::test]
async fn a_missing_key_is_told_from_a_bad_one() {
    let answer = ResponseTemplate::new(401).set_body_json(body("authentication_error", "x"));
    let without_key = |base: &str| {
        let config = AnthropicConfig {
            api_key: None,
            ..config(base)
        };
        AnthropicClient::new(config, loom_common_http::new_client()).unwrap()
    };
    let expected = error(
        LlmErrorKind::KeyRefused,
        "Anthropic wants an API key, and the server has none",
        Some(KEY_HINT),
    );
    assert_eq!(refused_with(without_key, answer).await, expected);
}

#[tokio::test]
async fn an_answer_of_something_in_between_is_summarized() {
    let page = "<html><head><title>502 Bad Gateway</title></head>\n<body>nginx</body></html>";
    let cases = [
        (
            ResponseTemplate::new(502).set_body_raw(page, "text/html"),
            LlmErrorKind::ProviderFailed,
            "answered 502: a web page titled \"502 Bad Gateway\"",
            Some(LATER_HINT),
        ),
        (
            ResponseTemplate::new(404).set_body_string("404 page\nnot found"),
            LlmErrorKind::InvalidRequest,
            "answered 404: 404 page not found",
            Some(ADDRESS_HINT),
        ),
        (
            ResponseTemplate::new(302).insert_header("location", "/login"),
            LlmErrorKind::InvalidRequest,
            "answered 302: Found",
            Some(ADDRESS_HINT),
        ),
        (
            ResponseTemplate::new(503).set_body_string(format!("key {KEY} \u{0} down")),
            LlmErrorKind::Overloaded,
            "answered 503: key [REDACTED] down",
            Some(LATER_HINT),
        ),
    ];
    for (answer, kind, message, hint) in cases {
        let mut refusal = refused_with(client, answer).await;
        let (start, end) = refusal.message.split_once(" answered").unwrap();
        assert!(
            start.starts_with("Anthropic at http://127.0.0.1:"),
            "{start}"
        );
        refusal.message = format!("answered{end}");
        let expected = LlmError {
            request_id: None,
            ..error(kind, message, hint)
        };
        assert_eq!(refusal, expected);
    }
}

#[tokio::test]
async fn a_login_page_under_status_200_is_not_an_answer() {
    let server = MockServer::start().await;
    let page = ResponseTemplate::new(200).set_body_raw("<title>Log in</title>", "text/html");
    Mock::given(method("POST"))
        .respond_with(page)
        .mount(&server)
        .await;
    let request = request([Message::user("go")]);
    let error = stream(&client(&server.uri()), &request).await.unwrap_err();
    let expected = LlmError::new(
        LlmErrorKind::MalformedResponse,
        "Anthropic sent an answer that cannot be read: it is not an event stream but a web page \
         titled \"Log in\"",
    );
    assert_eq!(error, expected.with_hint(ADDRESS_HINT));
}

#[tokio::test]
async fn the_headers_are_those_of_the_api() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(500))
        .mount(&server)
        .await;
    let request = request([Message::user("go")]);
    let _ = stream(&client(&server.uri()), &request).await;
    let sent = &server.received_requests().await.unwrap()[0];
    let header = |name: &str| sent.headers[name].to_str().unwrap();
    assert_eq!(header("x-api-key"), KEY);
    assert_eq!(header("anthropic-version"), "2023-06-01");
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("accept"), "text/event-stream");
}

#[tokio::test]
async fn the_fake_models_refusals_are_understood() {
    let model = FakeModel::start().await;
    let client = client(&model.url());
    let request = request([Message::user("go")]);
    let cases = [
        (Reply::status(429).retry_after(3), LlmErrorKind::RateLimited),
        (Reply::overloaded(), LlmErrorKind::Overloaded),
        (Reply::spend_limit(), LlmErrorKind::SpendLimit),
        (Reply::status(500), LlmErrorKind::ProviderFailed),
        (Reply::status(401), LlmErrorKind::KeyRefused),
        (Reply::status(403), LlmErrorKind::PermissionDenied),
        (Reply::status(413), LlmErrorKind::ContextTooLong),
    ];
    for (reply, kind) in cases {
        model.reply(reply);
        assert_eq!(stream(&client, &request).await.unwrap_err().kind, kind);
    }
}

#[tokio::test]
async fn listing_models_tells_about_the_key() {
    let model = FakeModel::start().await;
    model.fail_model_list(401);
    let error = client(&model.url()).list_models().await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::KeyRefused);
    assert_eq!(error.hint.as_deref(), Some(KEY_HINT));
}

#[test]
fn settings_that_cannot_work_are_refused_at_once() {
    let config = AnthropicConfig {
        api_key: Some("sk-with\nline-end".to_owned().into()),
        ..config("http://host")
    };
    let error = AnthropicClient::new(config, loom_common_http::new_client()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the Anthropic API key has characters that cannot stand in an HTTP header"
    );
}
