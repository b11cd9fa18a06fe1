//! Tool calls: which run together, and how their results get into the conversation.

use std::mem;

use super::Agent;
use crate::message::{Message, ToolCall, ToolResultContent};
use crate::state::{AgentAction, AgentState, OperationId, ToolCallPhase, ToolCallProgress};
use crate::tool::{ToolAccess, ToolOutput};

/// What the model is told of calls that have no output of their own.
#[derive(Clone, Copy)]
pub(super) struct Reasons {
    /// Of one that ran.
    cut: &'static str,
    /// Of one whose turn had not come.
    not_started: &'static str,
}

/// The person stopped the turn.
pub(super) const CANCELLED_TURN: Reasons = Reasons {
    cut: "The user stopped this call before it ended. What it had done by then is not undone.",
    not_started: "The user stopped the turn before this call began. It had no effect.",
};

/// The turn stopped by itself. What ran has ended.
pub(super) const STOPPED_TURN: Reasons = Reasons {
    cut: "The turn was stopped before this call ended.",
    not_started: "The turn was stopped before this call began. It had no effect.",
};

impl Agent {
    /// Starts the calls whose turn it is: the next one, and with it those right behind it as long
    /// as all of them only read.
    pub(super) fn execute_next(
        &mut self,
        mut calls: Vec<ToolCallProgress>,
        actions: &mut Vec<AgentAction>,
    ) {
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

    pub(super) fn tool_completed(
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
        let mut calls = mem::take(calls);
        if waiting && self.turn.stop.is_none() {
            self.execute_next(calls, actions);
            return;
        }
        let done: Vec<_> = calls
            .iter()
            .filter_map(|ToolCallProgress { call, phase }| match phase {
                ToolCallPhase::Done(output) => Some((call.clone(), output.clone())),
                ToolCallPhase::Waiting | ToolCallPhase::Running => None,
            })
            .collect();
        self.add_notes(&mut calls);
        self.append_results(calls, STOPPED_TURN, actions);
        let operation = self.next_operation();
        self.state = AgentState::PostToolsHook { operation };
        actions.push(AgentAction::RunPostToolsHook {
            operation,
            calls: done,
        });
    }

    /// Tells the model in its results where it goes round in circles, and has the turn stop if it
    /// was told often enough.
    fn add_notes(&mut self, calls: &mut [ToolCallProgress]) {
        for ToolCallProgress { call, phase } in calls {
            let access = self.access(&call.name);
            let ToolCallPhase::Done(output) = phase else {
                continue;
            };
            let limits = &self.config.limits;
            let verdict = self.turn.watch.observe(limits, access, call, output);
            output
                .content
                .extend(verdict.note.map(ToolResultContent::text));
            if let Some(cause) = verdict.stop {
                self.turn.stop.get_or_insert(cause);
            }
        }
    }

    /// Appends the results of all calls, in the model's order, whatever has become of each.
    pub(super) fn append_results(
        &mut self,
        calls: Vec<ToolCallProgress>,
        reasons: Reasons,
        actions: &mut Vec<AgentAction>,
    ) {
        let results = calls.into_iter().map(|ToolCallProgress { call, phase }| {
            let output = match phase {
                ToolCallPhase::Done(output) => output,
                ToolCallPhase::Running => ToolOutput::cancelled(reasons.cut),
                ToolCallPhase::Waiting => ToolOutput::cancelled(reasons.not_started),
            };
            output.into_result(call.id)
        });
        self.append(Message::tool_results(results), actions);
    }

    fn access(&self, tool: &str) -> ToolAccess {
        self.config
            .tools
            .iter()
            .find(|definition| definition.name == tool)
            .map_or(ToolAccess::Execute, |definition| definition.access)
    }
}
