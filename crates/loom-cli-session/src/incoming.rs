//! What comes in: what the front end wants, and what all that runs has to report.
//!
//! Each is taken up by itself, in its order, and comes to an event for the agent or to none. Nothing
//! here waits for the model, a tool or the person: what takes long reports when it is done.

use loom_common_core::inquiry::{Answer, Inquiry};
use loom_common_core::stream::{NoticeLevel, StreamError};
use loom_common_core::{
    AgentEvent, AgentState, InputId, Message, OperationId, PermissionMode, StopCause,
};
use tokio::sync::oneshot;

use crate::command_prompt::Said;
use crate::inquiries::{Answered, Person};
use crate::operations::Report;
use crate::prompt::{add_note, mode_note};
use crate::runner::Runner;
use crate::session::Command;
use crate::turn::AfterHooks;

impl Runner {
    /// Does what the front end wants, and returns what the agent must know of it.
    pub(crate) async fn command(&mut self, command: Command) -> Option<AgentEvent> {
        match command {
            Command::Prompt(prompt) => {
                return self.hear(Said::Prompt(prompt)).await;
            }
            Command::Run(command) => return self.hear(Said::Command(command)).await,
            Command::Cancel => {
                self.end_turn_now().await;
                self.stop_command(self.stopped()).await;
                self.stop_prompts().await;
                return Some(AgentEvent::Cancel);
            }
            Command::Finish => self.finishing = true,
            Command::Shutdown => return Some(AgentEvent::Shutdown),
            Command::Answer { id, answer } => match self.inquiries.answer(&id, answer) {
                Answered::Closed(closed) => self.show([closed]).await,
                Answered::Unfit(problem) => self.notice(NoticeLevel::Warning, problem).await,
                Answered::TooLate => {}
            },
            Command::NobodyThere { reason } => {
                self.tools.person.set(Person::Absent { reason });
                let withdrawn = self.inquiries.withdraw_all();
                self.show(withdrawn).await;
            }
            Command::SetMode(mode) => {
                if let Some(notice) = self.tools.set_mode(mode) {
                    self.notice(NoticeLevel::Warning, notice).await;
                }
                self.settings_changed().await;
            }
            Command::SetModel(model) => {
                self.commands.keep_model();
                let configure = self.exchange_model(*model);
                self.settings_changed().await;
                return Some(configure);
            }
            Command::SetEffort(effort) => {
                self.model.effort = effort;
                if let Some(former) = self.commands.former() {
                    former.effort = effort;
                }
                self.settings_changed().await;
                return Some(self.configure());
            }
            Command::Compact { instructions } => {
                return self.hear(Said::Compact(instructions)).await;
            }
            Command::Restore { restore, done } => {
                // A front end that has gone away need not know.
                let _ = done.send(self.restore(restore).await);
            }
            Command::Warn { text } => self.notice(NoticeLevel::Warning, text).await,
            Command::Reject(error) => self.refuse(error).await,
            Command::Withdraw { id } => {
                return Some(AgentEvent::WithdrawInput { id: InputId(id) });
            }
            Command::Replace { id, message } => {
                let id = InputId(id);
                return Some(AgentEvent::ReplaceInput { id, message });
            }
        }
        None
    }

    /// Takes what runs has to report, and returns what the agent must know of it.
    pub(crate) async fn report(&mut self, report: Report) -> Option<AgentEvent> {
        match report {
            Report::Event(event) => return Some(event),
            Report::Prompt { pass, prompt } => {
                if self.prompts.one_arrived(pass) {
                    return Some(self.user_input(prompt));
                }
            }
            Report::LineRuns { turn, call } => self.line_runs(turn, call).await,
            Report::CommandReady { turn, text } => return self.command_ready(turn, text).await,
            Report::PromptBlocked { pass, reason } => {
                if !self.prompts.one_arrived(pass) {
                    return None;
                }
                let error = StreamError {
                    code: "prompt_blocked".to_owned(),
                    message: format!("a hook keeps this prompt from the agent: {reason}"),
                    hint: None,
                };
                // A command's turn that has begun for this prompt has nothing to go on with.
                self.turns.give_up();
                self.refuse(error).await;
            }
            Report::TurnEndHooks(outcome) => {
                for message in &outcome.messages {
                    self.notice(message.level, message.text.clone()).await;
                }
                match self.turns.hooks_ended(&outcome) {
                    AfterHooks::Nothing => {}
                    AfterHooks::Over(turn) => self.turn_over(turn).await,
                    AfterHooks::GoOn(reason) => {
                        let mut message = Message::user("");
                        message.content.clear();
                        add_note(&mut message, &format!("A hook of the user says: {reason}"));
                        return Some(AgentEvent::UserInput(message));
                    }
                }
            }
            Report::ToolRuns {
                operation,
                call_id,
                since,
            } => self.presenter.tool_runs(operation, call_id, since),
            Report::ModeSet => {
                // The answer that set it has told the model.
                self.told_mode = Some(self.tools.mode.get());
                self.settings_changed().await;
            }
            Report::Notice { level, text } => self.notice(level, text).await,
            Report::Kept(kept) => self.kept(kept).await,
            Report::Halt { reason } => {
                let cause = StopCause::Hook {
                    reason: Some(reason),
                };
                if self.stop_command(StreamError::from(&cause)).await {
                    return None;
                }
                return Some(AgentEvent::StopTurn { cause });
            }
            Report::Asks {
                operation,
                call_id,
                inquiry,
                answer,
            } => self.ask(operation, &call_id, inquiry, answer).await,
            Report::ServerAsks(question) => self.server_asks(question).await,
            Report::NoLongerAsked { number } => {
                let withdrawn = self.inquiries.withdraw_one(number);
                self.show(withdrawn).await;
            }
            Report::Below {
                operation,
                call_id,
                event,
            } => {
                let shown = self.presenter.below(operation, &call_id, event);
                self.show(shown).await;
            }
        }
        None
    }

    async fn ask(
        &mut self,
        operation: OperationId,
        call_id: &str,
        inquiry: Inquiry,
        answer: oneshot::Sender<Answer>,
    ) {
        // A call that was stopped meanwhile does not ask any more.
        if let Some(inquiry) = self.presenter.inquiry(operation, call_id, inquiry) {
            let opened = self.inquiries.open(operation, inquiry, answer);
            self.show([opened]).await;
        }
    }

    /// Makes what the person says ready for the model.
    pub(crate) fn user_input(&mut self, mut prompt: Message) -> AgentEvent {
        let mode = self.tools.mode.get();
        // Nothing is said of the mode in which most sessions begin and stay.
        let is_news = match self.told_mode {
            None => mode == PermissionMode::Plan,
            Some(told) => told != mode,
        };
        if is_news {
            add_note(&mut prompt, mode_note(mode));
        }
        self.told_mode = Some(mode);
        self.notes.extend(self.tools.registry.take_notices());
        for note in self.notes.drain(..) {
            add_note(&mut prompt, &note);
        }
        AgentEvent::UserInput(prompt)
    }

    /// Says that nothing comes of something that was said. A turn that runs goes on, so this is a
    /// notice and no end of it. Where none runs it counts as a turn that failed: whoever said it
    /// waits for one to end.
    pub(crate) async fn refuse(&mut self, error: StreamError) {
        if !self.turn_runs() {
            self.fail_turn(error).await;
            return;
        }
        let StreamError {
            code,
            message,
            hint,
        } = error;
        let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        self.notice(NoticeLevel::Warning, format!("{message} ({code}){hint}"))
            .await;
    }

    /// Tells whether a turn has begun, and not ended, in the eyes of the front end.
    fn turn_runs(&self) -> bool {
        let rests = [AgentState::WaitingForUserInput, AgentState::ShuttingDown];
        !rests.contains(self.agent.state())
            || self.turns.is_ending()
            || self.turns.has_begun_ahead()
    }
}
