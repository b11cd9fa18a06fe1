//! How full the model's context is.
//!
//! The provider counts exactly, but only what it was sent, and only once it answers. So the count
//! of the last answer holds for the conversation up to that answer, and what came since is
//! estimated from its length. The ratio of tokens to bytes differs between models and between
//! languages; it is taken anew from each exact count, so that the estimate follows the model and
//! what is talked about.

use std::sync::Arc;

use crate::agent::AgentConfig;
use crate::llm::Usage;
use crate::message::{ContentBlock, Extra, Message, ToolResultContent};

/// Tokens of a picture of usual size. Providers scale larger ones down
/// (<https://docs.claude.com/en/docs/build-with-claude/vision>: about 1,600 at most).
const PICTURE_TOKENS: u64 = 1_600;

/// Bytes that a block's frame takes: its role, its type, its ids.
const BLOCK_BYTES: u64 = 16;

/// How full the context is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextMeter {
    /// Tokens of the conversation, with the instructions and the tools, as the next model call
    /// would send it.
    pub used: u64,
    /// Tokens that the model takes, where that is known.
    pub window: Option<u64>,
    /// Whether the provider has counted all of it.
    pub exact: bool,
}

/// Counts and estimates tokens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gauge {
    /// What the provider counted last, of the conversation as it still is.
    counted: Option<Counted>,
    ratio: Ratio,
    /// The instructions and the tools, which go ahead of every conversation.
    fixed: Weight,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Counted {
    /// Number of messages that were counted, from the first.
    messages: usize,
    tokens: u64,
    /// Whether another model, or other instructions, have taken over since.
    outdated: bool,
}

/// Tokens for bytes of text.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ratio {
    tokens: u64,
    bytes: u64,
}

/// What an estimate goes by.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Weight {
    bytes: u64,
    pictures: u64,
}

impl Gauge {
    pub(crate) fn new(config: &AgentConfig) -> Self {
        Self {
            counted: None,
            // On the safe side of the four bytes that a token of English text has.
            ratio: Ratio {
                tokens: 3,
                bytes: 10,
            },
            fixed: weight_of_config(config),
        }
    }

    /// Goes on with another configuration.
    pub(crate) fn refit(&mut self, config: &AgentConfig) {
        let before = self.ratio.tokens(self.fixed);
        self.fixed = weight_of_config(config);
        let after = self.ratio.tokens(self.fixed);
        if let Some(counted) = &mut self.counted {
            counted.tokens = counted.tokens.saturating_add(after).saturating_sub(before);
            counted.outdated = true;
        }
    }

    /// Takes what the provider counted for an answer to `sent`. `answered` tells whether the answer
    /// becomes the next message.
    pub(crate) fn count(&mut self, sent: &[Arc<Message>], usage: Usage, answered: bool) {
        let prompt = usage
            .input_tokens
            .saturating_add(usage.cache_read_tokens)
            .saturating_add(usage.cache_write_tokens);
        if prompt == 0 {
            // The provider does not count. What an older count said stays the best there is.
            return;
        }
        self.ratio = Ratio::measured(prompt, self.fixed + weight(sent));
        self.counted = Some(Counted {
            messages: sent.len() + usize::from(answered),
            tokens: match answered {
                true => prompt.saturating_add(usage.output_tokens),
                false => prompt,
            },
            outdated: false,
        });
    }

    /// Forgets what was counted: the conversation has become another one.
    pub(crate) fn forget(&mut self) {
        self.counted = None;
    }

    /// Measures what a model call with this conversation would send.
    pub(crate) fn measure(
        &self,
        conversation: &[Arc<Message>],
        window: Option<u64>,
    ) -> ContextMeter {
        let counted = self
            .counted
            .filter(|counted| counted.messages <= conversation.len());
        let (used, exact) = match counted {
            Some(counted) => {
                let since = &conversation[counted.messages..];
                (
                    counted.tokens.saturating_add(self.tokens(since)),
                    since.is_empty() && !counted.outdated,
                )
            }
            None => (
                self.fixed_tokens()
                    .saturating_add(self.tokens(conversation)),
                false,
            ),
        };
        ContextMeter {
            used,
            window,
            exact,
        }
    }

    /// Estimates the tokens of messages.
    pub(crate) fn tokens<'a>(&self, messages: impl IntoIterator<Item = &'a Arc<Message>>) -> u64 {
        self.ratio.tokens(weight(messages))
    }

    /// Estimates the tokens of what goes ahead of every conversation.
    pub(crate) fn fixed_tokens(&self) -> u64 {
        self.ratio.tokens(self.fixed)
    }

    /// Estimates how many bytes of text have so many tokens.
    pub(crate) fn bytes(&self, tokens: u64) -> usize {
        let bytes = tokens.saturating_mul(self.ratio.bytes) / self.ratio.tokens;
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }
}

impl Ratio {
    /// Makes the ratio of what a provider counted, within what any language comes to.
    fn measured(tokens: u64, weight: Weight) -> Self {
        let pictures = weight.pictures.saturating_mul(PICTURE_TOKENS);
        let bytes = weight.bytes.max(1);
        let tokens = tokens.saturating_sub(pictures);
        Self {
            tokens: tokens.clamp(bytes.div_ceil(8), bytes),
            bytes,
        }
    }

    fn tokens(self, weight: Weight) -> u64 {
        let pictures = weight.pictures.saturating_mul(PICTURE_TOKENS);
        weight
            .bytes
            .saturating_mul(self.tokens)
            .div_ceil(self.bytes)
            .saturating_add(pictures)
    }
}

impl std::ops::Add for Weight {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            pictures: self.pictures.saturating_add(other.pictures),
        }
    }
}

impl Weight {
    fn of_bytes(bytes: usize) -> Self {
        Self {
            bytes: bytes as u64,
            pictures: 0,
        }
    }

    const PICTURE: Self = Self {
        bytes: 0,
        pictures: 1,
    };
}

fn weight<'a>(messages: impl IntoIterator<Item = &'a Arc<Message>>) -> Weight {
    messages
        .into_iter()
        .flat_map(|message| &message.content)
        .map(weight_of_block)
        .fold(Weight::default(), |sum, block| {
            let frame = Weight {
                bytes: BLOCK_BYTES,
                pictures: 0,
            };
            sum + block + frame
        })
}

fn weight_of_block(block: &ContentBlock) -> Weight {
    match block {
        ContentBlock::Text { text, extra } => Weight::of_bytes(text.len() + length(extra)),
        ContentBlock::Image(_) => Weight::PICTURE,
        // A signature stands for no text.
        ContentBlock::Thinking { thinking, .. } => Weight::of_bytes(thinking.len()),
        ContentBlock::ToolUse(call) => {
            Weight::of_bytes(call.name.len() + call.arguments.len() + length(&call.extra))
        }
        ContentBlock::ToolResult(result) => result
            .content
            .iter()
            .map(|part| match part {
                ToolResultContent::Text { text } => Weight::of_bytes(text.len()),
                ToolResultContent::Image(_) => Weight::PICTURE,
            })
            .fold(Weight::default(), |sum, part| sum + part),
        ContentBlock::Opaque { json, .. } => Weight::of_bytes(json.len()),
    }
}

fn length(extra: &Extra) -> usize {
    if extra.is_empty() {
        return 0;
    }
    serde_json::to_string(extra).map_or(0, |json| json.len())
}

fn weight_of_config(config: &AgentConfig) -> Weight {
    let system = config.system.as_ref().map_or(0, String::len);
    let tools: usize = config
        .tools
        .iter()
        .map(|tool| tool.name.len() + tool.description.len() + tool.input_schema.to_string().len())
        .sum();
    Weight::of_bytes(system + tools)
}
