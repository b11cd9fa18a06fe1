//! The Chat Completions API: answers, streams, errors.

use loom_testing::model::{OpenAiUsage, StopReason, Usage};
use loom_testing::{FakeModel, Reply};
use serde_json::{Value, json};

use crate::client::{Answer, hello, http, openai, openai_body, send, stream_openai};

/// The chunks of a stream, after a check that `[DONE]` ends it.
fn chunks(answer: &Answer) -> Vec<Value> {
    let mut events = answer.events();
    assert_eq!(events.pop().unwrap().data, "[DONE]");
    events.iter().map(|event| event.json()).collect()
}

#[tokio::test]
async fn a_stream_has_every_chunk_in_the_order_of_the_protocol() {
    let model = FakeModel::start().await;
    model.reply(
        Reply::text("Hello there")
            .and_tool_call_with_id("call_a", "bash", json!({"command": "ls"}))
            .and_tool_call_with_id("call_b", "bash", json!({}))
            .usage(Usage {
                input_tokens: 7,
                output_tokens: 9,
                cache_read_tokens: 5,
                cache_write_tokens: 3,
            })
            .delta_chars(6),
    );
    let answer = stream_openai(&model, hello()).await;
    let chunks = chunks(&answer);
    assert!(answer.events().iter().all(|event| event.name.is_none()));

    let (last, with_choices) = chunks.split_last().unwrap();
    assert!(
        with_choices
            .iter()
            .all(|chunk| chunk["usage"].is_null() && chunk.get("usage").is_some())
    );
    let deltas: Vec<_> = with_choices
        .iter()
        .map(|chunk| chunk["choices"][0]["delta"].clone())
        .collect();
    let arguments = |index: usize, text: &str| json!({"tool_calls": [{"index": index, "function": {"arguments": text}}]});
    let first = |index: usize, id: &str| json!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": {"name": "bash", "arguments": ""}}]});
    assert_eq!(
        deltas,
        [
            json!({"role": "assistant", "content": "", "refusal": null}),
            json!({"content": "Hello "}),
            json!({"content": "there"}),
            first(0, "call_a"),
            arguments(0, "{\"comm"),
            arguments(0, "and\":\""),
            arguments(0, "ls\"}"),
            first(1, "call_b"),
            arguments(1, "{}"),
            json!({}),
        ]
    );
    let finish_reasons: Vec<_> = with_choices
        .iter()
        .map(|chunk| chunk["choices"][0]["finish_reason"].as_str())
        .collect();
    assert_eq!(
        finish_reasons,
        [vec![None; 9], vec![Some("tool_calls")]].concat()
    );
    assert_eq!(last["choices"], json!([]));
    assert_eq!(
        (
            &last["usage"]["prompt_tokens"],
            &last["usage"]["completion_tokens"],
            &last["usage"]["prompt_tokens_details"]["cached_tokens"]
        ),
        (&json!(15), &json!(9), &json!(5))
    );
}

#[tokio::test]
async fn without_include_usage_no_chunk_speaks_of_it() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hi"));
    let mut body = openai_body(hello(), true);
    body.as_object_mut().unwrap().remove("stream_options");
    let answer = send(openai(&model, &body)).await;
    assert!(
        chunks(&answer)
            .iter()
            .all(|chunk| chunk.get("usage").is_none())
    );
}

#[tokio::test]
async fn compatible_servers_place_the_usage_elsewhere() {
    let model = FakeModel::start().await;
    for (mode, choices) in [
        (OpenAiUsage::NullChoices, Some(Value::Null)),
        (OpenAiUsage::NoChoices, None),
    ] {
        model.reply(Reply::text("Hi").openai_usage(mode));
        let answer = stream_openai(&model, hello()).await;
        let last = chunks(&answer).pop().unwrap();
        assert_eq!(last.get("choices").cloned(), choices);
        assert_eq!(last["usage"]["completion_tokens"], 20);
    }
    model.reply(Reply::text("Hi").openai_usage(OpenAiUsage::WithFinish));
    let last = chunks(&stream_openai(&model, hello()).await).pop().unwrap();
    assert_eq!(
        (
            &last["choices"][0]["finish_reason"],
            &last["usage"]["completion_tokens"]
        ),
        (&json!("stop"), &json!(20))
    );
    model.reply(Reply::text("Hi").openai_usage(OpenAiUsage::Absent));
    let answer = stream_openai(&model, hello()).await;
    assert!(
        chunks(&answer)
            .iter()
            .all(|chunk| chunk.get("usage").is_none())
    );
}

#[tokio::test]
async fn an_answer_without_stream_is_one_completion() {
    let model = FakeModel::start().await;
    model.reply(
        Reply::tool_call("bash", json!({"command": "ls"})).stop_reason(StopReason::MaxTokens),
    );
    let completion = send(openai(&model, &openai_body(hello(), false)))
        .await
        .json();
    let choice = &completion["choices"][0];
    assert_eq!(choice["finish_reason"], "length");
    assert_eq!(choice["message"]["content"], Value::Null);
    assert_eq!(
        choice["message"]["tool_calls"][0]["function"],
        json!({"name": "bash", "arguments": "{\"command\":\"ls\"}"})
    );
    assert_eq!(completion["usage"]["total_tokens"], 120);
}

#[tokio::test]
async fn thinking_and_opaque_blocks_are_members_of_the_delta() {
    let model = FakeModel::start().await;
    model.reply(
        Reply::new()
            .and_thinking("Hm", "sig")
            .and_unknown_block(json!({"type": "novelty", "x": 1}))
            .and_text("Hi"),
    );
    let answer = stream_openai(&model, hello()).await;
    let deltas: Vec<_> = chunks(&answer)[1..4]
        .iter()
        .map(|chunk| chunk["choices"][0]["delta"].clone())
        .collect();
    assert_eq!(
        deltas,
        [
            json!({"reasoning_content": "Hm"}),
            json!({"novelty": {"type": "novelty", "x": 1}}),
            json!({"content": "Hi"})
        ]
    );
}

#[tokio::test]
async fn an_http_error_has_the_body_of_the_vendor() {
    let model = FakeModel::start().await;
    for (reply, status, kind, code) in [
        (
            Reply::status(401),
            401,
            "invalid_request_error",
            Some("invalid_api_key"),
        ),
        (
            Reply::status(404),
            404,
            "invalid_request_error",
            Some("model_not_found"),
        ),
        (
            Reply::status(429),
            429,
            "tokens",
            Some("rate_limit_exceeded"),
        ),
        (Reply::status(500), 500, "server_error", None),
        (Reply::overloaded(), 503, "server_error", None),
        (
            Reply::spend_limit(),
            429,
            "insufficient_quota",
            Some("insufficient_quota"),
        ),
    ] {
        model.reply(reply);
        let answer = stream_openai(&model, hello()).await;
        let error = answer.json()["error"].clone();
        assert_eq!(
            (
                answer.status,
                error["type"].as_str(),
                error["code"].as_str()
            ),
            (status, Some(kind), code)
        );
    }
}

#[tokio::test]
async fn models_are_listed_in_the_vendors_shape() {
    let model = FakeModel::start().await;
    model.list_models(["gpt-a"]);
    let list = send(
        http()
            .get(format!("{}/models", model.openai_base_url()))
            .bearer_auth("test-key"),
    )
    .await
    .json();
    assert_eq!(
        (&list["object"], &list["data"][0]["id"]),
        (&json!("list"), &json!("gpt-a"))
    );
}
