//! What the agent asks the person in the middle of a turn, and what the person can answer.
//!
//! An inquiry is opened by an event of the stream, with an id; the answer names the id. It is closed
//! by another event, whoever answered it, or when the turn that asked is stopped.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::form::FormField;
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
    /// Whether commands in the sandbox may reach hosts that were refused to one.
    Hosts {
        /// Id of the tool call's item.
        tool_call: String,
        /// The hosts, such as `example.com` or `example.com:8443`.
        hosts: Vec<String>,
    },
    /// A form of a server of tools. What is filled in goes to that server.
    Form {
        /// Name of the server.
        server: String,
        /// What the server says.
        message: String,
        /// The fields, in order.
        fields: Vec<FormField>,
    },
    /// An address at which a server of tools wants something of the person. Front ends show it
    /// whole and do not open it by themselves.
    Link {
        /// Name of the server.
        server: String,
        /// What the server says.
        message: String,
        /// The address: `http` or `https`.
        url: String,
        /// The host that it leads to, as it is looked up.
        host: String,
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
    /// To a permission: it may run. To hosts: they may be reached, until the session ends. To an
    /// address: the person goes there.
    Allow {
        /// Rules to be remembered, so that calls of their kind are not asked for again. To hosts:
        /// the hosts in place of rules; for the person, they go to the configuration.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remember: Option<RememberedRule>,
    },
    /// No, to whatever was asked.
    Deny {
        /// What the person wants instead, if they said so. The model is told; a server is not.
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
    /// To a form: filled in.
    Submit {
        /// The values by the names of their fields.
        values: Map<String, Value>,
    },
    /// To a form or an address: neither yes nor no.
    Dismiss,
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
    /// The person said neither.
    Dismissed,
    /// Nobody answered: the turn was stopped, or the front end went away.
    Withdrawn,
}
