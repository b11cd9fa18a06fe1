//! What a client sent: the raw bytes, and what a test usually asks of them in either protocol.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

/// The wire protocol of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Anthropic Messages.
    Anthropic,
    /// OpenAI Chat Completions.
    OpenAi,
}

/// A recorded request for a model's answer.
#[derive(Debug, Clone)]
pub struct ModelRequest {
    protocol: Protocol,
    headers: HeaderMap,
    body: Bytes,
    json: Value,
}

/// The result of a tool as the client sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolResult {
    /// Which call it answers.
    pub tool_call_id: String,
    /// The text of the result, text blocks joined.
    pub content: String,
    /// Whether it is marked as failed; Chat Completions has no such mark.
    pub is_error: bool,
}

impl ModelRequest {
    /// A body that is not JSON is kept too, with `null` as its JSON.
    pub(super) fn new(protocol: Protocol, headers: HeaderMap, body: Bytes) -> Self {
        let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Self {
            protocol,
            headers,
            body,
            json,
        }
    }

    /// The protocol of the endpoint that was called.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// All request headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// One header, where it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The exact bytes of the body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as JSON, `null` when it is none.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// The model asked for, empty when none is named.
    #[must_use]
    pub fn model(&self) -> &str {
        self.json["model"].as_str().unwrap_or_default()
    }

    /// Whether the answer shall be streamed.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.json["stream"] == true
    }

    /// The system text: text blocks joined, or the content of the leading `system` and `developer`
    /// messages.
    #[must_use]
    pub fn system(&self) -> Option<String> {
        match self.protocol {
            Protocol::Anthropic => self.json.get("system").map(text_of),
            Protocol::OpenAi => {
                let texts: Vec<_> = self
                    .messages()
                    .iter()
                    .take_while(|message| is_system(message))
                    .map(|message| text_of(&message["content"]))
                    .collect();
                (!texts.is_empty()).then(|| texts.join("\n"))
            }
        }
    }

    /// The `messages` as they stand in the body.
    #[must_use]
    pub fn messages(&self) -> &[Value] {
        self.json["messages"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The names of the declared tools, in their order.
    #[must_use]
    pub fn tool_names(&self) -> Vec<String> {
        let tools = self.json["tools"].as_array().map_or(&[][..], Vec::as_slice);
        let name = |tool: &Value| match self.protocol {
            Protocol::Anthropic => tool["name"].as_str().map(str::to_owned),
            Protocol::OpenAi => tool["function"]["name"].as_str().map(str::to_owned),
        };
        tools.iter().filter_map(name).collect()
    }

    /// Every tool result in the conversation so far, in its order.
    #[must_use]
    pub fn tool_results(&self) -> Vec<ToolResult> {
        match self.protocol {
            Protocol::Anthropic => self
                .messages()
                .iter()
                .filter_map(|message| message["content"].as_array())
                .flatten()
                .filter(|block| block["type"] == "tool_result")
                .map(|block| ToolResult {
                    tool_call_id: block["tool_use_id"].as_str().unwrap_or_default().to_owned(),
                    content: block.get("content").map(text_of).unwrap_or_default(),
                    is_error: block["is_error"] == true,
                })
                .collect(),
            Protocol::OpenAi => self
                .messages()
                .iter()
                .filter(|message| message["role"] == "tool")
                .map(|message| ToolResult {
                    tool_call_id: message["tool_call_id"]
                        .as_str()
                        .unwrap_or_default()
                        .to_owned(),
                    content: text_of(&message["content"]),
                    is_error: false,
                })
                .collect(),
        }
    }

    /// The text of the first user message: what a conversation is known by.
    #[must_use]
    pub fn first_user_text(&self) -> String {
        self.messages()
            .iter()
            .find(|message| message["role"] == "user")
            .map(|message| text_of(&message["content"]))
            .unwrap_or_default()
    }
}

/// Whether a Chat Completions message carries instructions of the application.
pub(super) fn is_system(message: &Value) -> bool {
    message["role"] == "system" || message["role"] == "developer"
}

/// The text of a content: a string, or an array of blocks of which only the text blocks count.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => blocks
            .iter()
            .filter_map(|block| block["text"].as_str())
            .collect(),
        _ => String::new(),
    }
}
