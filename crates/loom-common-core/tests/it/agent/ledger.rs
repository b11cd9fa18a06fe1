//! Watches a session from outside, by its events and actions alone, and checks what must hold in
//! every session.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use loom_common_core::{
    Agent, AgentAction, AgentEvent, Compaction, CompactionTrigger, Entry, InputId, LlmEvent,
    LlmRequest, Message, OperationId, Role, StopCause, ToolAccess, ToolCall, ToolOutput,
    ToolResult, ToolResultContent, TurnOutcome, Usage,
};

use super::random_session::config;
use crate::conversation;

/// Something that the agent has started and that has not ended.
#[derive(Debug)]
enum Running {
    Model(OperationId),
    Tools(OperationId, BTreeSet<String>),
    Hook(OperationId),
    PreCompactHook(OperationId),
    Retry(OperationId),
}

/// What a model was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Asked {
    Answer,
    Summary,
}

/// The conversation, and what of it the person said.
#[derive(Clone, Default)]
struct Standing {
    messages: Vec<Arc<Message>>,
    said: Vec<Message>,
    handover: Option<Arc<Message>>,
}

impl Standing {
    /// Returns what the model hears from the person.
    fn heard(&self) -> Vec<Message> {
        self.messages
            .iter()
            .filter(|message| message.role == Role::User && message.results().next().is_none())
            .filter(|message| Some(*message) != self.handover.as_ref())
            .map(|message| Message::clone(message))
            .collect()
    }
}

/// What has happened in a session so far.
pub(crate) struct Ledger {
    running: Option<Running>,
    operations: HashSet<OperationId>,
    /// The conversation as it was at each length of the log, the present one last.
    standings: Vec<Standing>,
    /// What the person said and what has not gone out, by the ids that the agent gives.
    waiting: Vec<(InputId, Message)>,
    inputs: u64,
    executed: HashSet<String>,
    outputs: HashMap<String, ToolOutput>,
    answer_usage: Usage,
    turn_usage: Usage,
    in_turn: bool,
    model_calls: u32,
    /// Whether the conversation was compacted since the last answer.
    compacted: bool,
    /// Whether the next model call is one that has been counted, as the provider could not take it.
    counted: bool,
    /// What a model was asked for last, and how often again.
    asked: Asked,
    retries: u32,
    exited: bool,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            running: None,
            operations: HashSet::new(),
            standings: vec![Standing::default()],
            waiting: Vec::new(),
            inputs: 0,
            executed: HashSet::new(),
            outputs: HashMap::new(),
            answer_usage: Usage::default(),
            turn_usage: Usage::default(),
            in_turn: false,
            model_calls: 0,
            compacted: false,
            counted: false,
            asked: Asked::Answer,
            retries: 0,
            exited: false,
        }
    }

    /// Takes down an event and what the agent, now `agent`, wants done about it.
    pub(crate) fn observe(&mut self, event: &AgentEvent, actions: &[AgentAction], agent: &Agent) {
        if self.exited {
            assert_eq!(actions, [], "after the end");
            return;
        }
        let waiting_before = self.waiting.clone();
        self.note_event(event);
        for action in actions {
            self.note_action(event, action);
        }
        assert!(is_same(agent.conversation(), &self.now().messages));
        assert!(is_same(&agent.log().conversation(), &self.now().messages));
        assert_eq!(agent.log().len() as usize + 1, self.standings.len());
        let waiting: Vec<_> = agent
            .waiting_input()
            .iter()
            .map(|input| (input.id, Message::clone(&input.message)))
            .collect();
        assert_eq!(waiting, self.waiting, "what waits can be seen");
        assert_eq!(
            actions.contains(&AgentAction::InputChanged),
            waiting_before != self.waiting
        );
        assert_eq!(
            self.running.is_some(),
            self.in_turn,
            "a turn lasts as long as something runs"
        );
    }

    fn now(&self) -> &Standing {
        self.standings.last().unwrap()
    }

    fn note_event(&mut self, event: &AgentEvent) {
        match (event, &mut self.running) {
            (AgentEvent::UserInput(message), _) => {
                self.inputs += 1;
                self.waiting.push((InputId(self.inputs), message.clone()));
            }
            (AgentEvent::WithdrawInput { id }, _) => self.waiting.retain(|(of, _)| of != id),
            (AgentEvent::ReplaceInput { id, message }, _) => {
                for (_, said) in self.waiting.iter_mut().filter(|(of, _)| of == id) {
                    *said = message.clone();
                }
            }
            (AgentEvent::Configure(_), _) => self.compacted = false,
            (AgentEvent::Llm { operation, event }, Some(Running::Model(running)))
                if operation == running =>
            {
                match event {
                    LlmEvent::Usage { usage } => self.answer_usage = *usage,
                    LlmEvent::Finished { .. } => {
                        self.compacted &= self.asked == Asked::Summary;
                        self.end_answer();
                    }
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
            | (
                AgentEvent::PreCompactHookCompleted { operation, .. },
                Some(Running::PreCompactHook(running)),
            )
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
            AgentAction::Append(Entry::Message(message)) => self.store(event, message),
            AgentAction::Append(Entry::Rewind { to }) => {
                assert!(!self.in_turn, "{event:?} rewinds in a turn");
                self.compacted = false;
                self.standings.push(self.standings[*to as usize].clone());
            }
            AgentAction::Append(Entry::Compaction(compaction)) => self.compact(compaction),
            AgentAction::SendLlmRequest { operation, request } => {
                self.check_request(request);
                self.ask(event, Asked::Answer, *operation);
                let counted = std::mem::take(&mut self.counted);
                self.model_calls += u32::from(self.retries == 0 && !counted);
            }
            AgentAction::Compact { operation, request } => {
                self.check_summary_request(request);
                self.ask(event, Asked::Summary, *operation);
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
            AgentAction::RunPreCompactHook { operation, .. } => {
                self.start(*operation, Running::PreCompactHook(*operation));
            }
            AgentAction::ScheduleRetry {
                operation, attempt, ..
            } => {
                assert_eq!(*attempt, self.retries + 1);
                assert!(*attempt <= config().max_retries);
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
            AgentAction::CancelPreCompactHook { operation } => {
                assert!(matches!(
                    self.running,
                    Some(Running::PreCompactHook(running)) if running == *operation
                ));
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
            AgentAction::InputChanged | AgentAction::CompactionBlocked { .. } => {}
            AgentAction::BeginTurn => {
                assert!(!self.in_turn, "a turn begins within a turn");
                self.in_turn = true;
                self.turn_usage = Usage::default();
                self.model_calls = 0;
                self.counted = false;
            }
            AgentAction::FinishTurn(outcome) => {
                assert!(self.in_turn, "a turn ends that did not begin");
                assert!(self.running.is_none(), "the turn leaves {:?}", self.running);
                self.in_turn = false;
                assert_eq!(outcome.usage(), self.turn_usage);
                if let TurnOutcome::Stopped {
                    cause: StopCause::MaxTurns { limit },
                    ..
                } = outcome
                {
                    assert_eq!(self.model_calls, *limit);
                }
            }
            AgentAction::Exit => {
                assert_eq!(self.waiting, [], "what was said is stored");
                self.exited = true;
            }
        }
    }

    /// A model is asked.
    fn ask(&mut self, event: &AgentEvent, asked: Asked, operation: OperationId) {
        let again = matches!(event, AgentEvent::RetryTimeoutElapsed { .. }) && self.asked == asked;
        self.retries = if again { self.retries + 1 } else { 0 };
        self.asked = asked;
        assert!(self.retries <= config().max_retries);
        self.start(operation, Running::Model(operation));
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

    fn store(&mut self, event: &AgentEvent, message: &Arc<Message>) {
        // After a rewind a call is answered anew that had its result at a later point.
        let known = |id: &String| match event {
            AgentEvent::Rewind { .. } => None,
            _ => self.outputs.get(id),
        };
        for result in message.results() {
            match known(&result.tool_use_id) {
                Some(output) => check_result(result, output),
                None => assert!(result.is_error, "{result:?} was made up"),
            }
        }
        let mut standing = self.now().clone();
        if message.role == Role::User && message.results().next().is_none() {
            let (_, said) = self.waiting.remove(0);
            assert_eq!(**message, said, "what waits goes out in order");
            standing.said.push(said);
        }
        standing.messages.push(Arc::clone(message));
        self.standings.push(standing);
    }

    fn compact(&mut self, compaction: &Compaction) {
        if compaction.trigger != CompactionTrigger::Person {
            assert!(!self.compacted, "one compaction right after the other");
        }
        self.compacted = true;
        self.counted = compaction.trigger == CompactionTrigger::ContextExceeded;
        assert!(compaction.tokens_after < compaction.tokens_before);
        let mut standing = Standing {
            messages: compaction.messages().cloned().collect(),
            said: self.now().said.clone(),
            handover: Some(Arc::clone(&compaction.handover)),
        };
        if compaction.trigger == CompactionTrigger::ContextExceeded
            && compaction.tokens_before < 8_000
        {
            // So little was too much for the provider that the words alone may be.
            standing.said = standing.heard();
        }
        assert_eq!(
            standing.heard(),
            standing.said,
            "no word of the person is lost"
        );
        assert_eq!(conversation::check(&standing.messages), Ok(()));
        self.standings.push(standing);
    }

    fn check_request(&mut self, request: &LlmRequest) {
        // What is stored is what is sent; without a rewind or a compaction it only grows, so that
        // each request begins with the one before.
        assert!(is_same(&request.messages, &self.now().messages));
        assert_eq!(conversation::check(&request.messages), Ok(()));
        assert_eq!(self.waiting, [], "the model hears all that was said");
        assert_eq!(self.now().heard(), self.now().said);
    }

    fn check_summary_request(&self, request: &LlmRequest) {
        assert_eq!(conversation::check(&request.messages), Ok(()));
        let (question, sent) = request.messages.split_last().unwrap();
        assert_eq!(question.role, Role::User);
        // Lighter it may be, but it is the same conversation.
        let roles = |messages: &[Arc<Message>]| -> Vec<Role> {
            messages.iter().map(|message| message.role).collect()
        };
        assert_eq!(roles(sent), roles(&self.now().messages));
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

/// Checks that a result is the tool's own output, but for a note behind it.
fn check_result(result: &ToolResult, output: &ToolOutput) {
    let expected = output.clone().into_result(&result.tool_use_id);
    let (own, notes) = result.content.split_at(expected.content.len());
    assert_eq!(
        (own, result.is_error),
        (&expected.content[..], expected.is_error)
    );
    assert!(
        matches!(notes, [] | [ToolResultContent::Text { .. }]),
        "{notes:?}"
    );
}

/// Tells whether both hold the very same messages.
fn is_same(left: &[Arc<Message>], right: &[Arc<Message>]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|(left, right)| Arc::ptr_eq(left, right))
}
