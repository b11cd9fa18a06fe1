//! The Messages API: answers, streams, errors.

use loom_testing::model::{StopReason, Usage};
use loom_testing::{FakeModel, Reply};
use serde_json::json;

use crate::client::{anthropic, anthropic_body, hello, http, send, stream_anthropic};

#[tokio::test]
async fn a_stream_has_every_event_in_the_order_of_the_protocol() {
    let model = FakeModel::start().await;
    model.reply(
        Reply::new()
            .and_thinking("Hm", "c2ln")
            .and_text("Let us see")
            .and_tool_call_with_id("toolu_1", "bash", json!({"command": "ls"}))
            .usage(Usage {
                input_tokens: 7,
                output_tokens: 9,
                cache_read_tokens: 5,
                cache_write_tokens: 3,
            })
            .delta_chars(100),
    );
    let answer = stream_anthropic(&model, hello()).await;
    let events = answer.events();

    assert!(
        events
            .iter()
            .all(|event| event.name.as_deref() == event.json()["type"].as_str())
    );
    let start = events[0].json();
    assert_eq!(start["message"]["content"], json!([]));
    assert_eq!(start["message"]["usage"]["input_tokens"], 7);
    assert_eq!(start["message"]["usage"]["cache_creation_input_tokens"], 3);
    assert_eq!(start["message"]["usage"]["cache_read_input_tokens"], 5);
    let rest: Vec<_> = events[1..].iter().map(|event| event.json()).collect();
    assert_eq!(
        rest,
        [
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
            json!({"type": "ping"}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm"}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2ln"}}),
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Let us see"}}),
            json!({"type": "content_block_stop", "index": 1}),
            json!({"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "id": "toolu_1", "name": "bash", "input": {}}}),
            json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": ""}}),
            json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "{\"command\":\"ls\"}"}}),
            json!({"type": "content_block_stop", "index": 2}),
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null}, "usage": {
                "input_tokens": null, "cache_creation_input_tokens": null, "cache_read_input_tokens": null, "output_tokens": 9}}),
            json!({"type": "message_stop"}),
        ]
    );
    assert!(answer.complete);
}

#[tokio::test]
async fn an_answer_without_stream_is_one_message() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hi").stop_reason(StopReason::MaxTokens));
    let answer = send(anthropic(&model, &anthropic_body(hello(), false))).await;
    assert_eq!(answer.headers["content-type"], "application/json");
    let message = answer.json();
    assert_eq!(message["role"], "assistant");
    assert_eq!(message["content"], json!([{"type": "text", "text": "Hi"}]));
    assert_eq!(message["stop_reason"], "max_tokens");
    assert_eq!(message["usage"]["output_tokens"], 20);
}

#[tokio::test]
async fn an_opaque_block_starts_whole() {
    let model = FakeModel::start().await;
    let block = json!({"type": "redacted_thinking", "data": "AAAA"});
    model.reply(Reply::new().and_unknown_block(block.clone()));
    let answer = stream_anthropic(&model, hello()).await;
    assert_eq!(
        answer.events()[1].json(),
        json!({"type": "content_block_start", "index": 0, "content_block": block})
    );
}

#[tokio::test]
async fn an_http_error_has_the_body_of_the_vendor() {
    let model = FakeModel::start().await;
    for (reply, status, kind) in [
        (Reply::status(401), 401, "authentication_error"),
        (Reply::status(404), 404, "not_found_error"),
        (Reply::status(429).retry_after(7), 429, "rate_limit_error"),
        (Reply::status(500), 500, "api_error"),
        (Reply::overloaded(), 529, "overloaded_error"),
        (Reply::spend_limit(), 429, "rate_limit_error"),
    ] {
        model.reply(reply);
        let answer = stream_anthropic(&model, hello()).await;
        assert_eq!(
            (answer.status, answer.json()["error"]["type"].as_str()),
            (status, Some(kind))
        );
        assert_eq!(answer.json()["type"], "error");
        assert_eq!(answer.headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn a_rate_limit_says_when_to_try_again_and_a_spend_limit_does_not() {
    let model = FakeModel::start().await;
    model.reply(
        Reply::status(429)
            .retry_after(7)
            .header("x-should-retry", "true"),
    );
    model.reply(Reply::spend_limit());
    let limited = stream_anthropic(&model, hello()).await;
    let spent = stream_anthropic(&model, hello()).await;
    assert_eq!(
        (
            &limited.headers["retry-after"],
            &limited.headers["x-should-retry"]
        ),
        (&"7".parse().unwrap(), &"true".parse().unwrap())
    );
    assert!(!spent.headers.contains_key("retry-after"));
    assert_eq!(
        spent.json()["error"]["details"]["error_code"],
        "enforced_spend_limit_reached"
    );
}

#[tokio::test]
async fn an_unknown_model_is_named_in_the_error() {
    let model = FakeModel::start().await;
    model.reply(Reply::status(404));
    let answer = stream_anthropic(&model, hello()).await;
    assert_eq!(answer.json()["error"]["message"], "model: claude-test");
}

#[tokio::test]
async fn models_are_listed_in_the_vendors_shape() {
    let model = FakeModel::start().await;
    model.list_models(["claude-a", "claude-b"]);
    let request = http()
        .get(format!("{}/v1/models", model.url()))
        .header("x-api-key", "test-key")
        .header("anthropic-version", "2023-06-01");
    let list = send(request).await.json();
    assert_eq!(
        (&list["data"][1]["id"], &list["last_id"], &list["has_more"]),
        (&json!("claude-b"), &json!("claude-b"), &json!(false))
    );
}
