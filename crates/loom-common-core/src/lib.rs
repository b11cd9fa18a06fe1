//! The agent's state machine, and the types that every front end, tool and provider shares.
//!
//! # Types
//!
//! - [`message`]: what a conversation is made of. A [`Message`] is a list of content blocks, and
//!   the blocks keep all that a provider sent, so that the next request can give it back.
//! - [`log`]: what happened to a conversation: messages, rewinds and compactions. Nothing is ever
//!   taken out of a [`Log`]; the conversation is what its entries come to.
//! - [`llm`]: the [`LlmClient`] trait over all providers, its request, its response and the
//!   events of a streamed response; [`ResponseBuilder`] turns the events into a response.
//! - [`figures`]: how much a model takes, and what it costs; [`picture`]: what it can look at.
//! - [`tool`]: what a tool is to the model ([`ToolDefinition`]) and to its runner.
//! - [`state`] and [`agent`]: the [`Agent`], a pure and synchronous state machine.
//! - [`context`], [`compaction`] and [`limits`]: how full the model's context is, how a
//!   conversation that fills it is put into fewer words, and what stops a turn that leads nowhere.
//! - [`stream`]: the typed events (Thread / Turn / Item) from which every front end is drawn.
//! - [`error`]: what can go wrong between Loom and a model, and whether trying again helps.
//!
//! # Flow
//!
//! The agent does nothing itself. Its runner hands it an [`AgentEvent`] and carries out the
//! [`AgentAction`]s that come back:
//!
//! ```text
//! UserInput ──> CallingLlm ──> ProcessingLlmResponse ──> (no tool calls) turn done
//!               ^   ^   ^              │   │
//!               │   │   └── Error <────┘   └──> ExecutingTools ──> PostToolsHook ──┐
//!               │   └──────────────────────────────────────────────────────────────┤
//!               └── Compacting <── PreCompactHook <── (nearly full) ───────────────┘
//! ```
//!
//! Whatever the agent adds to the conversation is an [`Entry`] of its [`Log`], and the action that
//! stores it comes before any that relies on it. What a front end must know beyond that it reads:
//! [`Agent::context`], [`Agent::waiting_input`], [`Agent::log`].
//!
//! # Failure
//!
//! Everything the agent starts has an [`OperationId`], and whatever reports carries it back, so
//! a late report of something cancelled is recognised and dropped. A failed model call is asked
//! again while its error says that this helps and retries remain; nothing of a cut answer enters
//! the conversation. Whatever happens, each tool call of the conversation gets exactly one
//! result: its own, or one that says it was cancelled or interrupted.
//!
//! A compaction whose summary fails goes on with an outline that needs no model, unless the next
//! call would fail for the same reason; it is tried once between two answers and never in a loop.
//! One that the hook ahead of it blocks leaves the conversation as it is: the turn goes on while
//! there is room, and the next model call that would come too near to the end asks the hook again.
//! What the person said while a turn ran that then failed or was stopped goes on waiting, in sight.

pub mod agent;
pub mod compaction;
pub mod context;
pub mod error;
pub mod figures;
pub mod form;
pub mod input;
pub mod inquiry;
pub mod limits;
pub mod llm;
pub mod log;
pub mod message;
pub mod picture;
pub mod state;
pub mod stream;
pub mod tool;

pub use agent::{Agent, AgentConfig};
pub use compaction::{Compaction, CompactionPolicy, CompactionTrigger, CompactionVerdict};
pub use context::ContextMeter;
pub use error::{LlmError, LlmErrorKind};
pub use figures::{LongPrompt, ModelFigures, Prices, Rates};
pub use limits::{StopCause, TurnLimits};
pub use llm::{
    BlockKind, Effort, LlmClient, LlmEvent, LlmRequest, LlmResponse, LlmStream, ResponseBuilder,
    StopReason, Usage,
};
pub use log::{Entry, Log, LogError};
pub use message::{
    ContentBlock, Extra, ImageData, Message, Role, ToolCall, ToolResult, ToolResultContent,
};
pub use state::{
    AgentAction, AgentEvent, AgentState, ErrorOrigin, InputId, OperationId, TurnOutcome,
    WaitingInput,
};
pub use tool::{
    ChangeKind, Confinement, FileChange, PermissionMode, ProgressSink, ReadFilter, Resource,
    ToolAccess, ToolContext, ToolDefinition, ToolOutput, ToolStatus,
};
