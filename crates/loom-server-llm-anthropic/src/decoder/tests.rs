//! Wire events in, events of the answer out.

mod round_trip;

use loom_common_core::{BlockKind, ContentBlock, Extra, LlmErrorKind, Message, ToolCall, Usage};
use loom_llm_core::{BaseUrl, Hints};
use serde_json::{Value, json};

use super::*;

fn decoder() -> MessageDecoder {
    MessageDecoder::new(Peer {
        name: "Anthropic",
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

/// Decodes events of an answer that has begun; all must be good.
fn decode(events: &[Value]) -> Vec<LlmEvent> {
    let mut decoder = decoder();
    let mut out = Vec::new();
    for event in events {
        decoder.decode(sse(&event.to_string()), &mut out).unwrap();
    }
    out
}

/// Decodes one block: its beginning and its deltas.
fn decode_block(block: Value, deltas: &[Value]) -> Vec<LlmEvent> {
    let mut events =
        vec![json!({"type": "content_block_start", "index": 3, "content_block": block})];
    events.extend(
        deltas
            .iter()
            .map(|delta| json!({"type": "content_block_delta", "index": 3, "delta": delta})),
    );
    events.push(json!({"type": "content_block_stop", "index": 3}));
    decode(&events)
}

fn failure(data: &str) -> LlmError {
    decoder().decode(sse(data), &mut Vec::new()).unwrap_err()
}

fn text(text: &str) -> LlmEvent {
    LlmEvent::TextDelta {
        index: 3,
        text: text.to_owned(),
    }
}

fn started(block: BlockKind) -> LlmEvent {
    LlmEvent::BlockStarted { index: 3, block }
}

fn stopped() -> LlmEvent {
    LlmEvent::BlockStopped { index: 3 }
}

fn fields(value: Value) -> LlmEvent {
    LlmEvent::ExtraFields {
        index: 3,
        fields: Extra(value.as_object().cloned().unwrap()),
    }
}

fn opaque(json: &str) -> LlmEvent {
    LlmEvent::OpaqueBlock {
        index: 3,
        provider: "anthropic".to_owned(),
        json: json.to_owned(),
    }
}

#[test]
fn the_frame_of_an_answer() {
    let events = decode(&[
        json!({"type": "message_start", "message": {
            "id": "msg_1", "model": "claude-x", "content": [], "stop_reason": null,
            "usage": {"input_tokens": 5, "output_tokens": 1, "cache_read_input_tokens": 7,
                "cache_creation_input_tokens": 9, "service_tier": "standard"},
        }}),
        json!({"type": "ping"}),
        json!({"type": "a_new_event", "index": "not a number", "usage": "nor an object"}),
        json!({"type": "message_delta", "delta": {"stop_reason": null},
            "usage": {"output_tokens": 4, "input_tokens": null}}),
        json!({"type": "message_delta", "usage": null}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": 8, "cache_read_input_tokens": null}}),
        json!({"type": "message_stop"}),
    ]);
    let usage = |output_tokens| LlmEvent::Usage {
        usage: Usage {
            input_tokens: 5,
            output_tokens,
            cache_read_tokens: 7,
            cache_write_tokens: 9,
        },
    };
    let expected = vec![
        LlmEvent::Started {
            id: Some("msg_1".to_owned()),
            model: Some("claude-x".to_owned()),
        },
        usage(1),
        LlmEvent::Ping,
        usage(4),
        usage(8),
        LlmEvent::Finished {
            stop_reason: StopReason::EndTurn,
        },
    ];
    assert_eq!(events, expected);
}

#[test]
fn stop_reasons_have_names() {
    let reasons = [
        ("end_turn", StopReason::EndTurn),
        ("max_tokens", StopReason::MaxTokens),
        ("stop_sequence", StopReason::StopSequence),
        ("tool_use", StopReason::ToolUse),
        ("pause_turn", StopReason::PauseTurn),
        ("refusal", StopReason::Refusal),
        ("model_context_window_exceeded", StopReason::ContextExceeded),
        ("tired", StopReason::Other("tired".to_owned())),
    ];
    for (wire, stop_reason) in reasons {
        let events = decode(&[
            json!({"type": "message_delta", "delta": {"stop_reason": wire}}),
            json!({"type": "message_stop"}),
        ]);
        assert_eq!(events, vec![LlmEvent::Finished { stop_reason }]);
    }
}

#[test]
fn text_comes_as_it_is_made_and_its_citations_with_its_end() {
    let events = decode_block(
        json!({"type": "text", "text": "", "citations": []}),
        &[
            json!({"type": "text_delta", "text": "a"}),
            json!({"type": "citations_delta", "citation": {"n": 1}}),
            json!({"type": "a_new_delta", "text": "not this"}),
            json!({"type": "text_delta", "text": "b"}),
            json!({"type": "citations_delta", "citation": {"n": 2}}),
        ],
    );
    let expected = vec![
        started(BlockKind::Text),
        text("a"),
        text("b"),
        fields(json!({"citations": [{"n": 1}, {"n": 2}]})),
        stopped(),
    ];
    assert_eq!(events, expected);
}

#[test]
fn a_thought_keeps_its_signature() {
    let events = decode_block(
        json!({"type": "thinking", "thinking": "", "signature": ""}),
        &[
            json!({"type": "thinking_delta", "thinking": "hm"}),
            json!({"type": "signature_delta", "signature": "c2ln"}),
        ],
    );
    let expected = vec![
        started(BlockKind::Thinking),
        LlmEvent::ThinkingDelta {
            index: 3,
            thinking: "hm".to_owned(),
        },
        LlmEvent::SignatureDelta {
            index: 3,
            signature: "c2ln".to_owned(),
        },
        stopped(),
    ];
    assert_eq!(events, expected);
}

fn tool_use(input: &Value, pieces: &[&str]) -> Vec<LlmEvent> {
    let deltas: Vec<_> = pieces
        .iter()
        .map(|piece| json!({"type": "input_json_delta", "partial_json": piece}))
        .collect();
    decode_block(
        json!({"type": "tool_use", "id": "t1", "name": "bash", "input": input,
            "caller": {"type": "direct"}, "empty": null}),
        &deltas,
    )
}

fn tool_use_with_arguments(pieces: &[&str]) -> Vec<LlmEvent> {
    let mut events = vec![
        started(BlockKind::ToolUse {
            id: "t1".to_owned(),
            name: "bash".to_owned(),
        }),
        fields(json!({"caller": {"type": "direct"}})),
    ];
    events.extend(pieces.iter().map(|piece| LlmEvent::ArgumentsDelta {
        index: 3,
        json: (*piece).to_owned(),
    }));
    events.push(stopped());
    events
}

#[test]
fn arguments_come_in_pieces_or_with_the_beginning() {
    assert_eq!(
        tool_use(&json!({}), &["", "{\"a\"", ":1}"]),
        tool_use_with_arguments(&["{\"a\"", ":1}"])
    );
    assert_eq!(
        tool_use(&json!({}), &[""]),
        tool_use_with_arguments(&["{}"]),
        "a call without arguments"
    );
    assert_eq!(
        tool_use(&json!({"a": 1}), &[]),
        tool_use_with_arguments(&["{\"a\":1}"]),
        "a server that sends the whole call at once"
    );
}

#[test]
fn a_block_of_an_unknown_type_is_passed_on_byte_for_byte() {
    let raw = r#"{"type":"redacted_thinking" , "data":"x\/y", "n":1.50}"#;
    let mut decoder = decoder();
    let mut out = Vec::new();
    let start = format!(r#"{{"type":"content_block_start","index":3,"content_block":{raw}}}"#);
    decoder.decode(sse(&start), &mut out).unwrap();
    assert_eq!(out, vec![], "it is not whole yet");
    let stop = r#"{"type":"content_block_stop","index":3}"#;
    decoder.decode(sse(stop), &mut out).unwrap();
    assert_eq!(out, vec![opaque(raw)]);
}

#[test]
fn a_block_of_an_unknown_type_is_put_together_from_its_pieces() {
    let json_piece = |piece| json!({"type": "input_json_delta", "partial_json": piece});
    let cases = [
        (
            json!({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}, "z": 1}),
            vec![
                json_piece(""),
                json_piece("{\"query\": "),
                json_piece("\"x\"}"),
            ],
            r#"{"type":"server_tool_use","id":"s","name":"web_search","input":{"query": "x"},"z":1}"#,
        ),
        (
            json!({"type": "compaction", "content": null}),
            vec![
                json!({"type": "compaction_delta", "content": "a"}),
                json!({"type": "compaction_delta", "content": "b"}),
            ],
            r#"{"type":"compaction","content":"ab"}"#,
        ),
        (
            json!({"type": "cited", "text": "s", "citations": [0]}),
            vec![
                json!({"type": "text_delta", "text": "t"}),
                json!({"type": "citations_delta", "citation": {"n": 1}}),
            ],
            r#"{"type":"cited","text":"st","citations":[0,{"n":1}]}"#,
        ),
    ];
    for (block, deltas, whole) in cases {
        assert_eq!(decode_block(block, &deltas), vec![opaque(whole)]);
    }
}

#[test]
fn blocks_that_nobody_ended_end_with_the_answer() {
    let events = decode(&[
        json!({"type": "content_block_start", "index": 3,
            "content_block": {"type": "text", "text": "a"}}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}),
        json!({"type": "message_stop"}),
    ]);
    let expected = vec![
        started(BlockKind::Text),
        text("a"),
        stopped(),
        LlmEvent::Finished {
            stop_reason: StopReason::EndTurn,
        },
    ];
    assert_eq!(events, expected);
}

#[test]
fn what_cannot_be_read_is_malformed() {
    let cases = [
        "{",
        "[DONE]",
        "{}",
        r#"{"type":"message_start"}"#,
        r#"{"type":"content_block_start","index":0}"#,
        r#"{"type":"content_block_start","index":-1,"content_block":{"type":"text"}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_stop"}"#,
    ];
    for data in cases {
        assert_eq!(
            failure(data).kind,
            LlmErrorKind::MalformedResponse,
            "{data}"
        );
    }
}

#[test]
fn a_block_begins_once() {
    let start = r#"{"type":"content_block_start","index":0,"content_block":{"type":"text"}}"#;
    let mut decoder = decoder();
    let mut out = Vec::new();
    decoder.decode(sse(start), &mut out).unwrap();
    let error = decoder.decode(sse(start), &mut out).unwrap_err();
    assert_eq!(
        error.message,
        "Anthropic sent an answer that cannot be read: block 0 begins twice"
    );
}

#[test]
fn an_error_event_says_what_the_provider_says() {
    let error = failure(
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded, sk-secret"},"request_id":"req_2"}"#,
    );
    let hint = "try again later; the provider's status page may say more";
    let expected = LlmError {
        hint: Some(hint.to_owned()),
        request_id: Some("req_2".to_owned()),
        ..LlmError::new(
            LlmErrorKind::Overloaded,
            "Anthropic broke off its answer: Overloaded, [REDACTED]",
        )
    };
    assert_eq!(error, expected);
    let error = failure(r#"{"type":"error","error":{"type":"brand_new_error"}}"#);
    let expected = LlmError::new(
        LlmErrorKind::ProviderFailed,
        "Anthropic broke off its answer: brand_new_error",
    );
    assert_eq!(error, expected.with_hint(hint));
}

#[test]
fn an_event_without_data_is_nothing() {
    let mut out = Vec::new();
    decoder()
        .decode(Sse::default().event("x"), &mut out)
        .unwrap();
    assert_eq!(out, vec![]);
}

#[test]
fn an_unstreamed_answer_is_read_block_by_block() {
    let body = json!({"id": "msg_1", "model": "claude-x", "stop_reason": "tool_use",
    "usage": {"input_tokens": 5, "output_tokens": 8},
    "content": [
        {"type": "text", "text": "a", "citations": null},
        {"type": "tool_use", "id": "t", "name": "n", "input": {"b": 1, "a": 2}},
    ]});
    let expected = LlmResponse {
        id: Some("msg_1".to_owned()),
        model: Some("claude-x".to_owned()),
        message: Message::assistant(vec![
            ContentBlock::text("a"),
            ContentBlock::ToolUse(ToolCall {
                id: "t".to_owned(),
                name: "n".to_owned(),
                arguments: "{\"b\":1,\"a\":2}".to_owned(),
                extra: Extra::default(),
            }),
        ]),
        stop_reason: StopReason::ToolUse,
        usage: Usage {
            input_tokens: 5,
            output_tokens: 8,
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
    let cases = [
        "".to_owned(),
        "<html>".to_owned(),
        "{}".to_owned(),
        json!({"content": [], "usage": {}}).to_string(),
    ];
    for body in cases {
        let error = decoder().whole(body.as_bytes()).unwrap_err();
        assert_eq!(error.kind, LlmErrorKind::MalformedResponse, "{body}");
    }
    let error = decoder()
        .whole(br#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#)
        .unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::Overloaded);
}
