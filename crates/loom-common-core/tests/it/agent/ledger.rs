//! Watches a session from outside, by its events and actions alone, and checks what must hold in
//! every session.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use loom_common_core::{
    Agent, AgentAction, AgentEvent, Entry, LlmEvent, LlmRequest, Message, OperationId, Role,
    ToolAccess, ToolCall, ToolOutput, TurnOutcome, Usage,
};

use super::session::{MAX_RETRIES, config};
use crate::conversation;

/// Something that the agent has started and that has not ended.
#[derive(Debug)]
enum Running {
    Model(OperationId),
    Tools(OperationId, BTreeSet<String>),
    Hook(OperationId),
    Retry(OperationId),
}

/// What has happened in a session so far.
#[derive(Default)]
pub(crate) struct Ledger {
    running: Option<Running>,
    operations: HashSet<OperationId>,
    stored: Vec<Arc<Message>>,
    said: Vec<Message>,
    executed: HashSet<String>,
    outputs: HashMap<String, ToolOutput>,
    answer_usage: Usage,
    turn_usage: Usage,
    in_turn: bool,
    retries: u32,
    exited: bool,
}

impl Ledger {
    /// Takes down an event and what the agent, now `agent`, wants done about it.
    pub(crate) fn observe(&mut self, event: &AgentEvent, actions: &[AgentAction], agent: &Agent) {
        if self.exited {
            assert_eq!(actions, [], "after the end");
        } else {
            self.note_event(event);
        }
        for action in actions {
            self.note_action(event, action);
        }
        assert!(is_same(agent.conversation(), &self.stored));
        assert_eq!(
            self.running.is_some(),
            self.in_turn,
            "a turn lasts as long as something runs"
        );
    }

    fn note_event(&mut self, event: &AgentEvent) {
        match (event, &mut self.running) {
            (AgentEvent::UserInput(message), _) => self.said.push(message.clone()),
            (AgentEvent::Llm { operation, event }, Some(Running::Model(running)))
                if operation == running =>
            {
                match event {
                    LlmEvent::Usage { usage } => self.answer_usage = *usage,
                    LlmEvent::Finished { .. } => self.end_answer(),
                    _ => {}
                }
            }
            (
                AgentEvent::LlmFailed { operation, .. } | AgentEvent::LlmStreamEnded { operation },
                Some(Running::Model(running)),
            ) if operation == running => self.end_answer(),
            (
                AgentEvent::ToolCompleted {
                    operation,
                    call_id,
                    output,
                },
                Some(Running::Tools(running, calls)),
            ) if operation == running => {
                if calls.remove(call_id) {
                    self.outputs.insert(call_id.clone(), output.clone());
                }
                if calls.is_empty() {
                    self.running = None;
                }
            }
            (AgentEvent::PostToolsHookCompleted { operation }, Some(Running::Hook(running)))
            | (AgentEvent::RetryTimeoutElapsed { operation }, Some(Running::Retry(running)))
                if operation == running =>
            {
                self.running = None;
            }
            _ => {}
        }
    }

    fn note_action(&mut self, event: &AgentEvent, action: &AgentAction) {
        assert!(!self.exited, "{action:?} after the end");
        match action {
            AgentAction::Append(Entry::Message(message)) => self.store(message),
            AgentAction::Append(entry) => unreachable!("{entry:?} is not asked for"),
            AgentAction::SendLlmRequest { operation, request } => {
                self.retries = match event {
                    AgentEvent::RetryTimeoutElapsed { .. } => self.retries + 1,
                    _ => 0,
                };
                assert!(self.retries <= MAX_RETRIES);
                self.check_request(request);
                self.start(*operation, Running::Model(*operation));
            }
            AgentAction::ExecuteTools { operation, calls } => {
                self.check_batch(calls);
                let ids = calls.iter().map(|call| call.id.clone()).collect();
                self.start(*operation, Running::Tools(*operation, ids));
            }
            AgentAction::RunPostToolsHook { operation, calls } => {
                for (call, output) in calls {
                    assert_eq!(self.outputs.get(&call.id), Some(output));
                }
                self.start(*operation, Running::Hook(*operation));
            }
            AgentAction::ScheduleRetry {
                operation, attempt, ..
            } => {
                assert_eq!(*attempt, self.retries + 1);
                assert!(*attempt <= MAX_RETRIES);
                self.start(*operation, Running::Retry(*operation));
            }
            AgentAction::CancelLlmRequest { operation } => {
                assert!(
                    matches!(self.running, Some(Running::Model(running)) if running == *operation)
                );
                self.end_answer();
            }
            AgentAction::CancelTools { operation } => {
                assert!(
                    matches!(self.running, Some(Running::Tools(running, _)) if running == *operation)
                );
                self.running = None;
            }
            AgentAction::CancelPostToolsHook { operation } => {
                assert!(
                    matches!(self.running, Some(Running::Hook(running)) if running == *operation)
                );
                self.running = None;
            }
            AgentAction::CancelRetry { operation } => {
                assert!(
                    matches!(self.running, Some(Running::Retry(running)) if running == *operation)
                );
                self.running = None;
            }
            AgentAction::BeginTurn => {
                assert!(!self.in_turn, "a turn begins within a turn");
                self.in_turn = true;
                self.turn_usage = Usage::default();
            }
            AgentAction::FinishTurn(
                TurnOutcome::Completed { usage, .. }
                | TurnOutcome::Failed { usage, .. }
                | TurnOutcome::Cancelled { usage },
            ) => {
                assert!(self.in_turn, "a turn ends that did not begin");
                assert!(self.running.is_none(), "the turn leaves {:?}", self.running);
                self.in_turn = false;
                assert_eq!(*usage, self.turn_usage);
            }
            AgentAction::Exit => {
                assert_eq!(self.heard(), self.said, "what was said is stored");
                self.exited = true;
            }
        }
    }

    fn start(&mut self, operation: OperationId, running: Running) {
        assert!(self.in_turn, "{running:?} runs outside of a turn");
        assert!(
            self.operations.insert(operation),
            "{operation:?} comes twice"
        );
        let before = self.running.replace(running);
        assert!(before.is_none(), "{before:?} never ended");
    }

    fn end_answer(&mut self) {
        self.running = None;
        self.turn_usage += std::mem::take(&mut self.answer_usage);
    }

    fn store(&mut self, message: &Arc<Message>) {
        for result in message.results() {
            match self.outputs.get(&result.tool_use_id) {
                Some(output) => {
                    assert_eq!(*result, output.clone().into_result(&result.tool_use_id));
                }
                None => assert!(result.is_error, "{result:?} was made up"),
            }
        }
        self.stored.push(Arc::clone(message));
    }

    fn check_request(&mut self, request: &LlmRequest) {
        // What is stored only grows, so each request begins with the one before.
        assert!(is_same(&request.messages, &self.stored));
        assert_eq!(conversation::check(&request.messages), Ok(()));
        assert_eq!(self.heard(), self.said, "the model hears all that was said");
    }

    /// Returns what the person has said, as far as it is stored.
    fn heard(&self) -> Vec<Message> {
        self.stored
            .iter()
            .filter(|message| message.role == Role::User && message.results().next().is_none())
            .map(|message| Message::clone(message))
            .collect()
    }

    fn check_batch(&mut self, calls: &[ToolCall]) {
        let reads = |call: &ToolCall| {
            config()
                .tools
                .iter()
                .any(|tool| tool.name == call.name && tool.access == ToolAccess::Read)
        };
        assert!(calls.len() == 1 || calls.iter().all(reads), "{calls:?}");
        for call in calls {
            assert!(self.executed.insert(call.id.clone()), "{call:?} runs twice");
        }
    }
}

/// Tells whether both hold the very same messages.
fn is_same(left: &[Arc<Message>], right: &[Arc<Message>]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|(left, right)| Arc::ptr_eq(left, right))
}
