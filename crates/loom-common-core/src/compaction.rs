//! Compaction: a conversation in fewer words, so that the model's context holds it again.
//!
//! What must not be lost is not left to the model that sums up: the person's own words stay as
//! they are, and so do the to-do list, the names of the files that were worked on, and the last
//! exchanges. Only what lies between becomes a summary.
//!
//! The summary is asked for with the very request that would have come next (instructions, tools
//! and messages), and one message more, so that the provider's cache serves all of it. Where no
//! model can write one, an outline of the steps takes its place: the turn goes on in any case.

mod draft;
mod shorten;
mod work;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(crate) use self::draft::{Draft, lighten, summary_request};
use crate::error::LlmError;
use crate::message::Message;

/// When a conversation is compacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompactionPolicy {
    /// Tokens that the model takes, where that is known. Where it is not, only the provider's own
    /// word starts a compaction.
    pub context_window: Option<u64>,
    /// Whether it is done without being asked for.
    pub automatic: bool,
    /// How much of the context may be in use before a model call, in percent; 85 by default. What
    /// the answer may take is kept free in any case.
    pub threshold_percent: u8,
}

impl Default for CompactionPolicy {
    fn default() -> Self {
        Self {
            context_window: None,
            automatic: true,
            threshold_percent: 85,
        }
    }
}

impl CompactionPolicy {
    /// Returns the tokens that a conversation may have before a model call whose answer may have
    /// `max_tokens`; none where the model's context is not known.
    pub fn limit(&self, max_tokens: Option<u32>) -> Option<u64> {
        let window = self.context_window?;
        let share = window.saturating_mul(u64::from(self.threshold_percent.min(100))) / 100;
        let beside_answer = window.saturating_sub(u64::from(max_tokens.unwrap_or(0)));
        // An answer that may fill the context is not meant to.
        Some(share.min(beside_answer.max(window / 2)))
    }
}

/// What a compaction put in the place of the conversation before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Compaction {
    /// Why it was made.
    pub trigger: CompactionTrigger,
    /// What the person said before [`recent`](Self::recent), in order and word for word. Only
    /// where these words alone would fill the context, the oldest but the first are shortened or left
    /// out.
    pub words: Vec<Arc<Message>>,
    /// How many of these words it has cut.
    #[serde(default, skip_serializing_if = "CutWords::is_none")]
    pub cut_words: CutWords,
    /// What the model is told of all that went before: the summary, the to-do list, the files.
    pub handover: Arc<Message>,
    /// The last exchanges, as they were.
    pub recent: Vec<Arc<Message>>,
    /// What the next compaction must know besides the messages.
    pub carried: Carried,
    /// Why the summary was made without a model; none if a model wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary_error: Option<LlmError>,
    /// Tokens of the conversation before.
    pub tokens_before: u64,
    /// Tokens of the conversation after, estimated.
    pub tokens_after: u64,
}

impl Compaction {
    /// Returns the messages with which the conversation goes on.
    pub fn messages(&self) -> impl Iterator<Item = &Arc<Message>> {
        let handover = std::iter::once(&self.handover);
        self.words.iter().chain(handover).chain(&self.recent)
    }
}

/// How many messages of the person a compaction has cut, because they took too much of the context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutWords {
    /// How many were shortened.
    pub shortened: usize,
    /// How many were left out.
    pub left_out: usize,
}

impl CutWords {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a conversation is compacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompactionTrigger {
    /// The next model call would have come too near to the end of the context.
    Threshold,
    /// The provider said that the conversation is too long.
    ContextExceeded,
    /// The person asked for it.
    Person,
}

/// What the hook ahead of a compaction says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CompactionVerdict {
    /// The conversation may be compacted.
    GoAhead {
        /// What the summary is to heed, besides what the person says about it.
        instructions: Option<String>,
    },
    /// It may not be, this time.
    Block {
        /// Why, for the person.
        reason: String,
    },
}

/// What one compaction hands to the next, because it stands in no message that is kept as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Arguments of the last call that wrote the to-do list, as the model wrote them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub todo: Option<String>,
    /// The files that were worked on, the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<TouchedFile>,
}

/// A file that the agent worked on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TouchedFile {
    /// The path, as the model wrote it.
    pub path: String,
    /// Whether it was changed, and not only read.
    pub changed: bool,
}
