//! What the agent asks the person in the middle of a turn, and what the person can answer.
//!
//! An inquiry is opened by an event of the stream, with an id; the answer names the id. It is closed
//! by another event, whoever answered it, or when the turn that asked is stopped.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::tool::PermissionMode;

/// Something that the person is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Inquiry {
    /// Whether a tool call may run.
    Permission {
        /// Id of the tool call's item.
        tool_call: String,
        /// Name of the tool.
        name: String,
        /// The arguments: an object.
        arguments: Value,
        /// Why the call does not run without being asked for.
        reason: String,
        /// Rules that would have answered the question, the narrowest first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        suggestions: Vec<RuleSuggestion>,
    },
    /// Something that the model wants to know.
    Question {
        /// The question.
        question: String,
        /// What can be chosen. The person may always answer in their own words.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        options: Vec<String>,
    },
    /// Whether a plan is to be carried out.
    Plan {
        /// The plan, Markdown by custom.
        plan: String,
    },
}

/// Rules that the person can have remembered, so that the like is not asked for again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleSuggestion {
    /// The rules, such as `bash(cargo test *)`: several where a line holds several commands.
    pub rules: Vec<String>,
    /// What they allow, in words.
    pub label: String,
}

/// For what a rule is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleScope {
    /// Until the session ends.
    Session,
    /// For this folder.
    Project,
    /// Everywhere.
    User,
}

/// What the person answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Answer {
    /// To a permission: it may run.
    Allow {
        /// Rules to be remembered, so that calls of their kind are not asked for again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remember: Option<RememberedRule>,
    },
    /// To a permission or a plan: no.
    Deny {
        /// What the person wants instead, if they said so. The model is told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instead: Option<String>,
    },
    /// To a question: what the person says.
    Reply {
        /// The answer.
        text: String,
    },
    /// To a plan: carry it out.
    Approve {
        /// What the agent may do from now on without asking.
        mode: PermissionMode,
    },
}

/// Rules, and for what they are remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RememberedRule {
    /// The rules, such as `bash(cargo test *)`.
    pub rules: Vec<String>,
    /// For what.
    pub scope: RuleScope,
}

/// How an inquiry ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InquiryOutcome {
    /// The person said yes, or answered the question.
    Accepted,
    /// The person said no.
    Declined,
    /// Nobody answered: the turn was stopped, or the front end went away.
    Withdrawn,
}
