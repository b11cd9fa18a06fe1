//! Turns what the agent is told and wants into the events that front ends are drawn from.
//!
//! The presenter knows which model call and which tools are current, because reports of something
//! cancelled may still be in the queue and must not be shown. It opens an item with the first
//! thing there is to show and closes every item that it has opened, whatever happens in between.
//! Whether the last text of an answer is whole is known only with the answer's end, so its item is
//! closed then, and the others with the beginning of the next block.

use std::collections::HashMap;

use loom_common_core::compaction::CutWords;
use loom_common_core::inquiry::Inquiry;
use loom_common_core::stream::{
    Item, ItemDelta, ItemDetails, ItemStatus, ItemUpdate, NoticeLevel, ThreadEvent,
};
use loom_common_core::{
    BlockKind, Compaction, LlmEvent, OperationId, StopReason, ToolCall, ToolOutput, ToolStatus,
};
use tokio::time::Instant;

use crate::tools::todo_list;

/// Makes thread events and remembers the items that are open.
#[derive(Default)]
pub(crate) struct Presenter {
    last_item: u64,
    llm_call: Option<OperationId>,
    /// Text and thoughts of the current answer, by block.
    blocks: Vec<OpenBlock>,
    tool_calls: HashMap<(OperationId, String), OpenToolCall>,
}

struct OpenBlock {
    index: u32,
    speech: Speech,
    text: String,
    has_stopped: bool,
    /// None until there is text to show.
    item: Option<String>,
}

#[derive(Clone, Copy)]
enum Speech {
    Message,
    Thought,
}

struct OpenToolCall {
    /// Order among all items.
    number: u64,
    item: String,
    call: ToolCall,
    /// When it began to run; none while it waits for permission.
    runs_since: Option<Instant>,
}

impl Presenter {
    /// A model call begins; only its events are shown from now on.
    pub(crate) fn llm_call_begins(&mut self, operation: OperationId) {
        self.llm_call = Some(operation);
    }

    /// Shows an event of a model call.
    pub(crate) fn llm_event(
        &mut self,
        operation: OperationId,
        event: &LlmEvent,
    ) -> Vec<ThreadEvent> {
        if self.llm_call != Some(operation) {
            return Vec::new();
        }
        match event {
            LlmEvent::BlockStarted { index, block } => {
                let speech = match block {
                    BlockKind::Text => Speech::Message,
                    BlockKind::Thinking => Speech::Thought,
                    BlockKind::ToolUse { .. } => return self.close_stopped(),
                };
                let closed = self.close_stopped();
                self.blocks.push(OpenBlock {
                    index: *index,
                    speech,
                    text: String::new(),
                    has_stopped: false,
                    item: None,
                });
                closed
            }
            LlmEvent::TextDelta { index, text } => self.more(*index, text),
            LlmEvent::ThinkingDelta { index, thinking } => self.more(*index, thinking),
            LlmEvent::BlockStopped { index } => {
                let mut blocks = self.blocks.iter_mut();
                if let Some(block) = blocks.find(|block| block.index == *index) {
                    block.has_stopped = true;
                }
                Vec::new()
            }
            LlmEvent::OpaqueBlock { .. } => self.close_stopped(),
            LlmEvent::Finished { stop_reason } => self.close_answer(match stop_reason {
                StopReason::MaxTokens | StopReason::ContextExceeded => Ending::Cut,
                _ => Ending::Whole,
            }),
            _ => Vec::new(),
        }
    }

    /// The answer broke off: what was shown of it is marked so.
    pub(crate) fn answer_cut(&mut self) -> Vec<ThreadEvent> {
        self.close_answer(Ending::Cut)
    }

    /// Closes the blocks behind which the answer goes on.
    fn close_stopped(&mut self) -> Vec<ThreadEvent> {
        self.blocks
            .extract_if(.., |block| block.has_stopped)
            .flat_map(|block| block.close(Ending::Whole))
            .collect()
    }

    fn close_answer(&mut self, ending: Ending) -> Vec<ThreadEvent> {
        self.llm_call = None;
        self.blocks
            .drain(..)
            .flat_map(|block| block.close(ending))
            .collect()
    }

    fn more(&mut self, index: u32, delta: &str) -> Vec<ThreadEvent> {
        let Some(position) = self.blocks.iter().position(|block| block.index == index) else {
            return Vec::new();
        };
        if delta.is_empty() {
            return Vec::new();
        }
        let mut events = Vec::new();
        let id = match &self.blocks[position].item {
            Some(id) => id.clone(),
            None => {
                let id = self.next_id();
                let block = &mut self.blocks[position];
                block.item = Some(id.clone());
                events.push(ThreadEvent::ItemStarted {
                    item: Item::new(&id, block.speech.item(String::new(), false)),
                });
                id
            }
        };
        let block = &mut self.blocks[position];
        block.text.push_str(delta);
        events.push(ThreadEvent::ItemUpdated {
            item: ItemUpdate {
                id,
                delta: block.speech.delta(delta.to_owned()),
            },
        });
        events
    }

    /// Tool calls begin.
    pub(crate) fn tools_begin(
        &mut self,
        operation: OperationId,
        calls: &[ToolCall],
    ) -> Vec<ThreadEvent> {
        calls
            .iter()
            .map(|call| {
                let id = self.next_id();
                let open = OpenToolCall {
                    number: self.last_item,
                    item: id.clone(),
                    call: call.clone(),
                    runs_since: None,
                };
                let details = open.details(ItemStatus::Running, None, None);
                self.tool_calls.insert((operation, call.id.clone()), open);
                ThreadEvent::ItemStarted {
                    item: Item::new(id, details),
                }
            })
            .collect()
    }

    /// A tool call begins to run, after whatever permission it needed.
    pub(crate) fn tool_runs(&mut self, operation: OperationId, call_id: String, since: Instant) {
        if let Some(open) = self.tool_calls.get_mut(&(operation, call_id)) {
            open.runs_since = Some(since);
        }
    }

    /// Names the item of the call that asks; none when the call is not under way any more.
    pub(crate) fn inquiry(
        &self,
        operation: OperationId,
        call_id: &str,
        mut inquiry: Inquiry,
    ) -> Option<Inquiry> {
        let open = self.tool_calls.get(&(operation, call_id.to_owned()))?;
        if let Inquiry::Permission { tool_call, .. } | Inquiry::Hosts { tool_call, .. } =
            &mut inquiry
        {
            tool_call.clone_from(&open.item);
        }
        Some(inquiry)
    }

    /// A subagent of a call did something: its items stand below the call's.
    pub(crate) fn below(
        &self,
        operation: OperationId,
        call_id: &str,
        mut event: ThreadEvent,
    ) -> Option<ThreadEvent> {
        let open = self.tool_calls.get(&(operation, call_id.to_owned()))?;
        let own_id = |id: &str| format!("{}.{id}", open.item);
        match &mut event {
            ThreadEvent::ItemStarted { item } | ThreadEvent::ItemCompleted { item } => {
                item.id = own_id(&item.id);
                item.parent = Some(match item.parent.take() {
                    Some(parent) => own_id(&parent),
                    None => open.item.clone(),
                });
                if let ItemDetails::FileChange { tool_call, .. } = &mut item.details {
                    *tool_call = own_id(tool_call);
                }
            }
            ThreadEvent::ItemUpdated { item } => item.id = own_id(&item.id),
            _ => return None,
        }
        Some(event)
    }

    /// A running tool put something out.
    pub(crate) fn tool_progress(
        &self,
        operation: OperationId,
        call_id: &str,
        output: &str,
    ) -> Vec<ThreadEvent> {
        let open = self.tool_calls.get(&(operation, call_id.to_owned()));
        open.into_iter()
            .map(|open| ThreadEvent::ItemUpdated {
                item: ItemUpdate {
                    id: open.item.clone(),
                    delta: ItemDelta::ToolCall {
                        delta: output.to_owned(),
                    },
                },
            })
            .collect()
    }

    /// A tool call ended.
    pub(crate) fn tool_ends(
        &mut self,
        operation: OperationId,
        call_id: &str,
        output: &ToolOutput,
    ) -> Vec<ThreadEvent> {
        let Some(open) = self.tool_calls.remove(&(operation, call_id.to_owned())) else {
            return Vec::new();
        };
        let mut events = vec![open.close(output.status, output.text())];
        if output.status == ToolStatus::Completed
            && let Some(items) = todo_list(&open.call)
        {
            let list = ItemDetails::TodoList { items };
            events.extend(at_once(Item::new(self.next_id(), list)));
        }
        if !output.changes.is_empty() {
            let details = ItemDetails::FileChange {
                tool_call: open.item,
                changes: output.changes.clone(),
            };
            let item = Item::new(self.next_id(), details);
            events.extend(at_once(item));
        }
        events
    }

    /// The tools of an operation were stopped.
    pub(crate) fn tools_cut(&mut self, operation: OperationId) -> Vec<ThreadEvent> {
        let mut cut: Vec<_> = self
            .tool_calls
            .extract_if(|(of, _), _| *of == operation)
            .map(|(_, open)| open)
            .collect();
        cut.sort_by_key(|open| open.number);
        cut.iter()
            .map(|open| open.close(ToolStatus::Cancelled, "stopped".to_owned()))
            .collect()
    }

    /// The conversation was shortened to what matters.
    pub(crate) fn compaction(&mut self, compaction: &Compaction) -> Vec<ThreadEvent> {
        let details = ItemDetails::Compaction {
            summary: compaction.handover.text(),
            tokens_before: compaction.tokens_before,
            tokens_after: compaction.tokens_after,
        };
        let mut events = at_once(Item::new(self.next_id(), details));
        if let Some(error) = &compaction.summary_error {
            let notice = format!(
                "no summary could be made ({}); old results of tools were left out instead",
                error.message
            );
            events.extend(self.notice(NoticeLevel::Warning, notice));
        }
        let cut = compaction.cut_words;
        if cut != CutWords::default() {
            let notice = format!(
                "what you said takes too much of the model's context: {} of your messages were \
                 shortened and {} left out; say again what the model must not forget",
                cut.shortened, cut.left_out
            );
            events.extend(self.notice(NoticeLevel::Warning, notice));
        }
        events
    }

    /// Says something to the person.
    pub(crate) fn notice(
        &mut self,
        level: NoticeLevel,
        message: impl Into<String>,
    ) -> Vec<ThreadEvent> {
        let details = ItemDetails::Notice {
            level,
            message: message.into(),
        };
        at_once(Item::new(self.next_id(), details))
    }

    fn next_id(&mut self) -> String {
        self.last_item += 1;
        format!("item_{}", self.last_item)
    }
}

/// How an answer ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Whole,
    Cut,
}

impl OpenBlock {
    fn close(self, ending: Ending) -> Vec<ThreadEvent> {
        let details = self.speech.item(self.text, ending == Ending::Cut);
        self.item
            .into_iter()
            .map(|id| ThreadEvent::ItemCompleted {
                item: Item::new(id, details.clone()),
            })
            .collect()
    }
}

impl Speech {
    fn item(self, text: String, interrupted: bool) -> ItemDetails {
        match self {
            Self::Message => ItemDetails::AgentMessage { text, interrupted },
            Self::Thought => ItemDetails::Reasoning { text, interrupted },
        }
    }

    fn delta(self, delta: String) -> ItemDelta {
        match self {
            Self::Message => ItemDelta::AgentMessage { delta },
            Self::Thought => ItemDelta::Reasoning { delta },
        }
    }
}

impl OpenToolCall {
    fn close(&self, status: ToolStatus, output: String) -> ThreadEvent {
        let status = match status {
            ToolStatus::Completed => ItemStatus::Completed,
            ToolStatus::Failed | ToolStatus::Cancelled => ItemStatus::Failed,
            ToolStatus::Denied => ItemStatus::Denied,
        };
        let duration = self.runs_since.map(|since| since.elapsed().as_millis());
        ThreadEvent::ItemCompleted {
            item: Item::new(
                &self.item,
                self.details(
                    status,
                    Some(output),
                    duration.map(|duration| u64::try_from(duration).unwrap_or(u64::MAX)),
                ),
            ),
        }
    }

    fn details(
        &self,
        status: ItemStatus,
        output: Option<String>,
        duration_ms: Option<u64>,
    ) -> ItemDetails {
        ItemDetails::ToolCall {
            name: self.call.name.clone(),
            arguments: self.call.shown_arguments(),
            status,
            output,
            duration_ms,
        }
    }
}

/// An item that begins and ends in one moment.
fn at_once(item: Item) -> Vec<ThreadEvent> {
    vec![
        ThreadEvent::ItemStarted { item: item.clone() },
        ThreadEvent::ItemCompleted { item },
    ]
}
