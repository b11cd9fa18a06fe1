//! The task that owns the agent: takes what happens, carries out what the agent wants.

use loom_cli_hooks::{Event, EventKind, SessionEndReason};
use loom_common_core::inquiry::{Answer, Inquiry};
use loom_common_core::stream::{NoticeLevel, StreamError, ThreadEvent};
use loom_common_core::{
    Agent, AgentAction, AgentConfig, AgentEvent, AgentState, InputId, LlmEvent, Message,
    OperationId, PermissionMode, StopCause,
};
use loom_common_http::RetryConfig;
use loom_common_thread::Continuation;
use rand::rngs::StdRng;
use tokio::sync::{mpsc, oneshot};

use loom_cli_mcp::{McpOffering, McpServers};
use loom_cli_tools::EditStyle;

use crate::begin::{Offered, for_model};
use crate::calls::ToolRunner;
use crate::command_prompt::{CommandTurns, Said};
use crate::inquiries::{Answered, Inquiries, Person};
use crate::meter::Meter;
use crate::model::ModelChoice;
use crate::operations::{Operations, Report};
use crate::presenter::Presenter;
use crate::prompt::{add_note, mode_note};
use crate::prompts::Prompts;
use crate::server_questions::AskedInTurn;
use crate::session::Command;
use crate::tools::SubagentKind;
use crate::transcript::Transcript;
use crate::turn::{AfterHooks, Turns};

/// For whom a session works.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    /// For the person.
    Main,
    /// For another agent.
    Subagent { kind: SubagentKind, number: u64 },
}

/// The task's state.
pub(crate) struct Runner {
    pub(crate) role: Role,
    pub(crate) agent: Agent,
    /// With what the agent goes on.
    pub(crate) config: AgentConfig,
    pub(crate) model: ModelChoice,
    pub(crate) meter: Meter,
    pub(crate) offered: Offered,
    pub(crate) tools: ToolRunner,
    pub(crate) transcript: Transcript,
    pub(crate) operations: Operations,
    pub(crate) presenter: Presenter,
    pub(crate) inquiries: Inquiries,
    /// How often servers have asked the person in this turn.
    pub(crate) asked: AskedInTurn,
    pub(crate) turns: Turns,
    pub(crate) prompts: Prompts,
    pub(crate) commands: CommandTurns,
    pub(crate) events: mpsc::Sender<ThreadEvent>,
    pub(crate) retry: RetryConfig,
    pub(crate) rng: StdRng,
    /// Servers of tools.
    pub(crate) servers: Option<McpServers>,
    /// What of them is brought into the registry; some may still be starting.
    pub(crate) offering: Option<McpOffering>,
    /// What the model is to be told with the next prompt.
    pub(crate) notes: Vec<String>,
    /// The mode that the model knows of.
    pub(crate) told_mode: Option<PermissionMode>,
    /// How full the context was, and what was spent, when the front end was told last.
    pub(crate) shown_context: Option<(u64, Option<u64>)>,
    pub(crate) max_cost_micros: Option<u64>,
    /// Whether the session ends when nothing is left to do.
    pub(crate) finishing: bool,
}

impl Runner {
    /// Runs to the end of the session.
    pub(crate) async fn run(
        mut self,
        first_actions: Vec<AgentAction>,
        mut commands: mpsc::Receiver<Command>,
        mut reports: mpsc::Receiver<Report>,
    ) {
        let greeting = ThreadEvent::ThreadStarted {
            thread_id: self.tools.thread_id.clone(),
            cwd: self.tools.workspace.display().to_string(),
            provider: self.model.provider.clone(),
            model: self.model.name.clone(),
            permission_mode: self.tools.mode.get(),
            tools: self.offered.names(),
        };
        self.show([greeting]).await;
        // What resuming has added is stored with the first prompt, which tells of any trouble.
        self.keep(first_actions);
        loop {
            // Commands first: a flood of reports must not delay a cancellation.
            let event = tokio::select! {
                biased;
                command = commands.recv() => match command {
                    Some(command) => self.command(command).await,
                    None => Some(AgentEvent::Shutdown),
                },
                Some(report) = reports.recv() => self.report(report).await,
            };
            let mut ends = event == Some(AgentEvent::Shutdown);
            if let Some(event) = event {
                self.take(event).await;
            }
            while !ends && let Some(event) = self.next_said().await {
                self.take(event).await;
            }
            if !ends && self.finishing && self.is_idle() {
                self.take(AgentEvent::Shutdown).await;
                ends = true;
            }
            if ends {
                break;
            }
        }
        self.end().await;
    }

    /// Tells whether nothing happens until the person says something.
    pub(crate) fn is_idle(&self) -> bool {
        *self.agent.state() == AgentState::WaitingForUserInput
            && !self.turns.is_ending()
            && !self.prompts.are_under_way()
            && !self.commands.is_preparing()
    }

    async fn end(&mut self) {
        self.end_turn_now().await;
        self.stop_command(self.stopped()).await;
        self.stop_everything().await;
        self.save_what_waits().await;
        if matches!(self.role, Role::Main) && self.tools.hooks.handles(EventKind::SessionEnd) {
            let event = Event::SessionEnd {
                reason: SessionEndReason::Other,
            };
            self.tools.hooks.run(&self.tools.facts(), &event).await;
        }
        let result = ThreadEvent::Result {
            thread_id: self.tools.thread_id.clone(),
            text: self.turns.text.clone(),
            is_error: self.turns.is_error,
            stop_reason: self.turns.stop_reason.clone(),
            turns: self.turns.count,
            usage: self.turns.usage,
            cost_micros: self.meter.micros(),
        };
        self.show([result]).await;
    }

    async fn stop_everything(&mut self) {
        self.operations.cancel_all().await;
        self.settle().await;
        self.tools.registry.shutdown().await;
        if matches!(self.role, Role::Main) {
            if let Some(servers) = &self.servers {
                servers.shutdown().await;
            }
            if let Some(diagnostics) = &self.tools.diagnostics {
                diagnostics.shutdown().await;
            }
        }
    }

    /// Waits until nothing of what was cancelled is under way any more.
    pub(crate) async fn settle(&mut self) {
        self.tools.registry.settled().await;
        if matches!(self.role, Role::Main) {
            self.tools.below.close();
            self.tools.below.wait().await;
            self.tools.below.reopen();
        }
    }

    /// Does what the front end wants, and returns what the agent must know of it.
    async fn command(&mut self, command: Command) -> Option<AgentEvent> {
        match command {
            Command::Prompt(prompt) => {
                return self.hear(Said::Prompt(prompt)).await;
            }
            Command::Run(command) => return self.hear(Said::Command(command)).await,
            Command::Cancel => {
                self.end_turn_now().await;
                self.stop_command(self.stopped()).await;
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
                self.tools.mode.set(mode);
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
            Command::Reject(error) => self.fail_turn(error).await,
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
    async fn report(&mut self, report: Report) -> Option<AgentEvent> {
        match report {
            Report::Event(event) => return Some(event),
            Report::Prompt(prompt) => {
                self.prompts.one_arrived();
                return Some(self.user_input(prompt));
            }
            Report::LineRuns { turn, call } => self.line_runs(turn, call).await,
            Report::CommandReady { turn, text } => return self.command_ready(turn, text).await,
            Report::PromptBlocked { reason } => {
                self.prompts.one_arrived();
                let error = StreamError {
                    code: "prompt_blocked".to_owned(),
                    message: format!("a hook keeps this prompt from the agent: {reason}"),
                    hint: None,
                };
                self.turns.give_up();
                self.fail_turn(error).await;
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
            Report::Spent { usage, cost_micros } => {
                self.count(usage);
                self.meter.add_micros(cost_micros);
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

    /// Takes in the tools of servers that have come up since the last model call; tells whether
    /// there are any.
    fn tools_have_grown(&mut self) -> bool {
        if let Some(offering) = &self.offering {
            let said = offering.update(&self.tools.registry);
            self.notes.extend(said.into_iter().map(|said| {
                format!(
                    "The server of tools {} says about itself:\n{}",
                    said.server, said.text
                )
            }));
        }
        self.offered.grow(self.tools.registry.definitions())
    }

    /// Takes another model, and returns what the agent must know of it.
    pub(crate) fn exchange_model(&mut self, model: ModelChoice) -> AgentEvent {
        self.meter.change_prices(model.figures.prices);
        let style = EditStyle::of_model(&model.name);
        self.tools.registry.set_edit_style(style);
        self.offered = Offered::new(self.tools.registry.definitions(), &self.tools.own);
        self.model = model;
        self.configure()
    }

    /// Has the agent go on with the model and the tools as they are now.
    fn configure(&mut self) -> AgentEvent {
        self.config = for_model(self.config.clone(), &self.model, &self.offered);
        AgentEvent::Configure(Box::new(self.config.clone()))
    }

    pub(crate) async fn settings_changed(&mut self) {
        let changed = ThreadEvent::SettingsChanged {
            provider: self.model.provider.clone(),
            model: self.model.name.clone(),
            effort: self.model.effort,
            permission_mode: self.tools.mode.get(),
        };
        // A thread goes on with what the person chose, not with what a command did for one turn.
        let model = self.commands.former().unwrap_or(&mut self.model);
        self.transcript.go_on(Continuation {
            cwd: self.tools.workspace.clone(),
            provider: model.provider.clone(),
            model: model.name.clone(),
            permission_mode: self.tools.mode.get(),
        });
        self.show([changed]).await;
    }

    async fn take(&mut self, event: AgentEvent) {
        let shown = match &event {
            AgentEvent::Llm { operation, event } => {
                self.meter.llm_event(*operation, event);
                self.presenter.llm_event(*operation, event)
            }
            AgentEvent::ToolProgress {
                operation,
                call_id,
                output,
            } => self.presenter.tool_progress(*operation, call_id, output),
            AgentEvent::ToolCompleted {
                operation,
                call_id,
                output,
            } => self.presenter.tool_ends(*operation, call_id, output),
            _ => Vec::new(),
        };
        self.show(shown).await;
        // A model call comes next, or what was said is stored for whoever goes on.
        if let AgentEvent::PostToolsHookCompleted { .. } | AgentEvent::Shutdown = event {
            for said in self.said_meanwhile().await {
                let actions = self.agent.handle(said);
                self.carry_out(actions).await;
            }
        }
        let asks_soon = matches!(
            event,
            AgentEvent::UserInput(_) | AgentEvent::PostToolsHookCompleted { .. }
        );
        if asks_soon && self.tools_have_grown() {
            let configure = self.configure();
            let actions = self.agent.handle(configure);
            self.carry_out(actions).await;
        }
        let is_answered = matches!(
            &event,
            AgentEvent::Llm {
                event: LlmEvent::Finished { .. },
                ..
            }
        );
        if is_answered {
            // What the answer has cost is known by now; if it was too much, nothing follows from it.
            self.keep_to_the_budget().await;
        }
        let actions = self.agent.handle(event);
        if is_answered {
            self.show_context().await;
        }
        self.carry_out(actions).await;
    }

    /// Tells the front end how full the context is and what was spent, when that is news.
    pub(crate) async fn show_context(&mut self) {
        let context = self.agent.context();
        let now = (context.used, self.meter.micros());
        if self.shown_context == Some(now) {
            return;
        }
        self.shown_context = Some(now);
        let updated = ThreadEvent::ContextUpdated {
            used_tokens: context.used,
            window_tokens: context.window,
            cost_micros: now.1,
        };
        self.show([updated]).await;
    }

    /// Stops the turn when the run has cost what it may.
    async fn keep_to_the_budget(&mut self) {
        let spent = self.meter.micros().zip(self.max_cost_micros);
        if let Some((spent, limit_micros)) = spent
            && spent >= limit_micros
        {
            let cause = StopCause::MaxCost { limit_micros };
            let actions = self.agent.handle(AgentEvent::StopTurn { cause });
            self.carry_out(actions).await;
        }
    }
}
