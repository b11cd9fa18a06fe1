//! The Messages API as a server speaks it: message, event stream, and errors.
//!
//! Source: the Messages, Streaming and Errors pages of the Claude API documentation.

use serde_json::{Value, json};

use super::delivery::{AnthropicUsage, Event, EventKind};
use super::reply::{Block, ErrorReply, Reply, Usage};

/// The whole answer as one JSON object.
pub(super) fn message(reply: &Reply, id: &str, model: &str) -> Value {
    json!({
        "id": id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": reply.content.iter().map(content_block).collect::<Vec<_>>(),
        "stop_reason": reply.effective_stop_reason().anthropic(),
        "stop_sequence": null,
        "usage": full_usage(reply.usage, reply.usage.output_tokens),
    })
}

/// A block as it stands in a finished message, and as it must come back in the next request.
pub(super) fn content_block(block: &Block) -> Value {
    match block {
        Block::Text { text } => json!({"type": "text", "text": text}),
        Block::Thinking {
            thinking,
            signature,
        } => {
            json!({"type": "thinking", "thinking": thinking, "signature": signature})
        }
        Block::ToolCall { id, name, input } => {
            json!({"type": "tool_use", "id": id, "name": name, "input": input})
        }
        // The vendor never sends broken JSON in a whole message; what does not parse goes out as a
        // string.
        Block::RawToolCall {
            id,
            name,
            arguments,
        } => {
            let input = serde_json::from_str(arguments).unwrap_or(Value::String(arguments.clone()));
            json!({"type": "tool_use", "id": id, "name": name, "input": input})
        }
        Block::Opaque { block } => block.clone(),
    }
}

/// The answer as the events of a stream.
pub(super) fn events(reply: &Reply, id: &str, model: &str) -> Vec<Event> {
    let mut stream = EventList {
        events: Vec::new(),
        pings: reply.delivery.pings,
    };
    let usage = reply.usage;
    let (start_usage, end_usage) = match reply.delivery.anthropic_usage {
        AnthropicUsage::InputAtStart | AnthropicUsage::OutputTwice => {
            (full_usage(usage, 1), delta_usage(usage.output_tokens))
        }
        AnthropicUsage::AllAtEnd => {
            let nothing = Usage {
                input_tokens: 0,
                output_tokens: 0,
                cache_read_tokens: 0,
                cache_write_tokens: 0,
            };
            (
                full_usage(nothing, 0),
                full_usage(usage, usage.output_tokens),
            )
        }
    };
    stream.push(
        "message_start",
        json!({
            "message": {
                "id": id,
                "type": "message",
                "role": "assistant",
                "model": model,
                "content": [],
                "stop_reason": null,
                "stop_sequence": null,
                "usage": start_usage,
            }
        }),
    );
    for (index, block) in reply.content.iter().enumerate() {
        stream.push_block(index, block, reply.delivery.delta_chars);
    }
    if reply.delivery.anthropic_usage == AnthropicUsage::OutputTwice {
        stream.push(
            "message_delta",
            json!({
                "delta": {"stop_reason": null, "stop_sequence": null},
                "usage": delta_usage(usage.output_tokens / 2),
            }),
        );
    }
    stream.push(
        "message_delta",
        json!({
            "delta": {"stop_reason": reply.effective_stop_reason().anthropic(), "stop_sequence": null},
            "usage": end_usage,
        }),
    );
    stream.push("message_stop", json!({}));
    stream.events
}

struct EventList {
    events: Vec<Event>,
    pings: bool,
}

impl EventList {
    /// Adds an event whose data is `fields` after its `type`.
    fn push(&mut self, name: &'static str, fields: Value) {
        let mut data = json!({"type": name});
        if let (Value::Object(data), Value::Object(fields)) = (&mut data, fields) {
            data.extend(fields);
        }
        let kind = match name {
            "message_stop" => EventKind::Stop,
            "ping" => EventKind::Ping,
            _ => EventKind::Content,
        };
        self.events.push(Event {
            name: Some(name),
            data: data.to_string(),
            kind,
        });
        if self.pings && kind == EventKind::Content {
            self.push("ping", json!({}));
        }
    }

    fn push_block(&mut self, index: usize, block: &Block, delta_chars: usize) {
        // A thinking, text or tool block starts empty and is filled by its deltas; any other block
        // starts whole.
        let start = match block {
            Block::Text { .. } => json!({"type": "text", "text": ""}),
            Block::Thinking { .. } => json!({"type": "thinking", "thinking": "", "signature": ""}),
            Block::ToolCall { id, name, .. } | Block::RawToolCall { id, name, .. } => {
                json!({"type": "tool_use", "id": id, "name": name, "input": {}})
            }
            Block::Opaque { block } => block.clone(),
        };
        self.push(
            "content_block_start",
            json!({"index": index, "content_block": start}),
        );
        if index == 0 && !self.pings {
            self.push("ping", json!({}));
        }
        for delta in deltas(block, delta_chars) {
            self.push(
                "content_block_delta",
                json!({"index": index, "delta": delta}),
            );
        }
        self.push("content_block_stop", json!({"index": index}));
    }
}

fn deltas(block: &Block, delta_chars: usize) -> Vec<Value> {
    match block {
        Block::Text { text } => pieces(text, delta_chars)
            .map(|piece| json!({"type": "text_delta", "text": piece}))
            .collect(),
        Block::Thinking {
            thinking,
            signature,
        } => pieces(thinking, delta_chars)
            .map(|piece| json!({"type": "thinking_delta", "thinking": piece}))
            .chain([json!({"type": "signature_delta", "signature": signature})])
            .collect(),
        Block::ToolCall { input, .. } => argument_deltas(&input.to_string(), delta_chars),
        Block::RawToolCall { arguments, .. } => argument_deltas(arguments, delta_chars),
        Block::Opaque { .. } => Vec::new(),
    }
}

/// The arguments in pieces, after the empty one that the vendor sends first.
fn argument_deltas(arguments: &str, delta_chars: usize) -> Vec<Value> {
    std::iter::once(String::new())
        .chain(pieces(arguments, delta_chars))
        .map(|piece| json!({"type": "input_json_delta", "partial_json": piece}))
        .collect()
}

/// A text in pieces of so many characters.
pub(super) fn pieces(text: &str, characters: usize) -> impl Iterator<Item = String> {
    let characters = characters.max(1);
    let mut rest = text.chars();
    std::iter::from_fn(move || {
        let piece: String = rest.by_ref().take(characters).collect();
        (!piece.is_empty()).then_some(piece)
    })
}

fn full_usage(usage: Usage, output_tokens: u64) -> Value {
    json!({
        "input_tokens": usage.input_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_tokens,
            "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": output_tokens,
        "service_tier": "standard",
    })
}

/// The usage of a `message_delta`: cumulative output, and null for what `message_start` already
/// said.
fn delta_usage(output_tokens: u64) -> Value {
    json!({
        "input_tokens": null,
        "cache_creation_input_tokens": null,
        "cache_read_input_tokens": null,
        "output_tokens": output_tokens,
    })
}

/// The event that ends a stream in which the vendor ran out of capacity.
pub(super) fn error_event() -> Event {
    Event {
        name: Some("error"),
        data: error_body("overloaded_error", "Overloaded", Value::Null).to_string(),
        kind: EventKind::Content,
    }
}

/// Status and body of an error reply.
pub(super) fn error(error: &ErrorReply, model: &str) -> (u16, Value) {
    let status = match error {
        ErrorReply::Status(status) => *status,
        ErrorReply::Overloaded => 529,
        ErrorReply::SpendLimit => {
            let message = "You have reached your specified API usage limits.";
            let details = json!({"error_code": "enforced_spend_limit_reached"});
            return (429, error_body("rate_limit_error", message, details));
        }
    };
    let not_found = format!("model: {model}");
    let (kind, message) = match status {
        401 => ("authentication_error", "invalid x-api-key"),
        402 => (
            "billing_error",
            "Your credit balance is too low to access the Claude API.",
        ),
        403 => (
            "permission_error",
            "Your API key does not have permission to use the specified resource.",
        ),
        404 => ("not_found_error", not_found.as_str()),
        413 => ("request_too_large", "Request exceeds the maximum size"),
        429 => (
            "rate_limit_error",
            "This request would exceed your organization's rate limit of 50,000 input tokens per minute.",
        ),
        504 => ("timeout_error", "Request timed out"),
        529 => ("overloaded_error", "Overloaded"),
        500.. => ("api_error", "Internal server error"),
        _ => ("invalid_request_error", "The request is not valid."),
    };
    (status, error_body(kind, message, Value::Null))
}

/// The body of an error; `details` are left out when null.
pub(super) fn error_body(kind: &str, message: &str, details: Value) -> Value {
    let mut error = json!({"type": kind, "message": message});
    if !details.is_null() {
        error["details"] = details;
    }
    json!({"type": "error", "error": error, "request_id": "req_fake"})
}

/// The list of models.
pub(super) fn model_list(models: &[String]) -> Value {
    let data: Vec<_> = models
        .iter()
        .map(|id| json!({"type": "model", "id": id, "display_name": id, "created_at": "2026-01-01T00:00:00Z"}))
        .collect();
    json!({"data": data, "has_more": false, "first_id": models.first(), "last_id": models.last()})
}
