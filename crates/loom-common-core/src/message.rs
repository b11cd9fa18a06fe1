//! What a conversation is made of.
//!
//! A message holds content blocks, and a block holds all that the provider sent with it. Providers
//! check what comes back: a thinking block without its signature, a changed tool argument or a
//! lost server-side block breaks the next request or its prompt cache. So tool arguments stay the
//! text that the model wrote, fields that Loom has no name for stay in [`Extra`], and a block of
//! a type that Loom does not know stays whole in [`ContentBlock::Opaque`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Who speaks in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The person, or a tool answering for the person's side.
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub content: Vec<ContentBlock>,
}

impl Message {
    /// Makes a user message of one text.
    pub fn user(text: impl Into<String>) -> Self {
        Self {
            role: Role::User,
            content: vec![ContentBlock::text(text)],
        }
    }

    /// Makes a user message that answers tool calls.
    pub fn tool_results(results: impl IntoIterator<Item = ToolResult>) -> Self {
        Self {
            role: Role::User,
            content: results.into_iter().map(ContentBlock::ToolResult).collect(),
        }
    }

    /// Makes an assistant message.
    pub fn assistant(content: Vec<ContentBlock>) -> Self {
        Self {
            role: Role::Assistant,
            content,
        }
    }

    /// Returns the text blocks, joined without a separator.
    pub fn text(&self) -> String {
        self.content
            .iter()
            .filter_map(|block| match block {
                ContentBlock::Text { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    /// Returns the tool calls in the order in which the model made them.
    pub fn tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.content.iter().filter_map(|block| match block {
            ContentBlock::ToolUse(call) => Some(call),
            _ => None,
        })
    }

    /// Returns the results of tool calls in this message.
    pub fn results(&self) -> impl Iterator<Item = &ToolResult> {
        self.content.iter().filter_map(|block| match block {
            ContentBlock::ToolResult(result) => Some(result),
            _ => None,
        })
    }
}

/// One part of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ContentBlock {
    /// Plain text, Markdown by custom.
    Text {
        /// The text.
        text: String,
        /// Fields that go back with the block, such as citations.
        #[serde(default, skip_serializing_if = "Extra::is_empty")]
        extra: Extra,
    },
    /// A picture.
    Image(ImageData),
    /// What the model thought before it spoke.
    Thinking {
        /// The thought; may be empty where the provider hides it.
        thinking: String,
        /// The provider's proof that the thought is its own. Must go back unchanged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
    },
    /// A tool that the model wants to use.
    ToolUse(ToolCall),
    /// What a tool gave back.
    ToolResult(ToolResult),
    /// A block of a type that Loom does not read. It goes back to the same provider byte for byte
    /// and to no other.
    Opaque {
        /// Name of the provider that sent it.
        provider: String,
        /// The block as JSON text, exactly as it came.
        json: String,
    },
}

impl ContentBlock {
    /// Makes a text block without extra fields.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text {
            text: text.into(),
            extra: Extra::default(),
        }
    }
}

/// Fields of a block that Loom has no name for, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Extra(pub Map<String, Value>);

impl Extra {
    /// Tells whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A picture, inline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImageData {
    /// Media type, such as `image/png`.
    pub media_type: String,
    /// The bytes in standard base64 with padding (RFC 4648, section 4).
    pub data: String,
}

/// A tool that the model wants to use, and what it wants of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToolCall {
    /// The name by which the result refers to this call. Unique within its message.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// The arguments as the model wrote them: JSON text of an object if all went well. It stays
    /// text because it goes back to the provider unchanged, and because it may not parse.
    pub arguments: String,
    /// Fields that go back with the call, such as a thought signature.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

impl ToolCall {
    /// Reads the arguments. A call with none at all has an empty object, as some servers send
    /// an empty text for it.
    ///
    /// # Errors
    ///
    /// When the text is not a JSON object; the error says where and why.
    pub fn parse_arguments(&self) -> Result<Map<String, Value>, serde_json::Error> {
        if self.arguments.trim().is_empty() {
            return Ok(Map::new());
        }
        serde_json::from_str(&self.arguments)
    }

    /// Returns the arguments for showing: the object, or what the model wrote as a string when it
    /// is not one.
    pub fn shown_arguments(&self) -> Value {
        self.parse_arguments()
            .map_or_else(|_| Value::String(self.arguments.clone()), Value::Object)
    }
}

/// What a tool gave back for one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToolResult {
    /// The id of the call that this answers.
    pub tool_use_id: String,
    /// What the model sees of it.
    pub content: Vec<ToolResultContent>,
    /// Whether the call failed, was denied or was cancelled.
    #[serde(default)]
    pub is_error: bool,
}

/// One part of a tool's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToolResultContent {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    Image(ImageData),
}

impl ToolResultContent {
    /// Makes a text part.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }
}
