//! That a streamed and an unstreamed answer are the same, however the stream is cut.

use bytes::Bytes;
use futures::{StreamExt, stream};
use proptest::prelude::*;
use serde_json::{Value, json};
use sse_stream::SseByteStream;

use super::*;

/// A block as a server would send it, and how it is streamed.
#[derive(Clone, Debug)]
struct WireBlock {
    whole: Value,
    start: Value,
    deltas: Vec<Value>,
}

/// Cuts a text into pieces at character boundaries.
fn pieces(text: &str, length: usize) -> Vec<String> {
    let characters: Vec<_> = text.chars().collect();
    characters
        .chunks(length)
        .map(|piece| piece.iter().collect())
        .collect()
}

fn any_wire_block() -> impl Strategy<Value = WireBlock> {
    let piece = 1..5_usize;
    prop_oneof![
        (any::<String>(), any::<bool>(), piece.clone()).prop_map(|(text, cited, piece)| {
            let citation = json!({"type": "char_location", "cited_text": text});
            let mut deltas: Vec<_> = pieces(&text, piece)
                .into_iter()
                .map(|text| json!({"type": "text_delta", "text": text}))
                .collect();
            if cited {
                deltas.push(json!({"type": "citations_delta", "citation": citation}));
            }
            let citations = if cited {
                json!([citation])
            } else {
                Value::Null
            };
            WireBlock {
                whole: json!({"type": "text", "text": text, "citations": citations}),
                start: json!({"type": "text", "text": ""}),
                deltas,
            }
        }),
        (any::<String>(), "[a-z]{1,9}", piece.clone()).prop_map(|(thinking, signature, piece)| {
            let mut deltas: Vec<_> = pieces(&thinking, piece)
                .into_iter()
                .map(|thinking| json!({"type": "thinking_delta", "thinking": thinking}))
                .collect();
            deltas.push(json!({"type": "signature_delta", "signature": signature}));
            WireBlock {
                whole: json!({"type": "thinking", "thinking": thinking, "signature": signature}),
                start: json!({"type": "thinking", "thinking": "", "signature": ""}),
                deltas,
            }
        }),
        ("tool_use|server_tool_use", any::<Option<String>>(), piece).prop_map(
            |(kind, argument, piece)| {
                let input = argument.map_or(json!({}), |argument| json!({"argument": argument}));
                let deltas = pieces(&input.to_string(), piece)
                    .into_iter()
                    .map(|json| json!({"type": "input_json_delta", "partial_json": json}))
                    .collect();
                WireBlock {
                    whole: json!({"type": kind, "id": "t", "name": "n", "input": input}),
                    start: json!({"type": kind, "id": "t", "name": "n", "input": {}}),
                    deltas,
                }
            }
        ),
        any::<String>().prop_map(|data| {
            let whole = json!({"type": "redacted_thinking", "data": data});
            WireBlock {
                start: whole.clone(),
                whole,
                deltas: Vec::new(),
            }
        }),
    ]
}

/// Writes an answer as a server streams it.
fn rendered(blocks: &[WireBlock], line_end: &str) -> String {
    let mut wire = String::new();
    let mut push = |data: Value| {
        let name = data["type"].as_str().unwrap();
        wire += &format!("event: {name}{line_end}data: {data}{line_end}{line_end}");
    };
    push(json!({"type": "message_start", "message": {
        "id": "msg_1", "model": "claude-x", "usage": {"input_tokens": 5, "output_tokens": 1}}}));
    for (index, block) in blocks.iter().enumerate() {
        push(json!({"type": "content_block_start", "index": index, "content_block": block.start}));
        for delta in &block.deltas {
            push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
            push(json!({"type": "ping"}));
        }
        push(json!({"type": "content_block_stop", "index": index}));
    }
    push(
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"},
        "usage": {"input_tokens": null, "output_tokens": 8}}),
    );
    push(json!({"type": "message_stop"}));
    wire
}

/// Reads bytes that come in pieces of these sizes, over and over.
fn streamed(wire: &str, sizes: &[usize]) -> LlmResponse {
    let mut bytes = Bytes::copy_from_slice(wire.as_bytes());
    let mut sizes = sizes.iter().cycle();
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let size = bytes.len().min(*sizes.next().unwrap());
        pieces.push(Ok::<_, std::io::Error>(bytes.split_to(size)));
    }
    let events = SseByteStream::new(stream::iter(pieces)).collect::<Vec<_>>();
    let mut decoder = decoder();
    let mut out = Vec::new();
    for event in futures::executor::block_on(events) {
        decoder.decode(event.unwrap(), &mut out).unwrap();
    }
    let mut builder = ResponseBuilder::default();
    for event in out {
        builder.apply(event).unwrap();
    }
    builder.finish().unwrap()
}

proptest! {
    #[test]
    fn a_streamed_answer_is_the_same_as_an_unstreamed_one(
        blocks in prop::collection::vec(any_wire_block(), 0..6),
        line_end in "\n|\r\n|\r",
        sizes in prop::collection::vec(1..40_usize, 1..8),
    ) {
        let content: Vec<_> = blocks.iter().map(|block| block.whole.clone()).collect();
        let body = json!({"id": "msg_1", "type": "message", "role": "assistant",
            "model": "claude-x", "content": content, "stop_reason": "tool_use",
            "usage": {"input_tokens": 5, "output_tokens": 8}});
        let whole = decoder().whole(body.to_string().as_bytes()).unwrap();
        prop_assert_eq!(streamed(&rendered(&blocks, &line_end), &sizes), whole);
    }
}
