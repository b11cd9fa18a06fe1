//! What the agent wants, carried out: stored, asked, run, shown.
//!
//! Actions are carried out in their order, and nothing that relies on a message happens before the
//! message is stored.

use std::sync::Arc;

use loom_common_core::stream::{NoticeLevel, QueuedInput, StreamError, ThreadEvent};
use loom_common_core::{
    AgentAction, AgentEvent, Entry, LlmError, OperationId, Role as Speaker, StopReason,
    TurnOutcome, Usage, WaitingInput,
};
use loom_common_thread::ThreadStoreError;

use crate::compaction::blocked;
use crate::keeping::Moment;
use crate::runner::{Role, Runner};
use crate::turn::EndingTurn;

impl Runner {
    /// Tries once more to store what the store has refused; it may have room again. A session in
    /// which nothing was said has only made up results for calls that another one may still be
    /// running, and leaves the thread as it is.
    pub(crate) async fn save_what_waits(&mut self) {
        if self.turns.count == 0 {
            return;
        }
        let messages = self.transcript.save().await;
        if let Err(error) = messages.and(self.transcript.save_usage().await) {
            self.turns.is_error = true;
            let error = storage_error(&error);
            self.notice(NoticeLevel::Warning, error.message).await;
        }
    }

    /// Carries actions out in order. When a message cannot be stored, nothing that relies on it
    /// happens: the turn is stopped, and the reason is what the person is told.
    pub(crate) async fn carry_out(&mut self, actions: Vec<AgentAction>) {
        let Err(error) = self.try_carry_out(actions).await else {
            return;
        };
        // The turn ends here as failed, not as stopped by the person.
        let is_end = |action: &AgentAction| matches!(action, AgentAction::FinishTurn(_));
        let (end, stop): (Vec<_>, _) = self
            .agent
            .handle(AgentEvent::Cancel)
            .into_iter()
            .partition(is_end);
        // The store has just refused. What it refuses again waits in the transcript.
        let _ = self.try_carry_out(stop).await;
        self.keep(end);
        let shown = self.presenter.answer_cut();
        self.show(shown).await;
        self.fail_turn(storage_error(&error)).await;
    }

    async fn try_carry_out(&mut self, actions: Vec<AgentAction>) -> Result<(), ThreadStoreError> {
        let mut actions = actions.into_iter();
        while let Some(action) = actions.next() {
            if let Err(error) = self.perform(action).await {
                self.keep(actions);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Keeps what must not be lost of actions that are not carried out: messages and tokens.
    pub(crate) fn keep(&mut self, actions: impl IntoIterator<Item = AgentAction>) {
        for action in actions {
            match action {
                AgentAction::Append(entry) => {
                    self.transcript.queue(entry);
                    if let (Some(undo), Role::Main) = (&self.tools.undo, &self.role) {
                        undo.log_grows();
                    }
                }
                AgentAction::FinishTurn(outcome) => self.count(outcome.usage()),
                _ => {}
            }
        }
    }

    /// Counts tokens of the run, and those of its subagents with them.
    pub(crate) fn count(&mut self, mut usage: Usage) {
        usage += self.meter.take_below();
        self.turns.usage += usage;
        self.transcript.queue_usage(usage);
    }

    async fn perform(&mut self, action: AgentAction) -> Result<(), ThreadStoreError> {
        match action {
            AgentAction::Append(entry) => {
                if let Entry::Message(message) = &entry
                    && message.role == Speaker::Assistant
                {
                    self.turns.text = message.text();
                }
                let compacted = match &entry {
                    Entry::Compaction(compaction) => Some(self.presenter.compaction(compaction)),
                    _ => None,
                };
                self.transcript.queue(entry);
                if let (Some(undo), Role::Main) = (&self.tools.undo, &self.role) {
                    undo.log_grows();
                }
                self.transcript.save().await?;
                if let Some(compacted) = compacted {
                    // What was told of sub-folders stood in the results that are gone.
                    let nested = self.tools.instructions.as_ref();
                    let nested = nested.map(|instructions| instructions.nested_text());
                    self.notes.extend(nested.filter(|text| !text.is_empty()));
                    self.show(compacted).await;
                    self.show_context().await;
                }
            }
            AgentAction::SendLlmRequest { operation, request } => {
                self.presenter.llm_call_begins(operation);
                let client = Arc::clone(&self.model.client);
                self.operations.call_llm(operation, client, request);
            }
            AgentAction::Compact { operation, request } => {
                let notice = "the conversation is being shortened to what matters";
                self.notice(NoticeLevel::Info, notice).await;
                let client = Arc::clone(&self.model.client);
                self.operations.call_llm(operation, client, request);
            }
            AgentAction::InputChanged => {
                let queued = |input: &WaitingInput| QueuedInput {
                    id: input.id.0,
                    text: input.message.text(),
                };
                let inputs = self.agent.waiting_input().iter().map(queued).collect();
                self.show([ThreadEvent::QueueChanged { inputs }]).await;
            }
            AgentAction::CancelLlmRequest { operation } => {
                self.operations.cancel(operation).await;
                let shown = self.presenter.answer_cut();
                self.show(shown).await;
            }
            AgentAction::ExecuteTools { operation, calls } => {
                let shown = self.presenter.tools_begin(operation, &calls);
                self.show(shown).await;
                self.operations.execute_tools(operation, &self.tools, calls);
            }
            AgentAction::CancelTools { operation } => {
                self.operations.cancel(operation).await;
                self.settle().await;
                let withdrawn = self.inquiries.withdraw(operation);
                self.show(withdrawn).await;
                let shown = self.presenter.tools_cut(operation);
                self.show(shown).await;
            }
            AgentAction::RunPostToolsHook { operation, .. } => {
                // Nothing waits for what is done with the work.
                self.hand_on_work(Moment::Calls);
                let done = AgentEvent::PostToolsHookCompleted { operation };
                self.operations.run_hook(operation, |_| async { done });
            }
            AgentAction::RunPreCompactHook {
                operation,
                trigger,
                instructions,
            } => {
                self.before_compaction(operation, trigger, instructions)
                    .await;
            }
            AgentAction::CompactionBlocked { reason } => {
                self.notice(NoticeLevel::Warning, blocked(&reason)).await;
            }
            AgentAction::CancelPostToolsHook { operation }
            | AgentAction::CancelPreCompactHook { operation }
            | AgentAction::CancelRetry { operation } => self.operations.cancel(operation).await,
            AgentAction::ScheduleRetry {
                operation,
                attempt,
                error,
            } => self.schedule_retry(operation, attempt, &error).await,
            AgentAction::BeginTurn => {
                // A prompt that comes while hooks look at the end of a turn ends it.
                self.end_turn_now().await;
                if self.turns.begin() {
                    let prompt = self.agent.conversation().last();
                    let prompt = prompt.map(|prompt| prompt.text()).unwrap_or_default();
                    self.turn_began(prompt).await;
                }
            }
            AgentAction::FinishTurn(outcome) => self.finish_turn(outcome).await,
            AgentAction::Exit => self.operations.cancel_all().await,
        }
        Ok(())
    }

    async fn schedule_retry(&mut self, operation: OperationId, attempt: u32, error: &LlmError) {
        let delay = self
            .retry
            .delay(attempt, error.retry_after(), &mut self.rng);
        let most = self.retry.max_attempts.saturating_sub(1);
        let notice = format!(
            "{}; asking again in {:.1} s ({attempt} of {most})",
            error.message,
            delay.as_secs_f64(),
        );
        let mut shown = self.presenter.answer_cut();
        shown.extend(self.presenter.notice(NoticeLevel::Warning, notice));
        self.show(shown).await;
        self.operations.wait(operation, delay);
    }

    async fn finish_turn(&mut self, outcome: TurnOutcome) {
        // Their calls have ended, whatever the servers still want to know.
        let withdrawn = self.inquiries.withdraw_of_servers();
        self.show(withdrawn).await;
        self.turns.stop_reason = None;
        self.count(outcome.usage());
        if let Err(error) = self.transcript.save_usage().await {
            // The answer is stored; a count that comes later is no reason to call it a failure.
            let notice = format!("the tokens of this turn could not be counted yet: {error}");
            self.notice(NoticeLevel::Warning, notice).await;
        }
        let usage = self.turns.whole(outcome.usage());
        match outcome {
            TurnOutcome::Completed { stop_reason, .. } => {
                let turn = EndingTurn { stop_reason, usage };
                if let Some(turn) = self.turns.ask_hooks(turn, &self.tools, &self.role) {
                    self.turn_over(turn).await;
                }
            }
            TurnOutcome::Compacted { .. } => {
                let stop_reason = StopReason::EndTurn;
                self.turn_over(EndingTurn { stop_reason, usage }).await;
            }
            TurnOutcome::CompactionBlocked { reason, .. } => {
                self.compaction_blocked(&reason).await;
            }
            TurnOutcome::Stopped { cause, .. } => {
                self.fail_turn(StreamError::from(&cause)).await;
            }
            TurnOutcome::Failed { error, .. } => {
                let shown = self.presenter.answer_cut();
                self.show(shown).await;
                self.fail_turn(StreamError::from(&error)).await;
            }
            TurnOutcome::Cancelled { .. } => {
                let error = self.stopped();
                self.fail_turn(error).await;
            }
        }
    }

    /// A turn begins in the eyes of the person.
    pub(crate) async fn turn_began(&mut self, prompt: String) {
        self.asked.clear();
        self.turns.prompt.clone_from(&prompt);
        self.show([ThreadEvent::TurnStarted]).await;
        if let (Some(undo), Role::Main) = (&self.tools.undo, &self.role) {
            undo.begin_turn(prompt).await;
        }
    }

    /// Says that the person stopped the turn.
    pub(crate) fn stopped(&self) -> StreamError {
        let hint = format!(
            "go on with a new prompt, or later with `loom --resume {}`",
            self.tools.thread_id
        );
        StreamError {
            code: "cancelled".to_owned(),
            message: "the turn was stopped".to_owned(),
            hint: Some(hint),
        }
    }

    /// A turn ended as it should.
    pub(crate) async fn turn_over(&mut self, turn: EndingTurn) {
        let EndingTurn { stop_reason, usage } = turn;
        if let Some(notice) = explain(&stop_reason) {
            self.notice(NoticeLevel::Warning, notice).await;
        }
        self.turns.is_error = false;
        self.turns.stop_reason = Some(stop_reason.clone());
        self.end_command().await;
        self.show([ThreadEvent::TurnCompleted { usage, stop_reason }])
            .await;
        self.hand_on_work(Moment::Turn { is_complete: true });
    }

    /// Ends the turn at whose end hooks run, if there is one.
    pub(crate) async fn end_turn_now(&mut self) {
        if let Some(turn) = self.turns.stop_hooks().await {
            self.turn_over(turn).await;
        }
    }

    pub(crate) async fn notice(&mut self, level: NoticeLevel, text: impl Into<String>) {
        let shown = self.presenter.notice(level, text);
        self.show(shown).await;
    }

    pub(crate) async fn fail_turn(&mut self, error: StreamError) {
        self.turns.is_error = true;
        self.end_command().await;
        self.show([ThreadEvent::TurnFailed { error }]).await;
        self.hand_on_work(Moment::Turn { is_complete: false });
    }

    /// Hands events to the front end. One that has gone away is no reason to stop: the turn is
    /// still worth storing, and the handle that it dropped ends the session.
    pub(crate) async fn show(&self, events: impl IntoIterator<Item = ThreadEvent>) {
        for event in events {
            let _ = self.events.send(event).await;
        }
    }
}

fn storage_error(error: &ThreadStoreError) -> StreamError {
    StreamError {
        code: "thread_not_saved".to_owned(),
        message: format!("the conversation could not be saved: {error}"),
        hint: Some(error.hint()),
    }
}

/// Says what a stop reason means where a person would wonder.
fn explain(reason: &StopReason) -> Option<&'static str> {
    match reason {
        StopReason::MaxTokens => Some(
            "the answer reached the limit of tokens and was cut; ask to go on, or raise model.max_tokens",
        ),
        StopReason::Refusal => Some("the model, or its provider's filter, refused to go on"),
        StopReason::ContextExceeded => {
            Some("the conversation has filled the model's context; start a new thread")
        }
        _ => None,
    }
}
