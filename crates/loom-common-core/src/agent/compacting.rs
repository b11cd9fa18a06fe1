//! Compaction under way: when it begins, what becomes of the summary, and how the turn goes on.
//!
//! A hook comes ahead of it, once for each compaction and not for each try at the summary. What it
//! adds goes with the request for the summary; when it blocks, the conversation stays as it is.
//!
//! It is tried at most once between two answers. If the conversation is still too long then, no
//! second try would help, and the turn ends with an error that says so.

use std::sync::Arc;

use super::Agent;
use crate::compaction::{
    Compaction, CompactionTrigger, CompactionVerdict, Draft, lighten, summary_request,
};
use crate::error::{LlmError, LlmErrorKind};
use crate::llm::{LlmResponse, ResponseBuilder, StopReason};
use crate::log::Entry;
use crate::state::{AgentAction, AgentState, ErrorOrigin, TurnOutcome};

/// Below so many tokens there is nothing to gain.
const WORTHWHILE: u64 = 2_000;

/// What a model takes at least, where its context is not known, in tokens.
const COMMON_WINDOW: u64 = 100_000;

/// A compaction that is under way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Job {
    trigger: CompactionTrigger,
    instructions: Option<String>,
    after: After,
    /// Whether the model sees a lighter conversation, as it cannot take the whole one.
    lightened: bool,
}

/// What comes after a compaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The model call before which it was needed.
    ModelCall,
    /// The end of the turn, which was there for the compaction alone.
    EndOfTurn,
}

impl Agent {
    /// Takes the person's wish.
    pub(super) fn want_compaction(
        &mut self,
        instructions: Option<String>,
        actions: &mut Vec<AgentAction>,
    ) {
        if self.state != AgentState::WaitingForUserInput {
            if self.compaction.is_none() {
                self.compaction_wanted = Some(instructions);
            }
            return;
        }
        self.begin_turn(actions);
        let trigger = CompactionTrigger::Person;
        self.compact(trigger, instructions, After::EndOfTurn, actions);
    }

    /// Tells whether the next model call would come too near to the end of the context.
    pub(super) fn is_nearly_full(&self) -> bool {
        let policy = self.config.compaction;
        let used = self.context().used.saturating_add(self.waiting_tokens());
        self.can_make_room()
            && policy
                .limit(self.config.max_tokens)
                .is_some_and(|limit| used > limit)
    }

    /// Tells whether compacting the conversation without being asked for is allowed and may help.
    pub(super) fn can_make_room(&self) -> bool {
        self.config.compaction.automatic && !self.compacted && self.is_worthwhile()
    }

    fn is_worthwhile(&self) -> bool {
        self.gauge.tokens(&self.conversation) >= WORTHWHILE
    }

    fn waiting_tokens(&self) -> u64 {
        let waiting = self.waiting.iter().map(|input| &input.message);
        self.gauge.tokens(waiting)
    }

    /// Compacts the conversation because the provider could not take it.
    pub(super) fn make_room(&mut self, actions: &mut Vec<AgentAction>) {
        let trigger = CompactionTrigger::ContextExceeded;
        self.compact(trigger, None, After::ModelCall, actions);
    }

    /// Begins a compaction.
    pub(super) fn compact(
        &mut self,
        trigger: CompactionTrigger,
        instructions: Option<String>,
        after: After,
        actions: &mut Vec<AgentAction>,
    ) {
        if !self.is_worthwhile() {
            self.go_on(after, actions);
            return;
        }
        let window = self.config.compaction.context_window;
        let used = self.context().used;
        let operation = self.next_operation();
        self.state = AgentState::PreCompactHook { operation };
        actions.push(AgentAction::RunPreCompactHook {
            operation,
            trigger,
            instructions: instructions.clone(),
        });
        self.compaction = Some(Job {
            trigger,
            instructions,
            after,
            lightened: trigger == CompactionTrigger::ContextExceeded
                || window.is_some_and(|window| used > window),
        });
    }

    /// Goes on with a compaction after its hook.
    pub(super) fn take_verdict(
        &mut self,
        verdict: CompactionVerdict,
        actions: &mut Vec<AgentAction>,
    ) {
        let Some(job) = &mut self.compaction else {
            return;
        };
        if let Some(cause) = self.turn.stop.take() {
            self.stop_turn(cause, actions);
            return;
        }
        match verdict {
            CompactionVerdict::GoAhead { instructions } => {
                let said = [job.instructions.take(), instructions];
                let said: Vec<String> = said.into_iter().flatten().collect();
                job.instructions = (!said.is_empty()).then(|| said.join("\n\n"));
                self.ask_for_summary(0, actions);
            }
            CompactionVerdict::Block { reason } => self.do_without_compaction(reason, actions),
        }
    }

    /// The hook blocks the compaction. A turn goes on as long as the provider has not said that
    /// nothing more fits.
    fn do_without_compaction(&mut self, reason: String, actions: &mut Vec<AgentAction>) {
        let Some(job) = self.compaction.take() else {
            return;
        };
        let usage = self.turn.usage;
        if job.after == After::EndOfTurn {
            self.finish_turn(TurnOutcome::CompactionBlocked { reason, usage }, actions);
        } else if job.trigger == CompactionTrigger::ContextExceeded {
            let error = kept_too_long(&reason);
            self.finish_turn(TurnOutcome::Failed { error, usage }, actions);
        } else {
            actions.push(AgentAction::CompactionBlocked { reason });
            self.go_on(job.after, actions);
        }
    }

    pub(super) fn ask_for_summary(&mut self, retries: u32, actions: &mut Vec<AgentAction>) {
        let Some(job) = &self.compaction else {
            return;
        };
        let mut messages = match job.lightened {
            true => {
                let used = self.context().used;
                let window = self.config.compaction.context_window.unwrap_or(used);
                let limit = (window.min(used) / 2).saturating_sub(self.gauge.fixed_tokens());
                match lighten(&self.conversation, &self.gauge, limit) {
                    Some(messages) => messages,
                    None => {
                        let error = LlmError::new(
                            LlmErrorKind::ContextTooLong,
                            "the conversation is too long to be summed up",
                        );
                        self.do_without_summary(error, actions);
                        return;
                    }
                }
            }
            false => self.conversation.clone(),
        };
        messages.push(Arc::new(summary_request(job.instructions.as_deref())));
        let operation = self.next_operation();
        self.state = AgentState::Compacting {
            operation,
            retries,
            response: ResponseBuilder::default(),
        };
        actions.push(AgentAction::Compact {
            operation,
            request: self.request(messages),
        });
    }

    pub(super) fn complete_summary(
        &mut self,
        response: LlmResponse,
        actions: &mut Vec<AgentAction>,
    ) {
        self.turn.usage += response.usage;
        let AgentState::Compacting { retries, .. } = self.state else {
            return;
        };
        let summary = response.message.text();
        let failure = match response.stop_reason {
            StopReason::Refusal => Some((
                LlmErrorKind::InvalidRequest,
                "the model refused to sum the conversation up",
            )),
            StopReason::ContextExceeded => Some((
                LlmErrorKind::ContextTooLong,
                "the conversation is too long to be summed up",
            )),
            _ if summary.trim().is_empty() => Some((
                LlmErrorKind::MalformedResponse,
                "the model wrote no summary",
            )),
            _ => None,
        };
        match failure {
            Some((kind, message)) => {
                self.summary_failed(retries, LlmError::new(kind, message), actions);
            }
            None => self.finish_compaction(Ok(summary), actions),
        }
    }

    pub(super) fn summary_failed(
        &mut self,
        retries: u32,
        error: LlmError,
        actions: &mut Vec<AgentAction>,
    ) {
        let Some(job) = &mut self.compaction else {
            return;
        };
        let stops = self.turn.stop.is_some();
        if error.kind == LlmErrorKind::ContextTooLong && !job.lightened && !stops {
            job.lightened = true;
            self.ask_for_summary(0, actions);
        } else if let Some(cause) = self.turn.stop.take() {
            self.stop_turn(cause, actions);
        } else if error.is_retryable() && retries < self.config.max_retries {
            self.schedule_retry(ErrorOrigin::Compaction, retries, error, actions);
        } else {
            self.do_without_summary(error, actions);
        }
    }

    /// No summary comes. A turn that needs room goes on with an outline; but where the next model
    /// call would fail for the same reason, or where nobody but the person wanted room, the turn
    /// fails and the conversation stays whole.
    fn do_without_summary(&mut self, error: LlmError, actions: &mut Vec<AgentAction>) {
        let alone = self
            .compaction
            .as_ref()
            .is_some_and(|job| job.after == After::EndOfTurn);
        if alone || concerns_every_call(error.kind) {
            let usage = self.turn.usage;
            self.finish_turn(TurnOutcome::Failed { error, usage }, actions);
        } else {
            self.finish_compaction(Err(error), actions);
        }
    }

    fn finish_compaction(
        &mut self,
        summary: Result<String, LlmError>,
        actions: &mut Vec<AgentAction>,
    ) {
        let Some(job) = self.compaction.take() else {
            return;
        };
        let tokens_before = self.context().used;
        let policy = self.config.compaction;
        let known = policy.limit(self.config.max_tokens);
        let limit = known.unwrap_or(tokens_before.max(COMMON_WINDOW));
        let limit_now = match job.trigger {
            // The provider's word outweighs what is known of the model: it must become less.
            CompactionTrigger::ContextExceeded => limit.min(tokens_before / 10 * 8),
            CompactionTrigger::Threshold | CompactionTrigger::Person => limit,
        };
        let waiting = self.waiting_tokens();
        let mut compaction = self.draft(&job, &summary, tokens_before, limit);
        let fits = |compaction: &Compaction| compaction.tokens_after + waiting <= limit_now;
        if limit_now < limit && !fits(&compaction) {
            // Only now does it come to the person's words.
            compaction = self.draft(&job, &summary, tokens_before, limit_now);
        }
        let shorter = compaction.tokens_after < tokens_before;
        let asked_for = job.trigger == CompactionTrigger::Person;
        if shorter && (asked_for || fits(&compaction)) {
            self.replace_conversation(compaction, actions);
        } else if !asked_for {
            let usage = self.turn.usage;
            let error = still_too_long();
            self.finish_turn(TurnOutcome::Failed { error, usage }, actions);
            return;
        }
        self.go_on(job.after, actions);
    }

    /// Puts a compaction together that leaves room below a limit of tokens.
    fn draft(
        &self,
        job: &Job,
        summary: &Result<String, LlmError>,
        tokens_before: u64,
        limit: u64,
    ) -> Compaction {
        let before = self.log.standing().compaction;
        let taken = self.gauge.fixed_tokens() + self.waiting_tokens();
        Draft {
            trigger: job.trigger,
            conversation: &self.conversation,
            before: before.map(Arc::as_ref),
            tools: &self.config.tools,
            gauge: &self.gauge,
            summary: summary.clone(),
            room: limit.saturating_sub(taken) / 2,
            goes_on: job.after == After::ModelCall,
            tokens_before,
        }
        .finish()
    }

    fn replace_conversation(&mut self, compaction: Compaction, actions: &mut Vec<AgentAction>) {
        self.conversation = compaction.messages().cloned().collect();
        let entry = Entry::Compaction(Arc::new(compaction));
        // A compaction can stand anywhere in a log.
        if self.log.push(entry.clone()).is_ok() {
            actions.push(AgentAction::Append(entry));
        }
        self.gauge.forget();
        self.compacted = true;
    }

    fn go_on(&mut self, after: After, actions: &mut Vec<AgentAction>) {
        match after {
            After::ModelCall => match self.turn.stop.take() {
                Some(cause) => self.stop_turn(cause, actions),
                None => self.send_request(0, actions),
            },
            After::EndOfTurn => {
                let usage = self.turn.usage;
                self.finish_turn(TurnOutcome::Compacted { usage }, actions);
            }
        }
    }
}

/// Tells whether an error has nothing to do with what was asked, so that any other model call would
/// fail in the same way.
fn concerns_every_call(kind: LlmErrorKind) -> bool {
    match kind {
        LlmErrorKind::ServerUnreachable
        | LlmErrorKind::Unauthorized
        | LlmErrorKind::ProviderNotConfigured
        | LlmErrorKind::KeyRefused
        | LlmErrorKind::PermissionDenied
        | LlmErrorKind::ModelNotFound
        | LlmErrorKind::SpendLimit
        | LlmErrorKind::ProviderUnreachable => true,
        LlmErrorKind::InvalidRequest
        | LlmErrorKind::ContextTooLong
        | LlmErrorKind::RateLimited
        | LlmErrorKind::Overloaded
        | LlmErrorKind::ProviderFailed
        | LlmErrorKind::Timeout
        | LlmErrorKind::StreamInterrupted
        | LlmErrorKind::MalformedResponse
        | LlmErrorKind::Internal => false,
    }
}

fn still_too_long() -> LlmError {
    LlmError::new(
        LlmErrorKind::ContextTooLong,
        "the conversation is too long for the model, even in its shortest form",
    )
    .with_hint(
        "say less at once, take a model with a larger context, go back to an earlier point, or \
         start a new thread",
    )
}

fn kept_too_long(reason: &str) -> LlmError {
    LlmError::new(
        LlmErrorKind::ContextTooLong,
        format!(
            "the conversation is too long for the model, and a hook keeps it from being shortened: \
             {reason}"
        ),
    )
    .with_hint(
        "have the hook allow it, take a model with a larger context, go back to an earlier point, \
         or start a new thread",
    )
}
