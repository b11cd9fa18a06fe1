//! Conversations that go well. The fake model checks every request, and that all comes back.

use futures::StreamExt;
use loom_common_core::{
    ContentBlock, Effort, ImageData, LlmClient, LlmEvent, LlmResponse, Message, StopReason,
    ToolResult, ToolResultContent, Usage,
};
use loom_testing::model::{LineEnding, OpenAiUsage};
use loom_testing::{FakeModel, Gate, Reply, model};
use serde_json::json;

use crate::client::{client, request, stream};

fn results_for(response: &LlmResponse) -> Message {
    Message::tool_results(response.message.tool_calls().map(|call| ToolResult {
        tool_use_id: call.id.clone(),
        content: vec![
            ToolResultContent::text("done"),
            ToolResultContent::Image(ImageData {
                media_type: "image/png".to_owned(),
                data: "aGk=".to_owned(),
            }),
        ],
        is_error: false,
    }))
}

#[tokio::test]
async fn all_that_was_sent_comes_back_in_the_next_request() {
    let model = FakeModel::start().await;
    model.reply(
        Reply::new()
            .and_thinking("hm", "not sent")
            .and_text("I look — grüße 🦀")
            .and_unknown_block(json!({"type": "future"}))
            .and_tool_call(
                "bash",
                json!({"command": "ls", "nested": {"b": [1, 2.5], "a": null}}),
            )
            .and_raw_tool_call("bash", "{\"cut")
            .usage(model::Usage {
                input_tokens: 11,
                output_tokens: 22,
                cache_read_tokens: 33,
                cache_write_tokens: 0,
            }),
    );
    model.reply(Reply::text("done"));
    let client = client(&model.openai_base_url());
    let mut request = request([Message::user("go")]);
    let answer = stream(&client, &request).await.unwrap();
    assert_eq!(answer.stop_reason, StopReason::ToolUse);
    let usage = Usage {
        input_tokens: 11,
        output_tokens: 22,
        cache_read_tokens: 33,
        cache_write_tokens: 0,
    };
    assert_eq!(answer.usage, usage);
    assert_eq!(
        answer.message.tool_calls().nth(1).unwrap().arguments,
        "{\"cut"
    );
    request.messages.push(results_for(&answer).into());
    request.messages.insert(1, answer.message.into());
    let answer = stream(&client, &request).await.unwrap();
    assert_eq!(
        answer.message,
        Message::assistant(vec![ContentBlock::text("done")])
    );
    assert_eq!(answer.stop_reason, StopReason::EndTurn);
    let sent = model.last_request();
    assert_eq!(sent.messages()[2]["reasoning_content"], "hm");
    model.verify();
}

#[tokio::test]
async fn streamed_and_unstreamed_answers_are_the_same_however_they_are_delivered() {
    let model = FakeModel::start().await;
    let reply = || {
        Reply::new()
            .and_thinking("hm", "")
            .and_text("grüße 🦀")
            .and_tool_call_with_id("call_1", "bash", json!({"command": "ls"}))
    };
    let client = client(&model.openai_base_url());
    let request = request([Message::user("go")]);
    let without_id = |answer: LlmResponse| LlmResponse { id: None, ..answer };
    model.reply(reply());
    let whole = without_id(client.complete(&request).await.unwrap());
    let deliveries = [
        reply(),
        reply().delta_chars(1).write_sizes([1]),
        reply().comments(),
        reply().line_ending(LineEnding::CrLf).write_sizes([3, 1, 7]),
        reply().line_ending(LineEnding::Cr).no_space_after_colon(),
        reply().openai_usage(OpenAiUsage::NullChoices),
        reply().openai_usage(OpenAiUsage::NoChoices),
        reply().openai_usage(OpenAiUsage::WithFinish),
        reply().end_without_stop(),
    ];
    for delivery in deliveries {
        let shown = format!("{delivery:?}");
        model.reply(delivery);
        let streamed = without_id(stream(&client, &request).await.unwrap());
        assert_eq!(streamed, whole, "{shown}");
    }
}

#[tokio::test]
async fn a_server_that_tells_no_usage_is_taken() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("x").openai_usage(OpenAiUsage::Absent));
    let client = client(&model.openai_base_url());
    let answer = stream(&client, &request([Message::user("go")]))
        .await
        .unwrap();
    assert_eq!(answer.usage, Usage::default());
}

#[tokio::test]
async fn the_first_text_comes_while_the_rest_is_still_being_made() {
    let model = FakeModel::start().await;
    let gate = Gate::new();
    model.reply(Reply::text("ab").delta_chars(1).gate_after(2, &gate));
    let client = client(&model.openai_base_url());
    let request = request([Message::user("go")]);
    let mut events = client.stream(&request).await.unwrap();
    let first = loop {
        if let LlmEvent::TextDelta { text, .. } = events.next().await.unwrap().unwrap() {
            break text;
        }
    };
    assert_eq!(first, "a");
    gate.open();
    let rest: Vec<_> = events.collect().await;
    assert_eq!(
        rest.last(),
        Some(&Ok(LlmEvent::Finished {
            stop_reason: StopReason::EndTurn
        }))
    );
}

#[tokio::test]
async fn dropping_the_answer_cancels_it_at_the_provider() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("never ends").hang_after(2));
    let client = client(&model.openai_base_url());
    let request = request([Message::user("go")]);
    let mut events = client.stream(&request).await.unwrap();
    assert!(events.next().await.unwrap().is_ok());
    drop(events);
    model.client_disconnected().await;
}

#[tokio::test]
async fn the_models_are_listed_with_and_without_the_version_in_the_address() {
    let model = FakeModel::start().await;
    model.list_models(["a", "b"]);
    for base in [
        model.url(),
        model.url() + "/",
        model.url() + "/v1",
        model.url() + "/v1/",
    ] {
        assert_eq!(client(&base).list_models().await.unwrap(), ["a", "b"]);
    }
}

#[tokio::test]
async fn every_effort_reaches_a_model_that_takes_one_and_spares_one_that_does_not() {
    let model = FakeModel::start().await;
    let client = client(&model.openai_base_url());
    let mut sent = Vec::new();
    for (name, effort) in [
        ("gpt-5", Effort::Low),
        ("gpt-5", Effort::Medium),
        ("gpt-5", Effort::High),
        ("gpt-4.1", Effort::High),
    ] {
        model.reply(Reply::text("done"));
        let mut request = request([Message::user(format!("{effort} for {name}"))]);
        request.model = name.to_owned();
        request.effort = Some(effort);
        stream(&client, &request).await.unwrap();
        sent.push(model.last_request().json()["reasoning_effort"].clone());
    }
    assert_eq!(json!(sent), json!(["low", "medium", "high", null]));
}
