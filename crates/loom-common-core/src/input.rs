//! What a program says to a session that it drives: one JSON object a line, the input of
//! `loom -p --input-format stream-json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::inquiry::Answer;
use crate::llm::Effort;
use crate::message::ContentBlock;
use crate::tool::PermissionMode;

/// One line of input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
pub enum SessionInput {
    /// Says something to the agent. While a turn runs it waits for the next model call.
    #[serde(rename = "prompt")]
    Prompt {
        /// What is said: a text, or blocks of text and pictures.
        content: PromptContent,
    },
    /// Answers an inquiry.
    #[serde(rename = "answer")]
    Answer {
        /// Id of the inquiry.
        id: String,
        /// The answer.
        answer: Answer,
    },
    /// Stops the turn.
    #[serde(rename = "cancel")]
    Cancel,
    /// Sets what the agent may do without asking.
    #[serde(rename = "set_permission_mode")]
    SetPermissionMode {
        /// The mode.
        mode: PermissionMode,
    },
    /// Takes another model from the next model call on.
    #[serde(rename = "set_model")]
    SetModel {
        /// Name of the model's provider; without one the present one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider: Option<String>,
        /// Name of the model.
        model: String,
    },
    /// Sets how much the model should think.
    #[serde(rename = "set_effort")]
    SetEffort {
        /// How much; none for the provider's default.
        effort: Option<Effort>,
    },
    /// Shortens the conversation to what matters.
    #[serde(rename = "compact")]
    Compact {
        /// What matters most, in the person's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instructions: Option<String>,
    },
    /// Says in other words what still waits.
    #[serde(rename = "replace")]
    Replace {
        /// Id of the prompt, as `queue.changed` names it.
        id: u64,
        /// What is said instead.
        content: PromptContent,
    },
    /// Takes back a prompt that still waits.
    #[serde(rename = "withdraw")]
    Withdraw {
        /// Id of the prompt, as `queue.changed` names it.
        id: u64,
    },
}

/// What a prompt holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PromptContent {
    /// A text, read as at the prompt of a terminal: a command of a file is carried out, and what it
    /// mentions as `@path` or `@server:uri` goes with it.
    Text(String),
    /// Blocks of text and pictures, in order, as they are.
    Blocks(Vec<ContentBlock>),
}
