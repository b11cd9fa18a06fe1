//! A session with an agent, told as a story: the test plays the person, the model and the tools,
//! and compares whole lists of actions. The session keeps the store that the actions fill, and
//! checks at every step that it equals the agent's conversation and that each request is one that
//! a provider would take.

use std::collections::HashSet;
use std::sync::Arc;

use loom_common_core::{
    Agent, AgentAction, AgentConfig, AgentEvent, AgentState, CompactionPolicy, CompactionVerdict,
    ContentBlock, Entry, LlmError, LlmErrorKind, LlmEvent, LlmRequest, Log, Message, OperationId,
    StopReason, ToolAccess, ToolCall, ToolDefinition, ToolOutput, TurnLimits, TurnOutcome, Usage,
};
use serde_json::json;

use crate::answer::{answer, calling, text};
use crate::conversation;

/// How often the agent of a test asks again.
pub(crate) const MAX_RETRIES: u32 = 2;

/// What the model is told of a call that was stopped while it ran.
pub(crate) const STOPPED: &str =
    "The user stopped this call before it ended. What it had done by then is not undone.";
/// What the model is told of a call whose turn had not come.
pub(crate) const NOT_STARTED: &str =
    "The user stopped the turn before this call began. It had no effect.";
/// What the model is told of a call that was cut by the end of the program.
pub(crate) const INTERRUPTED: &str = "Loom ended before this call did. Whether it took effect is not known: check before you rely on it.";

/// Returns a configuration with two tools that only read, one that writes and one that runs.
pub(crate) fn config() -> AgentConfig {
    let tool = |name: &str, access| ToolDefinition {
        name: name.to_owned(),
        description: format!("The tool {name}."),
        input_schema: json!({ "type": "object" }),
        access,
    };
    AgentConfig {
        model: "model-1".to_owned(),
        system: Some("Be brief.".to_owned()),
        tools: vec![
            tool("read", ToolAccess::Read),
            tool("search", ToolAccess::Read),
            tool("edit", ToolAccess::Write),
            tool("bash", ToolAccess::Execute),
        ],
        max_tokens: Some(4096),
        effort: None,
        max_retries: MAX_RETRIES,
        compaction: CompactionPolicy::default(),
        limits: TurnLimits::default(),
    }
}

/// An agent, what its actions have stored, and what it has started last.
pub(crate) struct Session {
    agent: Agent,
    /// What the actions have stored.
    log: Log,
    /// What the log comes to.
    stored: Vec<Arc<Message>>,
    operation: Option<OperationId>,
    operations: HashSet<OperationId>,
    /// Whether something hooks into compactions. Otherwise the hook ends as soon as it begins, and
    /// nobody sees it.
    pub(crate) is_hooked: bool,
}

impl Session {
    /// Begins a session in which nothing was said.
    pub(crate) fn new() -> Self {
        Self::of(Agent::new(config()))
    }

    /// Begins a session in which the person has asked something and the model is being called.
    pub(crate) fn asked() -> Self {
        let mut session = Self::new();
        session.user("question");
        session
    }

    /// Begins a session in which the model has asked for these calls and the first of them run.
    pub(crate) fn running(calls: &[&ToolCall]) -> Self {
        let mut session = Self::asked();
        session.model(answer(&calling(calls), StopReason::ToolUse));
        session
    }

    /// Begins a session in which the person wants a long conversation compacted.
    pub(crate) fn compacting() -> Self {
        Self::compacting_when(|_| {})
    }

    /// Begins a session in which the hook ahead of that runs.
    pub(crate) fn about_to_compact() -> Self {
        Self::compacting_when(|session| session.is_hooked = true)
    }

    fn compacting_when(prepare: impl FnOnce(&mut Self)) -> Self {
        let mut session = Self::new();
        prepare(&mut session);
        session.user(&"a long story ".repeat(2_000));
        session.model(answer(&[text("I see.")], StopReason::EndTurn));
        session.feed(AgentEvent::Compact { instructions: None });
        session
    }

    /// Begins a session with another configuration.
    pub(crate) fn with(config: AgentConfig) -> Self {
        Self::of(Agent::new(config))
    }

    /// Begins a session in which a model call failed and waits to be asked again.
    pub(crate) fn failed() -> Self {
        let mut session = Self::asked();
        session.model_fails(overloaded());
        session
    }

    /// Continues a stored conversation.
    pub(crate) fn resumed(stored: Vec<Message>) -> (Self, Vec<AgentAction>) {
        let log: Log = stored.into_iter().map(Arc::new).collect();
        let (agent, actions) = Agent::resume(config(), log.clone());
        let mut session = Self {
            stored: log.conversation(),
            log,
            ..Self::of(agent)
        };
        session.carry_out(&actions);
        (session, actions)
    }

    fn of(agent: Agent) -> Self {
        Self {
            agent,
            log: Log::new(),
            stored: Vec::new(),
            operation: None,
            operations: HashSet::new(),
            is_hooked: false,
        }
    }

    pub(crate) fn state(&self) -> &AgentState {
        self.agent.state()
    }

    pub(crate) fn agent(&self) -> &Agent {
        &self.agent
    }

    /// Returns the messages of the conversation.
    pub(crate) fn conversation(&self) -> Vec<Message> {
        self.stored
            .iter()
            .map(|message| Message::clone(message))
            .collect()
    }

    /// Returns the last thing that the agent has started.
    pub(crate) fn operation(&self) -> OperationId {
        self.operation.unwrap()
    }

    /// Hands over any event.
    pub(crate) fn feed(&mut self, event: AgentEvent) -> Vec<AgentAction> {
        let mut actions = self.agent.handle(event);
        self.carry_out(&actions);
        if let &AgentState::PreCompactHook { operation } = self.agent.state()
            && !self.is_hooked
        {
            let begins =
                |action: &AgentAction| matches!(action, AgentAction::RunPreCompactHook { .. });
            actions.retain(|action| !begins(action));
            let verdict = CompactionVerdict::GoAhead { instructions: None };
            actions.extend(self.feed(AgentEvent::PreCompactHookCompleted { operation, verdict }));
        }
        actions
    }

    fn carry_out(&mut self, actions: &[AgentAction]) {
        for action in actions {
            match action {
                AgentAction::Append(entry) => {
                    self.log.push(entry.clone()).unwrap();
                    self.stored = self.log.conversation();
                }
                AgentAction::SendLlmRequest { operation, request }
                | AgentAction::Compact { operation, request } => {
                    assert_eq!(conversation::check(&request.messages), Ok(()));
                    self.start(*operation);
                }
                AgentAction::ExecuteTools { operation, .. }
                | AgentAction::RunPostToolsHook { operation, .. }
                | AgentAction::RunPreCompactHook { operation, .. }
                | AgentAction::ScheduleRetry { operation, .. } => self.start(*operation),
                AgentAction::CancelLlmRequest { .. }
                | AgentAction::CancelTools { .. }
                | AgentAction::CancelPostToolsHook { .. }
                | AgentAction::CancelPreCompactHook { .. }
                | AgentAction::CompactionBlocked { .. }
                | AgentAction::CancelRetry { .. }
                | AgentAction::InputChanged
                | AgentAction::BeginTurn
                | AgentAction::FinishTurn(_)
                | AgentAction::Exit => {}
            }
        }
        assert_eq!(*self.agent.log(), self.log);
        assert_eq!(self.agent.conversation(), self.stored);
    }

    fn start(&mut self, operation: OperationId) {
        assert!(
            self.operations.insert(operation),
            "{operation:?} is used twice"
        );
        self.operation = Some(operation);
    }

    // What the person and the world do.

    pub(crate) fn user(&mut self, text: &str) -> Vec<AgentAction> {
        self.feed(AgentEvent::UserInput(Message::user(text)))
    }

    pub(crate) fn model(&mut self, events: Vec<LlmEvent>) -> Vec<AgentAction> {
        let operation = self.operation();
        let mut actions = Vec::new();
        for event in events {
            actions.extend(self.feed(AgentEvent::Llm { operation, event }));
        }
        actions
    }

    pub(crate) fn model_fails(&mut self, error: LlmError) -> Vec<AgentAction> {
        let operation = self.operation();
        self.feed(AgentEvent::LlmFailed { operation, error })
    }

    pub(crate) fn stream_ends(&mut self) -> Vec<AgentAction> {
        let operation = self.operation();
        self.feed(AgentEvent::LlmStreamEnded { operation })
    }

    pub(crate) fn tool_ends(&mut self, call_id: &str, output: ToolOutput) -> Vec<AgentAction> {
        let operation = self.operation();
        self.feed(AgentEvent::ToolCompleted {
            operation,
            call_id: call_id.to_owned(),
            output,
        })
    }

    pub(crate) fn hook_ends(&mut self) -> Vec<AgentAction> {
        let operation = self.operation();
        self.feed(AgentEvent::PostToolsHookCompleted { operation })
    }

    /// The hook ahead of a compaction says this.
    pub(crate) fn verdict(&mut self, verdict: CompactionVerdict) -> Vec<AgentAction> {
        let operation = self.operation();
        self.feed(AgentEvent::PreCompactHookCompleted { operation, verdict })
    }

    pub(crate) fn waiting_ends(&mut self) -> Vec<AgentAction> {
        let operation = self.operation();
        self.feed(AgentEvent::RetryTimeoutElapsed { operation })
    }

    pub(crate) fn cancel(&mut self) -> Vec<AgentAction> {
        self.feed(AgentEvent::Cancel)
    }

    pub(crate) fn shutdown(&mut self) -> Vec<AgentAction> {
        self.feed(AgentEvent::Shutdown)
    }

    // What the agent is expected to ask for, by the operation that it has just started.

    /// The model is asked with the whole conversation.
    pub(crate) fn asks(&self) -> AgentAction {
        let config = self.agent.config().clone();
        AgentAction::SendLlmRequest {
            operation: self.operation(),
            request: LlmRequest {
                model: config.model,
                system: config.system,
                messages: self.stored.clone(),
                tools: config.tools,
                max_tokens: config.max_tokens,
                effort: config.effort,
            },
        }
    }

    pub(crate) fn executes(&self, calls: &[&ToolCall]) -> AgentAction {
        AgentAction::ExecuteTools {
            operation: self.operation(),
            calls: calls.iter().map(|&call| call.clone()).collect(),
        }
    }

    pub(crate) fn runs_hook(&self, calls: &[(&ToolCall, &ToolOutput)]) -> AgentAction {
        AgentAction::RunPostToolsHook {
            operation: self.operation(),
            calls: calls
                .iter()
                .map(|&(call, output)| (call.clone(), output.clone()))
                .collect(),
        }
    }

    pub(crate) fn schedules_retry(&self, attempt: u32, error: &LlmError) -> AgentAction {
        AgentAction::ScheduleRetry {
            operation: self.operation(),
            attempt,
            error: error.clone(),
        }
    }
}

pub(crate) fn stores(message: Message) -> AgentAction {
    AgentAction::Append(Entry::from(message))
}

/// An answer of the model enters the conversation.
pub(crate) fn stores_answer(blocks: &[ContentBlock]) -> AgentAction {
    stores(Message::assistant(blocks.to_vec()))
}

/// The results of calls enter the conversation.
pub(crate) fn stores_results(results: &[(&ToolCall, &ToolOutput)]) -> AgentAction {
    stores(Message::tool_results(results.iter().map(
        |(call, output)| ToolOutput::clone(output).into_result(&call.id),
    )))
}

pub(crate) fn completes(stop_reason: StopReason, usage: Usage) -> AgentAction {
    AgentAction::FinishTurn(TurnOutcome::Completed { stop_reason, usage })
}

pub(crate) fn fails(error: LlmError, usage: Usage) -> AgentAction {
    AgentAction::FinishTurn(TurnOutcome::Failed { error, usage })
}

pub(crate) fn is_cancelled(usage: Usage) -> AgentAction {
    AgentAction::FinishTurn(TurnOutcome::Cancelled { usage })
}

/// An error that may pass.
pub(crate) fn overloaded() -> LlmError {
    LlmError::new(LlmErrorKind::Overloaded, "too much to do")
}

/// An error that stays.
pub(crate) fn key_refused() -> LlmError {
    LlmError::new(LlmErrorKind::KeyRefused, "the key is not good").with_hint("check the key")
}

/// What a provider says of a conversation that it cannot take.
pub(crate) fn too_long() -> LlmError {
    LlmError::new(LlmErrorKind::ContextTooLong, "too long")
}

/// What becomes of a stream that ends too early.
pub(crate) fn cut() -> LlmError {
    LlmError::new(
        LlmErrorKind::StreamInterrupted,
        "the model's answer ended before it was whole",
    )
}
