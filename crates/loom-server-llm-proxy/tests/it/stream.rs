//! Answers through the server.

use futures::StreamExt;
use loom_common_core::{
    ContentBlock, LlmClient, LlmError, LlmErrorKind, LlmEvent, LlmResponse, Message, StopReason,
    Usage,
};
use loom_server_llm_proxy::ProxyLlmClient;
use loom_server_llm_proxy::wire::{ERROR_EVENT, event_name};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::client::{TOKEN, client, request, serve};
use crate::wire::one_of_each;

const ROUTE: &str = "/api/v1/llm/anthropic/stream";

fn frame(name: &str, data: &impl serde::Serialize) -> String {
    format!("event: {name}\ndata: {}\n\n", json!(data))
}

async fn outcome(body: String) -> Vec<Result<LlmEvent, LlmError>> {
    let answer = ResponseTemplate::new(200)
        .insert_header("x-request-id", "server-1")
        .set_body_raw(body, "text/event-stream");
    let server = serve(ROUTE, answer).await;
    let events = client(&server.uri()).stream(&request()).await.unwrap();
    events.collect().await
}

#[tokio::test]
async fn events_come_as_the_server_sent_them() {
    let body = one_of_each()
        .iter()
        .map(|event| format!(": alive\n\n{}", frame(event_name(event), event)))
        .collect();
    let expected: Vec<_> = one_of_each().into_iter().map(Ok).collect();
    assert_eq!(outcome(body).await, expected);
}

#[tokio::test]
async fn events_of_a_newer_server_are_skipped() {
    let finished = LlmEvent::Finished {
        stop_reason: StopReason::EndTurn,
    };
    let body = frame("telepathy", &json!({"type": "telepathy"}))
        + "data: without a name\n\n"
        + "event: ping\n\n"
        + &frame(
            "finished",
            &json!({"type": "finished", "stop_reason": "end_turn", "new": 1}),
        );
    assert_eq!(outcome(body).await, vec![Ok(finished)]);
}

#[tokio::test]
async fn an_error_event_is_the_servers_error() {
    let error = LlmError {
        hint: Some("wait".to_owned()),
        retry_after_ms: Some(7),
        should_retry: Some(true),
        request_id: Some("req_1".to_owned()),
        ..LlmError::new(LlmErrorKind::Overloaded, "busy")
    };
    let body = frame("ping", &LlmEvent::Ping)
        + &frame(ERROR_EVENT, &error)
        + &frame("ping", &LlmEvent::Ping);
    assert_eq!(outcome(body).await, vec![Ok(LlmEvent::Ping), Err(error)]);
}

#[tokio::test]
async fn an_error_of_a_kind_that_is_not_known_keeps_its_words() {
    let error =
        json!({"kind": "telepathy_failed", "message": "thoughts were lost", "request_id": "r"});
    let expected = LlmError {
        request_id: Some("r".to_owned()),
        ..LlmError::new(LlmErrorKind::Internal, "thoughts were lost")
    };
    assert_eq!(
        outcome(frame(ERROR_EVENT, &error)).await,
        vec![Err(expected)]
    );
}

#[tokio::test]
async fn an_end_without_finished_is_an_interruption() {
    let expected = LlmError {
        request_id: Some("server-1".to_owned()),
        ..LlmError::new(
            LlmErrorKind::StreamInterrupted,
            "the answer from Loom's server was cut: it ended before it was whole",
        )
        .with_hint(
            "try again; if it happens every time, look at the network and at what stands \
         between, such as a proxy",
        )
    };
    let body = frame("ping", &LlmEvent::Ping);
    assert_eq!(outcome(body).await, vec![Ok(LlmEvent::Ping), Err(expected)]);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_malformed() {
    for body in [
        "event: text_delta\ndata: {\n\n",
        "event: error\ndata: ?\n\n",
    ] {
        let outcome = outcome(body.to_owned()).await;
        let kinds: Vec<_> = outcome
            .iter()
            .map(|item| item.as_ref().unwrap_err().kind)
            .collect();
        assert_eq!(kinds, [LlmErrorKind::MalformedResponse], "{body}");
    }
}

#[tokio::test]
async fn an_unstreamed_answer_is_the_servers_answer() {
    let response = LlmResponse {
        id: None,
        model: Some("claude-x".to_owned()),
        message: Message::assistant(vec![ContentBlock::text("done")]),
        stop_reason: StopReason::EndTurn,
        usage: Usage::default(),
    };
    let answer = ResponseTemplate::new(200).set_body_json(&response);
    let server = serve("/api/v1/llm/openai/complete", answer).await;
    let http = loom_common_http::new_client();
    let url = server.uri().parse().unwrap();
    let client = ProxyLlmClient::openai(url, TOKEN.to_owned().into(), http).unwrap();
    assert_eq!(client.complete(&request()).await, Ok(response));
    let sent = &server.received_requests().await.unwrap()[0];
    assert_eq!(sent.body, json!(request()).to_string().into_bytes());
    assert_eq!(sent.headers["content-type"], "application/json");
}

#[tokio::test]
async fn a_server_behind_a_path_is_found() {
    let body = frame(
        "finished",
        &json!({"type": "finished", "stop_reason": "end_turn"}),
    );
    let answer = ResponseTemplate::new(200).set_body_raw(body, "text/event-stream");
    let server = serve("/loom/api/v1/llm/anthropic/stream", answer).await;
    let url = server.uri() + "/loom/";
    let mut events = client(&url).stream(&request()).await.unwrap();
    assert!(events.next().await.unwrap().is_ok());
}
