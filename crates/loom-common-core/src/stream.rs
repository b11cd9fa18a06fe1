//! The typed events from which every front end is drawn.
//!
//! A thread is a conversation, a turn is one prompt and all that follows from it until the agent
//! waits again, an item is one thing to show: a message, a thought, a tool call. As JSON, one
//! object a line, these events are the output of `loom -p --output-format stream-json`.
//!
//! An item is started once, updated any number of times and completed once. `item.updated` carries
//! only what is new (`delta`), so that a long answer costs its length and not its square;
//! `item.completed` carries the whole. A reader ignores types and fields that it does not know.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::LlmError;
use crate::inquiry::{Inquiry, InquiryOutcome};
use crate::llm::{Effort, StopReason, Usage};
use crate::tool::{FileChange, PermissionMode};

/// One event of a thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
pub enum ThreadEvent {
    /// The session is ready. Always the first event.
    #[serde(rename = "thread.started")]
    ThreadStarted {
        /// Id of the thread, for `--resume`.
        thread_id: String,
        /// The folder that the agent works in.
        cwd: String,
        /// Name of the model's provider.
        provider: String,
        /// Name of the model.
        model: String,
        /// What the agent may do without asking.
        permission_mode: PermissionMode,
        /// Names of the tools.
        tools: Vec<String>,
    },
    /// A prompt was taken up.
    #[serde(rename = "turn.started")]
    TurnStarted,
    /// The person changed with what the agent goes on.
    #[serde(rename = "settings.changed")]
    SettingsChanged {
        /// Name of the model's provider.
        provider: String,
        /// Name of the model.
        model: String,
        /// How much the model should think, if that was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        effort: Option<Effort>,
        /// What the agent may do without asking.
        permission_mode: PermissionMode,
    },
    /// A model call ended, or the conversation was changed: how full the context is now.
    #[serde(rename = "context.updated")]
    ContextUpdated {
        /// Tokens of the conversation as the next model call would send it.
        used_tokens: u64,
        /// Tokens that the model takes, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        window_tokens: Option<u64>,
        /// What the run has cost so far in millionths of a US dollar, where prices are known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost_micros: Option<u64>,
    },
    /// What the person said and what waits for the next model call has changed.
    #[serde(rename = "queue.changed")]
    QueueChanged {
        /// What waits, in order.
        inputs: Vec<QueuedInput>,
    },
    /// The person is asked something, and what asked waits for the answer.
    #[serde(rename = "inquiry.opened")]
    InquiryOpened {
        /// Id, unique within the run. The answer names it.
        id: String,
        /// What is asked.
        inquiry: Inquiry,
    },
    /// The person need not answer any more.
    #[serde(rename = "inquiry.closed")]
    InquiryClosed {
        /// Id of the inquiry.
        id: String,
        /// How it ended.
        outcome: InquiryOutcome,
    },
    /// The person went back to an earlier point.
    #[serde(rename = "thread.rewound")]
    ThreadRewound {
        /// Whether the conversation went back.
        conversation: bool,
        /// The files that were put back, relative to the workspace.
        files: Vec<String>,
        /// The files that were not, because others have changed them too.
        kept: Vec<String>,
    },
    /// An item began.
    #[serde(rename = "item.started")]
    ItemStarted {
        /// The item as far as it is known.
        item: Item,
    },
    /// An item grew.
    #[serde(rename = "item.updated")]
    ItemUpdated {
        /// What is new.
        item: ItemUpdate,
    },
    /// An item is final.
    #[serde(rename = "item.completed")]
    ItemCompleted {
        /// The whole item.
        item: Item,
    },
    /// The turn ended as it should.
    #[serde(rename = "turn.completed")]
    TurnCompleted {
        /// Tokens of all model calls of the turn.
        usage: Usage,
        /// Why the model stopped.
        stop_reason: StopReason,
    },
    /// The turn ended otherwise. What was done and said before stays in the thread.
    #[serde(rename = "turn.failed")]
    TurnFailed {
        /// Why.
        error: StreamError,
    },
    /// The run is over. Always the last event of `loom -p`, also of a run that failed before
    /// its session could start.
    #[serde(rename = "result")]
    Result {
        /// Id of the thread, for `--resume`; empty when the run failed before there was one.
        thread_id: String,
        /// Text of the last agent message; empty if there was none.
        text: String,
        /// Whether the last turn failed.
        is_error: bool,
        /// Why the model stopped, if the last turn did not fail: anything but `end_turn` and
        /// `stop_sequence` means that the text may not be the whole answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stop_reason: Option<StopReason>,
        /// Number of turns of this run.
        turns: u32,
        /// Tokens of all model calls of this run.
        usage: Usage,
        /// What they cost in millionths of a US dollar, where prices are known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost_micros: Option<u64>,
    },
}

/// Something that the person said and that waits for the next model call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QueuedInput {
    /// Id, unique within the run.
    pub id: u64,
    /// The text.
    pub text: String,
}

/// One thing to show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Item {
    /// Id, unique within the run.
    pub id: String,
    /// Id of the tool call's item under which a subagent made this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// What it is.
    #[serde(flatten)]
    pub details: ItemDetails,
}

impl Item {
    /// Makes an item of the agent itself.
    pub fn new(id: impl Into<String>, details: ItemDetails) -> Self {
        Self {
            id: id.into(),
            parent: None,
            details,
        }
    }
}

/// What an item is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ItemDetails {
    /// Text from the model to the person.
    AgentMessage {
        /// The text, Markdown by custom.
        text: String,
        /// Whether the answer was cut here: by the person, by a fault, or because no more tokens fit.
        /// Unless the turn ends with it, the model is asked again and the answer begins anew.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        interrupted: bool,
    },
    /// What the model thought.
    Reasoning {
        /// The thought.
        text: String,
        /// Whether the answer was cut here: by the person, by a fault, or because no more tokens fit.
        /// Unless the turn ends with it, the model is asked again and the answer begins anew.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        interrupted: bool,
    },
    /// A tool at work.
    ToolCall {
        /// Name of the tool.
        name: String,
        /// The arguments: an object, or a string when what the model wrote does not parse.
        arguments: Value,
        /// How it stands.
        status: ItemStatus,
        /// What the model sees of the result.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<String>,
        /// How long it ran, in milliseconds, without the waiting for permission.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration_ms: Option<u64>,
    },
    /// Files that a tool changed.
    FileChange {
        /// Id of the tool call's item.
        tool_call: String,
        /// The files.
        changes: Vec<FileChange>,
    },
    /// The agent's list of what is to do.
    TodoList {
        /// The entries, in order.
        items: Vec<TodoEntry>,
    },
    /// The conversation was shortened to what matters, to make room in the model's context.
    Compaction {
        /// What the model is told of what went before, besides the person's own words.
        summary: String,
        /// Tokens of the conversation before.
        tokens_before: u64,
        /// Tokens of the conversation after, estimated.
        tokens_after: u64,
    },
    /// Something that the person should know.
    Notice {
        /// How much it matters.
        level: NoticeLevel,
        /// What it is about.
        message: String,
    },
}

/// How a tool call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// It runs.
    Running,
    /// It did what it was asked to do.
    Completed,
    /// It could not, or was stopped.
    Failed,
    /// It was not allowed to run.
    Denied,
}

/// An entry of the agent's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TodoEntry {
    /// What is to do.
    pub text: String,
    /// How far it is.
    pub status: TodoStatus,
}

/// How far an entry of the agent's list is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TodoStatus {
    /// Not begun.
    #[default]
    Pending,
    /// Under way.
    InProgress,
    /// Done.
    Completed,
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeLevel {
    /// Good to know.
    Info,
    /// Something went wrong and was dealt with.
    Warning,
}

/// What is new in an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ItemUpdate {
    /// Id of the item.
    pub id: String,
    /// What grew.
    #[serde(flatten)]
    pub delta: ItemDelta,
}

/// What grew in an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ItemDelta {
    /// More text of an agent message.
    AgentMessage {
        /// The text to append.
        delta: String,
    },
    /// More of a thought.
    Reasoning {
        /// The text to append.
        delta: String,
    },
    /// More output of a running tool.
    ToolCall {
        /// The output to append. A preview: the final output may be shortened.
        delta: String,
    },
}

/// Why a turn failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StreamError {
    /// Stable name, such as `key_refused`, for programs.
    pub code: String,
    /// What happened, for people.
    pub message: String,
    /// What the person can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl From<&LlmError> for StreamError {
    fn from(error: &LlmError) -> Self {
        Self {
            code: error.kind.code().to_owned(),
            message: error.message.clone(),
            hint: error.hint.clone(),
        }
    }
}
