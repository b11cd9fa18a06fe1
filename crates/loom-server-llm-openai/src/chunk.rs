//! A chunk of a streamed answer, and an unstreamed answer, as far as they are read.
//!
//! Compatible servers leave fields out, send null, or send another type where only one would make
//! sense; so nearly all is optional, and the fields that are known to vary are taken raw.

use std::borrow::Cow;

use loom_common_core::{StopReason, Usage};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// One `data:` of a stream. An unstreamed answer has the same form, with `message` for `delta`.
#[derive(Debug, Deserialize)]
pub(crate) struct Chunk<'a> {
    #[serde(default)]
    pub(crate) id: Option<String>,
    #[serde(default)]
    pub(crate) model: Option<String>,
    #[serde(borrow, default)]
    pub(crate) choices: Option<Vec<Choice<'a>>>,
    #[serde(default)]
    pub(crate) usage: Option<WireUsage>,
    #[serde(borrow, default)]
    pub(crate) error: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Choice<'a> {
    #[serde(borrow, default)]
    pub(crate) delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    pub(crate) message: Option<Delta<'a>>,
    #[serde(default)]
    pub(crate) finish_reason: Option<String>,
}

/// What is new, or in an unstreamed answer all there is.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Delta<'a> {
    #[serde(borrow, default)]
    pub(crate) content: Option<&'a RawValue>,
    #[serde(default)]
    pub(crate) reasoning_content: Option<String>,
    /// What some servers call `reasoning_content`.
    #[serde(borrow, default)]
    pub(crate) reasoning: Option<&'a RawValue>,
    #[serde(default)]
    pub(crate) refusal: Option<String>,
    #[serde(borrow, default)]
    pub(crate) tool_calls: Option<Vec<CallDelta<'a>>>,
}

impl Delta<'_> {
    /// Takes an unstreamed message as one delta. Its calls have no index: each is a call of its own.
    pub(crate) fn of_whole(mut message: Self) -> Self {
        let calls = message.tool_calls.iter_mut().flatten();
        for (index, call) in (0..).zip(calls) {
            call.index = Some(index);
        }
        message
    }
}

/// A piece of a tool call.
#[derive(Debug, Deserialize)]
pub(crate) struct CallDelta<'a> {
    #[serde(default)]
    pub(crate) index: Option<u32>,
    #[serde(default)]
    pub(crate) id: Option<String>,
    #[serde(borrow, default)]
    pub(crate) function: Option<FunctionDelta<'a>>,
    /// Fields that Loom has no name for.
    #[serde(flatten)]
    pub(crate) extra: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FunctionDelta<'a> {
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// A piece of JSON text; some servers send the object itself.
    #[serde(borrow, default)]
    pub(crate) arguments: Option<&'a RawValue>,
}

/// Tokens as the API counts them: the prompt's include those that came from the cache.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct WireUsage {
    #[serde(default, deserialize_with = "zero_for_null")]
    prompt_tokens: u64,
    #[serde(default, deserialize_with = "zero_for_null")]
    completion_tokens: u64,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct PromptDetails {
    #[serde(default, deserialize_with = "zero_for_null")]
    cached_tokens: u64,
}

fn zero_for_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(0))
}

impl From<WireUsage> for Usage {
    fn from(wire: WireUsage) -> Self {
        let cached = wire
            .prompt_tokens_details
            .map_or(0, |details| details.cached_tokens);
        Self {
            input_tokens: wire.prompt_tokens.saturating_sub(cached),
            output_tokens: wire.completion_tokens,
            cache_read_tokens: cached,
            // The API does not tell what it writes to its cache.
            cache_write_tokens: 0,
        }
    }
}

/// Reads a text that may come as a list of parts; parts that are no text are left out.
pub(crate) fn text_of(raw: &RawValue) -> Result<String, serde_json::Error> {
    #[derive(Deserialize)]
    struct Part<'a> {
        #[serde(borrow, default)]
        text: Option<Cow<'a, str>>,
    }

    match raw.get().as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw.get()),
        Some(b'[') => {
            let parts: Vec<Part<'_>> = serde_json::from_str(raw.get())?;
            Ok(parts.into_iter().filter_map(|part| part.text).collect())
        }
        // Null, or something that is no text at all.
        _ => Ok(String::new()),
    }
}

/// Reads a piece of arguments: the text in a string, or the text of an object.
pub(crate) fn arguments_of(raw: &RawValue) -> Result<String, serde_json::Error> {
    match raw.get().as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw.get()),
        Some(b'{') => Ok(raw.get().to_owned()),
        _ => Ok(String::new()),
    }
}

/// Names a finish reason.
pub(crate) fn named_reason(reason: String) -> StopReason {
    match reason.as_str() {
        "stop" => StopReason::EndTurn,
        "length" => StopReason::MaxTokens,
        "tool_calls" | "function_call" => StopReason::ToolUse,
        "content_filter" => StopReason::Refusal,
        _ => StopReason::Other(reason),
    }
}
