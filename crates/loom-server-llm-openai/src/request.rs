//! A request as the API takes it, written so that it only grows at its end.
//!
//! Every message is written from the message alone, never from its place or its neighbours: then
//! the text of a longer conversation begins with the text of the shorter one.

use std::borrow::Cow;

use loom_common_core::{
    ContentBlock, ImageData, LlmRequest, Message, Role, ToolCall, ToolDefinition, ToolResult,
    ToolResultContent,
};
use loom_llm_core::{Delivery, wire_name};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::PROVIDER;

/// Stands where a message has nothing that may go out; many servers take no empty message.
const NO_CONTENT: &str = "(no content)";
/// Stands in the place of a tool's pictures, which follow in a message that may hold them.
const PICTURE_FOLLOWS: &str = "(see the picture below)";
/// The longest name of a tool that the API takes.
const LONGEST_NAME: usize = 64;
/// Longer than any id that a provider makes.
const LONGEST_ID: usize = 256;

/// Who reads the request: some refuse fields that they do not know, others need them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// OpenAI itself.
    OpenAi,
    /// Groq, which is compatible but refuses a message with fields that it does not know.
    Groq,
    /// Any other server that is compatible with OpenAI.
    Compatible,
}

impl Dialect {
    /// Tells the dialect by the host: OpenAI has addresses for regions too.
    pub(crate) fn of_host(host: &str) -> Self {
        if host == "api.openai.com" || host.ends_with(".api.openai.com") {
            Self::OpenAi
        } else if host == "api.groq.com" {
            Self::Groq
        } else {
            Self::Compatible
        }
    }
}

/// Writes the body of a request.
pub(crate) fn body(
    request: &LlmRequest,
    max_tokens: Option<u32>,
    dialect: Dialect,
    delivery: Delivery,
) -> Vec<u8> {
    let streamed = delivery.is_streamed();
    let mut messages = Vec::with_capacity(request.messages.len() + 1);
    if let Some(system) = request.system.as_deref().filter(|system| !is_blank(system)) {
        messages.push(WireMessage::System { content: system });
    }
    for message in &request.messages {
        match message.role {
            Role::User => push_user(message, &mut messages),
            Role::Assistant => messages.push(assistant(message, dialect)),
        }
    }
    let request = WireRequest {
        model: &request.model,
        max_completion_tokens: max_tokens.filter(|_| dialect == Dialect::OpenAi),
        max_tokens: max_tokens.filter(|_| dialect != Dialect::OpenAi),
        reasoning_effort: reasoning_effort(request, dialect),
        stream: streamed,
        stream_options: streamed.then_some(StreamOptions {
            include_usage: true,
        }),
        tools: request.tools.iter().map(WireTool::from).collect(),
        messages,
    };
    // Cannot fail: all keys are text, and writing to memory does not fail.
    serde_json::to_vec(&request).unwrap_or_default()
}

/// Returns how much the model shall reason.
///
/// It is turned off where OpenAI would refuse the tools otherwise: Chat Completions does not take
/// both for GPT-5.1 and later, which think by default. Older models do not know `none`.
fn reasoning_effort(request: &LlmRequest, dialect: Dialect) -> Option<Cow<'static, str>> {
    let refused = dialect == Dialect::OpenAi
        && !request.tools.is_empty()
        && request.model.starts_with("gpt-5.");
    if refused {
        return Some("none".into());
    }
    let effort = request.effort.filter(|_| takes_effort(&request.model))?;
    Some(effort.to_string().into())
}

/// Tells whether a model takes an effort: OpenAI's that reason do, wherever they run. Others may
/// refuse the whole request for it, and which of them do not cannot be known.
///
/// Source: <https://developers.openai.com/api/docs/guides/reasoning>.
fn takes_effort(model: &str) -> bool {
    // Gateways put the maker's name ahead.
    let name = model.rsplit('/').next().unwrap_or(model);
    if let Some(version) = name.strip_prefix("gpt-") {
        let generation = version
            .split(|character: char| !character.is_ascii_digit())
            .next();
        let generation: Option<u32> = generation.and_then(|digits| digits.parse().ok());
        let reasons = generation.is_some_and(|generation| generation >= 5);
        // `gpt-5-chat-latest` and its like are those of ChatGPT that answer at once.
        return (reasons && !version.contains("-chat")) || version.starts_with("oss");
    }
    let is_series = |series: &str| {
        let rest = name.strip_prefix(series);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    ["o1", "o3", "o4"].into_iter().any(is_series)
        && !["o1-mini", "o1-preview"].into_iter().any(is_series)
}

#[derive(Serialize)]
struct WireRequest<'a> {
    model: &'a str,
    /// OpenAI's newer models refuse the older name.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    /// Most other servers know only the older name.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<Cow<'static, str>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<WireTool<'a>>,
    messages: Vec<WireMessage<'a>>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "function")]
struct WireTool<'a> {
    function: WireFunction<'a>,
}

#[derive(Serialize)]
struct WireFunction<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
}

impl<'a> From<&'a ToolDefinition> for WireTool<'a> {
    fn from(tool: &'a ToolDefinition) -> Self {
        Self {
            function: WireFunction {
                name: &tool.name,
                description: &tool.description,
                parameters: &tool.input_schema,
            },
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
enum WireMessage<'a> {
    System {
        content: &'a str,
    },
    User {
        content: UserContent<'a>,
    },
    Assistant {
        /// Null when there are only tool calls.
        content: Option<Cow<'a, str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reasoning_content: Option<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<WireCall<'a>>,
    },
    Tool {
        tool_call_id: Cow<'a, str>,
        content: Cow<'a, str>,
    },
}

/// What is text only goes out as one text: not every server takes a list.
#[derive(Serialize)]
#[serde(untagged)]
enum UserContent<'a> {
    Text(Cow<'a, str>),
    Parts(Vec<Part<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text { text: Cow<'a, str> },
    ImageUrl { image_url: ImageUrl },
}

#[derive(Serialize)]
struct ImageUrl {
    url: String,
}

#[derive(Serialize)]
struct WireCall<'a> {
    id: Cow<'a, str>,
    #[serde(rename = "type")]
    kind: &'static str,
    function: CalledFunction<'a>,
    #[serde(flatten)]
    extra: Option<&'a Map<String, Value>>,
}

#[derive(Serialize)]
struct CalledFunction<'a> {
    name: Cow<'a, str>,
    arguments: &'a str,
}

/// Writes a user message: first the results of tools, each a message of its own, then what else it
/// holds.
fn push_user<'a>(message: &'a Message, out: &mut Vec<WireMessage<'a>>) {
    let first = out.len();
    let mut parts = Vec::new();
    for result in message.results() {
        out.push(WireMessage::Tool {
            tool_call_id: wire_name(&result.tool_use_id, LONGEST_ID),
            content: result_text(result),
        });
        push_pictures(result, &mut parts);
    }
    for block in &message.content {
        match block {
            ContentBlock::Text { text, .. } if !is_blank(text) => parts.push(Part::Text {
                text: text.as_str().into(),
            }),
            ContentBlock::Image(image) => parts.push(image_part(image)),
            // Blocks of other providers, and what only an assistant says.
            ContentBlock::Text { .. }
            | ContentBlock::Thinking { .. }
            | ContentBlock::ToolUse(_)
            | ContentBlock::ToolResult(_)
            | ContentBlock::Opaque { .. } => {}
        }
    }
    let content = match one_text(&parts) {
        None => UserContent::Parts(parts),
        Some(text) if text.is_empty() && out.len() > first => return,
        Some(text) if text.is_empty() => UserContent::Text(NO_CONTENT.into()),
        Some(text) => UserContent::Text(text),
    };
    out.push(WireMessage::User { content });
}

/// Joins parts that are all text.
fn one_text<'a>(parts: &[Part<'a>]) -> Option<Cow<'a, str>> {
    let mut whole = Cow::Borrowed("");
    for part in parts {
        let Part::Text { text } = part else {
            return None;
        };
        if whole.is_empty() {
            whole = text.clone();
        } else {
            whole.to_mut().push_str("\n\n");
            whole.to_mut().push_str(text);
        }
    }
    Some(whole)
}

fn push_pictures<'a>(result: &'a ToolResult, parts: &mut Vec<Part<'a>>) {
    let pictures = result.content.iter().filter_map(|part| match part {
        ToolResultContent::Image(image) => Some(image_part(image)),
        ToolResultContent::Text { .. } => None,
    });
    let mut pictures = pictures.peekable();
    if pictures.peek().is_some() {
        let id = wire_name(&result.tool_use_id, LONGEST_ID);
        parts.push(Part::Text {
            text: format!("Result of tool call {id}:").into(),
        });
        parts.extend(pictures);
    }
}

fn result_text(result: &ToolResult) -> Cow<'_, str> {
    let mut texts = result.content.iter().filter_map(|part| match part {
        ToolResultContent::Text { text } if !is_blank(text) => Some(text.as_str()),
        _ => None,
    });
    let Some(first) = texts.next() else {
        return if result.content.iter().any(is_picture) {
            PICTURE_FOLLOWS.into()
        } else {
            NO_CONTENT.into()
        };
    };
    texts.fold(Cow::Borrowed(first), |whole, text| whole + "\n" + text)
}

fn is_picture(part: &ToolResultContent) -> bool {
    matches!(part, ToolResultContent::Image(_))
}

fn image_part(image: &ImageData) -> Part<'_> {
    Part::ImageUrl {
        image_url: ImageUrl {
            url: format!("data:{};base64,{}", image.media_type, image.data),
        },
    }
}

fn assistant(message: &Message, dialect: Dialect) -> WireMessage<'_> {
    let mut content: Option<Cow<'_, str>> = None;
    let mut reasoning: Option<String> = None;
    for block in &message.content {
        match block {
            ContentBlock::Text { text, .. } => {
                content = Some(content.map_or(text.into(), |before| before + text.as_str()));
            }
            ContentBlock::Thinking {
                thinking,
                signature: None,
            } if dialect == Dialect::Compatible => {
                reasoning.get_or_insert_default().push_str(thinking);
            }
            _ => {}
        }
    }
    let calls = message.tool_calls();
    let tool_calls: Vec<_> = calls.map(|call| wire_call(call, dialect)).collect();
    let content = content.filter(|text| !is_blank(text));
    WireMessage::Assistant {
        content: match content {
            None if tool_calls.is_empty() => Some(NO_CONTENT.into()),
            content => content,
        },
        reasoning_content: reasoning,
        tool_calls,
    }
}

fn wire_call(call: &ToolCall, dialect: Dialect) -> WireCall<'_> {
    let extra = call.extra.0.get(PROVIDER).and_then(Value::as_object);
    WireCall {
        id: wire_name(&call.id, LONGEST_ID),
        kind: "function",
        function: CalledFunction {
            name: wire_name(&call.name, LONGEST_NAME),
            arguments: arguments(call),
        },
        extra: extra.filter(|_| dialect == Dialect::Compatible),
    }
}

/// Returns the arguments as the model wrote them, or an empty object where they are none: many
/// servers parse them again, and refuse the whole conversation for what does not.
fn arguments(call: &ToolCall) -> &str {
    match call.parse_arguments() {
        Ok(_) if !is_blank(&call.arguments) => &call.arguments,
        _ => "{}",
    }
}

/// Tells whether a text says nothing.
fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

#[cfg(test)]
mod tests;
