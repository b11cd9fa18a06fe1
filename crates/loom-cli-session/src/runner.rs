//! The task that owns the agent: takes what happens, carries out what the agent wants.

use std::sync::Arc;

use loom_common_core::stream::{NoticeLevel, StreamError, ThreadEvent};
use loom_common_core::{
    Agent, AgentAction, AgentConfig, AgentEvent, CompactionPolicy, Entry, LlmClient, LlmError,
    OperationId, PermissionMode, Role, StopReason, TurnLimits, TurnOutcome, Usage,
};
use loom_common_http::RetryConfig;
use loom_common_thread::{Continuation, ThreadId, ThreadStoreError};
use rand::rngs::StdRng;
use tokio::sync::mpsc;

use crate::inquiries::Inquiries;
use crate::operations::{Operations, Report, SharedMode, ToolRunner};
use crate::presenter::Presenter;
use crate::prompt::system_prompt;
use crate::session::{Command, SessionSetup, ThreadStart};
use crate::tools;
use crate::transcript::Transcript;

/// The task's state.
pub(crate) struct Runner {
    agent: Agent,
    client: Arc<dyn LlmClient>,
    tools: ToolRunner,
    transcript: Transcript,
    operations: Operations,
    presenter: Presenter,
    inquiries: Inquiries,
    events: mpsc::Sender<ThreadEvent>,
    retry: RetryConfig,
    rng: StdRng,
    greeting: ThreadEvent,
    summary: Summary,
}

/// What the run came to.
struct Summary {
    thread_id: ThreadId,
    text: String,
    is_error: bool,
    stop_reason: Option<StopReason>,
    turns: u32,
    usage: Usage,
}

impl Runner {
    /// Makes the task's state, and the actions with which a resumed agent begins.
    pub(crate) fn new(
        setup: SessionSetup,
        events: mpsc::Sender<ThreadEvent>,
        operations: Operations,
    ) -> (Self, Vec<AgentAction>) {
        let own = tools::definitions();
        let mut definitions = setup.tools.definitions();
        definitions.extend(own.iter().cloned());
        let names = definitions.iter().map(|tool| tool.name.clone()).collect();
        let config = AgentConfig {
            model: setup.model.clone(),
            system: Some(system_prompt(&setup.workspace, std::env::consts::OS, "")),
            tools: definitions,
            max_tokens: setup.max_tokens,
            effort: setup.effort,
            max_retries: setup.retry.max_attempts.saturating_sub(1),
            compaction: CompactionPolicy::default(),
            limits: TurnLimits::default(),
        };
        let (thread_id, transcript, (agent, first_actions)) = match setup.thread {
            ThreadStart::New(thread) => (
                thread.id,
                Transcript::begin(setup.store, setup.clock, *thread),
                (Agent::new(config), Vec::new()),
            ),
            ThreadStart::Resume(stored) => {
                let id = stored.thread.id;
                let length = stored.log.len();
                (
                    id,
                    Transcript::resume(
                        setup.store,
                        setup.clock,
                        id,
                        length,
                        Continuation {
                            cwd: setup.workspace.clone(),
                            provider: setup.provider.clone(),
                            model: setup.model.clone(),
                            permission_mode: setup.permission_mode,
                        },
                    ),
                    Agent::resume(config, stored.log),
                )
            }
        };
        let greeting = ThreadEvent::ThreadStarted {
            thread_id: thread_id.to_string(),
            cwd: setup.workspace.display().to_string(),
            provider: setup.provider,
            model: setup.model,
            permission_mode: setup.permission_mode,
            tools: names,
        };
        let runner = Self {
            agent,
            client: setup.client,
            tools: ToolRunner {
                registry: Arc::new(setup.tools),
                workspace: setup.workspace,
                own: own.into(),
                mode: Arc::new(SharedMode::new(setup.permission_mode)),
                person: setup.person,
            },
            transcript,
            operations,
            presenter: Presenter::default(),
            inquiries: Inquiries::default(),
            events,
            retry: setup.retry,
            rng: setup.rng,
            greeting,
            summary: Summary {
                thread_id,
                text: String::new(),
                is_error: false,
                stop_reason: None,
                turns: 0,
                usage: Usage::default(),
            },
        };
        (runner, first_actions)
    }

    /// Runs to the end of the session.
    pub(crate) async fn run(
        mut self,
        first_actions: Vec<AgentAction>,
        mut commands: mpsc::Receiver<Command>,
        mut reports: mpsc::Receiver<Report>,
    ) {
        self.show([self.greeting.clone()]).await;
        // What resuming has added is stored with the first prompt, which tells of any trouble.
        self.keep(first_actions);
        loop {
            // Commands first: a flood of reports must not delay a cancellation.
            let event = tokio::select! {
                biased;
                command = commands.recv() => match command {
                    Some(Command::Prompt(message)) => AgentEvent::UserInput(message),
                    Some(Command::Answer { id, answer }) => {
                        let closed = self.inquiries.answer(&id, answer);
                        self.show(closed).await;
                        continue;
                    }
                    Some(Command::Cancel) => AgentEvent::Cancel,
                    Some(Command::Shutdown) | None => AgentEvent::Shutdown,
                },
                Some(report) = reports.recv() => match report {
                    Report::Event(event) => event,
                    Report::ToolRuns { operation, call_id, since } => {
                        self.presenter.tool_runs(operation, call_id, since);
                        continue;
                    }
                    Report::ModeSet(mode) => {
                        self.show_mode(mode).await;
                        continue;
                    }
                    Report::Asks { operation, call_id, inquiry, answer } => {
                        if let Some(inquiry) = self.presenter.inquiry(operation, &call_id, inquiry) {
                            let opened = self.inquiries.open(operation, inquiry, answer);
                            self.show([opened]).await;
                        }
                        continue;
                    }
                },
            };
            let ends = event == AgentEvent::Shutdown;
            self.take(event).await;
            if ends {
                break;
            }
        }
        self.operations.cancel_all().await;
        self.tools.registry.settled().await;
        self.save_what_waits().await;
        let summary = &self.summary;
        let result = ThreadEvent::Result {
            thread_id: summary.thread_id.to_string(),
            text: summary.text.clone(),
            is_error: summary.is_error,
            stop_reason: summary.stop_reason.clone(),
            turns: summary.turns,
            usage: summary.usage,
            cost_micros: None,
        };
        self.show([result]).await;
    }

    /// Tries once more to store what the store has refused; it may have room again. A session in
    /// which nothing was said has only made up results for calls that another one may still be
    /// running, and leaves the thread as it is.
    async fn save_what_waits(&mut self) {
        if self.summary.turns == 0 {
            return;
        }
        let messages = self.transcript.save().await;
        if let Err(error) = messages.and(self.transcript.save_usage().await) {
            self.summary.is_error = true;
            let error = storage_error(&error);
            let shown = self.presenter.notice(NoticeLevel::Warning, error.message);
            self.show(shown).await;
        }
    }

    async fn take(&mut self, event: AgentEvent) {
        let shown = match &event {
            AgentEvent::Llm { operation, event } => self.presenter.llm_event(*operation, event),
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
        let actions = self.agent.handle(event);
        self.carry_out(actions).await;
    }

    /// Carries actions out in order. When a message cannot be stored, nothing that relies on it
    /// happens: the turn is stopped, and the reason is what the person is told.
    async fn carry_out(&mut self, actions: Vec<AgentAction>) {
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
    fn keep(&mut self, actions: impl IntoIterator<Item = AgentAction>) {
        for action in actions {
            match action {
                AgentAction::Append(entry) => self.transcript.queue(entry),
                AgentAction::FinishTurn(outcome) => self.count(outcome.usage()),
                _ => {}
            }
        }
    }

    async fn show_mode(&mut self, mode: PermissionMode) {
        if let ThreadEvent::ThreadStarted {
            provider, model, ..
        } = &self.greeting
        {
            let changed = ThreadEvent::SettingsChanged {
                provider: provider.clone(),
                model: model.clone(),
                effort: None,
                permission_mode: mode,
            };
            self.show([changed]).await;
        }
    }

    fn count(&mut self, usage: Usage) {
        self.summary.usage += usage;
        self.transcript.queue_usage(usage);
    }

    async fn perform(&mut self, action: AgentAction) -> Result<(), ThreadStoreError> {
        match action {
            AgentAction::Append(entry) => {
                if let Entry::Message(message) = &entry
                    && message.role == Role::Assistant
                {
                    self.summary.text = message.text();
                }
                self.transcript.queue(entry);
                self.transcript.save().await?;
            }
            AgentAction::SendLlmRequest { operation, request } => {
                self.presenter.llm_call_begins(operation);
                let client = Arc::clone(&self.client);
                self.operations.call_llm(operation, client, request);
            }
            // A summary is not for the person.
            AgentAction::Compact { operation, request } => {
                let client = Arc::clone(&self.client);
                self.operations.call_llm(operation, client, request);
            }
            AgentAction::InputChanged => {}
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
                self.tools.registry.settled().await;
                let withdrawn = self.inquiries.withdraw(operation);
                self.show(withdrawn).await;
                let shown = self.presenter.tools_cut(operation);
                self.show(shown).await;
            }
            AgentAction::RunPostToolsHook { operation, .. } => {
                self.operations.run_post_tools_hook(operation);
            }
            AgentAction::CancelPostToolsHook { operation }
            | AgentAction::CancelRetry { operation } => self.operations.cancel(operation).await,
            AgentAction::ScheduleRetry {
                operation,
                attempt,
                error,
            } => self.schedule_retry(operation, attempt, &error).await,
            AgentAction::BeginTurn => {
                self.summary.turns += 1;
                self.summary.text.clear();
                self.show([ThreadEvent::TurnStarted]).await;
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
        self.summary.stop_reason = None;
        self.count(outcome.usage());
        if let Err(error) = self.transcript.save_usage().await {
            // The answer is stored; a count that comes later is no reason to call it a failure.
            let notice = format!("the tokens of this turn could not be counted yet: {error}");
            let shown = self.presenter.notice(NoticeLevel::Warning, notice);
            self.show(shown).await;
        }
        match outcome {
            TurnOutcome::Compacted { usage } => {
                self.summary.is_error = false;
                let stop_reason = StopReason::EndTurn;
                self.show([ThreadEvent::TurnCompleted { usage, stop_reason }])
                    .await;
            }
            TurnOutcome::Stopped { cause, .. } => {
                self.fail_turn(StreamError::from(&cause)).await;
            }
            TurnOutcome::Completed { stop_reason, usage } => {
                if let Some(notice) = explain(&stop_reason) {
                    let shown = self.presenter.notice(NoticeLevel::Warning, notice);
                    self.show(shown).await;
                }
                self.summary.is_error = false;
                self.summary.stop_reason = Some(stop_reason.clone());
                self.show([ThreadEvent::TurnCompleted { usage, stop_reason }])
                    .await;
            }
            TurnOutcome::Failed { error, .. } => {
                let shown = self.presenter.answer_cut();
                self.show(shown).await;
                self.fail_turn(StreamError::from(&error)).await;
            }
            TurnOutcome::Cancelled { .. } => {
                let hint = format!(
                    "go on with a new prompt, or later with `loom --resume {}`",
                    self.summary.thread_id
                );
                self.fail_turn(StreamError {
                    code: "cancelled".to_owned(),
                    message: "the turn was stopped".to_owned(),
                    hint: Some(hint),
                })
                .await;
            }
        }
    }

    async fn fail_turn(&mut self, error: StreamError) {
        self.summary.is_error = true;
        self.show([ThreadEvent::TurnFailed { error }]).await;
    }

    /// Hands events to the front end. One that has gone away is no reason to stop: the turn is
    /// still worth storing, and the handle that it dropped ends the session.
    async fn show(&self, events: impl IntoIterator<Item = ThreadEvent>) {
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
