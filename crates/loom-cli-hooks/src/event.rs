//! What can set hooks off, and what they are told about it.

use std::path::PathBuf;

use loom_common_core::{PermissionMode, ToolOutput, ToolStatus};
use serde_json::{Map, Value, json};

use crate::claude;

/// What hooks are told of the session, whatever happened.
#[derive(Clone, Debug)]
pub struct SessionFacts {
    /// Id of the thread.
    pub session_id: String,
    /// Where the conversation is stored as JSON lines, if it is.
    pub transcript_path: Option<PathBuf>,
    /// The folder that the agent works in: absolute. Hooks run in it.
    pub cwd: PathBuf,
    /// What the agent may do without asking.
    pub permission_mode: PermissionMode,
}

/// A call of a tool.
#[derive(Clone, Copy, Debug)]
pub struct ToolUse<'a> {
    /// Id of the call.
    pub id: &'a str,
    /// Loom's name of the tool.
    pub name: &'a str,
    /// The arguments that the model gave.
    pub arguments: &'a Map<String, Value>,
}

/// Something that sets hooks off.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A tool is about to run. A hook can block it, allow it, have the person asked, and change
    /// the arguments. Matched by the tool's name.
    PreToolUse {
        /// The call.
        call: ToolUse<'a>,
    },
    /// A tool has run: `PostToolUse` when it did what it should, `PostToolUseFailure` when it
    /// could not, nothing when it was denied or cancelled. A hook can tell the model something; a
    /// block tells it why and takes nothing back. Matched by the tool's name.
    PostToolUse {
        /// The call.
        call: ToolUse<'a>,
        /// What it came to.
        output: &'a ToolOutput,
    },
    /// The person sent a prompt. A hook can block it, which the person sees and the model does
    /// not, and add to it.
    UserPromptSubmit {
        /// The prompt.
        prompt: &'a str,
    },
    /// The agent is done. A block makes it go on, with the reason as what to do next.
    Stop {
        /// Whether it goes on already because a hook wanted it: hooks use it to end at some time.
        stop_hook_active: bool,
        /// The agent's last words.
        last_message: &'a str,
    },
    /// A subagent is done. Otherwise as [`Event::Stop`]. Matched by the kind of agent.
    SubagentStop {
        /// Whether it goes on already because a hook wanted it.
        stop_hook_active: bool,
        /// Id of the subagent.
        agent_id: &'a str,
        /// Kind of the subagent.
        agent_type: &'a str,
        /// The subagent's last words.
        last_message: &'a str,
    },
    /// A session began. A hook can tell the model something. Matched by the source.
    SessionStart {
        /// What it began with.
        source: SessionSource,
        /// Name of the model.
        model: &'a str,
    },
    /// A session is over. Nothing can be changed any more. Matched by the reason.
    SessionEnd {
        /// Why.
        reason: SessionEndReason,
    },
    /// The conversation is about to be compacted. A hook can block it, and say what the summary is
    /// to heed: what it prints, or its context. It is that of the person; subagents compact theirs
    /// without a word. Matched by the trigger.
    PreCompact {
        /// Who wanted it.
        trigger: CompactionTrigger,
        /// What the person said about what to keep; may be empty.
        instructions: &'a str,
    },
    /// The person's attention is wanted. Matched by the kind.
    Notification {
        /// What for: `permission_prompt`, `idle_prompt`, or another name.
        kind: &'a str,
        /// A few words about it.
        title: &'a str,
        /// What the person is told.
        message: &'a str,
    },
}

/// What a session began with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionSource {
    /// A new thread.
    Startup,
    /// A thread that was there.
    Resume,
    /// The conversation was cleared.
    Clear,
    /// The conversation was compacted.
    Compact,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEndReason {
    /// The conversation was cleared.
    Clear,
    /// The person logged out.
    Logout,
    /// The person left, at the prompt.
    PromptInputExit,
    /// Anything else, such as the end of a run without a person.
    Other,
}

/// Who wanted a compaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompactionTrigger {
    /// The person.
    Manual,
    /// The conversation had grown too long.
    Auto,
}

/// The kinds of events, by their names in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// Before a tool runs.
    PreToolUse,
    /// After a tool did what it should.
    PostToolUse,
    /// After a tool failed.
    PostToolUseFailure,
    /// The person sent a prompt.
    UserPromptSubmit,
    /// The agent is done.
    Stop,
    /// A subagent is done.
    SubagentStop,
    /// A session began.
    SessionStart,
    /// A session is over.
    SessionEnd,
    /// Before a compaction.
    PreCompact,
    /// The person's attention is wanted.
    Notification,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::PreToolUse,
        Self::PostToolUse,
        Self::PostToolUseFailure,
        Self::UserPromptSubmit,
        Self::Stop,
        Self::SubagentStop,
        Self::SessionStart,
        Self::SessionEnd,
        Self::PreCompact,
        Self::Notification,
    ];

    /// Returns the name in the configuration and in what hooks read.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreToolUse => "PreToolUse",
            Self::PostToolUse => "PostToolUse",
            Self::PostToolUseFailure => "PostToolUseFailure",
            Self::UserPromptSubmit => "UserPromptSubmit",
            Self::Stop => "Stop",
            Self::SubagentStop => "SubagentStop",
            Self::SessionStart => "SessionStart",
            Self::SessionEnd => "SessionEnd",
            Self::PreCompact => "PreCompact",
            Self::Notification => "Notification",
        }
    }

    /// Finds a kind by its name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Tells whether a hook can keep something from happening, or the agent from stopping.
    pub(crate) fn can_block(self) -> bool {
        match self {
            Self::PreToolUse
            | Self::PostToolUse
            | Self::PostToolUseFailure
            | Self::UserPromptSubmit
            | Self::Stop
            | Self::SubagentStop
            | Self::PreCompact => true,
            Self::SessionStart | Self::SessionEnd | Self::Notification => false,
        }
    }

    /// Tells whether what a hook prints is for the model, without being asked for as JSON.
    pub(crate) fn takes_plain_text(self) -> bool {
        matches!(
            self,
            Self::UserPromptSubmit | Self::SessionStart | Self::PreCompact
        )
    }
}

impl Event<'_> {
    /// Returns the kind, if hooks can be set off: a call that was denied or cancelled has none.
    pub fn kind(&self) -> Option<EventKind> {
        Some(match self {
            Self::PreToolUse { .. } => EventKind::PreToolUse,
            Self::PostToolUse { output, .. } => match output.status {
                ToolStatus::Completed => EventKind::PostToolUse,
                ToolStatus::Failed => EventKind::PostToolUseFailure,
                ToolStatus::Denied | ToolStatus::Cancelled => return None,
            },
            Self::UserPromptSubmit { .. } => EventKind::UserPromptSubmit,
            Self::Stop { .. } => EventKind::Stop,
            Self::SubagentStop { .. } => EventKind::SubagentStop,
            Self::SessionStart { .. } => EventKind::SessionStart,
            Self::SessionEnd { .. } => EventKind::SessionEnd,
            Self::PreCompact { .. } => EventKind::PreCompact,
            Self::Notification { .. } => EventKind::Notification,
        })
    }

    /// Returns the call that the event is about, if it is about one.
    pub(crate) fn call(&self) -> Option<&ToolUse<'_>> {
        match self {
            Self::PreToolUse { call } | Self::PostToolUse { call, .. } => Some(call),
            _ => None,
        }
    }

    /// Returns what a matcher is held against, when it is not the name of a tool; none where
    /// matchers mean nothing.
    pub(crate) fn subject(&self) -> Option<&str> {
        match self {
            Self::SubagentStop { agent_type, .. } => Some(agent_type),
            Self::SessionStart { source, .. } => Some(source.name()),
            Self::SessionEnd { reason } => Some(reason.name()),
            Self::PreCompact { trigger, .. } => Some(trigger.name()),
            Self::Notification { kind, .. } => Some(kind),
            Self::PreToolUse { .. }
            | Self::PostToolUse { .. }
            | Self::UserPromptSubmit { .. }
            | Self::Stop { .. } => None,
        }
    }

    /// Returns what a hook reads, without the call, which differs for each.
    pub(crate) fn input(&self, kind: EventKind, session: &SessionFacts) -> Map<String, Value> {
        let mut input = Map::new();
        let mut put = |name: &str, value: Value| input.insert(name.to_owned(), value);
        put("session_id", json!(session.session_id));
        if let Some(path) = &session.transcript_path {
            put("transcript_path", json!(path.to_string_lossy()));
        }
        put("cwd", json!(session.cwd.to_string_lossy()));
        put(
            "permission_mode",
            json!(claude::mode(session.permission_mode)),
        );
        put("hook_event_name", json!(kind.name()));
        match *self {
            Self::PreToolUse { call } | Self::PostToolUse { call, .. } => {
                put("tool_use_id", json!(call.id));
                put(
                    "loom_tool",
                    json!({"name": call.name, "input": call.arguments}),
                );
            }
            Self::UserPromptSubmit { prompt } => {
                put("prompt", json!(prompt));
            }
            Self::Stop {
                stop_hook_active,
                last_message,
            } => {
                put("stop_hook_active", json!(stop_hook_active));
                put("last_assistant_message", json!(last_message));
            }
            Self::SubagentStop {
                stop_hook_active,
                agent_id,
                agent_type,
                last_message,
            } => {
                put("stop_hook_active", json!(stop_hook_active));
                put("agent_id", json!(agent_id));
                put("agent_type", json!(agent_type));
                put("last_assistant_message", json!(last_message));
            }
            Self::SessionStart { source, model } => {
                put("source", json!(source.name()));
                put("model", json!(model));
            }
            Self::SessionEnd { reason } => {
                put("reason", json!(reason.name()));
            }
            Self::PreCompact {
                trigger,
                instructions,
            } => {
                put("trigger", json!(trigger.name()));
                put("custom_instructions", json!(instructions));
            }
            Self::Notification {
                kind,
                title,
                message,
            } => {
                put("notification_type", json!(kind));
                put("title", json!(title));
                put("message", json!(message));
            }
        }
        input
    }
}

impl SessionSource {
    fn name(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Resume => "resume",
            Self::Clear => "clear",
            Self::Compact => "compact",
        }
    }
}

impl SessionEndReason {
    fn name(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Logout => "logout",
            Self::PromptInputExit => "prompt_input_exit",
            Self::Other => "other",
        }
    }
}

impl CompactionTrigger {
    fn name(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Auto => "auto",
        }
    }
}
