//! Answers of models: whole, and as they are made.

use std::sync::Arc;

use futures::StreamExt as _;
use loom_common_core::{LlmClient, LlmRequest, Message};
use loom_server_llm_proxy::ProxyLlmClient;
use loom_testing::{FakeModel, Gate, Reply, TestServer};
use serde_json::json;

use crate::client::{Client, question};

fn reply() -> Reply {
    Reply::text("Let me look.")
        .delta_chars(6)
        .and_tool_call_with_id("call_1", "read_file", json!({"file_path": "a.rs"}))
}

#[tokio::test]
async fn an_anthropic_answer_is_passed_on_event_by_event() {
    let model = FakeModel::start().await;
    let server = TestServer::with_model(&model).await;
    model.reply(reply());
    let mut events = Client::new(&server).stream("anthropic").await;
    insta::assert_snapshot!(events.rest().await.join("\n\n"));
}

#[tokio::test]
async fn an_openai_answer_is_passed_on_event_by_event() {
    let model = FakeModel::start().await;
    let server = TestServer::with_model(&model).await;
    model.reply(reply());
    let mut events = Client::new(&server).stream("openai").await;
    insta::assert_snapshot!(events.rest().await.join("\n\n"));
}

#[tokio::test]
async fn a_stream_tells_proxies_not_to_hold_it_back() {
    let model = FakeModel::start().await;
    let server = TestServer::with_model(&model).await;
    model.reply(reply());
    let events = Client::new(&server).stream("openai").await;
    let header = |name: &str| {
        events
            .response
            .headers()
            .get(name)
            .unwrap()
            .to_str()
            .unwrap()
    };
    assert_eq!(header("content-type"), "text/event-stream");
    assert_eq!(header("cache-control"), "no-cache");
    assert_eq!(header("x-accel-buffering"), "no");
}

#[tokio::test]
async fn whole_and_streamed_answers_are_the_same_for_loom_itself() {
    let model = FakeModel::start().await;
    let server = TestServer::with_model(&model).await;
    let request = LlmRequest {
        model: "some-model".to_owned(),
        system: Some("Be brief.".to_owned()),
        messages: vec![Arc::new(Message::user("hello"))],
        tools: Vec::new(),
        max_tokens: None,
        effort: None,
    };
    for provider in ["anthropic", "openai"] {
        let client = ProxyLlmClient::new(
            provider,
            server.url().parse().unwrap(),
            server.token(),
            loom_common_http::new_client(),
        )
        .unwrap();
        model.reply(reply());
        let whole = client.complete(&request).await.unwrap();
        model.reply(reply());
        let mut builder = loom_common_core::ResponseBuilder::default();
        let mut events = client.stream(&request).await.unwrap();
        while let Some(event) = events.next().await {
            builder.apply(event.unwrap()).unwrap();
        }
        let streamed = builder.finish().unwrap();
        assert_eq!(streamed.message, whole.message, "{provider}");
        assert_eq!(streamed.usage, whole.usage, "{provider}");
        assert_eq!(streamed.stop_reason, whole.stop_reason, "{provider}");
        assert_eq!(whole.message.text(), "Let me look.");
    }
}

#[tokio::test]
async fn each_event_arrives_while_the_model_still_thinks() {
    let model = FakeModel::start().await;
    let server = TestServer::with_model(&model).await;
    let gates = [Gate::new(), Gate::new()];
    // Events of the fake: message_start, content_block_start, then a delta for each letter.
    let gated = gates
        .iter()
        .zip([3, 4])
        .fold(Reply::text("ab").delta_chars(1), |reply, (gate, place)| {
            reply.gate_after(place, gate)
        });
    model.reply(gated);
    let mut events = Client::new(&server).stream("anthropic").await;
    events.until(r#""text":"a""#).await;
    gates[0].open();
    events.until(r#""text":"b""#).await;
    gates[1].open();
    events.until("event: finished").await;
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn two_streams_run_side_by_side() {
    let model = FakeModel::start().await;
    let server = TestServer::with_model(&model).await;
    let client = Client::new(&server);
    let gate = Gate::new();
    model.reply(Reply::text("slow").gate_after(2, &gate));
    let mut slow = client.stream("anthropic").await;
    gate.reached().await;
    model.reply(Reply::text("quick"));
    let quick = client.stream("openai").await.rest().await;
    assert!(quick.last().unwrap().starts_with("event: finished"));
    gate.open();
    slow.until(r#""text":"slow""#).await;
    slow.until("event: finished").await;
}

#[tokio::test]
async fn a_client_that_hangs_up_cancels_the_call_to_the_provider() {
    let model = FakeModel::start().await;
    let server = TestServer::with_model(&model).await;
    for provider in ["anthropic", "openai"] {
        let gate = Gate::new();
        model.reply(
            Reply::text("never read to its end")
                .delta_chars(1)
                .gate_after(4, &gate),
        );
        let mut events = Client::new(&server).stream(provider).await;
        events.next().await;
        gate.reached().await;
        drop(events);
        model.client_disconnected().await;
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_before_the_answer_cancels_the_call_too() {
    let model = FakeModel::start().await;
    let server = TestServer::with_model(&model).await;
    let gate = Gate::new();
    model.reply(Reply::text("x").gate_after(1, &gate));
    let client = Client::new(&server);
    let path = "/api/v1/llm/anthropic/complete";
    let body = question();
    tokio::select! {
        _ = client.post(path, &body) => panic!("the gate is closed"),
        () = gate.reached() => {}
    }
    model.client_disconnected().await;
}
