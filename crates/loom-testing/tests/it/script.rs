//! Which reply answers which request, and what is recorded of it.

use loom_testing::model::{Protocol, ToolResult};
use loom_testing::{FakeModel, Reply};
use serde_json::{Value, json};

use crate::client::{
    anthropic, anthropic_body, hello, openai, openai_body, send, stream_anthropic, stream_openai,
};

fn user(text: &str) -> Value {
    json!([{"role": "user", "content": text}])
}

/// The text of a Messages answer that was not streamed.
async fn text_for(model: &FakeModel, prompt: &str) -> String {
    let message = send(anthropic(model, &anthropic_body(user(prompt), false)))
        .await
        .json();
    message["content"][0]["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn replies_come_in_their_order_whatever_the_protocol() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("one"));
    model.reply(Reply::text("two"));
    assert_eq!(model.remaining_replies(), 2);
    assert!(
        stream_openai(&model, hello())
            .await
            .text()
            .contains("\"one\"")
    );
    assert!(
        stream_anthropic(&model, hello())
            .await
            .text()
            .contains("\"two\"")
    );
    assert_eq!(model.remaining_replies(), 0);
}

#[tokio::test]
async fn a_request_without_a_reply_is_a_violation() {
    let model = FakeModel::start().await;
    assert_eq!(stream_anthropic(&model, hello()).await.status, 400);
    assert_eq!(
        model.take_violations(),
        ["request 1: the script has no reply left for this request"]
    );
}

#[tokio::test]
async fn a_marked_conversation_has_its_own_replies() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("for anyone"));
    model.conversation("[left]").reply(Reply::text("left 1"));
    model.conversation("[right]").reply(Reply::text("right 1"));
    model
        .conversation("[left]")
        .reply_with(|request| Reply::text(request.first_user_text()));
    assert_eq!(text_for(&model, "Go [right]").await, "right 1");
    assert_eq!(text_for(&model, "Go [left]").await, "left 1");
    assert_eq!(text_for(&model, "Hello").await, "for anyone");
    assert_eq!(text_for(&model, "Again [left]").await, "Again [left]");
}

#[tokio::test]
async fn a_reply_can_be_made_from_the_request() {
    let model = FakeModel::start().await;
    model.reply_with(|request| {
        Reply::text(format!("{:?} {}", request.tool_names(), request.model()))
    });
    assert_eq!(text_for(&model, "Hi").await, "[\"bash\"] claude-test");
}

#[tokio::test]
async fn a_reply_function_that_panics_is_a_violation() {
    let model = FakeModel::start().await;
    model.reply_with(|_| unreachable!("on purpose"));
    assert_eq!(stream_anthropic(&model, hello()).await.status, 400);
    assert_eq!(
        model.take_violations(),
        ["request 1: the function that makes this reply panicked"]
    );
}

#[tokio::test]
async fn a_messages_request_is_recorded_as_it_came() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hi"));
    let messages = json!([
        {"role": "user", "content": [{"type": "text", "text": "List"}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "bash", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "x.rs"}], "is_error": true},
        ]},
    ]);
    let body = anthropic_body(messages.clone(), true);
    send(anthropic(&model, &body).header("x-extra", "1")).await;

    let request = model.last_request();
    assert_eq!(model.requests().len(), 1);
    assert_eq!(request.protocol(), Protocol::Anthropic);
    assert_eq!(request.body(), serde_json::to_vec(&body).unwrap());
    assert_eq!(request.json(), &body);
    assert_eq!(
        (request.header("x-extra"), request.header("x-absent")),
        (Some("1"), None)
    );
    assert_eq!(
        (request.model(), request.is_stream()),
        ("claude-test", true)
    );
    assert_eq!(request.system().as_deref(), Some("Be brief."));
    assert_eq!(request.messages(), messages.as_array().unwrap());
    assert_eq!(request.tool_names(), ["bash"]);
    let result = ToolResult {
        tool_call_id: "a".to_owned(),
        content: "x.rs".to_owned(),
        is_error: true,
    };
    assert_eq!(request.tool_results(), [result]);
    assert_eq!(request.first_user_text(), "List");
}

#[tokio::test]
async fn a_chat_completions_request_is_recorded_as_it_came() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hi"));
    let messages = json!([
        {"role": "user", "content": "List"},
        {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "bash", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "a", "content": "x.rs"},
    ]);
    let body = openai_body(messages, false);
    send(openai(&model, &body)).await;

    let request = model.last_request();
    assert_eq!(request.protocol(), Protocol::OpenAi);
    assert_eq!(request.json(), &body);
    assert_eq!((request.model(), request.is_stream()), ("gpt-test", false));
    assert_eq!(request.system().as_deref(), Some("Be brief."));
    assert_eq!(request.tool_names(), ["bash"]);
    let result = ToolResult {
        tool_call_id: "a".to_owned(),
        content: "x.rs".to_owned(),
        is_error: false,
    };
    assert_eq!(request.tool_results(), [result]);
    assert_eq!(request.first_user_text(), "List");
}
