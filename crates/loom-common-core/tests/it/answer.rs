//! Speaks for a model: turns the blocks of an answer into the events of its stream.

use loom_common_core::{
    BlockKind, ContentBlock, Extra, LlmEvent, StopReason, ToolCall, ToolResultContent, Usage,
};
use serde_json::{Value, json};

/// The tokens of `answers` answers that were made with [`answer`].
pub(crate) fn tokens(answers: u64) -> Usage {
    Usage {
        input_tokens: 100 * answers,
        output_tokens: 10 * answers,
        cache_read_tokens: 30 * answers,
        cache_write_tokens: 7 * answers,
    }
}

/// Returns the events of a whole answer that costs `tokens(1)`.
pub(crate) fn answer(blocks: &[ContentBlock], stop_reason: StopReason) -> Vec<LlmEvent> {
    let mut events = beginning(blocks);
    events.push(LlmEvent::Usage { usage: tokens(1) });
    events.push(LlmEvent::Finished { stop_reason });
    events
}

/// Returns the events of an answer up to the end of its last block.
pub(crate) fn beginning(blocks: &[ContentBlock]) -> Vec<LlmEvent> {
    let mut events = vec![LlmEvent::Started {
        id: Some("msg_1".to_owned()),
        model: Some("model-1-2026".to_owned()),
    }];
    for (index, block) in (0..).zip(blocks) {
        events.extend(block_events(index, block));
    }
    events
}

/// Returns the events of one block.
pub(crate) fn block_events(index: u32, block: &ContentBlock) -> Vec<LlmEvent> {
    let start = |block| LlmEvent::BlockStarted { index, block };
    let (mut events, extra) = match block.clone() {
        ContentBlock::Text { text, extra } => {
            let delta = LlmEvent::TextDelta { index, text };
            (vec![start(BlockKind::Text), delta], extra)
        }
        ContentBlock::Thinking {
            thinking,
            signature,
        } => {
            let delta = LlmEvent::ThinkingDelta { index, thinking };
            let mut events = vec![start(BlockKind::Thinking), delta];
            events.extend(signature.map(|signature| LlmEvent::SignatureDelta { index, signature }));
            (events, Extra::default())
        }
        ContentBlock::ToolUse(call) => {
            let (id, name) = (call.id, call.name);
            let json = call.arguments;
            let delta = LlmEvent::ArgumentsDelta { index, json };
            (
                vec![start(BlockKind::ToolUse { id, name }), delta],
                call.extra,
            )
        }
        ContentBlock::Opaque { provider, json } => {
            return vec![LlmEvent::OpaqueBlock {
                index,
                provider,
                json,
            }];
        }
        ContentBlock::Image(_) | ContentBlock::ToolResult(_) => {
            unreachable!("a model does not send this block")
        }
    };
    if !extra.is_empty() {
        events.push(LlmEvent::ExtraFields {
            index,
            fields: extra,
        });
    }
    events.push(LlmEvent::BlockStopped { index });
    events
}

/// Makes a text block.
pub(crate) fn text(text: &str) -> ContentBlock {
    ContentBlock::text(text)
}

/// Makes a call with arguments that tell it from every other call.
pub(crate) fn call(id: &str, name: &str) -> ToolCall {
    ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: json!({ "for": id }).to_string(),
        extra: Extra::default(),
    }
}

/// Returns the blocks of an answer that makes these calls.
pub(crate) fn calling(calls: &[&ToolCall]) -> Vec<ContentBlock> {
    calls
        .iter()
        .map(|&call| ContentBlock::ToolUse(call.clone()))
        .collect()
}

/// Makes the extra fields of a block from a JSON object.
pub(crate) fn extra(fields: &Value) -> Extra {
    Extra(fields.as_object().unwrap().clone())
}

/// Returns the content of a tool result that is one text.
pub(crate) fn result_text(text: &str) -> Vec<ToolResultContent> {
    vec![ToolResultContent::text(text)]
}
