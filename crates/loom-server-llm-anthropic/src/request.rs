//! A request as the API takes it, written so that it only grows at its end.
//!
//! Every message is written from the message alone, never from its place or its neighbours: then
//! the text of a longer conversation begins with the text of the shorter one.

use std::borrow::Cow;
use std::sync::Arc;

use loom_common_core::{
    ContentBlock, Effort, Extra, ImageData, LlmRequest, Message, Role, ToolCall, ToolDefinition,
    ToolResult, ToolResultContent,
};
use loom_llm_core::{Delivery, wire_name};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::PROVIDER;

/// Stands where a message has nothing that may go out: the API takes no empty message, and without
/// it two messages of one side would meet.
const NO_CONTENT: &str = "(no content)";
/// Stands for a picture in the result of a tool that failed.
const PICTURE_LEFT_OUT: &str = "(a picture, left out because the tool failed)";
/// The longest name of a tool that the API takes.
const LONGEST_NAME: usize = 128;
/// Longer than any id that a provider makes.
const LONGEST_ID: usize = 256;
/// Extra fields that another provider's adapter keeps stand under that provider's name.
const OTHER_PROVIDERS: [&str; 3] = ["openai", "vertex", "zai"];

/// Writes the body of a request.
pub(crate) fn body(request: &LlmRequest, max_tokens: u32, delivery: Delivery) -> Vec<u8> {
    let request = WireRequest {
        model: &request.model,
        max_tokens: request.max_tokens.unwrap_or(max_tokens),
        stream: delivery.is_streamed(),
        output_config: request
            .effort
            .filter(|_| takes_effort(&request.model))
            .map(|effort| OutputConfig { effort }),
        cache_control: CacheControl { kind: "ephemeral" },
        tools: request.tools.iter().map(WireTool::from).collect(),
        system: request.system.as_deref().filter(|system| !is_blank(system)),
        messages: request.messages.iter().map(wire_message).collect(),
    };
    // Cannot fail: all keys are text, and writing to memory does not fail.
    serde_json::to_vec(&request).unwrap_or_default()
}

/// Tells whether a model takes an effort. All of Claude's do from Opus 4.5 and otherwise from 4.6 on,
/// Haiku from 5.5 on; older ones refuse the whole request for it, and other makers' models behind the
/// same API may as well.
///
/// Source: <https://platform.claude.com/docs/en/build-with-claude/effort>.
fn takes_effort(model: &str) -> bool {
    /// How the names of the older models begin, dated ones and those of Vertex AI included.
    const WITHOUT: [&str; 12] = [
        "claude-2",
        "claude-3",
        "claude-haiku-4-5",
        "claude-instant",
        "claude-opus-4-0",
        "claude-opus-4-1",
        "claude-opus-4-2025",
        "claude-opus-4@",
        "claude-sonnet-4-0",
        "claude-sonnet-4-2025",
        "claude-sonnet-4-5",
        "claude-sonnet-4@",
    ];
    // Gateways put the maker's name ahead.
    let name = model.rsplit('/').next().unwrap_or(model);
    name.starts_with("claude-") && !WITHOUT.iter().any(|older| name.starts_with(older))
}

/// The order of the fields is that of the cache: what changes least comes first.
#[derive(Serialize)]
struct WireRequest<'a> {
    model: &'a str,
    max_tokens: u32,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig>,
    cache_control: CacheControl,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<WireTool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<&'a str>,
    messages: Vec<WireMessage<'a>>,
}

#[derive(Serialize)]
struct OutputConfig {
    /// The API has the same names, and two more above.
    effort: Effort,
}

/// At the top of a request it asks for automatic caching: the provider puts the mark at the last
/// block that can be cached, and moves it as the conversation grows.
#[derive(Serialize)]
struct CacheControl {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct WireTool<'a> {
    name: &'a str,
    description: &'a str,
    input_schema: &'a Value,
}

impl<'a> From<&'a ToolDefinition> for WireTool<'a> {
    fn from(tool: &'a ToolDefinition) -> Self {
        Self {
            name: &tool.name,
            description: &tool.description,
            input_schema: &tool.input_schema,
        }
    }
}

#[derive(Serialize)]
struct WireMessage<'a> {
    role: &'static str,
    content: Vec<WireBlock<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum WireBlock<'a> {
    Known(KnownBlock<'a>),
    /// Byte for byte as it came.
    Raw(&'a RawValue),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum KnownBlock<'a> {
    Text {
        text: &'a str,
        #[serde(flatten)]
        extra: OwnFields<'a>,
    },
    Image {
        source: ImageSource<'a>,
    },
    Thinking {
        thinking: &'a str,
        signature: &'a str,
    },
    ToolUse {
        id: Cow<'a, str>,
        name: Cow<'a, str>,
        input: &'a RawValue,
        #[serde(flatten)]
        extra: OwnFields<'a>,
    },
    ToolResult {
        tool_use_id: Cow<'a, str>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        content: Vec<KnownBlock<'a>>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "base64")]
struct ImageSource<'a> {
    media_type: &'a str,
    data: &'a str,
}

/// The extra fields of a block that are this provider's.
struct OwnFields<'a>(Option<&'a Extra>);

impl Serialize for OwnFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const WRITTEN_ALREADY: [&str; 5] = ["type", "text", "id", "name", "input"];
        let fields = self.0.into_iter().flat_map(|extra| &extra.0);
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in fields {
            let name = name.as_str();
            if !WRITTEN_ALREADY.contains(&name) && !OTHER_PROVIDERS.contains(&name) {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

fn wire_message(message: &Arc<Message>) -> WireMessage<'_> {
    let mut content: Vec<_> = message.content.iter().filter_map(wire_block).collect();
    if content.is_empty() {
        content.push(WireBlock::Known(text_block(NO_CONTENT)));
    }
    // Results must stand before anything else that the person says in the same message.
    content.sort_by_key(|block| !is_tool_result(block) && message.role == Role::User);
    WireMessage {
        role: match message.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        },
        content,
    }
}

fn is_tool_result(block: &WireBlock<'_>) -> bool {
    matches!(block, WireBlock::Known(KnownBlock::ToolResult { .. }))
}

/// Writes a block, or leaves out what the provider would refuse.
fn wire_block(block: &ContentBlock) -> Option<WireBlock<'_>> {
    let known = match block {
        ContentBlock::Text { text, .. } if is_blank(text) => return None,
        ContentBlock::Text { text, extra } => KnownBlock::Text {
            text,
            extra: OwnFields(Some(extra)),
        },
        ContentBlock::Image(image) => image_block(image),
        ContentBlock::Thinking {
            thinking,
            signature,
        } => KnownBlock::Thinking {
            thinking,
            signature: signature.as_deref().filter(|text| !text.is_empty())?,
        },
        ContentBlock::ToolUse(call) => KnownBlock::ToolUse {
            id: wire_name(&call.id, LONGEST_ID),
            name: wire_name(&call.name, LONGEST_NAME),
            input: arguments(call),
            extra: OwnFields(Some(&call.extra)),
        },
        ContentBlock::ToolResult(result) => tool_result(result),
        ContentBlock::Opaque { provider, json } if provider == PROVIDER => {
            return serde_json::from_str(json).ok().map(WireBlock::Raw);
        }
        ContentBlock::Opaque { .. } => return None,
    };
    Some(WireBlock::Known(known))
}

fn tool_result(result: &ToolResult) -> KnownBlock<'_> {
    let mut content: Vec<_> = result
        .content
        .iter()
        .filter_map(|part| match part {
            ToolResultContent::Text { text } if is_blank(text) => None,
            ToolResultContent::Text { text } => Some(text_block(text)),
            // The API takes nothing but text here.
            ToolResultContent::Image(_) if result.is_error => Some(text_block(PICTURE_LEFT_OUT)),
            ToolResultContent::Image(image) => Some(image_block(image)),
        })
        .collect();
    if content.is_empty() && result.is_error {
        // The API wants to be told what the error is.
        content.push(text_block(NO_CONTENT));
    }
    KnownBlock::ToolResult {
        tool_use_id: wire_name(&result.tool_use_id, LONGEST_ID),
        content,
        is_error: result.is_error,
    }
}

fn text_block(text: &str) -> KnownBlock<'_> {
    KnownBlock::Text {
        text,
        extra: OwnFields(None),
    }
}

fn image_block(image: &ImageData) -> KnownBlock<'_> {
    KnownBlock::Image {
        source: ImageSource {
            media_type: &image.media_type,
            data: &image.data,
        },
    }
}

/// Returns the arguments as the model wrote them, or an empty object where they are none: the API
/// takes nothing but an object, and the result already tells the model what was wrong.
fn arguments(call: &ToolCall) -> &RawValue {
    serde_json::from_str::<&RawValue>(&call.arguments)
        .ok()
        .filter(|raw| raw.get().starts_with('{'))
        .unwrap_or(empty_object())
}

fn empty_object() -> &'static RawValue {
    serde_json::from_str("{}").unwrap_or(RawValue::NULL)
}

/// Tells whether a text says nothing; the API refuses such blocks.
fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

#[cfg(test)]
mod tests;
