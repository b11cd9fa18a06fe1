//! The client trait over all model providers, and the events of a streamed answer.
//!
//! A provider's adapter turns the provider's wire events into [`LlmEvent`]s, one for one and
//! without waiting, so that a person sees text as it is made. [`ResponseBuilder`] turns the same
//! events into the whole answer. There is one builder for all, used by the agent and by the
//! adapters' `complete`, so that a streamed and an unstreamed answer cannot differ.

use std::fmt;
use std::ops::AddAssign;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{LlmError, LlmErrorKind};
use crate::message::{ContentBlock, Extra, Message, ToolCall};
use crate::tool::ToolDefinition;

/// The events of an answer as they come. Ends after [`LlmEvent::Finished`] or after an error; a
/// stream that ends otherwise was cut. Dropping it cancels the call, all the way to the provider.
pub type LlmStream = BoxStream<'static, Result<LlmEvent, LlmError>>;

/// Asks a model. Implementations do not retry: the agent decides about that.
pub trait LlmClient: Send + Sync {
    /// Asks and returns the answer piece by piece.
    fn stream<'a>(&'a self, request: &'a LlmRequest) -> BoxFuture<'a, Result<LlmStream, LlmError>>;

    /// Asks and returns the answer when it is whole.
    fn complete<'a>(
        &'a self,
        request: &'a LlmRequest,
    ) -> BoxFuture<'a, Result<LlmResponse, LlmError>>;
}

/// A question to a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LlmRequest {
    /// Name of the model, as the provider knows it.
    pub model: String,
    /// Instructions ahead of the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The conversation. Shared, because every request of a long session repeats it.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Message>))]
    pub messages: Vec<Arc<Message>>,
    /// The tools that the model may call, always in the same order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolDefinition>,
    /// Limit of tokens of the answer; without one the server's default for the provider holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// How much the model should think; without it the provider's default holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
}

/// How much a model should think before it answers. Models that know no such choice ignore it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// As little as it can.
    Low,
    /// The middle.
    Medium,
    /// Much.
    High,
}

impl fmt::Display for Effort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LlmResponse {
    /// The provider's id of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The model that answered, where the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The answer.
    pub message: Message,
    /// Why the model stopped.
    pub stop_reason: StopReason,
    /// Tokens of this call.
    pub usage: Usage,
}

/// Tokens that were used. The four counts do not overlap: their sum is what the provider counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Usage {
    /// Tokens of the prompt that were neither read from nor written to the provider's cache.
    pub input_tokens: u64,
    /// Tokens of the answer, thoughts included.
    pub output_tokens: u64,
    /// Tokens of the prompt that were read from the provider's cache.
    pub cache_read_tokens: u64,
    /// Tokens of the prompt that were written to the provider's cache.
    pub cache_write_tokens: u64,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        self.cache_read_tokens = self
            .cache_read_tokens
            .saturating_add(other.cache_read_tokens);
        self.cache_write_tokens = self
            .cache_write_tokens
            .saturating_add(other.cache_write_tokens);
    }
}

/// Why a model stopped.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// It had said all.
    EndTurn,
    /// It waits for the results of tools.
    ToolUse,
    /// It reached the limit of tokens for one answer.
    MaxTokens,
    /// It wrote a stop sequence.
    StopSequence,
    /// It paused in a long piece of work on the provider's side; asking again continues.
    PauseTurn,
    /// It, or the provider's filter, refused to go on.
    Refusal,
    /// The conversation filled the model's context.
    ContextExceeded,
    /// A reason that Loom has no name for.
    #[serde(untagged)]
    Other(String),
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for StopReason {}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for StopReason {
    /// Not derived: utoipa takes the untagged variant for an object, and it is any text.
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some(
                "Why a model stopped. New reasons may be added at any time.",
            ))
            .examples([
                "end_turn",
                "tool_use",
                "max_tokens",
                "stop_sequence",
                "pause_turn",
                "refusal",
                "context_exceeded",
            ])
            .into()
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::EndTurn => "end_turn",
            Self::ToolUse => "tool_use",
            Self::MaxTokens => "max_tokens",
            Self::StopSequence => "stop_sequence",
            Self::PauseTurn => "pause_turn",
            Self::Refusal => "refusal",
            Self::ContextExceeded => "context_exceeded",
            Self::Other(reason) => reason,
        })
    }
}

/// One event of an answer. `index` names the block that an event belongs to; indices are unique
/// within the answer and say nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LlmEvent {
    /// The answer begins.
    Started {
        /// The provider's id of the answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The model that answers, where the provider says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
    },
    /// A block begins.
    BlockStarted {
        /// The block.
        index: u32,
        /// What it is.
        block: BlockKind,
    },
    /// More text of a text block.
    TextDelta {
        /// The block.
        index: u32,
        /// The text to append.
        text: String,
    },
    /// More text of a thinking block.
    ThinkingDelta {
        /// The block.
        index: u32,
        /// The text to append.
        thinking: String,
    },
    /// The signature of a thinking block, or more of it.
    SignatureDelta {
        /// The block.
        index: u32,
        /// The text to append.
        signature: String,
    },
    /// More JSON text of a tool call's arguments. Only the whole parses.
    ArgumentsDelta {
        /// The block.
        index: u32,
        /// The text to append.
        json: String,
    },
    /// Fields of a text or tool-use block that go back with it.
    ExtraFields {
        /// The block.
        index: u32,
        /// The fields; later values replace earlier ones of the same name.
        fields: Extra,
    },
    /// A block is whole.
    BlockStopped {
        /// The block.
        index: u32,
    },
    /// A block of a type that Loom does not read, whole.
    OpaqueBlock {
        /// The block.
        index: u32,
        /// Name of the provider.
        provider: String,
        /// The block as JSON text.
        json: String,
    },
    /// Tokens used so far in this answer: a total, not a difference.
    Usage {
        /// The tokens.
        usage: Usage,
    },
    /// The provider is still there.
    Ping,
    /// The answer is whole. Always the last event.
    Finished {
        /// Why the model stopped.
        stop_reason: StopReason,
    },
}

/// What a block that begins is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum BlockKind {
    /// Text.
    Text,
    /// A thought.
    Thinking,
    /// A tool call.
    ToolUse {
        /// Id of the call.
        id: String,
        /// Name of the tool.
        name: String,
    },
}

/// Builds an answer from its events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ResponseBuilder {
    id: Option<String>,
    model: Option<String>,
    /// The blocks in the order in which they began.
    blocks: Vec<(u32, ContentBlock)>,
    usage: Usage,
    stop_reason: Option<StopReason>,
}

impl ResponseBuilder {
    /// Takes the next event.
    ///
    /// # Errors
    ///
    /// [`LlmErrorKind::MalformedResponse`] when the event does not fit what came before it.
    pub fn apply(&mut self, event: LlmEvent) -> Result<(), LlmError> {
        if self.stop_reason.is_some() {
            return match event {
                LlmEvent::Ping => Ok(()),
                _ => Err(malformed("an event after the end of the answer")),
            };
        }
        match event {
            LlmEvent::Started { id, model } => {
                self.id = id;
                self.model = model;
            }
            LlmEvent::BlockStarted { index, block } => self.start(index, empty_block(block))?,
            LlmEvent::OpaqueBlock {
                index,
                provider,
                json,
            } => self.start(index, ContentBlock::Opaque { provider, json })?,
            LlmEvent::TextDelta { index, text } => match self.block(index)? {
                ContentBlock::Text { text: whole, .. } => whole.push_str(&text),
                _ => return Err(malformed("text for a block that is not text")),
            },
            LlmEvent::ThinkingDelta { index, thinking } => match self.block(index)? {
                ContentBlock::Thinking {
                    thinking: whole, ..
                } => whole.push_str(&thinking),
                _ => return Err(malformed("a thought for a block that is not one")),
            },
            LlmEvent::SignatureDelta { index, signature } => match self.block(index)? {
                ContentBlock::Thinking {
                    signature: whole, ..
                } => whole.get_or_insert_default().push_str(&signature),
                _ => return Err(malformed("a signature for a block that is not a thought")),
            },
            LlmEvent::ArgumentsDelta { index, json } => match self.block(index)? {
                ContentBlock::ToolUse(call) => call.arguments.push_str(&json),
                _ => return Err(malformed("arguments for a block that is not a tool call")),
            },
            LlmEvent::ExtraFields { index, fields } => match self.block(index)? {
                ContentBlock::Text { extra, .. }
                | ContentBlock::ToolUse(ToolCall { extra, .. }) => extra.0.extend(fields.0),
                _ => return Err(malformed("fields for a block that takes none")),
            },
            LlmEvent::BlockStopped { index } => {
                self.block(index)?;
            }
            LlmEvent::Usage { usage } => self.usage = usage,
            LlmEvent::Ping => {}
            LlmEvent::Finished { stop_reason } => self.stop_reason = Some(stop_reason),
        }
        Ok(())
    }

    /// Tells whether the answer is whole.
    pub fn is_finished(&self) -> bool {
        self.stop_reason.is_some()
    }

    /// Returns the tokens used so far.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Returns the answer.
    ///
    /// # Errors
    ///
    /// [`LlmErrorKind::StreamInterrupted`] when [`LlmEvent::Finished`] has not come.
    pub fn finish(self) -> Result<LlmResponse, LlmError> {
        let Some(stop_reason) = self.stop_reason else {
            return Err(LlmError::new(
                LlmErrorKind::StreamInterrupted,
                "the model's answer ended before it was whole",
            ));
        };
        let content = self.blocks.into_iter().map(|(_, block)| block);
        Ok(LlmResponse {
            id: self.id,
            model: self.model,
            message: Message::assistant(content.filter(|block| !is_void(block)).collect()),
            stop_reason,
            usage: self.usage,
        })
    }

    /// Returns the text of an answer that was cut: what the person has seen of it. Thoughts and
    /// tool calls are left out, because a provider takes them back only whole.
    pub fn into_partial_text(self) -> String {
        Message::assistant(self.blocks.into_iter().map(|(_, block)| block).collect()).text()
    }

    fn start(&mut self, index: u32, block: ContentBlock) -> Result<(), LlmError> {
        if self.blocks.iter().any(|(known, _)| *known == index) {
            return Err(malformed("two blocks of the same index"));
        }
        self.blocks.push((index, block));
        Ok(())
    }

    fn block(&mut self, index: u32) -> Result<&mut ContentBlock, LlmError> {
        // The block in question is nearly always the last one.
        self.blocks
            .iter_mut()
            .rev()
            .find(|(known, _)| *known == index)
            .map(|(_, block)| block)
            .ok_or_else(|| malformed("an event for a block that has not begun"))
    }
}

fn empty_block(kind: BlockKind) -> ContentBlock {
    match kind {
        BlockKind::Text => ContentBlock::text(""),
        BlockKind::Thinking => ContentBlock::Thinking {
            thinking: String::new(),
            signature: None,
        },
        BlockKind::ToolUse { id, name } => ContentBlock::ToolUse(ToolCall {
            id,
            name,
            arguments: String::new(),
            extra: Extra::default(),
        }),
    }
}

/// Tells whether a block says nothing; providers refuse to take a blank text back.
fn is_void(block: &ContentBlock) -> bool {
    match block {
        ContentBlock::Text { text, .. } => text.trim().is_empty(),
        ContentBlock::Thinking {
            thinking,
            signature,
        } => thinking.is_empty() && signature.is_none(),
        _ => false,
    }
}

fn malformed(what: &str) -> LlmError {
    LlmError::new(
        LlmErrorKind::MalformedResponse,
        format!("the model's answer breaks the protocol: {what}"),
    )
}
