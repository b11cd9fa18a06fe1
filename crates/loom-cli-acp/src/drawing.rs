//! Events of a session as updates for an editor.
//!
//! An update replaces all content of a tool call, so the output of a command that runs is sent as its
//! end, bounded, each time; editors that take pieces get pieces. What the protocol has no place for is
//! a notice where the editor shows those, and otherwise a line of the agent's.

mod calls;
mod changes;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use agent_client_protocol::v1::schema::{
    CompactionStatus, CompactionUpdate, Content, ContentBlock, ContentChunk, Cost, MessageId, Meta,
    Notice, NoticeSeverity, Plan, PlanEntry, PlanEntryPriority, PlanEntryStatus, SessionUpdate,
    Terminal, TextContent, ToolCall, ToolCallContent, ToolCallStatus, ToolCallUpdate,
    ToolCallUpdateFields, ToolKind, UsageUpdate,
};
use loom_common_core::stream::{
    Item, ItemDelta, ItemDetails, ItemStatus, ItemUpdate, NoticeLevel, ThreadEvent, TodoEntry,
    TodoStatus,
};
use serde_json::{Value, json};

use crate::features::Features;

pub(crate) use calls::{Face, face};
pub(crate) use changes::proposed;

/// The tool whose calls are shown as a plan.
const TODO_LIST: &str = "todo_write";

/// Output of a running command that is shown, in bytes: its end.
const SHOWN_OUTPUT: usize = 8 * 1024;

/// Output of a call that has ended, in bytes.
const MAX_OUTPUT: usize = 64 * 1024;

/// Makes updates of events, and remembers the calls that run.
pub(crate) struct Drawing {
    folder: PathBuf,
    features: Features,
    calls: HashMap<String, RunningCall>,
    /// Messages and thoughts of subagents: what they come to is the result of the call.
    unheard: HashSet<String>,
}

struct RunningCall {
    name: String,
    kind: ToolKind,
    /// The end of what it has put out, where that is not sent piece by piece.
    output: String,
    /// Whether pieces were sent.
    has_streamed: bool,
}

impl Drawing {
    /// Begins a drawing for an editor that can do `features`. Paths are relative to `folder`.
    pub(crate) fn new(folder: PathBuf, features: Features) -> Self {
        Self {
            folder,
            features,
            calls: HashMap::new(),
            unheard: HashSet::new(),
        }
    }

    /// Returns the id of a call of the tool `name` that runs.
    pub(crate) fn running(&self, name: &str) -> Option<&str> {
        let mut calls = self.calls.iter();
        let found = calls.find(|(_, call)| call.name == name);
        found.map(|(id, _)| id.as_str())
    }

    /// Draws an event. What an editor is asked, and the end of a turn, is not drawn here.
    pub(crate) fn draw(&mut self, event: ThreadEvent) -> Vec<SessionUpdate> {
        match event {
            ThreadEvent::ItemStarted { item } => self.begin(item),
            ThreadEvent::ItemUpdated { item } => self.update(item),
            ThreadEvent::ItemCompleted { item } => self.complete(item),
            ThreadEvent::ContextUpdated {
                used_tokens,
                window_tokens: Some(window),
                cost_micros,
            } => {
                let cost = cost_micros.map(|micros| Cost::new(micros as f64 / 1e6, "USD"));
                let usage = UsageUpdate::new(used_tokens, window).cost(cost);
                vec![SessionUpdate::UsageUpdate(usage)]
            }
            _ => Vec::new(),
        }
    }

    fn begin(&mut self, item: Item) -> Vec<SessionUpdate> {
        let Item {
            id,
            parent,
            details,
        } = item;
        match details {
            ItemDetails::AgentMessage { .. } | ItemDetails::Reasoning { .. } => {
                if parent.is_some() {
                    self.unheard.insert(id);
                }
                Vec::new()
            }
            ItemDetails::ToolCall {
                name, arguments, ..
            } if name != TODO_LIST => {
                let Face {
                    title,
                    kind,
                    locations,
                } = face(&name, &arguments, &self.folder);
                let mut call = ToolCall::new(id.clone(), title)
                    .name(name.clone())
                    .kind(kind)
                    .status(ToolCallStatus::InProgress)
                    .locations(locations)
                    .raw_input(arguments);
                let mut meta = Meta::new();
                if let Some(parent) = parent {
                    meta.insert("loom.parent".to_owned(), Value::from(parent));
                }
                if self.streams_output(kind) {
                    call = call.content(vec![ToolCallContent::Terminal(Terminal::new(id.clone()))]);
                    let info = json!({ "terminal_id": id, "cwd": self.folder });
                    meta.insert("terminal_info".to_owned(), info);
                }
                let call = call.meta(Some(meta).filter(|meta| !meta.is_empty()));
                let running = RunningCall {
                    name,
                    kind,
                    output: String::new(),
                    has_streamed: false,
                };
                self.calls.insert(id, running);
                vec![SessionUpdate::ToolCall(call)]
            }
            _ => Vec::new(),
        }
    }

    fn streams_output(&self, kind: ToolKind) -> bool {
        self.features.terminal_output && kind == ToolKind::Execute
    }

    fn update(&mut self, update: ItemUpdate) -> Vec<SessionUpdate> {
        let ItemUpdate { id, delta } = update;
        if self.unheard.contains(&id) {
            return Vec::new();
        }
        match delta {
            ItemDelta::AgentMessage { delta } => vec![said(delta, &id)],
            ItemDelta::Reasoning { delta } => {
                vec![SessionUpdate::AgentThoughtChunk(chunk(delta, &id))]
            }
            ItemDelta::ToolCall { delta } => {
                let streams = self.features.terminal_output;
                let Some(call) = self.calls.get_mut(&id) else {
                    return Vec::new();
                };
                let update = if streams && call.kind == ToolKind::Execute {
                    call.has_streamed = true;
                    let mut meta = Meta::new();
                    meta.insert("terminal_output".to_owned(), piece(&id, &delta));
                    ToolCallUpdate::new(id, ToolCallUpdateFields::new()).meta(meta)
                } else {
                    call.output.push_str(&delta);
                    keep_end(&mut call.output);
                    let content = vec![block(&call.output)];
                    ToolCallUpdate::new(id, ToolCallUpdateFields::new().content(content))
                };
                vec![SessionUpdate::ToolCallUpdate(update)]
            }
        }
    }

    fn complete(&mut self, item: Item) -> Vec<SessionUpdate> {
        let Item {
            id,
            parent,
            details,
        } = item;
        match details {
            ItemDetails::AgentMessage {
                interrupted: true, ..
            } if parent.is_none() => vec![said(" *(cut here)*\n\n".to_owned(), &id)],
            ItemDetails::AgentMessage { .. } | ItemDetails::Reasoning { .. } => {
                self.unheard.remove(&id);
                Vec::new()
            }
            ItemDetails::ToolCall { status, output, .. } => {
                let Some(call) = self.calls.remove(&id) else {
                    return Vec::new();
                };
                vec![SessionUpdate::ToolCallUpdate(self.ended(
                    id,
                    &call,
                    status,
                    &output.unwrap_or_default(),
                ))]
            }
            ItemDetails::FileChange { tool_call, changes } => {
                let (content, locations) = changes::drawn(&changes, &self.folder);
                let fields = ToolCallUpdateFields::new()
                    .content(content)
                    .locations(locations);
                vec![SessionUpdate::ToolCallUpdate(ToolCallUpdate::new(
                    tool_call, fields,
                ))]
            }
            // A subagent's list is its own.
            ItemDetails::TodoList { items } if parent.is_none() => vec![plan(&items)],
            ItemDetails::TodoList { .. } => Vec::new(),
            ItemDetails::Compaction {
                summary,
                tokens_before,
                tokens_after,
            } => vec![if self.features.compaction {
                let update = CompactionUpdate::new(id, CompactionStatus::Completed)
                    .summary(vec![ContentBlock::Text(TextContent::new(summary))]);
                SessionUpdate::CompactionUpdate(update)
            } else {
                note(
                    self.features,
                    NoticeLevel::Info,
                    &format!(
                        "the conversation was shortened from {tokens_before} to about \
                         {tokens_after} tokens"
                    ),
                )
            }],
            ItemDetails::Notice { level, message } => vec![note(self.features, level, &message)],
        }
    }

    /// Draws the end of a call. What an edit came to is drawn as a change instead.
    fn ended(
        &self,
        id: String,
        call: &RunningCall,
        status: ItemStatus,
        output: &str,
    ) -> ToolCallUpdate {
        let is_done = status == ItemStatus::Completed;
        let mut fields = ToolCallUpdateFields::new().status(match is_done {
            true => ToolCallStatus::Completed,
            false => ToolCallStatus::Failed,
        });
        if self.streams_output(call.kind) {
            let exit = json!({ "terminal_id": id, "exit_code": if is_done { 0 } else { 1 } });
            let mut meta = Meta::new();
            if !call.has_streamed {
                meta.insert("terminal_output".to_owned(), piece(&id, output));
            }
            meta.insert("terminal_exit".to_owned(), exit);
            return ToolCallUpdate::new(id, fields).meta(meta);
        }
        let shows_change = is_done && call.kind == ToolKind::Edit;
        if !shows_change && !output.trim().is_empty() {
            fields = fields.content(vec![block(output)]);
        }
        ToolCallUpdate::new(id, fields)
    }
}

/// Draws something that the person should know.
pub(crate) fn note(features: Features, level: NoticeLevel, message: &str) -> SessionUpdate {
    if features.notices {
        let severity = match level {
            NoticeLevel::Info => NoticeSeverity::Info,
            NoticeLevel::Warning => NoticeSeverity::Warning,
        };
        return SessionUpdate::Notice(Notice::new(severity, message));
    }
    let mark = match level {
        NoticeLevel::Info => "note",
        NoticeLevel::Warning => "warning",
    };
    let lines = message.lines().collect::<Vec<_>>().join("\n> ");
    let text = format!("\n\n> {mark}: {lines}\n\n");
    SessionUpdate::AgentMessageChunk(ContentChunk::new(ContentBlock::Text(TextContent::new(
        text,
    ))))
}

/// Draws the agent's list of what is to do.
pub(crate) fn plan(items: &[TodoEntry]) -> SessionUpdate {
    let entries = items.iter().map(|entry| {
        let status = match entry.status {
            TodoStatus::Pending => PlanEntryStatus::Pending,
            TodoStatus::InProgress => PlanEntryStatus::InProgress,
            TodoStatus::Completed => PlanEntryStatus::Completed,
        };
        // The list knows no priorities.
        PlanEntry::new(&entry.text, PlanEntryPriority::Medium, status)
    });
    SessionUpdate::Plan(Plan::new(entries.collect()))
}

/// Draws words of the agent.
pub(crate) fn said(text: String, message: &str) -> SessionUpdate {
    SessionUpdate::AgentMessageChunk(chunk(text, message))
}

pub(crate) fn chunk(text: String, message: &str) -> ContentChunk {
    ContentChunk::new(ContentBlock::Text(TextContent::new(text)))
        .message_id(MessageId::new(message))
}

/// Makes a piece of a terminal's output.
fn piece(terminal: &str, output: &str) -> Value {
    json!({ "terminal_id": terminal, "data": output })
}

/// Draws output as it is: Markdown would eat of it.
pub(crate) fn block(output: &str) -> ToolCallContent {
    let mut shown = output.trim_end();
    let mut left_out = "";
    if shown.len() > MAX_OUTPUT {
        shown = &shown[..shown.floor_char_boundary(MAX_OUTPUT)];
        left_out = "\n…";
    }
    let longest = shown
        .split(|character| character != '`')
        .map(str::len)
        .max();
    let fence = "`".repeat(longest.unwrap_or_default().max(2) + 1);
    let text = format!("{fence}\n{shown}{left_out}\n{fence}");
    ToolCallContent::Content(Content::new(ContentBlock::Text(TextContent::new(text))))
}

/// Drops the beginning of what is more than is shown.
fn keep_end(output: &mut String) {
    if output.len() > SHOWN_OUTPUT {
        let from = output.ceil_char_boundary(output.len() - SHOWN_OUTPUT);
        output.drain(..from);
    }
}

#[cfg(test)]
mod tests;
