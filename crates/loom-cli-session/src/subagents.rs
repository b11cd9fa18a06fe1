//! Subagents: what they are made with, and how many run at once.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use loom_cli_mcp::McpServers;
use loom_cli_tools::ToolRegistry;
use loom_common_http::RetryConfig;
use tokio::sync::Semaphore;

use crate::meter::Budget;
use crate::model::ModelChoice;
use crate::tools::SubagentKind;

/// What subagents are made with.
pub struct Subagents {
    /// The model that they ask.
    pub model: ModelChoice,
    /// Makes the tools of one that asks a model: each has its own, because tools remember what was
    /// read.
    pub tools: Box<dyn Fn(&ModelChoice) -> ToolRegistry + Send + Sync>,
    /// Those that people defined, in the order in which the model is told of them.
    pub definitions: Vec<SubagentDefinition>,
    /// How often one may ask its model.
    pub max_model_calls: u32,
    /// How many run at once; the others wait.
    pub side_by_side: usize,
}

/// A kind of subagent that somebody defined. Whatever it says, a subagent of it may do no more than the
/// agent that calls it: its calls pass the same rules, mode and sandbox.
#[derive(Clone)]
pub struct SubagentDefinition {
    /// Its name, none of [`SUBAGENT_KINDS`](crate::SUBAGENT_KINDS).
    pub name: String,
    /// When to use it, for the model that calls it.
    pub description: String,
    /// How it works, for the model that it asks.
    pub instructions: String,
    /// Names of the tools that it has; none where it has all. `mcp__server` stands for all tools
    /// of a server.
    pub tools: Option<Vec<String>>,
    /// The model that it asks; none for that of other subagents.
    pub model: Option<ModelChoice>,
    /// How often it may ask its model; none for as often as others.
    pub max_model_calls: Option<u32>,
}

impl SubagentDefinition {
    /// Tells whether it has a tool.
    pub(crate) fn has(&self, tool: &str) -> bool {
        let covers = |named: &String| {
            let server = named.strip_suffix("__*").unwrap_or(named);
            named == tool
                || (server.starts_with("mcp__")
                    && tool
                        .strip_prefix(server)
                        .is_some_and(|rest| rest.starts_with("__")))
        };
        self.tools
            .as_ref()
            .is_none_or(|tools| tools.iter().any(covers))
    }
}

impl fmt::Debug for Subagents {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Subagents({:?})", self.model)
    }
}

/// The subagents of a session.
pub(crate) struct SubagentPool {
    /// The model of those whose definition names none.
    pub(crate) model: ModelChoice,
    pub(crate) tools: Box<dyn Fn(&ModelChoice) -> ToolRegistry + Send + Sync>,
    /// Those that people defined, each shared with the subagents that are made of it.
    pub(crate) definitions: Vec<Arc<SubagentDefinition>>,
    /// How often one may ask its model whose definition does not say.
    pub(crate) max_model_calls: u32,
    /// The instructions ahead of their conversations.
    system: String,
    /// Room for those that run.
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) retry: RetryConfig,
    pub(crate) servers: Option<McpServers>,
    /// What they may cost together with the session.
    pub(crate) budget: Arc<Budget>,
    started: AtomicU64,
}

impl SubagentPool {
    pub(crate) fn new(
        setup: Subagents,
        system: String,
        retry: RetryConfig,
        servers: Option<McpServers>,
        budget: Arc<Budget>,
    ) -> Self {
        Self {
            model: setup.model,
            tools: setup.tools,
            definitions: setup.definitions.into_iter().map(Arc::new).collect(),
            max_model_calls: setup.max_model_calls,
            slots: Arc::new(Semaphore::new(setup.side_by_side.max(1))),
            retry,
            servers,
            budget,
            system,
            started: AtomicU64::new(0),
        }
    }

    /// Returns the models that they may ask.
    pub(crate) fn models(&self) -> impl Iterator<Item = &ModelChoice> {
        let defined = self.definitions.iter();
        let defined = defined.filter_map(|definition| definition.model.as_ref());
        std::iter::once(&self.model).chain(defined)
    }

    /// Returns what a subagent of this kind is told, ahead of its conversation.
    pub(crate) fn system_of(&self, kind: &SubagentKind) -> String {
        match kind {
            SubagentKind::Explore | SubagentKind::General => self.system.clone(),
            SubagentKind::Defined(definition) => format!(
                "{}\n\n# What you are: {}\n\n{}",
                self.system, definition.name, definition.instructions
            ),
        }
    }

    /// Returns the number of the next subagent, from 1.
    pub(crate) fn next_number(&self) -> u64 {
        self.started.fetch_add(1, Ordering::Relaxed) + 1
    }
}
