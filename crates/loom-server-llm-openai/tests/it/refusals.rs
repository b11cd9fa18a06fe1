//! Requests that the server refuses: what it says, and what a person is told.

use loom_common_core::{LlmClient, LlmError, LlmErrorKind, Message};
use loom_server_llm_openai::{OpenAiClient, OpenAiConfig};
use loom_testing::{FakeModel, Reply};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::client::{KEY, client, config, request, stream};

const KEY_HINT: &str =
    "set LOOM_SERVER_OPENAI_API_KEY where loom-server runs to a valid key and start it again";
const SPEND_HINT: &str =
    "raise the limit or add credit in the provider's console, or use another key";
const LENGTH_HINT: &str = "start a new thread, or choose a model that takes longer conversations";
const PERMISSION_HINT: &str =
    "the key may not use this model or feature; ask whoever manages the key";
const RATE_HINT: &str = "wait a while: the provider limits requests and tokens per minute";
const LATER_HINT: &str = "try again later; the provider's status page may say more";
const MODEL_HINT: &str = "choose another model with --model";
const ADDRESS_HINT: &str = "check LOOM_SERVER_OPENAI_BASE_URL: it must be the address of an \
                            OpenAI-compatible API, mostly ending in /v1";

async fn refused_with(
    client: impl FnOnce(&str) -> OpenAiClient,
    answer: ResponseTemplate,
) -> LlmError {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/chat/completions"))
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

fn error(kind: LlmErrorKind, message: &str, hint: Option<&str>) -> LlmError {
    LlmError {
        hint: hint.map(str::to_owned),
        ..LlmError::new(kind, message)
    }
}

#[tokio::test]
async fn every_error_of_a_server_has_a_kind_and_a_hint() {
    use LlmErrorKind::*;
    let body = |message: &str, kind: &str, code: Value| json!({"error": {"message": message, "type": kind, "param": null, "code": code}});
    let bad = "invalid_request_error";
    let cases = [
        (
            401,
            body(
                "Incorrect API key provided: test-key.",
                bad,
                json!("invalid_api_key"),
            ),
            KeyRefused,
            "the model server refused the API key",
            Some(KEY_HINT),
        ),
        (
            403,
            body(
                "Country not supported",
                "request_forbidden",
                json!("unsupported_country_region_territory"),
            ),
            PermissionDenied,
            "the model server refused the request: Country not supported",
            Some(PERMISSION_HINT),
        ),
        (
            404,
            body(
                "The model `gpt-x` does not exist",
                bad,
                json!("model_not_found"),
            ),
            ModelNotFound,
            "the model server has no model `gpt-x`",
            Some(MODEL_HINT),
        ),
        (
            404,
            body(
                "model \"gpt-x\" not found, try pulling it first",
                "api_error",
                json!(null),
            ),
            ModelNotFound,
            "the model server has no model `gpt-x`",
            Some(MODEL_HINT),
        ),
        (
            404,
            body("Unknown path", bad, json!(null)),
            InvalidRequest,
            "the model server refused the request: Unknown path",
            None,
        ),
        (
            400,
            body("bad", bad, json!(null)),
            InvalidRequest,
            "the model server refused the request: bad",
            None,
        ),
        (
            400,
            body("too long", bad, json!("context_length_exceeded")),
            ContextTooLong,
            "the model server refused the request: too long",
            Some(LENGTH_HINT),
        ),
        (
            400,
            body(
                "This model's maximum context length is 8192 tokens",
                "BadRequestError",
                json!(400),
            ),
            ContextTooLong,
            "the model server refused the request: This model's maximum context length is 8192 tokens",
            Some(LENGTH_HINT),
        ),
        (
            400,
            body(
                "the request exceeds the available context size",
                "exceed_context_size_error",
                json!(400),
            ),
            ContextTooLong,
            "the model server refused the request: the request exceeds the available context size",
            Some(LENGTH_HINT),
        ),
        (
            402,
            body("Insufficient Balance", "unknown_error", json!(bad)),
            SpendLimit,
            "the model server refused the request: Insufficient Balance",
            Some(SPEND_HINT),
        ),
        (
            429,
            body("slow down", "requests", json!("rate_limit_exceeded")),
            RateLimited,
            "the model server refused the request: slow down",
            Some(RATE_HINT),
        ),
        (
            429,
            body(
                "Request too large for gpt-x: Limit 30000, Requested 40000",
                "tokens",
                json!("rate_limit_exceeded"),
            ),
            ContextTooLong,
            "the model server refused the request: Request too large for gpt-x: Limit 30000, \
             Requested 40000",
            Some(LENGTH_HINT),
        ),
        (
            429,
            body(
                "You exceeded your current quota",
                "insufficient_quota",
                json!("insufficient_quota"),
            ),
            SpendLimit,
            "the model server refused the request: You exceeded your current quota",
            Some(SPEND_HINT),
        ),
        (
            422,
            json!({"message": "unprocessable"}),
            InvalidRequest,
            "the model server refused the request: unprocessable",
            None,
        ),
        (
            500,
            body("broke", "server_error", json!(null)),
            ProviderFailed,
            "the model server refused the request: broke",
            Some(LATER_HINT),
        ),
        (
            503,
            body(
                "The engine is currently overloaded",
                "overloaded",
                json!(null),
            ),
            Overloaded,
            "the model server refused the request: The engine is currently overloaded",
            Some(LATER_HINT),
        ),
        (
            500,
            json!({"error": "a plain text"}),
            ProviderFailed,
            "the model server refused the request: a plain text",
            Some(LATER_HINT),
        ),
    ];
    for (status, body, kind, message, hint) in cases {
        let shown = format!("for {status} {body}");
        assert_eq!(
            refused(status, body).await,
            error(kind, message, hint),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn a_model_that_cannot_call_tools() {
    let message = "registry.ollama.ai/library/x does not support tools";
    let refusal = refused(400, json!({"error": {"message": message}})).await;
    let expected = error(
        LlmErrorKind::InvalidRequest,
        "the model server refused the request: registry.ollama.ai/library/x does not support tools",
        Some("choose a model that can call tools, with --model"),
    );
    assert_eq!(refusal, expected);
}

#[tokio::test]
async fn what_the_server_says_about_trying_again_is_kept() {
    let answer = ResponseTemplate::new(429)
        .set_body_json(json!({"error": {"message": "slow down"}}))
        .insert_header("retry-after-ms", "1500")
        .insert_header("x-request-id", "req_9");
    let expected = LlmError {
        retry_after_ms: Some(1500),
        request_id: Some("req_9".to_owned()),
        ..error(
            LlmErrorKind::RateLimited,
            "the model server refused the request: slow down",
            Some(RATE_HINT),
        )
    };
    assert_eq!(refused_with(client, answer).await, expected);
}

#[tokio::test]
async fn a_missing_key_is_told_from_a_bad_one() {
    let without_key = |base: &str| {
        let config = OpenAiConfig {
            api_key: None,
            ..config(base)
        };
        OpenAiClient::new(config, loom_common_http::new_client()).unwrap()
    };
    let expected = error(
        LlmErrorKind::KeyRefused,
        "the model server wants an API key, and the server has none",
        Some(KEY_HINT),
    );
    assert_eq!(
        refused_with(without_key, ResponseTemplate::new(401)).await,
        expected
    );
}

#[tokio::test]
async fn an_answer_of_something_else_is_summarized() {
    let mut refusal = refused_with(
        client,
        ResponseTemplate::new(404).set_body_string("404 page\nnot found"),
    )
    .await;
    let (start, end) = refusal.message.split_once(" answered").unwrap();
    assert!(
        start.starts_with("the model server at http://127.0.0.1:"),
        "{start}"
    );
    refusal.message = format!("answered{end}");
    let expected = error(
        LlmErrorKind::InvalidRequest,
        "answered 404: 404 page not found",
        Some(ADDRESS_HINT),
    );
    assert_eq!(refusal, expected);
}

#[tokio::test]
async fn an_unstreamed_answer_where_a_stream_was_asked_for_is_malformed() {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).set_body_json(json!({"choices": []}));
    Mock::given(method("POST"))
        .respond_with(answer)
        .mount(&server)
        .await;
    let request = request([Message::user("go")]);
    let refusal = stream(&client(&server.uri()), &request).await.unwrap_err();
    let message = "the model server sent an answer that cannot be read: it is not an event stream \
                   but {\"choices\":[]}";
    let expected = error(LlmErrorKind::MalformedResponse, message, Some(ADDRESS_HINT));
    assert_eq!(refusal, expected);
}

async fn sent_headers(config: OpenAiConfig, server: &MockServer) -> http::HeaderMap {
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(500))
        .mount(server)
        .await;
    let client = OpenAiClient::new(config, loom_common_http::new_client()).unwrap();
    let _ = stream(&client, &request([Message::user("go")])).await;
    server.received_requests().await.unwrap().remove(0).headers
}

#[tokio::test]
async fn key_and_organization_are_sent_when_there_are_any() {
    let server = MockServer::start().await;
    let with_both = OpenAiConfig {
        organization: Some("org-1".to_owned()),
        ..config(&server.uri())
    };
    let headers = sent_headers(with_both, &server).await;
    assert_eq!(headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(headers["openai-organization"], "org-1");
    assert_eq!(headers["content-type"], "application/json");

    let server = MockServer::start().await;
    let with_none = OpenAiConfig {
        api_key: None,
        ..config(&server.uri())
    };
    let headers = sent_headers(with_none, &server).await;
    assert!(!headers.contains_key("authorization"));
    assert!(!headers.contains_key("openai-organization"));
}

#[tokio::test]
async fn the_fake_models_refusals_are_understood() {
    let model = FakeModel::start().await;
    let client = client(&model.openai_base_url());
    let request = request([Message::user("go")]);
    let cases = [
        (Reply::status(429).retry_after(3), LlmErrorKind::RateLimited),
        (Reply::overloaded(), LlmErrorKind::Overloaded),
        (Reply::spend_limit(), LlmErrorKind::SpendLimit),
        (Reply::status(500), LlmErrorKind::ProviderFailed),
        (Reply::status(401), LlmErrorKind::KeyRefused),
        (Reply::status(403), LlmErrorKind::PermissionDenied),
    ];
    for (reply, kind) in cases {
        model.reply(reply);
        assert_eq!(stream(&client, &request).await.unwrap_err().kind, kind);
    }
}

#[test]
fn settings_that_cannot_work_are_refused_at_once() {
    let config = OpenAiConfig {
        organization: Some("org\n".to_owned()),
        ..config("http://host")
    };
    let error = OpenAiClient::new(config, loom_common_http::new_client()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the OpenAI organization has characters that cannot stand in an HTTP header"
    );
}
