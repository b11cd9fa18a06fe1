//! What comes ahead of a compaction: hooks of the person, which may add to what the summary heeds, or
//! keep the conversation as it is.
//!
//! They look at the person's own conversation. That of a subagent goes with its task, and is
//! compacted without a word.

use loom_cli_hooks::{CompactionTrigger as HookTrigger, Decision, Event, EventKind};
use loom_common_core::stream::{NoticeLevel, StreamError};
use loom_common_core::{AgentEvent, CompactionTrigger, CompactionVerdict, OperationId};
use tokio::sync::mpsc;

use crate::calls::ToolRunner;
use crate::operations::Report;
use crate::prompts::tell;
use crate::runner::{Role, Runner};

impl Runner {
    /// Runs what is hooked in ahead of a compaction.
    pub(crate) async fn before_compaction(
        &mut self,
        operation: OperationId,
        trigger: CompactionTrigger,
        instructions: Option<String>,
    ) {
        if trigger == CompactionTrigger::ContextExceeded {
            let notice =
                "the model's context is full; it is asked again once the conversation is shorter";
            self.notice(NoticeLevel::Warning, notice).await;
        }
        let hooked = match self.role {
            Role::Main => Some(self.tools.clone()),
            Role::Subagent { .. } => None,
        };
        self.operations
            .run_hook(operation, move |reports| async move {
                let verdict = match hooked {
                    Some(tools) => verdict(&tools, trigger, instructions, &reports).await,
                    None => CompactionVerdict::GoAhead { instructions: None },
                };
                AgentEvent::PreCompactHookCompleted { operation, verdict }
            });
    }

    /// A hook blocks a compaction for which the person has asked.
    pub(crate) async fn compaction_blocked(&mut self, reason: &str) {
        self.fail_turn(StreamError {
            code: "compaction_blocked".to_owned(),
            message: blocked(reason),
            hint: None,
        })
        .await;
    }
}

/// Says that a hook blocks a compaction.
pub(crate) fn blocked(reason: &str) -> String {
    format!("a hook keeps the conversation from being shortened: {reason}")
}

/// Asks the hooks, and passes on what they have to say to the person and to the session.
async fn verdict(
    tools: &ToolRunner,
    trigger: CompactionTrigger,
    instructions: Option<String>,
    reports: &mpsc::Sender<Report>,
) -> CompactionVerdict {
    if !tools.hooks.handles(EventKind::PreCompact) {
        return CompactionVerdict::GoAhead { instructions: None };
    }
    let event = Event::PreCompact {
        trigger: match trigger {
            CompactionTrigger::Person => HookTrigger::Manual,
            CompactionTrigger::Threshold | CompactionTrigger::ContextExceeded => HookTrigger::Auto,
        },
        instructions: instructions.as_deref().unwrap_or_default(),
    };
    let outcome = tools.hooks.run(&tools.facts(), &event).await;
    tell(&outcome, reports).await;
    if let Some(reason) = outcome.halt {
        // The turn stops before anything comes of the verdict.
        let _ = reports.send(Report::Halt { reason }).await;
    }
    match outcome.decision {
        Decision::Block { reason } => CompactionVerdict::Block { reason },
        _ => CompactionVerdict::GoAhead {
            instructions: Some(outcome.context.join("\n\n")).filter(|text| !text.is_empty()),
        },
    }
}
