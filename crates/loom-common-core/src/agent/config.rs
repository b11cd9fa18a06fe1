//! With what an agent works.

use serde::{Deserialize, Serialize};

use crate::compaction::CompactionPolicy;
use crate::limits::TurnLimits;
use crate::llm::Effort;
use crate::tool::ToolDefinition;

/// With what an agent works. Changes between two model calls only; see
/// [`AgentEvent::Configure`](crate::AgentEvent::Configure).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentConfig {
    /// Name of the model.
    pub model: String,
    /// Instructions ahead of the conversation.
    pub system: Option<String>,
    /// The tools, in a fixed order.
    pub tools: Vec<ToolDefinition>,
    /// Limit of tokens for one answer.
    pub max_tokens: Option<u32>,
    /// How much the model should think.
    pub effort: Option<Effort>,
    /// How often a failed model call is asked again.
    pub max_retries: u32,
    /// When the conversation is compacted.
    pub compaction: CompactionPolicy,
    /// What keeps a turn from going on for ever.
    pub limits: TurnLimits,
}
