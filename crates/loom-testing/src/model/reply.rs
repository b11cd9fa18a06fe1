//! What the fake model answers: a [`Reply`] says it once, and each protocol renders it in its own
//! shape.
//!
//! A reply is plain data (content blocks, stop reason, usage, and a [`Delivery`] that says how the
//! bytes go out), so that the same script can come from a test or from a recorded conversation in a
//! JSON file. Only a gate, which a test holds in its hand, has no JSON form.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::delivery::{AnthropicUsage, Delivery, Fault, LineEnding, OpenAiUsage};
use super::gate::Gate;

/// One answer of the fake model: a message, or an HTTP error.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reply {
    pub(super) content: Vec<Block>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_reason: Option<StopReason>,
    pub(super) usage: Usage,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<ErrorReply>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) delivery: Delivery,
}

/// A block of an answer, before a protocol gave it its shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Block {
    /// Prose for the user.
    Text { text: String },
    /// Reasoning. The signature is what the client must send back unchanged.
    Thinking { thinking: String, signature: String },
    /// A tool call; an `id` is made up where the script gives none.
    ToolCall {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        name: String,
        input: Value,
    },
    /// A tool call whose arguments are this text, which need not be JSON.
    RawToolCall {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        name: String,
        arguments: String,
    },
    /// A block that is sent as it stands, of a type the client may not know.
    Opaque { block: Value },
}

/// Why the model stopped, in the words of the Messages API; the Chat Completions API gets its
/// nearest word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The answer is complete.
    EndTurn,
    /// `max_tokens` was reached.
    MaxTokens,
    /// One of the request's stop sequences came up.
    StopSequence,
    /// The model waits for the results of its tool calls.
    ToolUse,
    /// A long turn of server tools was paused; the client sends the answer back to go on.
    PauseTurn,
    /// The model declined.
    Refusal,
    /// The context window is full.
    ModelContextWindowExceeded,
    /// A word that no client knows yet; both protocols send it as it stands.
    #[serde(untagged)]
    Other(String),
}

/// Token counts of an answer, with cached input counted apart from `input_tokens`, as the Messages
/// API does.
///
/// The Chat Completions API gets the sum of the three as `prompt_tokens`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Usage {
    /// Input that was neither read from nor written to the cache.
    pub input_tokens: u64,
    /// Output, thinking included.
    pub output_tokens: u64,
    /// Input read from the cache.
    pub cache_read_tokens: u64,
    /// Input written to the cache.
    pub cache_write_tokens: u64,
}

impl Default for Usage {
    fn default() -> Self {
        Self {
            input_tokens: 100,
            output_tokens: 20,
            cache_read_tokens: 0,
            cache_write_tokens: 0,
        }
    }
}

/// An HTTP error in place of a message; each protocol writes its vendor's error body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum ErrorReply {
    /// The vendor's usual body for this status.
    Status(u16),
    /// The vendor is short of capacity: 529 from Anthropic, 503 from OpenAI.
    Overloaded,
    /// The account may spend no more: a 429 that waiting does not heal.
    SpendLimit,
}

impl Reply {
    /// An empty answer to add blocks to.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An answer of one text block.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::new().and_text(text)
    }

    /// An answer of one tool call with these arguments, a JSON object.
    #[must_use]
    pub fn tool_call(name: impl Into<String>, input: Value) -> Self {
        Self::new().and_tool_call(name, input)
    }

    /// An HTTP error with the vendor's own body for that status.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::error(ErrorReply::Status(status))
    }

    /// The vendor is short of capacity: HTTP 529 `overloaded_error` from Anthropic, HTTP 503 from
    /// OpenAI.
    #[must_use]
    pub fn overloaded() -> Self {
        Self::error(ErrorReply::Overloaded)
    }

    /// HTTP 429 that waiting does not heal: Anthropic's `enforced_spend_limit_reached`, OpenAI's
    /// `insufficient_quota`.
    #[must_use]
    pub fn spend_limit() -> Self {
        Self::error(ErrorReply::SpendLimit)
    }

    fn error(error: ErrorReply) -> Self {
        Self {
            error: Some(error),
            ..Self::default()
        }
    }

    fn block(mut self, block: Block) -> Self {
        self.content.push(block);
        self
    }

    /// Adds a text block.
    #[must_use]
    pub fn and_text(self, text: impl Into<String>) -> Self {
        self.block(Block::Text { text: text.into() })
    }

    /// Adds reasoning with the signature that the client must return.
    ///
    /// Chat Completions has neither: the text goes out as `reasoning_content`, as compatible
    /// servers send it.
    #[must_use]
    pub fn and_thinking(self, thinking: impl Into<String>, signature: impl Into<String>) -> Self {
        self.block(Block::Thinking {
            thinking: thinking.into(),
            signature: signature.into(),
        })
    }

    /// Adds a tool call with these arguments, a JSON object; the server makes up its id.
    #[must_use]
    pub fn and_tool_call(self, name: impl Into<String>, input: Value) -> Self {
        self.block(Block::ToolCall {
            id: None,
            name: name.into(),
            input,
        })
    }

    /// Adds a tool call with an id of the test's choice.
    #[must_use]
    pub fn and_tool_call_with_id(
        self,
        id: impl Into<String>,
        name: impl Into<String>,
        input: Value,
    ) -> Self {
        self.block(Block::ToolCall {
            id: Some(id.into()),
            name: name.into(),
            input,
        })
    }

    /// Adds a tool call whose arguments are this text, broken or not.
    #[must_use]
    pub fn and_raw_tool_call(self, name: impl Into<String>, arguments: impl Into<String>) -> Self {
        self.block(Block::RawToolCall {
            id: None,
            name: name.into(),
            arguments: arguments.into(),
        })
    }

    /// Adds a block that is sent as it stands (`redacted_thinking`, `server_tool_use`, a type of
    /// the future).
    ///
    /// Chat Completions has no blocks: there it goes out as an unknown member of the delta, named
    /// after its type.
    #[must_use]
    pub fn and_unknown_block(self, block: Value) -> Self {
        self.block(Block::Opaque { block })
    }

    /// Sets the stop reason; without it, `tool_use` where there is a tool call, else `end_turn`.
    #[must_use]
    pub fn stop_reason(mut self, stop_reason: StopReason) -> Self {
        self.stop_reason = Some(stop_reason);
        self
    }

    /// Sets the token counts.
    #[must_use]
    pub fn usage(mut self, usage: Usage) -> Self {
        self.usage = usage;
        self
    }

    /// Adds a response header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Adds `retry-after`, in seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header("retry-after", seconds.to_string())
    }

    /// Closes the connection before any byte of a response.
    #[must_use]
    pub fn no_response(self) -> Self {
        self.fault(Fault::NoResponse)
    }

    /// Cuts the connection after `events` events: the body ends without its end.
    #[must_use]
    pub fn cut_after_events(self, events: usize) -> Self {
        self.fault(Fault::CutAfterEvents(events))
    }

    /// Sends nothing more after `events` events, until the client hangs up.
    #[must_use]
    pub fn hang_after(self, events: usize) -> Self {
        self.fault(Fault::HangAfter(events))
    }

    /// Breaks the JSON of the event after `events` good ones; the rest goes on as if nothing were
    /// wrong.
    #[must_use]
    pub fn malformed_json_at(self, events: usize) -> Self {
        self.fault(Fault::MalformedJsonAt(events))
    }

    /// Ends after `events` events with the vendor's error event (`overloaded_error`), though the
    /// status was 200.
    #[must_use]
    pub fn error_event_after(self, events: usize) -> Self {
        self.fault(Fault::ErrorEventAfter(events))
    }

    /// Ends the body properly, but without `message_stop` or `[DONE]`.
    #[must_use]
    pub fn end_without_stop(self) -> Self {
        self.fault(Fault::EndWithoutStop)
    }

    /// Ends the body properly after `events` events.
    #[must_use]
    pub fn end_after_events(self, events: usize) -> Self {
        self.fault(Fault::EndAfterEvents(events))
    }

    fn fault(mut self, fault: Fault) -> Self {
        self.delivery.fault = Some(fault);
        self
    }

    /// Pauses after `events` events until the gate is opened. Several gates may stand in one reply.
    #[must_use]
    pub fn gate_after(mut self, events: usize, gate: &Gate) -> Self {
        self.delivery.gates.push((events, gate.clone()));
        self
    }

    /// Sets how many characters each delta of text, thinking or arguments carries.
    #[must_use]
    pub fn delta_chars(mut self, characters: usize) -> Self {
        self.delivery.delta_chars = characters.max(1);
        self
    }

    /// Cuts the body into writes of these sizes in bytes, over and over, wherever events or
    /// characters end.
    #[must_use]
    pub fn write_sizes(mut self, bytes: impl IntoIterator<Item = usize>) -> Self {
        self.delivery.write_sizes = bytes.into_iter().collect();
        self
    }

    /// Ends the lines of the event stream in another of the three ways that the standard allows.
    #[must_use]
    pub fn line_ending(mut self, line_ending: LineEnding) -> Self {
        self.delivery.line_ending = line_ending;
        self
    }

    /// Puts a comment line before each event, as gateways do to keep a connection alive.
    #[must_use]
    pub fn comments(mut self) -> Self {
        self.delivery.comments = true;
        self
    }

    /// Puts a `ping` event after each event. Chat Completions has none and gets nothing.
    #[must_use]
    pub fn pings(mut self) -> Self {
        self.delivery.pings = true;
        self
    }

    /// Leaves out the space after each field's colon, which the standard makes optional.
    #[must_use]
    pub fn no_space_after_colon(mut self) -> Self {
        self.delivery.no_space_after_colon = true;
        self
    }

    /// Spreads the usage of a Messages stream over its events in another way.
    #[must_use]
    pub fn anthropic_usage(mut self, anthropic_usage: AnthropicUsage) -> Self {
        self.delivery.anthropic_usage = anthropic_usage;
        self
    }

    /// Sends the usage of a Chat Completions stream as this kind of server does.
    #[must_use]
    pub fn openai_usage(mut self, openai_usage: OpenAiUsage) -> Self {
        self.delivery.openai_usage = openai_usage;
        self
    }

    /// Waits so long before each event, as a model does that has to think; for people who watch,
    /// not for tests.
    #[must_use]
    pub fn pace(mut self, pace: Duration) -> Self {
        self.delivery.pace_ms = pace.as_millis().try_into().unwrap_or(u64::MAX);
        self
    }

    /// Gives every tool call an id: the one from the script, else the next one that `make_id`
    /// returns.
    pub(super) fn with_ids(mut self, mut make_id: impl FnMut() -> String) -> Self {
        for block in &mut self.content {
            if let Block::ToolCall { id, .. } | Block::RawToolCall { id, .. } = block {
                id.get_or_insert_with(&mut make_id);
            }
        }
        self
    }

    /// The stop reason that goes out.
    pub(super) fn effective_stop_reason(&self) -> StopReason {
        self.stop_reason.clone().unwrap_or_else(|| {
            let calls_a_tool =
                |block: &Block| matches!(block, Block::ToolCall { .. } | Block::RawToolCall { .. });
            if self.content.iter().any(calls_a_tool) {
                StopReason::ToolUse
            } else {
                StopReason::EndTurn
            }
        })
    }
}

impl StopReason {
    /// The word of the Messages API.
    pub(super) fn anthropic(&self) -> Value {
        json!(self)
    }

    /// The word of the Chat Completions API.
    pub(super) fn openai(&self) -> &str {
        match self {
            Self::EndTurn | Self::StopSequence | Self::PauseTurn => "stop",
            Self::MaxTokens | Self::ModelContextWindowExceeded => "length",
            Self::ToolUse => "tool_calls",
            Self::Refusal => "content_filter",
            Self::Other(word) => word,
        }
    }
}
