//! Chunks in, events of the answer out.

mod calls;
mod round_trip;

use loom_common_core::{ContentBlock, Extra, LlmErrorKind, Message, ToolCall};
use loom_llm_core::{BaseUrl, Hints};
use serde_json::{Value, json};

use super::*;

fn decoder() -> ChatDecoder {
    ChatDecoder::new(Peer {
        name: "the model server",
        base: BaseUrl::new("http://host".parse().unwrap()).unwrap(),
        unreachable: LlmErrorKind::ProviderUnreachable,
        hints: Hints {
            unreachable: "",
            silence: "",
            key: "",
            address: "",
        },
        secret: Some("sk-secret".to_owned().into()),
    })
}

fn sse(data: &str) -> Sse {
    Sse::default().data(data)
}

/// Decodes chunks up to the end of the body; all must be good.
fn decode(chunks: &[Value]) -> Vec<LlmEvent> {
    let mut decoder = decoder();
    let mut out = Vec::new();
    for chunk in chunks {
        decoder.decode(sse(&chunk.to_string()), &mut out).unwrap();
    }
    decoder.end(&mut out);
    out
}

fn delta(delta: Value) -> Value {
    json!({"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}], "usage": null})
}

fn finish(reason: &str) -> Value {
    json!({"id": "c", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

/// Puts the answer of these deltas together.
fn answer(deltas: &[Value]) -> LlmResponse {
    let mut chunks: Vec<_> = deltas.iter().cloned().map(delta).collect();
    chunks.push(finish("stop"));
    built(decode(&chunks))
}

fn built(events: Vec<LlmEvent>) -> LlmResponse {
    let mut builder = ResponseBuilder::default();
    for event in events {
        builder.apply(event).unwrap();
    }
    builder.finish().unwrap()
}

fn call(id: &str, name: &str, arguments: &str) -> ContentBlock {
    ContentBlock::ToolUse(ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
        extra: Extra::default(),
    })
}

fn thought(thinking: &str) -> ContentBlock {
    ContentBlock::Thinking {
        thinking: thinking.to_owned(),
        signature: None,
    }
}

fn failure(data: &str) -> LlmError {
    decoder().decode(sse(data), &mut Vec::new()).unwrap_err()
}

#[test]
fn an_answer_by_the_book() {
    let events = decode(&[
        delta(json!({"role": "assistant", "content": "", "refusal": null})),
        delta(json!({"content": "a"})),
        delta(json!({"content": "b"})),
        delta(
            json!({"tool_calls": [{"index": 0, "id": "c1", "type": "function",
            "function": {"name": "bash", "arguments": ""}}]}),
        ),
        delta(json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"a\""}}]})),
        delta(json!({"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]})),
        finish("tool_calls"),
        json!({"id": "c", "choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 4,
            "prompt_tokens_details": {"cached_tokens": 7}}}),
    ]);
    let text = |text: &str| LlmEvent::TextDelta {
        index: 0,
        text: text.to_owned(),
    };
    let arguments = |json: &str| LlmEvent::ArgumentsDelta {
        index: 1,
        json: json.to_owned(),
    };
    let expected = vec![
        LlmEvent::Started {
            id: Some("c".to_owned()),
            model: Some("m".to_owned()),
        },
        LlmEvent::BlockStarted {
            index: 0,
            block: BlockKind::Text,
        },
        text("a"),
        text("b"),
        LlmEvent::BlockStopped { index: 0 },
        LlmEvent::BlockStarted {
            index: 1,
            block: BlockKind::ToolUse {
                id: "c1".to_owned(),
                name: "bash".to_owned(),
            },
        },
        arguments("{\"a\""),
        arguments(":1}"),
        LlmEvent::BlockStopped { index: 1 },
        LlmEvent::Usage {
            usage: Usage {
                input_tokens: 3,
                output_tokens: 4,
                cache_read_tokens: 7,
                cache_write_tokens: 0,
            },
        },
        LlmEvent::Finished {
            stop_reason: StopReason::ToolUse,
        },
    ];
    assert_eq!(events, expected);
}

#[test]
fn done_ends_the_answer_and_is_not_needed() {
    let mut decoder = decoder();
    let mut out = Vec::new();
    decoder
        .decode(sse(&finish("stop").to_string()), &mut out)
        .unwrap();
    out.clear();
    decoder.decode(sse("[DONE]"), &mut out).unwrap();
    let finished = LlmEvent::Finished {
        stop_reason: StopReason::EndTurn,
    };
    assert_eq!(out, vec![finished.clone()]);
    assert_eq!(decode(&[finish("stop")]).last(), Some(&finished));
}

#[test]
fn done_without_a_finish_reason_is_an_interruption() {
    let error = failure("[DONE]");
    assert_eq!(error.kind, LlmErrorKind::StreamInterrupted);
    assert!(
        !decode(&[delta(json!({"content": "a"}))]).contains(&LlmEvent::Finished {
            stop_reason: StopReason::EndTurn
        })
    );
}

#[test]
fn finish_reasons_have_names() {
    let reasons = [
        ("stop", StopReason::EndTurn),
        ("length", StopReason::MaxTokens),
        ("tool_calls", StopReason::ToolUse),
        ("function_call", StopReason::ToolUse),
        ("content_filter", StopReason::Refusal),
        ("tired", StopReason::Other("tired".to_owned())),
    ];
    for (wire, stop_reason) in reasons {
        let events = decode(&[finish(wire)]);
        assert_eq!(events.last(), Some(&LlmEvent::Finished { stop_reason }));
    }
}

#[test]
fn a_server_that_says_stop_after_calls_means_tool_use() {
    let call = json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "x", "arguments": "{}"}}]});
    assert_eq!(answer(&[call]).stop_reason, StopReason::ToolUse);
}

#[test]
fn a_refusal_is_text_and_a_stop_reason() {
    let response = answer(&[json!({"refusal": "I "}), json!({"refusal": "won't"})]);
    assert_eq!(response.stop_reason, StopReason::Refusal);
    assert_eq!(
        response.message,
        Message::assistant(vec![ContentBlock::text("I won't")])
    );
}

#[test]
fn choices_may_be_null_or_absent() {
    let usage = json!({"prompt_tokens": 1, "completion_tokens": 2, "prompt_tokens_details": null});
    let expected = LlmEvent::Usage {
        usage: Usage {
            input_tokens: 1,
            output_tokens: 2,
            ..Usage::default()
        },
    };
    for last in [
        json!({"choices": null, "usage": usage}),
        json!({"usage": usage}),
    ] {
        let events = decode(&[json!({"id": "", "model": ""}), finish("stop"), last]);
        assert!(events.contains(&expected), "{events:?}");
    }
}

#[test]
fn usage_that_comes_with_every_chunk_is_told_when_it_changes() {
    let chunk = |tokens: u64| json!({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": tokens}});
    let events = decode(&[chunk(1), chunk(1), chunk(2), finish("stop")]);
    let told: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            LlmEvent::Usage { usage } => Some(usage.output_tokens),
            _ => None,
        })
        .collect();
    assert_eq!(told, [1, 2]);
}

#[test]
fn usage_with_more_cached_than_sent_does_not_wrap() {
    let usage = json!({"prompt_tokens": 5, "completion_tokens": null,
        "prompt_tokens_details": {"cached_tokens": 9}});
    let response = built(decode(&[finish("stop"), json!({"usage": usage})]));
    let expected = Usage {
        cache_read_tokens: 9,
        ..Usage::default()
    };
    assert_eq!(response.usage, expected);
}

#[test]
fn thoughts_have_two_spellings() {
    for field in ["reasoning_content", "reasoning"] {
        let response = answer(&[
            json!({field: "h", "content": null}),
            json!({field: "m"}),
            json!({"content": "x"}),
        ]);
        let content = vec![thought("hm"), ContentBlock::text("x")];
        assert_eq!(response.message, Message::assistant(content));
    }
    let both = answer(&[json!({"reasoning_content": "hm", "reasoning": "hm"})]);
    assert_eq!(both.message, Message::assistant(vec![thought("hm")]));
}

#[test]
fn content_may_be_a_list_of_parts() {
    let parts = json!([{"type": "text", "text": "a"}, {"type": "thinking", "thinking": []}, {"type": "text", "text": "b"}]);
    let response = answer(&[json!({"content": parts})]);
    assert_eq!(
        response.message,
        Message::assistant(vec![ContentBlock::text("ab")])
    );
}

#[test]
fn what_cannot_be_read_is_malformed() {
    for data in ["{", "\"x\"", r#"{"choices": 1}"#] {
        assert_eq!(
            failure(data).kind,
            LlmErrorKind::MalformedResponse,
            "{data}"
        );
    }
}

#[test]
fn errors_inside_of_a_stream_have_kinds() {
    use LlmErrorKind::*;
    let cases = [
        (
            json!({"error": {"message": "slow", "type": "rate_limit_exceeded"}}),
            RateLimited,
            "slow",
        ),
        (
            json!({"error": {"message": "slow", "code": "rate_limit_exceeded"}}),
            RateLimited,
            "slow",
        ),
        (
            json!({"error": {"message": "upstream", "code": 502}}),
            ProviderFailed,
            "upstream",
        ),
        (
            json!({"error": {"message": "busy", "code": 503}}),
            Overloaded,
            "busy",
        ),
        (
            json!({"error": {"message": "Overloaded", "code": null}}),
            Overloaded,
            "Overloaded",
        ),
        (
            json!({"error": {"message": "spent", "type": "insufficient_quota"}}),
            SpendLimit,
            "spent",
        ),
        (
            json!({"error": {"message": "broke", "type": "server_error"}}),
            ProviderFailed,
            "broke",
        ),
        (
            json!({"error": {"type": "server_error"}}),
            ProviderFailed,
            "server_error",
        ),
        (
            json!({"error": "it broke with sk-secret"}),
            ProviderFailed,
            "it broke with [REDACTED]",
        ),
        (json!({"error": 7}), ProviderFailed, "7"),
    ];
    for (data, kind, message) in cases {
        let error = failure(&data.to_string());
        let message = format!("the model server broke off its answer: {message}");
        assert_eq!((error.kind, error.message), (kind, message), "{data}");
    }
}

#[test]
fn an_unstreamed_answer_is_one_large_delta() {
    let body = json!({"id": "c", "model": "m", "choices": [{"index": 0, "finish_reason": "stop", "message": {
            "role": "assistant", "content": "a", "reasoning_content": "hm", "refusal": null,
            "tool_calls": [
                {"id": "same", "type": "function", "function": {"name": "x", "arguments": "{ }"}},
                {"id": "same", "type": "function", "function": {"name": "x", "arguments": "{}"}},
            ]}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2}});
    let expected = LlmResponse {
        id: Some("c".to_owned()),
        model: Some("m".to_owned()),
        message: Message::assistant(vec![
            thought("hm"),
            ContentBlock::text("a"),
            call("same", "x", "{ }"),
            call("same", "x", "{}"),
        ]),
        stop_reason: StopReason::ToolUse,
        usage: Usage {
            input_tokens: 1,
            output_tokens: 2,
            ..Usage::default()
        },
    };
    assert_eq!(
        decoder().whole(body.to_string().as_bytes()).unwrap(),
        expected
    );
}

#[test]
fn an_unstreamed_answer_that_cannot_be_read_is_malformed() {
    for body in [
        "",
        "<html>",
        "{}",
        r#"{"choices": []}"#,
        r#"{"choices": null}"#,
    ] {
        let error = decoder().whole(body.as_bytes()).unwrap_err();
        assert_eq!(error.kind, LlmErrorKind::MalformedResponse, "{body}");
    }
    let error = decoder()
        .whole(br#"{"error": {"message": "m", "code": 503}}"#)
        .unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::Overloaded);
}
