//! What the server remembers: a conversation's prefix stays, and its answers come back as they were
//! sent.

use loom_testing::{FakeModel, Reply};
use serde_json::{Value, json};

use crate::client::{
    Answer, anthropic, anthropic_body, hello, openai, openai_body, send, stream_anthropic,
    stream_openai,
};

/// A Messages conversation that has had this reply, and goes on with `messages`.
async fn anthropic_after(reply: Reply, messages: Value) -> (FakeModel, Answer) {
    let model = FakeModel::start().await;
    model.reply(reply);
    stream_anthropic(&model, hello()).await;
    model.reply(Reply::text("Next"));
    let answer = stream_anthropic(&model, messages).await;
    (model, answer)
}

/// A Chat Completions conversation that has had this reply, and goes on with `messages`.
async fn openai_after(reply: Reply, messages: Value) -> (FakeModel, Answer) {
    let model = FakeModel::start().await;
    model.reply(reply);
    stream_openai(&model, hello()).await;
    model.reply(Reply::text("Next"));
    let answer = stream_openai(&model, messages).await;
    (model, answer)
}

/// The conversation after one answer of these blocks and one more message of the user.
fn after(blocks: Value, user: Value) -> Value {
    json!([{"role": "user", "content": "Hello"}, {"role": "assistant", "content": blocks}, {"role": "user", "content": user}])
}

fn text(text: &str) -> Value {
    json!([{"type": "text", "text": text}])
}

fn thinking_then_call() -> Reply {
    Reply::new()
        .and_thinking("Hm", "c2ln")
        .and_unknown_block(json!({"type": "novelty", "x": [1, 2]}))
        .and_text("So")
        .and_tool_call_with_id("toolu_1", "bash", json!({"command": "ls"}))
}

fn thinking_then_call_returned() -> Value {
    json!([
        {"type": "thinking", "thinking": "Hm", "signature": "c2ln"},
        {"type": "novelty", "x": [1, 2]},
        {"type": "text", "text": "So"},
        {"type": "tool_use", "id": "toolu_1", "name": "bash", "input": {"command": "ls"}},
    ])
}

fn result() -> Value {
    json!([{"type": "tool_result", "tool_use_id": "toolu_1", "content": "a.rs"}])
}

#[tokio::test]
async fn an_answer_that_comes_back_as_it_was_sent_is_welcome() {
    let (model, answer) = anthropic_after(
        thinking_then_call(),
        after(thinking_then_call_returned(), result()),
    )
    .await;
    model.verify();
    assert_eq!(answer.status, 200);
}

/// Asserts that the answer with this change in what comes back is refused for this reason.
async fn refuses_returned(change: fn(&mut Value), reason: &str) {
    let mut returned = thinking_then_call_returned();
    change(&mut returned);
    let (model, answer) = anthropic_after(thinking_then_call(), after(returned, result())).await;
    assert_eq!(model.take_violations(), [format!("request 2: {reason}")]);
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn a_signature_comes_back_unchanged() {
    refuses_returned(
        |blocks| blocks[0]["signature"] = json!("AAAA"),
        "messages[1].content[0]: sent was {\"type\":\"thinking\",\"thinking\":\"Hm\",\"signature\":\"c2ln\"}, \
         came back {\"type\":\"thinking\",\"thinking\":\"Hm\",\"signature\":\"AAAA\"}",
    )
    .await;
}

#[tokio::test]
async fn signed_thinking_comes_back_with_its_text() {
    refuses_returned(
        |blocks| blocks[0]["thinking"] = json!("Hm…"),
        "messages[1].content[0]: sent was {\"type\":\"thinking\",\"thinking\":\"Hm\",\"signature\":\"c2ln\"}, \
         came back {\"type\":\"thinking\",\"thinking\":\"Hm…\",\"signature\":\"c2ln\"}",
    )
    .await;
}

#[tokio::test]
async fn thinking_comes_back_at_all() {
    refuses_returned(
        |blocks| drop(blocks.as_array_mut().unwrap().remove(0)),
        "messages[1]: 4 blocks were sent, 3 came back",
    )
    .await;
}

#[tokio::test]
async fn thinking_comes_back_at_its_place() {
    let mut returned = thinking_then_call_returned();
    returned.as_array_mut().unwrap().swap(0, 1);
    let (model, _) = anthropic_after(thinking_then_call(), after(returned, result())).await;
    assert_eq!(model.take_violations().len(), 2);
}

#[tokio::test]
async fn a_tool_call_comes_back_with_its_input() {
    refuses_returned(
        |blocks| blocks[3]["input"] = json!({"command": "rm"}),
        "messages[1].content[3]: sent was {\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"bash\",\"input\":{\"command\":\"ls\"}}, \
         came back {\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"bash\",\"input\":{\"command\":\"rm\"}}",
    )
    .await;
}

#[tokio::test]
async fn an_opaque_block_comes_back_unchanged() {
    let mut returned = thinking_then_call_returned();
    returned[1]["x"] = json!([1]);
    let (model, _) = anthropic_after(thinking_then_call(), after(returned, result())).await;
    // Only what this server sent may have a type that the protocol does not know.
    assert_eq!(
        model.take_violations(),
        ["request 2: messages[1].content[1] has the unknown type \"novelty\""]
    );
}

#[tokio::test]
async fn an_answer_is_not_left_out() {
    let messages =
        json!([{"role": "user", "content": "Hello"}, {"role": "user", "content": "Anybody?"}]);
    let (model, _) = anthropic_after(Reply::text("Hi"), messages).await;
    assert_eq!(
        model.take_violations(),
        ["request 2: messages[1]: the answer that was sent here is missing"]
    );
}

#[tokio::test]
async fn empty_text_is_left_out() {
    let reply = Reply::text("").and_tool_call_with_id("toolu_1", "bash", json!({}));
    let returned = json!([{"type": "tool_use", "id": "toolu_1", "name": "bash", "input": {}}]);
    let (model, _) = anthropic_after(reply, after(returned, result())).await;
    model.verify();
}

#[tokio::test]
async fn a_tool_that_does_not_exist_may_be_called_by_the_model() {
    let reply = Reply::new().and_tool_call_with_id("toolu_1", "teleport", json!({}));
    let returned = json!([{"type": "tool_use", "id": "toolu_1", "name": "teleport", "input": {}}]);
    let (model, _) = anthropic_after(reply, after(returned, result())).await;
    model.verify();
}

#[tokio::test]
async fn arguments_that_are_not_json_come_back_as_any_object() {
    let model = FakeModel::start().await;
    model.reply(Reply::new().and_raw_tool_call("bash", "{\"command"));
    let events = stream_anthropic(&model, hello()).await.events();
    let id = events[1].json()["content_block"]["id"].clone();
    model.reply(Reply::text("Next"));
    let returned = json!([{"type": "tool_use", "id": id, "name": "bash", "input": {}}]);
    let result =
        json!([{"type": "tool_result", "tool_use_id": id, "content": "no JSON", "is_error": true}]);
    stream_anthropic(&model, after(returned, result)).await;
    model.verify();
}

#[tokio::test]
async fn of_an_answer_that_broke_off_a_client_keeps_what_it_likes() {
    for messages in [
        json!([{"role": "user", "content": "Hello"}, {"role": "user", "content": "Go on"}]),
        after(text("Hel"), text("Go on")),
        hello(),
    ] {
        let (model, answer) =
            anthropic_after(Reply::text("Hello").cut_after_events(3), messages).await;
        model.verify();
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn half_a_signature_is_not_kept_of_an_answer_that_broke_off() {
    let returned = json!([{"type": "thinking", "thinking": "H", "signature": "c2ln"}, {"type": "text", "text": "So"}]);
    let (model, _) = anthropic_after(
        thinking_then_call().cut_after_events(8),
        after(returned, text("Go on")),
    )
    .await;
    assert_eq!(
        model.take_violations(),
        [
            "request 2: messages[1].content[0]: {\"type\":\"thinking\",\"thinking\":\"H\",\"signature\":\"c2ln\"} was not sent like this"
        ]
    );
}

#[tokio::test]
async fn the_same_request_again_is_a_retry() {
    let (model, answer) = anthropic_after(Reply::overloaded(), hello()).await;
    model.verify();
    assert_eq!(answer.status, 200);
    stream_anthropic_expecting_ok(&model, after(text("Next"), text("Thanks"))).await;
}

async fn stream_anthropic_expecting_ok(model: &FakeModel, messages: Value) {
    model.reply(Reply::text("Fine"));
    assert_eq!(stream_anthropic(model, messages).await.status, 200);
    model.verify();
}

#[tokio::test]
async fn an_earlier_message_keeps_its_bytes() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hi"));
    stream_anthropic(&model, hello()).await;
    let body = anthropic_body(after(text("Hi"), text("Go on")), true);
    model.reply(Reply::text("Next"));
    send(anthropic(&model, &body)).await;
    let mut longer = body.clone();
    longer["messages"].as_array_mut().unwrap().extend([
        json!({"role": "assistant", "content": text("Next")}),
        json!({"role": "user", "content": "And?"}),
    ]);
    // The same JSON value, but with a space: no cache would match.
    let spaced = longer
        .to_string()
        .replacen("\"text\":\"Go on\"", "\"text\": \"Go on\"", 1);
    model.reply(Reply::text("Last"));
    let answer = send(anthropic(&model, &longer).body(spaced)).await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        model.take_violations(),
        [
            "request 3: the prefix changed: messages[2] from character 48 on is no longer \
          …ntent\":[{\"type\":\"text\",\"text\":\"Go on\"}]}… but …ntent\":[{\"type\":\"text\",\"text\": \"Go on\"}]}…"
        ]
    );
    assert_eq!(send(anthropic(&model, &longer)).await.status, 200);
}

#[tokio::test]
async fn the_system_text_stays() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hi"));
    stream_anthropic(&model, hello()).await;
    let mut body = anthropic_body(after(text("Hi"), text("Go on")), true);
    body["system"] = json!("Be brief. It is 12:01.");
    assert_eq!(send(anthropic(&model, &body)).await.status, 400);
    assert_eq!(
        model.take_violations(),
        [
            "request 2: the prefix changed: system from character 10 on is no longer …\"Be brief.\"… but …\"Be brief. It is 12:01.\"…"
        ]
    );
}

#[tokio::test]
async fn the_tools_stay() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hi"));
    stream_anthropic(&model, hello()).await;
    let mut body = anthropic_body(after(text("Hi"), text("Go on")), true);
    body["tools"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "grep", "input_schema": {"type": "object"}}));
    assert_eq!(send(anthropic(&model, &body)).await.status, 400);
    let violations = model.take_violations();
    assert!(
        violations[0].starts_with("request 2: the prefix changed: tools from character"),
        "{violations:?}"
    );

    model.allow_rewritten_history();
    model.reply(Reply::text("Next"));
    assert_eq!(send(anthropic(&model, &body)).await.status, 200);
}

#[tokio::test]
async fn a_message_is_not_taken_back() {
    let (model, answer) =
        anthropic_after(Reply::text("Hi"), after(text("Hi"), text("Go on"))).await;
    assert_eq!(answer.status, 200);
    let answer = stream_anthropic(&model, after(text("Hi"), text("Stop"))).await;
    assert_eq!(answer.status, 400);
    assert_eq!(model.take_violations().len(), 1);
}

#[tokio::test]
async fn another_system_text_for_the_same_first_message_is_another_conversation() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hi"));
    stream_anthropic(&model, hello()).await;
    let mut title = anthropic_body(hello(), false);
    title["system"] = json!("Write a title.");
    model.reply(Reply::text("A title"));
    assert_eq!(send(anthropic(&model, &title)).await.status, 200);
    stream_anthropic_expecting_ok(&model, after(text("Hi"), text("Go on"))).await;
}

#[tokio::test]
async fn two_sessions_may_begin_alike() {
    let model = FakeModel::start().await;
    for reply in ["left", "right"] {
        model.reply(Reply::text(reply));
        stream_anthropic(&model, hello()).await;
    }
    stream_anthropic_expecting_ok(&model, after(text("left"), text("Go on"))).await;
    stream_anthropic_expecting_ok(&model, after(text("right"), text("Go on"))).await;
}

#[tokio::test]
async fn a_completion_comes_back_with_its_text_and_its_calls() {
    let reply = || {
        Reply::text("So")
            .and_thinking("Hm", "")
            .and_tool_call_with_id("call_1", "bash", json!({"command": "ls"}))
    };
    let messages = |text: &str, arguments: &str| {
        json!([
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": text, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "bash", "arguments": arguments}},
            ]},
            {"role": "tool", "tool_call_id": "call_1", "content": "a.rs"},
        ])
    };
    let (model, answer) = openai_after(reply(), messages("So", "{\"command\": \"ls\"}")).await;
    assert_eq!(answer.status, 200);
    model.verify();

    let (model, _) = openai_after(reply(), messages("No", "{\"command\":\"ls\"}")).await;
    assert_eq!(
        model.take_violations(),
        ["request 2: messages[2].content: sent was \"So\", came back \"No\""]
    );

    let (model, _) = openai_after(reply(), messages("So", "{\"command\":\"rm\"}")).await;
    let call = |command: &str| json!({"id": "call_1", "type": "function", "function": {"name": "bash", "arguments": json!({"command": command}).to_string()}});
    assert_eq!(
        model.take_violations(),
        [format!(
            "request 2: messages[2].tool_calls[0]: sent was {}, came back {}",
            call("ls"),
            call("rm")
        )]
    );
}

#[tokio::test]
async fn a_system_message_is_part_of_the_prefix() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hi"));
    stream_openai(&model, hello()).await;
    let mut body = openai_body(after(json!("Hi"), json!("Go on")), true);
    body["messages"][0]["content"] = json!("Be brief. It is 12:01.");
    assert_eq!(send(openai(&model, &body)).await.status, 400);
    let violations = model.take_violations();
    assert!(
        violations[0].starts_with("request 2: the prefix changed: messages[0] from character"),
        "{violations:?}"
    );
}
