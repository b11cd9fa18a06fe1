//! The task that owns the agent: lets it know what happens, in order, from the beginning of a session
//! to its end.

use loom_cli_hooks::{Event, EventKind, SessionEndReason};
use loom_common_core::stream::{NoticeLevel, ThreadEvent};
use loom_common_core::{
    Agent, AgentAction, AgentConfig, AgentEvent, AgentState, LlmEvent, PermissionMode, Usage,
};
use loom_common_http::RetryConfig;
use loom_common_thread::Continuation;
use rand::rngs::StdRng;
use tokio::sync::mpsc;

use loom_cli_mcp::{McpOffering, McpServers};
use loom_cli_tools::EditStyle;

use crate::begin::{Offered, for_model};
use crate::calls::ToolRunner;
use crate::command_prompt::CommandTurns;
use crate::inquiries::Inquiries;
use crate::keeping::Keepers;
use crate::meter::Meter;
use crate::model::ModelChoice;
use crate::operations::{Operations, Report};
use crate::presenter::Presenter;
use crate::prompts::Prompts;
use crate::server_questions::AskedInTurn;
use crate::session::Command;
use crate::tools::SubagentKind;
use crate::transcript::Transcript;
use crate::turn::Turns;

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
    /// What takes the agent's work behind its turns.
    pub(crate) keepers: Keepers,
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
        self.end(&mut reports).await;
    }

    /// Tells whether nothing happens until the person says something.
    pub(crate) fn is_idle(&self) -> bool {
        *self.agent.state() == AgentState::WaitingForUserInput
            && !self.turns.is_ending()
            && !self.prompts.are_under_way()
            && !self.commands.is_preparing()
    }

    async fn end(&mut self, reports: &mut mpsc::Receiver<Report>) {
        self.end_turn_now().await;
        self.stop_command(self.stopped()).await;
        self.stop_prompts().await;
        self.stop_everything().await;
        self.finish_keeping(reports).await;
        // What subagents have used that were stopped with everything.
        self.count(Usage::default());
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
            if let Some(undo) = &self.tools.undo {
                undo.finished().await;
            }
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
        if let Some(undo) = &self.tools.undo {
            undo.settled().await;
        }
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
    pub(crate) fn configure(&mut self) -> AgentEvent {
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
        if let Some(warning) = self.meter.budget().unlimited(&self.model) {
            self.notice(NoticeLevel::Warning, warning).await;
        }
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
        // What the answer has cost is known by now; if it was too much, nothing follows from it. Nor
        // does from a call in which a subagent may have used up the rest.
        if is_answered || matches!(event, AgentEvent::ToolCompleted { .. }) {
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
        if let Some(cause) = self.meter.budget().used_up() {
            let actions = self.agent.handle(AgentEvent::StopTurn { cause });
            self.carry_out(actions).await;
        }
    }
}
