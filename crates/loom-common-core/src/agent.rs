//! The agent: a pure, synchronous state machine for the flow of a conversation.
//!
//! The hard part is to keep the conversation valid whatever happens in whatever order. Three rules
//! do it. An assistant message enters the conversation only whole (or, cut by the person, as its
//! text alone). Once it has entered, each of its tool calls gets exactly one result before the
//! next model call, made up if it must be. And the log of the conversation only grows: a message
//! follows the others, so that the provider's prompt cache holds, and the rare other entry (a
//! rewind, a compaction) begins a new prefix without touching what is stored.
//!
//! Everything that is not urgent happens at one place, right before a model call: what the person
//! said meanwhile goes out, a new configuration takes effect, a limit stops the turn, a
//! conversation that has become too long is compacted.

mod answer;
mod compacting;
mod config;
mod input;
mod tools;

use std::collections::HashSet;
use std::mem;
use std::sync::Arc;

pub use self::config::AgentConfig;
use crate::context::{ContextMeter, Gauge};
use crate::error::{LlmError, LlmErrorKind};
use crate::limits::{CallWatch, StopCause};
use crate::llm::Usage;
use crate::log::{Entry, Log};
use crate::message::{ContentBlock, Message, Role};
use crate::state::{
    AgentAction, AgentEvent, AgentState, ErrorOrigin, InputId, OperationId, TurnOutcome,
    WaitingInput,
};
use crate::tool::ToolOutput;

const INTERRUPTED: &str = "Loom ended before this call did. Whether it took effect is not known: check before you rely on it.";
const REWOUND: &str = "The user went back to this point, at which the call had no result yet. Whether it took effect is not known: check before you rely on it.";

/// The agent. See the [module](self) and the [crate] for how it works.
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    config: AgentConfig,
    state: AgentState,
    log: Log,
    /// What the log comes to.
    conversation: Vec<Arc<Message>>,
    gauge: Gauge,
    /// What the person said while the agent was busy.
    waiting: Vec<WaitingInput>,
    last_input: InputId,
    /// Ids of all tool calls of the conversation. Some servers use an id twice or leave it empty.
    call_ids: HashSet<String>,
    turn: Turn,
    /// What the person says about a compaction that is to come as soon as it can.
    compaction_wanted: Option<Option<String>>,
    /// The compaction that is under way.
    compaction: Option<compacting::Job>,
    /// Whether the conversation was compacted and no answer has come since: doing it again would
    /// not help.
    compacted: bool,
    last_operation: u64,
}

/// What is counted anew in each turn.
#[derive(Clone, Debug, Default, PartialEq)]
struct Turn {
    usage: Usage,
    model_calls: u32,
    /// How often in a row the model has paused.
    pauses: u32,
    watch: CallWatch,
    /// Why the turn is to stop as soon as it can.
    stop: Option<StopCause>,
}

impl Agent {
    /// Makes an agent with an empty conversation.
    pub fn new(config: AgentConfig) -> Self {
        Self {
            gauge: Gauge::new(&config),
            config,
            state: AgentState::WaitingForUserInput,
            log: Log::new(),
            conversation: Vec::new(),
            waiting: Vec::new(),
            last_input: InputId(0),
            call_ids: HashSet::new(),
            turn: Turn::default(),
            compaction_wanted: None,
            compaction: None,
            compacted: false,
            last_operation: 0,
        }
    }

    /// Makes an agent that continues a stored conversation. Tool calls at its end that have no
    /// result, because the program died while they ran, get one that says so; the action that
    /// stores it comes back.
    pub fn resume(config: AgentConfig, log: Log) -> (Self, Vec<AgentAction>) {
        let mut agent = Self::new(config);
        agent.call_ids = log
            .entries()
            .iter()
            .filter_map(|entry| match entry {
                Entry::Message(message) => Some(message),
                // What a compaction kept stands in front of it, too.
                Entry::Rewind { .. } | Entry::Compaction(_) => None,
            })
            .flat_map(|message| message.tool_calls())
            .map(|call| call.id.clone())
            .collect();
        agent.conversation = log.conversation();
        agent.log = log;
        let mut actions = Vec::new();
        agent.answer_open_calls(INTERRUPTED, &mut actions);
        (agent, actions)
    }

    /// Returns what the agent is doing.
    pub fn state(&self) -> &AgentState {
        &self.state
    }

    /// Returns with what the agent works.
    pub fn config(&self) -> &AgentConfig {
        &self.config
    }

    /// Returns all that happened to the conversation.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Returns the conversation, oldest message first.
    pub fn conversation(&self) -> &[Arc<Message>] {
        &self.conversation
    }

    /// Returns what the person said and what waits for the next model call, in order. What waited
    /// when a turn was stopped or failed waits for the next one.
    pub fn waiting_input(&self) -> &[WaitingInput] {
        &self.waiting
    }

    /// Returns how full the context is, without what waits.
    pub fn context(&self) -> ContextMeter {
        self.gauge
            .measure(&self.conversation, self.config.compaction.context_window)
    }

    /// Takes an event and returns what is to be done about it, in order.
    pub fn handle(&mut self, event: AgentEvent) -> Vec<AgentAction> {
        let mut actions = Vec::new();
        if self.state == AgentState::ShuttingDown {
            return actions;
        }
        let waiting_before = self.waiting.clone();
        match event {
            AgentEvent::UserInput(message) => self.take_input(message, &mut actions),
            AgentEvent::WithdrawInput { id } => self.waiting.retain(|input| input.id != id),
            AgentEvent::ReplaceInput { id, message } => self.replace_input(id, message),
            AgentEvent::Compact { instructions } => {
                self.want_compaction(instructions, &mut actions);
            }
            AgentEvent::Rewind { to } => self.rewind(to, &mut actions),
            AgentEvent::Configure(config) => self.configure(*config),
            AgentEvent::StopTurn { cause } => self.want_stop(cause, &mut actions),
            AgentEvent::Llm { operation, event } => self.llm_event(operation, event, &mut actions),
            AgentEvent::LlmFailed { operation, error } => {
                self.llm_failed(operation, error, &mut actions);
            }
            AgentEvent::LlmStreamEnded { operation } => {
                let error = LlmError::new(
                    LlmErrorKind::StreamInterrupted,
                    "the model's answer ended before it was whole",
                );
                self.llm_failed(operation, error, &mut actions);
            }
            AgentEvent::ToolProgress { .. } => {}
            AgentEvent::ToolCompleted {
                operation,
                call_id,
                output,
            } => self.tool_completed(operation, &call_id, output, &mut actions),
            AgentEvent::PostToolsHookCompleted { operation } => {
                if self.state == (AgentState::PostToolsHook { operation }) {
                    self.call_llm(&mut actions);
                }
            }
            AgentEvent::PreCompactHookCompleted { operation, verdict } => {
                if self.state == (AgentState::PreCompactHook { operation }) {
                    self.take_verdict(verdict, &mut actions);
                }
            }
            AgentEvent::RetryTimeoutElapsed { operation } => {
                self.ask_again(operation, &mut actions);
            }
            AgentEvent::Cancel => self.cancel(&mut actions),
            AgentEvent::Shutdown => {
                self.cancel(&mut actions);
                // Whoever resumes the conversation finds what was said last.
                self.append_waiting_input(&mut actions);
                self.state = AgentState::ShuttingDown;
                actions.push(AgentAction::Exit);
            }
        }
        if self.waiting != waiting_before {
            // Ahead of an exit, after which nothing comes.
            let exits = actions.last() == Some(&AgentAction::Exit);
            actions.insert(
                actions.len() - usize::from(exits),
                AgentAction::InputChanged,
            );
        }
        actions
    }

    fn begin_turn(&mut self, actions: &mut Vec<AgentAction>) {
        self.turn = Turn::default();
        actions.push(AgentAction::BeginTurn);
    }

    fn finish_turn(&mut self, outcome: TurnOutcome, actions: &mut Vec<AgentAction>) {
        self.state = AgentState::WaitingForUserInput;
        self.compaction = None;
        let stopped = self.turn.stop.take().is_some();
        let went_well = matches!(
            outcome,
            TurnOutcome::Completed { .. }
                | TurnOutcome::Compacted { .. }
                | TurnOutcome::CompactionBlocked { .. }
        );
        actions.push(AgentAction::FinishTurn(outcome));
        let wanted = self.compaction_wanted.take();
        if !went_well || stopped {
            // What waits goes on waiting until the person says more.
            return;
        }
        if let Some(instructions) = wanted {
            self.want_compaction(instructions, actions);
        } else if !self.waiting.is_empty() {
            self.begin_turn(actions);
            self.call_llm(actions);
        }
    }

    /// Stops the turn by itself: at once where it only waits to ask again, else as soon as what runs
    /// has ended.
    fn want_stop(&mut self, cause: StopCause, actions: &mut Vec<AgentAction>) {
        match self.state {
            AgentState::WaitingForUserInput | AgentState::ShuttingDown => {}
            AgentState::Error { operation, .. } => {
                actions.push(AgentAction::CancelRetry { operation });
                self.stop_turn(cause, actions);
            }
            _ => {
                self.turn.stop.get_or_insert(cause);
            }
        }
    }

    fn stop_turn(&mut self, cause: StopCause, actions: &mut Vec<AgentAction>) {
        let usage = self.turn.usage;
        self.finish_turn(TurnOutcome::Stopped { cause, usage }, actions);
    }

    fn cancel(&mut self, actions: &mut Vec<AgentAction>) {
        match mem::replace(&mut self.state, AgentState::WaitingForUserInput) {
            AgentState::WaitingForUserInput | AgentState::ShuttingDown => return,
            AgentState::CallingLlm { operation, .. } => {
                actions.push(AgentAction::CancelLlmRequest { operation });
            }
            AgentState::Compacting {
                operation,
                response,
                ..
            } => {
                actions.push(AgentAction::CancelLlmRequest { operation });
                self.turn.usage += response.usage();
            }
            AgentState::ProcessingLlmResponse {
                operation,
                response,
                ..
            } => {
                actions.push(AgentAction::CancelLlmRequest { operation });
                self.turn.usage += response.usage();
                let seen = response.into_partial_text();
                if !seen.trim().is_empty() {
                    self.append(Message::assistant(vec![ContentBlock::text(seen)]), actions);
                }
            }
            AgentState::ExecutingTools { operation, calls } => {
                actions.push(AgentAction::CancelTools { operation });
                self.append_results(calls, tools::CANCELLED_TURN, actions);
            }
            AgentState::PostToolsHook { operation } => {
                actions.push(AgentAction::CancelPostToolsHook { operation });
            }
            AgentState::PreCompactHook { operation } => {
                actions.push(AgentAction::CancelPreCompactHook { operation });
            }
            AgentState::Error { operation, .. } => {
                actions.push(AgentAction::CancelRetry { operation });
            }
        }
        let usage = self.turn.usage;
        self.finish_turn(TurnOutcome::Cancelled { usage }, actions);
    }

    /// Asks again for what failed, now that the waiting time is over.
    fn ask_again(&mut self, elapsed: OperationId, actions: &mut Vec<AgentAction>) {
        let AgentState::Error {
            operation,
            origin,
            retries,
            ..
        } = self.state
        else {
            return;
        };
        if operation != elapsed {
            return;
        }
        match origin {
            ErrorOrigin::LlmRequest | ErrorOrigin::LlmResponse => {
                self.send_request(retries + 1, actions);
            }
            ErrorOrigin::Compaction => self.ask_for_summary(retries + 1, actions),
        }
    }

    /// Waits before `origin` is asked again.
    fn schedule_retry(
        &mut self,
        origin: ErrorOrigin,
        retries: u32,
        error: LlmError,
        actions: &mut Vec<AgentAction>,
    ) {
        let operation = self.next_operation();
        actions.push(AgentAction::ScheduleRetry {
            operation,
            attempt: retries + 1,
            error: error.clone(),
        });
        self.state = AgentState::Error {
            operation,
            origin,
            retries,
            error,
        };
    }

    fn rewind(&mut self, to: u64, actions: &mut Vec<AgentAction>) {
        let entry = Entry::Rewind { to };
        if self.state != AgentState::WaitingForUserInput || self.log.push(entry.clone()).is_err() {
            return;
        }
        actions.push(AgentAction::Append(entry));
        self.conversation = self.log.conversation();
        self.gauge.forget();
        self.compacted = false;
        self.answer_open_calls(REWOUND, actions);
    }

    fn configure(&mut self, config: AgentConfig) {
        self.config = config;
        self.gauge.refit(&self.config);
        self.compacted = false;
    }

    fn append(&mut self, message: Message, actions: &mut Vec<AgentAction>) {
        let message = Arc::new(message);
        self.conversation.push(Arc::clone(&message));
        self.log.push_message(Arc::clone(&message));
        actions.push(AgentAction::Append(Entry::Message(message)));
    }

    /// Gives the calls at the end of the conversation that have no result one that says `why`.
    fn answer_open_calls(&mut self, why: &str, actions: &mut Vec<AgentAction>) {
        let unanswered: Vec<_> = self
            .conversation
            .last()
            .filter(|last| last.role == Role::Assistant)
            .into_iter()
            .flat_map(|last| last.tool_calls())
            .map(|call| ToolOutput::cancelled(why).into_result(&call.id))
            .collect();
        if !unanswered.is_empty() {
            self.append(Message::tool_results(unanswered), actions);
        }
    }

    fn next_operation(&mut self) -> OperationId {
        self.last_operation += 1;
        OperationId(self.last_operation)
    }
}
