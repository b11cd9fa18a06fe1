//! The agent: a pure, synchronous state machine for the flow of a conversation.
//!
//! The hard part is to keep the conversation valid whatever happens in whatever order. Three rules
//! do it. An assistant message enters the conversation only whole (or, cut by the person, as its
//! text alone). Once it has entered, each of its tool calls gets exactly one result before the
//! next model call, made up if it must be. And the conversation only grows, so that the provider's
//! prompt cache holds and a stored thread never has to be rewritten.

use std::collections::HashSet;
use std::mem;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{LlmError, LlmErrorKind};
use crate::llm::{Effort, LlmEvent, LlmRequest, LlmResponse, ResponseBuilder, StopReason, Usage};
use crate::log::{Entry, Log};
use crate::message::{ContentBlock, Message, Role, ToolCall};
use crate::state::{
    AgentAction, AgentEvent, AgentState, ErrorOrigin, OperationId, ToolCallPhase, ToolCallProgress,
    TurnOutcome,
};
use crate::tool::{ToolAccess, ToolDefinition, ToolOutput};

/// How often in a row a model may pause ([`StopReason::PauseTurn`]) before the turn ends.
const MAX_PAUSES: u32 = 16;

const CANCELLED: &str =
    "The user stopped this call before it ended. What it had done by then is not undone.";
const NOT_STARTED: &str = "The user stopped the turn before this call began. It had no effect.";
const INTERRUPTED: &str = "Loom ended before this call did. Whether it took effect is not known: check before you rely on it.";

/// What does not change during a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentConfig {
    /// Name of the model.
    pub model: String,
    /// Instructions ahead of the conversation.
    pub system: Option<String>,
    /// The tools, in a fixed order.
    pub tools: Vec<ToolDefinition>,
    /// Limit of tokens for one answer.
    pub max_tokens: Option<u32>,
    /// How much the model should think.
    pub effort: Option<Effort>,
    /// How often a failed model call is asked again.
    pub max_retries: u32,
}

/// The agent. See the [module](self) and the [crate] for how it works.
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    config: AgentConfig,
    state: AgentState,
    log: Log,
    /// What the log comes to.
    conversation: Vec<Arc<Message>>,
    /// What the person said while the agent was busy.
    pending_input: Vec<Message>,
    /// Ids of all tool calls of the conversation. Some servers use an id twice or leave it empty.
    call_ids: HashSet<String>,
    turn_usage: Usage,
    pauses: u32,
    last_operation: u64,
}

impl Agent {
    /// Makes an agent with an empty conversation.
    pub fn new(config: AgentConfig) -> Self {
        Self {
            config,
            state: AgentState::WaitingForUserInput,
            log: Log::new(),
            conversation: Vec::new(),
            pending_input: Vec::new(),
            call_ids: HashSet::new(),
            turn_usage: Usage::default(),
            pauses: 0,
            last_operation: 0,
        }
    }

    /// Makes an agent that continues a stored conversation. Tool calls at its end that have no
    /// result, because the program died while they ran, get one that says so; the action that
    /// stores it comes back.
    pub fn resume(config: AgentConfig, log: Log) -> (Self, Vec<AgentAction>) {
        let mut agent = Self::new(config);
        agent.conversation = log.conversation();
        agent.call_ids = agent
            .conversation
            .iter()
            .flat_map(|message| message.tool_calls())
            .map(|call| call.id.clone())
            .collect();
        agent.log = log;
        let mut actions = Vec::new();
        let unanswered: Vec<_> = agent
            .conversation
            .last()
            .filter(|last| last.role == Role::Assistant)
            .into_iter()
            .flat_map(|last| last.tool_calls())
            .map(|call| ToolOutput::cancelled(INTERRUPTED).into_result(&call.id))
            .collect();
        if !unanswered.is_empty() {
            agent.append(Message::tool_results(unanswered), &mut actions);
        }
        (agent, actions)
    }

    /// Returns what the agent is doing.
    pub fn state(&self) -> &AgentState {
        &self.state
    }

    /// Returns all that happened to the conversation.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Returns the conversation, oldest message first.
    pub fn conversation(&self) -> &[Arc<Message>] {
        &self.conversation
    }

    /// Takes an event and returns what is to be done about it, in order.
    pub fn handle(&mut self, event: AgentEvent) -> Vec<AgentAction> {
        let mut actions = Vec::new();
        if self.state == AgentState::ShuttingDown {
            return actions;
        }
        match event {
            AgentEvent::UserInput(message) => self.take_input(message, &mut actions),
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
                    self.call_llm(0, &mut actions);
                }
            }
            AgentEvent::RetryTimeoutElapsed { operation } => match self.state {
                AgentState::Error {
                    operation: waiting,
                    retries,
                    ..
                } if waiting == operation => self.call_llm(retries + 1, &mut actions),
                _ => {}
            },
            AgentEvent::Cancel => self.cancel(&mut actions),
            AgentEvent::Shutdown => {
                self.cancel(&mut actions);
                // Whoever resumes the conversation finds what was said last.
                self.append_pending_input(&mut actions);
                self.state = AgentState::ShuttingDown;
                actions.push(AgentAction::Exit);
            }
        }
        actions
    }

    fn take_input(&mut self, message: Message, actions: &mut Vec<AgentAction>) {
        self.pending_input.push(message);
        if self.state == AgentState::WaitingForUserInput {
            self.begin_turn(actions);
        }
    }

    fn begin_turn(&mut self, actions: &mut Vec<AgentAction>) {
        self.turn_usage = Usage::default();
        self.pauses = 0;
        actions.push(AgentAction::BeginTurn);
        self.call_llm(0, actions);
    }

    fn call_llm(&mut self, retries: u32, actions: &mut Vec<AgentAction>) {
        self.append_pending_input(actions);
        let operation = self.next_operation();
        self.state = AgentState::CallingLlm { operation, retries };
        actions.push(AgentAction::SendLlmRequest {
            operation,
            request: LlmRequest {
                model: self.config.model.clone(),
                system: self.config.system.clone(),
                messages: self.conversation.clone(),
                tools: self.config.tools.clone(),
                max_tokens: self.config.max_tokens,
                effort: self.config.effort,
            },
        });
    }

    fn llm_event(
        &mut self,
        operation: OperationId,
        event: LlmEvent,
        actions: &mut Vec<AgentAction>,
    ) {
        if let AgentState::CallingLlm {
            operation: current,
            retries,
        } = self.state
            && current == operation
        {
            self.state = AgentState::ProcessingLlmResponse {
                operation,
                retries,
                response: ResponseBuilder::default(),
            };
        }
        let AgentState::ProcessingLlmResponse {
            operation: current,
            response,
            ..
        } = &mut self.state
        else {
            return;
        };
        if *current != operation {
            return;
        }
        let answer = response.apply(event).and_then(|()| {
            response
                .is_finished()
                .then(|| mem::take(response).finish())
                .transpose()
        });
        match answer {
            Ok(None) => {}
            Ok(Some(response)) => self.complete_response(response, actions),
            Err(error) => {
                actions.push(AgentAction::CancelLlmRequest { operation });
                self.llm_failed(operation, error, actions);
            }
        }
    }

    fn llm_failed(&mut self, failed: OperationId, error: LlmError, actions: &mut Vec<AgentAction>) {
        let (origin, retries) = match &self.state {
            AgentState::CallingLlm { operation, retries } if *operation == failed => {
                (ErrorOrigin::LlmRequest, *retries)
            }
            AgentState::ProcessingLlmResponse {
                operation,
                retries,
                response,
            } if *operation == failed => {
                // What a cut answer has cost is counted all the same.
                self.turn_usage += response.usage();
                (ErrorOrigin::LlmResponse, *retries)
            }
            _ => return,
        };
        if error.is_retryable() && retries < self.config.max_retries {
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
        } else {
            let usage = self.turn_usage;
            self.finish_turn(TurnOutcome::Failed { error, usage }, actions);
        }
    }

    fn complete_response(&mut self, response: LlmResponse, actions: &mut Vec<AgentAction>) {
        self.turn_usage += response.usage;
        let LlmResponse {
            mut message,
            stop_reason,
            ..
        } = response;
        if stop_reason == StopReason::Refusal {
            // A refused answer may break off anywhere; nothing of it may run.
            message
                .content
                .retain(|block| !matches!(block, ContentBlock::ToolUse(_)));
        }
        self.make_call_ids_unique(&mut message);
        let calls: Vec<ToolCall> = message.tool_calls().cloned().collect();
        if !message.content.is_empty() {
            self.append(message, actions);
        }
        // Some servers give another stop reason although they want tools to run; the calls decide.
        if !calls.is_empty() {
            self.pauses = 0;
            let waiting = |call| ToolCallProgress {
                call,
                phase: ToolCallPhase::Waiting,
            };
            self.execute_next(calls.into_iter().map(waiting).collect(), actions);
        } else if stop_reason == StopReason::PauseTurn && self.pauses < MAX_PAUSES {
            self.pauses += 1;
            self.call_llm(0, actions);
        } else {
            let usage = self.turn_usage;
            self.finish_turn(TurnOutcome::Completed { stop_reason, usage }, actions);
            if !self.pending_input.is_empty() {
                self.begin_turn(actions);
            }
        }
    }

    /// Starts the calls whose turn it is: the next one, and with it those right behind it as long
    /// as all of them only read.
    fn execute_next(&mut self, mut calls: Vec<ToolCallProgress>, actions: &mut Vec<AgentAction>) {
        let mut batch: Vec<ToolCall> = Vec::new();
        for progress in &mut calls {
            if progress.phase != ToolCallPhase::Waiting {
                continue;
            }
            let reads = self.access(&progress.call.name).changes_nothing();
            if !batch.is_empty() && !reads {
                break;
            }
            progress.phase = ToolCallPhase::Running;
            batch.push(progress.call.clone());
            if !reads {
                break;
            }
        }
        let operation = self.next_operation();
        self.state = AgentState::ExecutingTools { operation, calls };
        actions.push(AgentAction::ExecuteTools {
            operation,
            calls: batch,
        });
    }

    fn tool_completed(
        &mut self,
        reporting: OperationId,
        call_id: &str,
        output: ToolOutput,
        actions: &mut Vec<AgentAction>,
    ) {
        let AgentState::ExecutingTools { operation, calls } = &mut self.state else {
            return;
        };
        if *operation != reporting {
            return;
        }
        let Some(progress) = calls.iter_mut().find(|progress| {
            progress.call.id == call_id && progress.phase == ToolCallPhase::Running
        }) else {
            return;
        };
        progress.phase = ToolCallPhase::Done(output);
        let any = |phase| calls.iter().any(|progress| progress.phase == phase);
        if any(ToolCallPhase::Running) {
            return;
        }
        let waiting = any(ToolCallPhase::Waiting);
        let calls = mem::take(calls);
        if waiting {
            self.execute_next(calls, actions);
        } else {
            let done = self.append_results(calls, actions);
            let operation = self.next_operation();
            self.state = AgentState::PostToolsHook { operation };
            actions.push(AgentAction::RunPostToolsHook {
                operation,
                calls: done,
            });
        }
    }

    /// Appends the results of all calls, in the model's order, whatever has become of each.
    fn append_results(
        &mut self,
        calls: Vec<ToolCallProgress>,
        actions: &mut Vec<AgentAction>,
    ) -> Vec<(ToolCall, ToolOutput)> {
        let done: Vec<_> = calls
            .into_iter()
            .map(|ToolCallProgress { call, phase }| {
                let output = match phase {
                    ToolCallPhase::Done(output) => output,
                    ToolCallPhase::Running => ToolOutput::cancelled(CANCELLED),
                    ToolCallPhase::Waiting => ToolOutput::cancelled(NOT_STARTED),
                };
                (call, output)
            })
            .collect();
        let results = done
            .iter()
            .map(|(call, output)| output.clone().into_result(&call.id));
        self.append(Message::tool_results(results), actions);
        done
    }

    fn cancel(&mut self, actions: &mut Vec<AgentAction>) {
        match mem::replace(&mut self.state, AgentState::WaitingForUserInput) {
            AgentState::WaitingForUserInput | AgentState::ShuttingDown => return,
            AgentState::CallingLlm { operation, .. } => {
                actions.push(AgentAction::CancelLlmRequest { operation });
            }
            AgentState::ProcessingLlmResponse {
                operation,
                response,
                ..
            } => {
                actions.push(AgentAction::CancelLlmRequest { operation });
                self.turn_usage += response.usage();
                let seen = response.into_partial_text();
                if !seen.trim().is_empty() {
                    self.append(Message::assistant(vec![ContentBlock::text(seen)]), actions);
                }
            }
            AgentState::ExecutingTools { operation, calls } => {
                actions.push(AgentAction::CancelTools { operation });
                self.append_results(calls, actions);
            }
            AgentState::PostToolsHook { operation } => {
                actions.push(AgentAction::CancelPostToolsHook { operation });
            }
            AgentState::Error { operation, .. } => {
                actions.push(AgentAction::CancelRetry { operation });
            }
        }
        let usage = self.turn_usage;
        self.finish_turn(TurnOutcome::Cancelled { usage }, actions);
    }

    fn finish_turn(&mut self, outcome: TurnOutcome, actions: &mut Vec<AgentAction>) {
        self.state = AgentState::WaitingForUserInput;
        actions.push(AgentAction::FinishTurn(outcome));
    }

    fn append(&mut self, message: Message, actions: &mut Vec<AgentAction>) {
        let message = Arc::new(message);
        self.conversation.push(Arc::clone(&message));
        self.log.push_message(Arc::clone(&message));
        actions.push(AgentAction::Append(Entry::Message(message)));
    }

    fn append_pending_input(&mut self, actions: &mut Vec<AgentAction>) {
        for message in mem::take(&mut self.pending_input) {
            self.append(message, actions);
        }
    }

    fn next_operation(&mut self) -> OperationId {
        self.last_operation += 1;
        OperationId(self.last_operation)
    }

    fn access(&self, tool: &str) -> ToolAccess {
        self.config
            .tools
            .iter()
            .find(|definition| definition.name == tool)
            .map_or(ToolAccess::Execute, |definition| definition.access)
    }

    fn make_call_ids_unique(&mut self, message: &mut Message) {
        for block in &mut message.content {
            let ContentBlock::ToolUse(call) = block else {
                continue;
            };
            if call.id.is_empty() {
                "call".clone_into(&mut call.id);
            }
            let sent = call.id.clone();
            let mut count = 1;
            while !self.call_ids.insert(call.id.clone()) {
                count += 1;
                call.id = format!("{sent}_{count}");
            }
        }
    }
}
