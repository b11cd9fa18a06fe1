//! What the server refuses, what is no server of Loom, and what is not there.

use loom_common_core::{LlmClient, LlmError, LlmErrorKind};
use serde_json::json;
use tokio::net::TcpListener;
use wiremock::ResponseTemplate;

use crate::client::{TOKEN, client, problem, request, serve, server_client};

const TOKEN_HINT: &str = "give the server's token with --token or LOOM_TOKEN; `loom doctor` tells \
                          which server and which token are in use";
const VERSION_HINT: &str = "the versions of loom and loom-server seem to differ; `loom version` and \
                            `loom doctor` show them";
const DOCTOR_HINT: &str = "run `loom doctor` to see what is wrong with the server";
const ADDRESS_HINT: &str = "check --server-url or LOOM_SERVER_URL: something other than loom-server \
                            answers there";

/// Returns the error of a request that is answered so, both for a stream and for a whole answer.
/// The address in the message is taken out.
async fn refused(answer: ResponseTemplate) -> LlmError {
    let server = serve("/api/v1/llm/anthropic/stream", answer.clone()).await;
    let streamed = client(&server.uri())
        .stream(&request())
        .await
        .err()
        .unwrap();
    let uri = server.uri();
    let server = serve("/api/v1/llm/anthropic/complete", answer).await;
    let whole = client(&server.uri())
        .complete(&request())
        .await
        .unwrap_err();
    let anonymous = |error: LlmError, uri: &str| LlmError {
        message: error.message.replace(uri, "URL"),
        ..error
    };
    let streamed = anonymous(streamed, &uri);
    assert_eq!(anonymous(whole, &server.uri()), streamed);
    let shown = format!("{streamed:?} {:?}", client(&uri));
    assert!(!shown.contains(TOKEN), "the token must not show: {shown}");
    streamed
}

fn error(kind: LlmErrorKind, message: &str, hint: Option<&str>) -> LlmError {
    LlmError {
        hint: hint.map(str::to_owned),
        ..LlmError::new(kind, message)
    }
}

#[tokio::test]
async fn a_problem_document_says_all() {
    let answer = problem(
        429,
        json!({"detail": "slow down", "code": "rate_limited", "hint": "wait",
            "retry_after_ms": 1500, "should_retry": true, "request_id": "req_1", "new": 1}),
    );
    let expected = LlmError {
        retry_after_ms: Some(1500),
        should_retry: Some(true),
        request_id: Some("req_1".to_owned()),
        ..error(LlmErrorKind::RateLimited, "slow down", Some("wait"))
    };
    assert_eq!(refused(answer).await, expected);
}

#[tokio::test]
async fn the_code_outweighs_the_status() {
    let answer = problem(
        502,
        json!({"detail": "d", "code": "key_refused", "hint": "h"}),
    );
    let expected = error(LlmErrorKind::KeyRefused, "d", Some("h"));
    assert_eq!(refused(answer).await, expected);
    let answer = problem(
        404,
        json!({"detail": "d", "code": "model_not_found", "hint": "h"}),
    );
    let expected = error(LlmErrorKind::ModelNotFound, "d", Some("h"));
    assert_eq!(refused(answer).await, expected);
}

#[tokio::test]
async fn a_code_that_is_not_known_goes_by_the_status() {
    let answer = problem(503, json!({"code": "database_unavailable", "hint": "h"}))
        .insert_header("retry-after", "2");
    let expected = LlmError {
        retry_after_ms: Some(2000),
        ..error(LlmErrorKind::ServerUnreachable, "T", Some("h"))
    };
    assert_eq!(refused(answer).await, expected);
}

#[tokio::test]
async fn a_token_that_is_not_good() {
    let told = problem(
        401,
        json!({"detail": "the token is unknown", "code": "unauthorized", "hint": "send a header"}),
    );
    let expected = error(
        LlmErrorKind::Unauthorized,
        "the token is unknown",
        Some(TOKEN_HINT),
    );
    assert_eq!(refused(told).await, expected);
    let untold = ResponseTemplate::new(401).set_body_string(format!("no {TOKEN}"));
    let expected = error(
        LlmErrorKind::Unauthorized,
        "Loom's server at URL answered 401: no [REDACTED]",
        Some(TOKEN_HINT),
    );
    assert_eq!(refused(untold).await, expected);
}

#[tokio::test]
async fn a_route_that_the_server_does_not_have() {
    let told = problem(
        404,
        json!({"detail": "nothing here", "code": "not_found", "hint": "h"}),
    );
    let expected = error(LlmErrorKind::Internal, "nothing here", Some(VERSION_HINT));
    assert_eq!(refused(told).await, expected);
    let expected = error(
        LlmErrorKind::Internal,
        "Loom's server at URL answered 404: Not Found",
        Some(VERSION_HINT),
    );
    assert_eq!(refused(ResponseTemplate::new(404)).await, expected);
}

#[tokio::test]
async fn a_proxy_in_front_that_does_not_reach_the_server() {
    let page = "<html><title>502 Bad Gateway</title>";
    let answer = ResponseTemplate::new(502).set_body_raw(page, "text/html");
    let expected = error(
        LlmErrorKind::ServerUnreachable,
        "Loom's server at URL answered 502: a web page titled \"502 Bad Gateway\"",
        Some(DOCTOR_HINT),
    );
    assert_eq!(refused(answer).await, expected);
}

#[tokio::test]
async fn something_else_at_the_address() {
    let answer = ResponseTemplate::new(302).insert_header("location", "/login");
    let expected = error(
        LlmErrorKind::Internal,
        "Loom's server at URL answered 302: Found",
        Some(ADDRESS_HINT),
    );
    assert_eq!(refused(answer).await, expected);

    let page = ResponseTemplate::new(200).set_body_raw("<title>Log in</title>", "text/html");
    let server = serve("/api/v1/llm/anthropic/stream", page).await;
    let refusal = client(&server.uri())
        .stream(&request())
        .await
        .err()
        .unwrap();
    let expected = error(
        LlmErrorKind::MalformedResponse,
        "Loom's server sent an answer that cannot be read: it is not an event stream but a web \
         page titled \"Log in\"",
        Some(ADDRESS_HINT),
    );
    assert_eq!(refusal, expected);
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let message = format!("cannot reach Loom's server at {url}: Connection refused (os error 111)");
    let expected = error(LlmErrorKind::ServerUnreachable, &message, Some(DOCTOR_HINT));
    let streamed = client(&url).stream(&request()).await.err().unwrap();
    assert_eq!(streamed, expected);
    assert_eq!(
        client(&url).complete(&request()).await,
        Err(expected.clone())
    );
    assert_eq!(server_client(&url).health().await, Err(expected.clone()));
    assert_eq!(server_client(&url).providers().await, Err(expected));
}

#[tokio::test]
async fn a_whole_answer_that_cannot_be_read() {
    let answer = ResponseTemplate::new(200).set_body_string("{");
    let server = serve("/api/v1/llm/anthropic/complete", answer).await;
    let refusal = client(&server.uri())
        .complete(&request())
        .await
        .unwrap_err();
    assert_eq!(refusal.kind, LlmErrorKind::MalformedResponse);
}
