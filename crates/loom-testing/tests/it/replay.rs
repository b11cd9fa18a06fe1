//! Recorded conversations: the JSON form, and which reply a conversation gets.

use loom_testing::model::Recording;
use loom_testing::{FakeModel, Reply};
use serde_json::json;

use crate::client::{
    anthropic, anthropic_body, hello, openai, openai_body, send, stream_anthropic, stream_openai,
};

fn recording() -> Recording {
    let json = json!({
        "replies": [
            {"error": {"status": 429}, "headers": {"retry-after": "1"}},
            {
                "content": [
                    {"type": "text", "text": "Let us see."},
                    {"type": "tool_call", "id": "call_1", "name": "bash", "input": {"command": "ls"}},
                ],
                "usage": {"input_tokens": 7},
            },
            {"content": [{"type": "text", "text": "Done."}], "stop_reason": "max_tokens", "delivery": {"delta_chars": 2}},
        ],
    });
    Recording::from_json(&json.to_string()).unwrap()
}

#[tokio::test]
async fn every_conversation_gets_the_recording_from_its_beginning() {
    let model = FakeModel::replay(recording(), 0).unwrap();
    for _ in 0..2 {
        let limited = send(anthropic(&model, &anthropic_body(hello(), false))).await;
        assert_eq!(
            (
                limited.status,
                limited.headers["retry-after"].to_str().unwrap()
            ),
            (429, "1")
        );
        let first = send(anthropic(&model, &anthropic_body(hello(), false)))
            .await
            .json();
        assert_eq!(
            (&first["content"][1]["id"], &first["usage"]["input_tokens"]),
            (&json!("call_1"), &json!(7))
        );
        let messages = json!([
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": first["content"]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "a.rs"}]},
        ]);
        let second = send(anthropic(&model, &anthropic_body(messages, false)))
            .await
            .json();
        assert_eq!(
            (&second["content"][0]["text"], &second["stop_reason"]),
            (&json!("Done."), &json!("max_tokens"))
        );
    }
}

#[tokio::test]
async fn both_protocols_replay_the_same_recording() {
    let model = FakeModel::replay(recording(), 0).unwrap();
    assert_eq!(stream_openai(&model, hello()).await.status, 429);
    assert_eq!(stream_anthropic(&model, hello()).await.status, 429);
    let completion = send(openai(&model, &openai_body(hello(), false)))
        .await
        .json();
    assert_eq!(
        completion["choices"][0]["message"]["content"],
        "Let us see."
    );
}

#[tokio::test]
async fn a_recording_that_has_ended_answers_no_more() {
    let model = FakeModel::replay(Recording::new([Reply::text("Hi")]), 0).unwrap();
    assert_eq!(stream_anthropic(&model, hello()).await.status, 200);
    let messages = json!([
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "More"},
    ]);
    assert_eq!(stream_anthropic(&model, messages).await.status, 400);
    assert_eq!(
        model.take_violations(),
        ["request 2: the recording ends after 1 replies"]
    );
}

#[test]
fn a_recording_with_a_mistake_says_where() {
    let error = Recording::from_json("{\"replies\": [\n{\"contnet\": []}]}")
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("unknown field `contnet`") && error.contains("line 2"),
        "{error}"
    );
}

#[test]
fn a_recording_survives_being_written() {
    let all = Recording::new([
        Reply::new()
            .and_thinking("Hm", "sig")
            .and_text("Hi")
            .and_tool_call("bash", json!({}))
            .and_raw_tool_call("bash", "{")
            .and_unknown_block(json!({"type": "novelty"})),
        Reply::spend_limit().header("x-should-retry", "false"),
        Reply::text("Hi")
            .cut_after_events(3)
            .write_sizes([1, 2])
            .comments()
            .pings(),
    ]);
    let written = serde_json::to_value(&all).unwrap();
    let read = Recording::from_json(&written.to_string()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), written);
}
