//! That a streamed and an unstreamed answer are the same, however the stream is cut.

use bytes::Bytes;
use futures::{StreamExt, stream};
use proptest::prelude::*;
use serde_json::{Value, json};
use sse_stream::SseByteStream;

use super::*;

/// An answer as a server would send it.
#[derive(Clone, Debug)]
struct WireAnswer {
    thinking: String,
    text: String,
    calls: Vec<(String, Option<String>)>,
}

fn any_answer() -> impl Strategy<Value = WireAnswer> {
    let calls = prop::collection::vec(("[a-z]{1,9}", any::<Option<String>>()), 0..4);
    (any::<String>(), any::<String>(), calls).prop_map(|(thinking, text, calls)| WireAnswer {
        thinking,
        text,
        calls,
    })
}

impl WireAnswer {
    fn calls(&self) -> Vec<(String, &str, String)> {
        let calls = self.calls.iter().enumerate();
        calls
            .map(|(index, (name, argument))| {
                let input = argument
                    .as_ref()
                    .map_or(json!({}), |argument| json!({"a": argument}));
                (format!("call_{index}"), name.as_str(), input.to_string())
            })
            .collect()
    }

    fn whole(&self) -> Value {
        let calls: Vec<_> = self
            .calls()
            .into_iter()
            .map(|(id, name, arguments)| {
                json!({"id": id, "type": "function",
                "function": {"name": name, "arguments": arguments}})
            })
            .collect();
        json!({"id": "c", "model": "m", "choices": [{"index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": self.text,
                    "reasoning_content": self.thinking, "tool_calls": calls}}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 8}})
    }

    /// Writes the answer as a server streams it, so many characters a delta.
    fn rendered(&self, length: usize, line_end: &str) -> String {
        let mut chunks = vec![delta(json!({"role": "assistant", "content": ""}))];
        let pieces = |text: &str| -> Vec<String> {
            let characters: Vec<_> = text.chars().collect();
            characters
                .chunks(length)
                .map(|piece| piece.iter().collect())
                .collect()
        };
        for piece in pieces(&self.thinking) {
            chunks.push(delta(json!({"reasoning_content": piece})));
        }
        for piece in pieces(&self.text) {
            chunks.push(delta(json!({"content": piece})));
        }
        for (index, (id, name, arguments)) in self.calls().into_iter().enumerate() {
            chunks.push(delta(json!({"tool_calls": [{"index": index, "id": id,
                "type": "function", "function": {"name": name, "arguments": ""}}]})));
            for piece in pieces(&arguments) {
                chunks.push(delta(json!({"tool_calls": [{"index": index,
                    "function": {"arguments": piece}}]})));
            }
        }
        chunks.push(finish("stop"));
        chunks.push(json!({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 8}}));
        let mut wire = String::new();
        for chunk in chunks {
            wire += &format!(": comment{line_end}data: {chunk}{line_end}{line_end}");
        }
        wire + &format!("data: [DONE]{line_end}{line_end}")
    }
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
    built(out)
}

proptest! {
    #[test]
    fn a_streamed_answer_is_the_same_as_an_unstreamed_one(
        answer in any_answer(),
        length in 1..5_usize,
        line_end in "\n|\r\n|\r",
        sizes in prop::collection::vec(1..40_usize, 1..8),
    ) {
        let whole = decoder().whole(answer.whole().to_string().as_bytes()).unwrap();
        prop_assert_eq!(streamed(&answer.rendered(length, &line_end), &sizes), whole);
    }
}
