//! Going back to a point: files, conversation, or both.

use loom_cli_rewind::{OnConflict, RestoreReport};
use loom_common_core::stream::ThreadEvent;
use loom_common_core::{AgentEvent, AgentState};

use crate::runner::Runner;

/// What goes back to a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreScope {
    /// The files that the thread has changed since.
    Files,
    /// The conversation.
    Conversation,
    /// Both.
    Everything,
}

/// Where to go back to, and with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restore {
    /// Number of the point.
    pub to: u64,
    /// What goes back.
    pub scope: RestoreScope,
    /// What becomes of files that somebody else has changed, too.
    pub on_conflict: OnConflict,
}

impl Runner {
    /// Goes back to a point, and returns what was done to the files.
    ///
    /// # Errors
    ///
    /// Why it was not done, for the person.
    pub(crate) async fn restore(&mut self, restore: Restore) -> Result<RestoreReport, String> {
        let runs = *self.agent.state() != AgentState::WaitingForUserInput;
        if runs || self.commands.is_preparing() {
            return Err("a turn runs; stop it first".to_owned());
        }
        let Some(undo) = self.tools.undo.clone() else {
            return Err(
                "nothing is remembered in this session, so nothing can be undone".to_owned(),
            );
        };
        self.end_turn_now().await;
        let (thread, log_len) = (undo.thread(), undo.log_len());
        let Restore {
            to,
            scope,
            on_conflict,
        } = restore;
        let rewind = undo.rewind();
        let report = match scope {
            RestoreScope::Files => rewind.restore(thread, log_len, to, on_conflict).await,
            RestoreScope::Everything => {
                rewind
                    .restore_everything(thread, log_len, to, on_conflict)
                    .await
            }
            RestoreScope::Conversation => match rewind.preview(thread, to, on_conflict).await {
                Ok(preview) => rewind
                    .before_conversation_restore(thread, log_len, to)
                    .await
                    .map(|recorded| RestoreReport {
                        undo: Some(recorded.number),
                        restored: Vec::new(),
                        kept: Vec::new(),
                        running: Vec::new(),
                        ..preview
                    }),
                Err(error) => Err(error),
            },
        };
        let report = report.map_err(|error| error.to_string())?;
        if scope != RestoreScope::Files {
            let to = report.log_len;
            let actions = self.agent.handle(AgentEvent::Rewind { to });
            self.carry_out(actions).await;
            self.show_context().await;
        } else if !report.restored.is_empty() {
            let files: Vec<&str> = report
                .restored
                .iter()
                .map(|file| file.path.as_str())
                .collect();
            self.notes.push(format!(
                "The user has put these files back to what they were before you changed them, so \
                 read them again before you rely on them: {}",
                files.join(", ")
            ));
        }
        let rewound = ThreadEvent::ThreadRewound {
            conversation: scope != RestoreScope::Files,
            files: report
                .restored
                .iter()
                .map(|file| file.path.clone())
                .collect(),
            kept: report.kept.iter().map(|file| file.path.clone()).collect(),
        };
        self.show([rewound]).await;
        Ok(report)
    }
}
