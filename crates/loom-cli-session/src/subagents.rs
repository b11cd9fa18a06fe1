//! Subagents: what they are made with, and how many run at once.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use loom_cli_mcp::McpServers;
use loom_cli_tools::ToolRegistry;
use loom_common_http::RetryConfig;
use tokio::sync::Semaphore;

use crate::model::ModelChoice;

/// What subagents are made with.
pub struct Subagents {
    /// The model that they ask.
    pub model: ModelChoice,
    /// Makes the tools of one: each has its own, because tools remember what was read.
    pub tools: Box<dyn Fn() -> ToolRegistry + Send + Sync>,
    /// How often one may ask its model.
    pub max_model_calls: u32,
    /// How many run at once; the others wait.
    pub side_by_side: usize,
}

impl fmt::Debug for Subagents {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Subagents({:?})", self.model)
    }
}

/// The subagents of a session.
pub(crate) struct SubagentPool {
    pub(crate) setup: Subagents,
    /// The instructions ahead of their conversations.
    pub(crate) system: String,
    /// Room for those that run.
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) retry: RetryConfig,
    pub(crate) servers: Option<McpServers>,
    started: AtomicU64,
}

impl SubagentPool {
    pub(crate) fn new(
        setup: Subagents,
        system: String,
        retry: RetryConfig,
        servers: Option<McpServers>,
    ) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(setup.side_by_side.max(1))),
            retry,
            servers,
            setup,
            system,
            started: AtomicU64::new(0),
        }
    }

    /// Returns the number of the next subagent, from 1.
    pub(crate) fn next_number(&self) -> u64 {
        self.started.fetch_add(1, Ordering::Relaxed) + 1
    }
}
