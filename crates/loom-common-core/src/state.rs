//! The states of the agent, the events that move it, and the actions that it asks for.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::agent::AgentConfig;
use crate::compaction::{CompactionTrigger, CompactionVerdict};
use crate::error::LlmError;
use crate::limits::StopCause;
use crate::llm::{LlmEvent, LlmRequest, ResponseBuilder, StopReason, Usage};
use crate::log::Entry;
use crate::message::{Message, ToolCall};
use crate::tool::ToolOutput;

/// Names something that the agent has started: a model call, a summary, a set of tool calls, a hook,
/// a waiting time. Reports carry it back; one that names anything but what runs now is late and is
/// dropped.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct OperationId(pub(crate) u64);

impl OperationId {
    /// What the runner starts by itself ahead of a turn. The agent never uses it, and drops what is
    /// reported about it.
    pub const AHEAD: Self = Self(0);
}

/// What the agent is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AgentState {
    /// Nothing; the next move is the person's.
    WaitingForUserInput,
    /// A model was asked and has not begun to answer.
    CallingLlm {
        /// The model call.
        operation: OperationId,
        /// How often this call was asked again.
        retries: u32,
    },
    /// A model is answering.
    ProcessingLlmResponse {
        /// The model call.
        operation: OperationId,
        /// How often this call was asked again.
        retries: u32,
        /// What has come of the answer.
        response: ResponseBuilder,
    },
    /// Tools run.
    ExecutingTools {
        /// The calls that run now.
        operation: OperationId,
        /// All calls of the answer, in the model's order.
        calls: Vec<ToolCallProgress>,
    },
    /// The tools are done and their results are in the conversation; the hook runs.
    PostToolsHook {
        /// The hook.
        operation: OperationId,
    },
    /// The conversation is to be compacted; the hook ahead of it runs.
    PreCompactHook {
        /// The hook.
        operation: OperationId,
    },
    /// A model sums the conversation up, so that it can go on in fewer words.
    Compacting {
        /// The model call.
        operation: OperationId,
        /// How often this call was asked again.
        retries: u32,
        /// What has come of the summary.
        response: ResponseBuilder,
    },
    /// A model call failed in a way that may pass; the agent waits to ask again.
    Error {
        /// The waiting time.
        operation: OperationId,
        /// What failed.
        origin: ErrorOrigin,
        /// How often the call was asked again before.
        retries: u32,
        /// Why it failed.
        error: LlmError,
    },
    /// Over. Every event is ignored.
    ShuttingDown,
}

/// What an error came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ErrorOrigin {
    /// The model call failed before the answer began.
    LlmRequest,
    /// The answer broke off or made no sense.
    LlmResponse,
    /// No summary of the conversation came.
    Compaction,
}

/// A tool call, and what has come of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCallProgress {
    /// The call.
    pub call: ToolCall,
    /// How far it is.
    pub phase: ToolCallPhase,
}

/// How far a tool call is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToolCallPhase {
    /// Its turn has not come.
    Waiting,
    /// It runs.
    Running,
    /// It has ended.
    Done(ToolOutput),
}

/// Names something that the person said and that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InputId(pub u64);

/// Something that the person said and that waits for the next model call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaitingInput {
    /// Its name.
    pub id: InputId,
    /// What was said.
    pub message: Arc<Message>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AgentEvent {
    /// The person said something. While the agent is busy it waits and goes out with the next
    /// model call, so that the person can steer; see
    /// [`Agent::waiting_input`](crate::Agent::waiting_input).
    UserInput(Message),
    /// The person takes back something that waits. One that has gone out stays said.
    WithdrawInput {
        /// What.
        id: InputId,
    },
    /// The person says something that waits in other words. It keeps its place.
    ReplaceInput {
        /// What.
        id: InputId,
        /// What is said instead.
        message: Message,
    },
    /// The person wants the conversation to be compacted. While a turn runs that is done before its
    /// next model call, or after its end if it goes well; else at once, as a turn of its own.
    Compact {
        /// What the person says about the summary.
        instructions: Option<String>,
    },
    /// The person goes back to what the conversation was when the log had `to` entries, or undoes
    /// that by going to a later point. Changes nothing while a turn runs, which is to be cancelled
    /// first, and none if the log has fewer entries.
    Rewind {
        /// Length of the log.
        to: u64,
    },
    /// The agent goes on with another configuration, from the next model call on. Tools that
    /// are new belong behind those that it has now; whatever else changes costs the provider's
    /// cache.
    Configure(Box<AgentConfig>),
    /// The turn is to stop by itself: nothing that runs is cut off (a summary that was paid for is
    /// kept), and no further model call or tool call begins.
    StopTurn {
        /// Why.
        cause: StopCause,
    },
    /// An event of a model's answer.
    Llm {
        /// The model call.
        operation: OperationId,
        /// The event.
        event: LlmEvent,
    },
    /// A model call failed, before or during the answer.
    LlmFailed {
        /// The model call.
        operation: OperationId,
        /// Why.
        error: LlmError,
    },
    /// The stream of an answer ended. Only an end after [`LlmEvent::Finished`] is a good one.
    LlmStreamEnded {
        /// The model call.
        operation: OperationId,
    },
    /// A tool put out something while it runs. Changes nothing; here so that a recording of the
    /// events is whole.
    ToolProgress {
        /// The set of calls.
        operation: OperationId,
        /// Id of the call.
        call_id: String,
        /// What it put out.
        output: String,
    },
    /// A tool call ended.
    ToolCompleted {
        /// The set of calls.
        operation: OperationId,
        /// Id of the call.
        call_id: String,
        /// What came of it.
        output: ToolOutput,
    },
    /// The hook after the tools ended, well or not.
    PostToolsHookCompleted {
        /// The hook.
        operation: OperationId,
    },
    /// The hook ahead of a compaction ended, well or not.
    PreCompactHookCompleted {
        /// The hook.
        operation: OperationId,
        /// What it says.
        verdict: CompactionVerdict,
    },
    /// The waiting time before a retry is over.
    RetryTimeoutElapsed {
        /// The waiting time.
        operation: OperationId,
    },
    /// The person wants the turn to stop.
    Cancel,
    /// The program ends.
    Shutdown,
}

/// What the agent wants done. The runner carries actions out in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AgentAction {
    /// Store this as the next entry of the log. Comes before any action that relies on it, so that
    /// a crash loses nothing that has had consequences.
    Append(Entry),
    /// Ask the model; report with `Llm`, `LlmFailed` and `LlmStreamEnded`.
    SendLlmRequest {
        /// The model call.
        operation: OperationId,
        /// The question.
        request: LlmRequest,
    },
    /// Do what comes ahead of a compaction; report with `PreCompactHookCompleted`.
    RunPreCompactHook {
        /// The hook.
        operation: OperationId,
        /// Why the conversation is to be compacted.
        trigger: CompactionTrigger,
        /// What the person says about the summary.
        instructions: Option<String>,
    },
    /// Stop the hook.
    CancelPreCompactHook {
        /// The hook.
        operation: OperationId,
    },
    /// The hook keeps the conversation from being compacted, and the turn goes on without: tell the
    /// person.
    CompactionBlocked {
        /// What the hook gave as the reason.
        reason: String,
    },
    /// Ask the model for a summary of the conversation: carried out, reported and dropped just like
    /// [`SendLlmRequest`](Self::SendLlmRequest), but what comes is not for the person.
    Compact {
        /// The model call.
        operation: OperationId,
        /// The question.
        request: LlmRequest,
    },
    /// Drop the model call, or the summary.
    CancelLlmRequest {
        /// The model call.
        operation: OperationId,
    },
    /// Run these calls side by side; report each with `ToolCompleted`.
    ExecuteTools {
        /// The set of calls.
        operation: OperationId,
        /// The calls: one, or several that only read.
        calls: Vec<ToolCall>,
    },
    /// Stop the calls that still run.
    CancelTools {
        /// The set of calls.
        operation: OperationId,
    },
    /// Do what comes after tools have run; report with `PostToolsHookCompleted`.
    RunPostToolsHook {
        /// The hook.
        operation: OperationId,
        /// The calls that ran, with what came of them.
        calls: Vec<(ToolCall, ToolOutput)>,
    },
    /// Stop the hook.
    CancelPostToolsHook {
        /// The hook.
        operation: OperationId,
    },
    /// Wait, for as long as the runner's retry rule and the error say, and then report with
    /// `RetryTimeoutElapsed`.
    ScheduleRetry {
        /// The waiting time.
        operation: OperationId,
        /// Which retry this will be, from 1.
        attempt: u32,
        /// What failed.
        error: LlmError,
    },
    /// Stop waiting.
    CancelRetry {
        /// The waiting time.
        operation: OperationId,
    },
    /// What waits has changed: see [`Agent::waiting_input`](crate::Agent::waiting_input).
    InputChanged,
    /// A turn began.
    BeginTurn,
    /// The turn is over.
    FinishTurn(TurnOutcome),
    /// End the program.
    Exit,
}

/// How a turn ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TurnOutcome {
    /// The model was done.
    Completed {
        /// Why the model stopped.
        stop_reason: StopReason,
        /// Tokens of all model calls of the turn.
        usage: Usage,
    },
    /// A model call failed for good.
    Failed {
        /// Why.
        error: LlmError,
        /// Tokens of all model calls of the turn.
        usage: Usage,
    },
    /// The person stopped it.
    Cancelled {
        /// Tokens of all model calls of the turn.
        usage: Usage,
    },
    /// It was stopped by a limit or a hook. What was done and said before stays; what the person
    /// said and what still waits goes on waiting.
    Stopped {
        /// Why.
        cause: StopCause,
        /// Tokens of all model calls of the turn.
        usage: Usage,
    },
    /// It was there to compact the conversation, and did. If no compaction was appended, there was
    /// nothing to gain.
    Compacted {
        /// Tokens of the summary.
        usage: Usage,
    },
    /// It was there to compact the conversation, and the hook ahead of that kept it from it. What
    /// the person said meanwhile goes out.
    CompactionBlocked {
        /// What the hook gave as the reason.
        reason: String,
        /// Tokens of all model calls of the turn: none.
        usage: Usage,
    },
}

impl TurnOutcome {
    /// Returns the tokens of all model calls of the turn.
    pub fn usage(&self) -> Usage {
        match self {
            Self::Completed { usage, .. }
            | Self::Failed { usage, .. }
            | Self::Cancelled { usage }
            | Self::Stopped { usage, .. }
            | Self::Compacted { usage }
            | Self::CompactionBlocked { usage, .. } => *usage,
        }
    }
}
