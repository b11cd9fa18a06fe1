//! Model calls: asking, the answer as it comes, and what it leads to.

use std::mem;
use std::sync::Arc;

use super::{Agent, compacting, tools};
use crate::compaction::CompactionTrigger;
use crate::error::{LlmError, LlmErrorKind};
use crate::limits::StopCause;
use crate::llm::{LlmEvent, LlmRequest, LlmResponse, ResponseBuilder, StopReason};
use crate::message::{ContentBlock, Message, ToolCall};
use crate::state::{
    AgentAction, AgentState, ErrorOrigin, OperationId, ToolCallPhase, ToolCallProgress, TurnOutcome,
};

/// How often in a row a model may pause ([`StopReason::PauseTurn`]) before the turn ends.
const MAX_PAUSES: u32 = 16;

impl Agent {
    /// Goes on to the next model call of the turn, with all that comes ahead of it.
    pub(super) fn call_llm(&mut self, actions: &mut Vec<AgentAction>) {
        if !self.may_call(actions) {
            return;
        }
        let after = compacting::After::ModelCall;
        if let Some(instructions) = self.compaction_wanted.take() {
            self.compact(CompactionTrigger::Person, instructions, after, actions);
        } else if self.is_nearly_full() {
            self.compact(CompactionTrigger::Threshold, None, after, actions);
        } else {
            self.send_request(0, actions);
        }
    }

    /// Tells whether the turn may make one more model call, and counts it. If not, the turn ends.
    fn may_call(&mut self, actions: &mut Vec<AgentAction>) -> bool {
        let limit = self.config.limits.max_model_calls;
        let cause = self.turn.stop.take().or_else(|| {
            limit
                .filter(|limit| self.turn.model_calls >= *limit)
                .map(|limit| StopCause::MaxTurns { limit })
        });
        match cause {
            Some(cause) => self.stop_turn(cause, actions),
            None => {
                self.turn.model_calls += 1;
                return true;
            }
        }
        false
    }

    pub(super) fn send_request(&mut self, retries: u32, actions: &mut Vec<AgentAction>) {
        self.append_waiting_input(actions);
        let operation = self.next_operation();
        self.state = AgentState::CallingLlm { operation, retries };
        actions.push(AgentAction::SendLlmRequest {
            operation,
            request: self.request(self.conversation.clone()),
        });
    }

    pub(super) fn request(&self, messages: Vec<Arc<Message>>) -> LlmRequest {
        LlmRequest {
            model: self.config.model.clone(),
            system: self.config.system.clone(),
            messages,
            tools: self.config.tools.clone(),
            max_tokens: self.config.max_tokens,
            effort: self.config.effort,
        }
    }

    pub(super) fn llm_event(
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
        let is_summary = matches!(self.state, AgentState::Compacting { .. });
        let (AgentState::ProcessingLlmResponse {
            operation: current,
            response,
            ..
        }
        | AgentState::Compacting {
            operation: current,
            response,
            ..
        }) = &mut self.state
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
            Ok(Some(response)) if is_summary => self.complete_summary(response, actions),
            Ok(Some(response)) => self.complete_response(response, actions),
            Err(error) => {
                actions.push(AgentAction::CancelLlmRequest { operation });
                self.llm_failed(operation, error, actions);
            }
        }
    }

    pub(super) fn llm_failed(
        &mut self,
        failed: OperationId,
        error: LlmError,
        actions: &mut Vec<AgentAction>,
    ) {
        let (origin, retries) = match self.state {
            AgentState::CallingLlm { operation, retries } if operation == failed => {
                (ErrorOrigin::LlmRequest, retries)
            }
            AgentState::ProcessingLlmResponse {
                operation, retries, ..
            } if operation == failed => (ErrorOrigin::LlmResponse, retries),
            AgentState::Compacting {
                operation, retries, ..
            } if operation == failed => (ErrorOrigin::Compaction, retries),
            _ => return,
        };
        self.count_cut_answer();
        if origin == ErrorOrigin::Compaction {
            self.summary_failed(retries, error, actions);
        } else if error.is_retryable() && retries < self.config.max_retries {
            self.schedule_retry(origin, retries, error, actions);
        } else if error.kind == LlmErrorKind::ContextTooLong && self.can_make_room() {
            self.make_room(actions);
        } else {
            let usage = self.turn.usage;
            self.finish_turn(TurnOutcome::Failed { error, usage }, actions);
        }
    }

    /// Counts what an answer has cost that is not taken.
    pub(super) fn count_cut_answer(&mut self) {
        if let AgentState::ProcessingLlmResponse { response, .. }
        | AgentState::Compacting { response, .. } = &self.state
        {
            self.turn.usage += response.usage();
        }
    }

    fn complete_response(&mut self, response: LlmResponse, actions: &mut Vec<AgentAction>) {
        self.turn.usage += response.usage;
        let LlmResponse {
            mut message,
            stop_reason,
            usage,
            ..
        } = response;
        if stop_reason == StopReason::Refusal {
            // A refused answer may break off anywhere; nothing of it may run.
            message
                .content
                .retain(|block| !matches!(block, ContentBlock::ToolUse(_)));
        }
        if stop_reason == StopReason::ContextExceeded && self.can_make_room() {
            // The answer was cut, so nothing of it is kept; it comes again once there is room.
            self.make_room(actions);
            return;
        }
        self.compacted = false;
        self.make_call_ids_unique(&mut message);
        let calls: Vec<ToolCall> = message.tool_calls().cloned().collect();
        let answered = !message.content.is_empty();
        self.gauge.count(&self.conversation, usage, answered);
        if answered {
            self.append(message, actions);
        }
        // Some servers give another stop reason although they want tools to run; the calls decide.
        if !calls.is_empty() {
            self.turn.pauses = 0;
            let waiting = |call| ToolCallProgress {
                call,
                phase: ToolCallPhase::Waiting,
            };
            let calls = calls.into_iter().map(waiting).collect();
            if let Some(cause) = self.turn.stop.take() {
                self.append_results(calls, tools::STOPPED_TURN, actions);
                self.stop_turn(cause, actions);
            } else {
                self.execute_next(calls, actions);
            }
        } else if stop_reason == StopReason::PauseTurn && self.turn.pauses < MAX_PAUSES {
            self.turn.pauses += 1;
            // What the provider has begun, it can go on with only as it is.
            if self.may_call(actions) {
                self.send_request(0, actions);
            }
        } else {
            let usage = self.turn.usage;
            self.finish_turn(TurnOutcome::Completed { stop_reason, usage }, actions);
        }
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
