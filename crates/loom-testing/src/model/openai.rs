//! The Chat Completions API as a server speaks it: completion, chunks, and errors.
//!
//! Source: the Chat and Errors pages of the OpenAI API reference, and how compatible servers differ
//! from them.

use serde_json::{Map, Value, json};

use super::anthropic::pieces;
use super::delivery::{Event, EventKind, OpenAiUsage};
use super::reply::{Block, ErrorReply, Reply, Usage};

/// Of no account, but every answer has one; the wall clock would make answers differ from run to
/// run.
const CREATED: u64 = 1_767_225_600;

/// The whole answer as one JSON object.
pub(super) fn completion(reply: &Reply, id: &str, model: &str) -> Value {
    let mut message =
        json!({"role": "assistant", "content": text(&reply.content), "refusal": null});
    let calls: Vec<_> = reply.content.iter().filter_map(tool_call).collect();
    if !calls.is_empty() {
        message["tool_calls"] = Value::Array(calls);
    }
    for block in &reply.content {
        match block {
            Block::Thinking { thinking, .. } => message["reasoning_content"] = json!(thinking),
            Block::Opaque { block } => message[opaque_member(block)] = block.clone(),
            _ => {}
        }
    }
    json!({
        "id": id,
        "object": "chat.completion",
        "created": CREATED,
        "model": model,
        "choices": [{
            "index": 0,
            "message": message,
            "logprobs": null,
            "finish_reason": reply.effective_stop_reason().openai(),
        }],
        "usage": usage(reply.usage),
        "service_tier": "default",
        "system_fingerprint": null,
    })
}

/// The text of the answer, all of its text blocks joined; null where there is none.
pub(super) fn text(content: &[Block]) -> Option<String> {
    let texts: Vec<_> = content
        .iter()
        .filter_map(|block| match block {
            Block::Text { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    (!texts.is_empty()).then(|| texts.concat())
}

/// A tool call as it stands in a finished message.
pub(super) fn tool_call(block: &Block) -> Option<Value> {
    let (id, name, arguments) = call_parts(block)?;
    Some(json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}))
}

fn call_parts(block: &Block) -> Option<(&Option<String>, &String, String)> {
    match block {
        Block::ToolCall { id, name, input } => Some((id, name, input.to_string())),
        Block::RawToolCall {
            id,
            name,
            arguments,
        } => Some((id, name, arguments.clone())),
        _ => None,
    }
}

fn opaque_member(block: &Value) -> String {
    block["type"].as_str().unwrap_or("unknown_block").to_owned()
}

/// The answer as the chunks of a stream, `[DONE]` included.
pub(super) fn events(reply: &Reply, id: &str, model: &str, usage_asked_for: bool) -> Vec<Event> {
    let mode = reply.delivery.openai_usage;
    let chunks = Chunks {
        id,
        model,
        null_usage: usage_asked_for
            && !matches!(mode, OpenAiUsage::WithFinish | OpenAiUsage::Absent),
    };
    let mut events =
        vec![chunks.delta(json!({"role": "assistant", "content": "", "refusal": null}))];
    let mut call_index = 0;
    for block in &reply.content {
        events.extend(
            deltas(block, call_index, reply.delivery.delta_chars)
                .into_iter()
                .map(|delta| chunks.delta(delta)),
        );
        call_index += usize::from(call_parts(block).is_some());
    }
    let finish = json!([{
        "index": 0,
        "delta": {},
        "logprobs": null,
        "finish_reason": reply.effective_stop_reason().openai(),
    }]);
    let total = usage(reply.usage);
    let finish_usage = (mode == OpenAiUsage::WithFinish).then(|| total.clone());
    events.push(chunks.chunk(Some(finish), finish_usage));
    if usage_asked_for {
        match mode {
            OpenAiUsage::EmptyChoices => events.push(chunks.chunk(Some(json!([])), Some(total))),
            OpenAiUsage::NullChoices => events.push(chunks.chunk(Some(Value::Null), Some(total))),
            OpenAiUsage::NoChoices => events.push(chunks.chunk(None, Some(total))),
            OpenAiUsage::WithFinish | OpenAiUsage::Absent => {}
        }
    }
    events.push(Event {
        name: None,
        data: "[DONE]".to_owned(),
        kind: EventKind::Stop,
    });
    events
}

fn deltas(block: &Block, call_index: usize, delta_chars: usize) -> Vec<Value> {
    match block {
        Block::Text { text } => pieces(text, delta_chars)
            .map(|piece| json!({"content": piece}))
            .collect(),
        Block::Thinking { thinking, .. } => pieces(thinking, delta_chars)
            .map(|piece| json!({"reasoning_content": piece}))
            .collect(),
        Block::Opaque { block } => vec![Value::Object(Map::from_iter([(
            opaque_member(block),
            block.clone(),
        )]))],
        Block::ToolCall { .. } | Block::RawToolCall { .. } => {
            let Some((id, name, arguments)) = call_parts(block) else {
                return Vec::new();
            };
            // Id, type and name come in the first piece only; the index tells later pieces where
            // they belong.
            let first = json!({"tool_calls": [{
                "index": call_index,
                "id": id,
                "type": "function",
                "function": {"name": name, "arguments": ""},
            }]});
            let rest = pieces(&arguments, delta_chars)
                .map(|piece| json!({"tool_calls": [{"index": call_index, "function": {"arguments": piece}}]}));
            std::iter::once(first).chain(rest).collect()
        }
    }
}

struct Chunks<'a> {
    id: &'a str,
    model: &'a str,
    null_usage: bool,
}

impl Chunks<'_> {
    fn delta(&self, delta: Value) -> Event {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": null});
        self.chunk(Some(json!([choice])), None)
    }

    fn chunk(&self, choices: Option<Value>, usage: Option<Value>) -> Event {
        let mut chunk = json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": self.model,
            "service_tier": "default",
            "system_fingerprint": null,
        });
        if let Some(choices) = choices {
            chunk["choices"] = choices;
        }
        if usage.is_some() || self.null_usage {
            chunk["usage"] = json!(usage);
        }
        Event {
            name: None,
            data: chunk.to_string(),
            kind: EventKind::Content,
        }
    }
}

fn usage(usage: Usage) -> Value {
    let prompt_tokens = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens;
    json!({
        "prompt_tokens": prompt_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": prompt_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    })
}

/// The event that ends a stream in which the vendor ran out of capacity.
pub(super) fn error_event() -> Event {
    let (_, body) = error(&ErrorReply::Overloaded, "");
    Event {
        name: None,
        data: body.to_string(),
        kind: EventKind::Content,
    }
}

/// Status and body of an error reply.
pub(super) fn error(error: &ErrorReply, model: &str) -> (u16, Value) {
    let status = match error {
        ErrorReply::Status(status) => *status,
        ErrorReply::Overloaded => 503,
        ErrorReply::SpendLimit => {
            let message =
                "You exceeded your current quota, please check your plan and billing details.";
            return (
                429,
                error_body("insufficient_quota", message, Some("insufficient_quota")),
            );
        }
    };
    let not_found = format!("The model `{model}` does not exist or you do not have access to it.");
    let (kind, message, code) = match status {
        401 => (
            "invalid_request_error",
            "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.",
            Some("invalid_api_key"),
        ),
        404 => (
            "invalid_request_error",
            not_found.as_str(),
            Some("model_not_found"),
        ),
        429 => (
            "tokens",
            "Rate limit reached for the model on tokens per min (TPM): Limit 30000. Please try again in 1s.",
            Some("rate_limit_exceeded"),
        ),
        503 => (
            "server_error",
            "The engine is currently overloaded, please try again later.",
            None,
        ),
        500.. => (
            "server_error",
            "The server had an error while processing your request. Sorry about that!",
            None,
        ),
        _ => ("invalid_request_error", "The request is not valid.", None),
    };
    (status, error_body(kind, message, code))
}

/// The body of an error.
pub(super) fn error_body(kind: &str, message: &str, code: Option<&str>) -> Value {
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
}

/// The list of models.
pub(super) fn model_list(models: &[String]) -> Value {
    let data: Vec<_> = models
        .iter()
        .map(|id| json!({"id": id, "object": "model", "created": CREATED, "owned_by": "loom-testing"}))
        .collect();
    json!({"object": "list", "data": data})
}
