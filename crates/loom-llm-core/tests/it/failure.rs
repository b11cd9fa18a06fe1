//! Answers that are failures, and answers that never come.

use std::time::Duration;

use loom_common_core::{LlmError, LlmErrorKind};
use loom_llm_core::{Failure, kind_of_status};
use tokio::net::TcpListener;

use crate::server::{SECRET, peer, refusal, serve};

const PATIENCE: Duration = Duration::from_secs(60);

async fn failure(answer: String) -> Failure {
    let (peer, _server) = serve(async move |mut connection| connection.write(answer).await).await;
    let request = loom_common_http::new_client().get(peer.base.join("x"));
    let response = peer.send(request, PATIENCE).await.unwrap();
    Failure::read(&peer, response).await
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn a_body_of_no_known_form_becomes_one_short_line() {
    let cases = [
        ("", "Bad Gateway"),
        ("  \n ", "Bad Gateway"),
        (
            "upstream\n\tgone \u{1b}[31m away\r\n",
            "upstream gone [31m away",
        ),
        (
            "<!DOCTYPE html><HTML><head><TITLE lang=en>\n502 Bad\nGateway </TITLE>",
            "a web page titled \"502 Bad Gateway\"",
        ),
        ("<html><title></title>", "a web page"),
        ("<html>", "a web page"),
        ("<title", "a web page"),
    ];
    for (body, summary) in cases {
        let failure = failure(answer("502 Bad Gateway", "", body)).await;
        assert_eq!(failure.summary(), summary, "of {body:?}");
    }
}

#[tokio::test]
async fn a_long_body_is_shortened() {
    let failure = failure(answer("500 x", "", &"é ".repeat(100_000))).await;
    assert_eq!(failure.body.len(), 64 * 1024 + "\u{fffd}".len() - 1);
    assert_eq!(failure.summary(), "é ".repeat(150) + "…");
}

#[tokio::test]
async fn the_secret_is_blotted_out_of_the_body() {
    let failure = failure(answer("400 x", "", &format!("bad key {SECRET}!"))).await;
    assert_eq!(failure.summary(), "bad key [REDACTED]!");
    assert!(!format!("{failure:?}").contains(SECRET));
}

#[tokio::test]
async fn what_the_headers_say_about_trying_again_is_kept() {
    let headers = "retry-after-ms: 1500\r\nretry-after: 9\r\nx-should-retry: true\r\n\
                   request-id: req_1\r\n";
    let failure = failure(answer("429 x", headers, "slow down")).await;
    let expected = LlmError {
        retry_after_ms: Some(1500),
        should_retry: Some(true),
        request_id: Some("req_1".to_owned()),
        ..LlmError::new(LlmErrorKind::RateLimited, "m")
    };
    assert_eq!(failure.error(LlmErrorKind::RateLimited, "m"), expected);
    let spent = failure.error(LlmErrorKind::SpendLimit, "m");
    assert_eq!(spent.should_retry, None, "an empty account stays empty");
}

#[tokio::test]
async fn a_date_to_retry_after_is_compared_with_the_peers_own_clock() {
    let headers = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
                   retry-after: Sun, 06 Nov 1994 08:50:07 GMT\r\nx-request-id: req_2\r\n";
    let failure = failure(answer("503 x", headers, "")).await;
    let error = failure.error(LlmErrorKind::Overloaded, "m");
    assert_eq!(error.retry_after_ms, Some(30_000));
    assert_eq!(error.request_id.as_deref(), Some("req_2"));
}

#[tokio::test]
async fn a_body_that_is_cut_gives_what_came() {
    let failure = failure("HTTP/1.1 400 x\r\ncontent-length: 99\r\n\r\nsome".to_owned()).await;
    assert_eq!(failure.summary(), "some");
}

#[test]
fn every_status_has_a_meaning() {
    let meanings: Vec<_> = [
        302, 400, 401, 402, 403, 404, 408, 413, 422, 429, 500, 502, 503, 529,
    ]
    .into_iter()
    .map(|status| kind_of_status(status.try_into().unwrap()).code())
    .collect();
    let expected = [
        "invalid_request",
        "invalid_request",
        "key_refused",
        "spend_limit",
        "permission_denied",
        "invalid_request",
        "timeout",
        "context_too_long",
        "invalid_request",
        "rate_limited",
        "provider_failed",
        "provider_failed",
        "overloaded",
        "overloaded",
    ];
    assert_eq!(meanings, expected);
}

#[tokio::test]
async fn a_peer_that_is_not_there_is_named_without_its_credentials() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let peer = peer(&format!("http://user:{SECRET}@127.0.0.1:{port}/v1?k=1"));
    let request = loom_common_http::new_client().get(peer.base.join("x"));
    let error = peer.ask(request, PATIENCE, refusal).await.unwrap_err();
    let message = format!(
        "cannot reach the peer at http://127.0.0.1:{port}/v1: Connection refused (os error 111)"
    );
    let expected = LlmError::new(LlmErrorKind::ProviderUnreachable, message);
    assert_eq!(error, expected.with_hint("is it there?"));
}

#[tokio::test]
async fn a_peer_that_hangs_up_before_it_answers_is_unreachable() {
    let (peer, _server) = serve(async |connection| connection.reset()).await;
    let request = loom_common_http::new_client().get(peer.base.join("x"));
    let error = peer.ask(request, PATIENCE, refusal).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::ProviderUnreachable);
    let start = format!(
        "the connection to the peer at {} broke before an answer came: ",
        peer.base
    );
    assert!(error.message.starts_with(&start), "{}", error.message);
}

#[tokio::test]
async fn a_whole_body_that_is_cut_is_an_interruption() {
    let cut = async |mut connection: crate::server::Connection| {
        connection
            .write("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{")
            .await;
    };
    let (peer, _server) = serve(cut).await;
    let request = loom_common_http::new_client().get(peer.base.join("x"));
    let response = peer.ask(request, PATIENCE, refusal).await.unwrap();
    let error = peer.body(response, PATIENCE).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::StreamInterrupted);
}

#[tokio::test]
async fn an_explanation_is_quoted_on_one_line_without_the_secret() {
    let failure = failure(answer("400 x", "", "")).await;
    let peer = peer("http://host");
    let said = format!("no\n{SECRET}");
    let explained = |kind, words: &str| failure.explained(&peer, kind, "m-1", words).message;
    assert_eq!(
        explained(LlmErrorKind::InvalidRequest, &said),
        "the peer refused the request: no [REDACTED]"
    );
    assert_eq!(
        explained(LlmErrorKind::InvalidRequest, ""),
        "the peer refused the request: Bad Request"
    );
    assert_eq!(
        explained(LlmErrorKind::ModelNotFound, "x"),
        "the peer has no model `m-1`"
    );
    assert_eq!(
        explained(LlmErrorKind::KeyRefused, "key sk-very-… is bad"),
        "the peer refused the API key"
    );
}
