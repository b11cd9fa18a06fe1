//! What becomes of the agent's work behind a turn: commits, changes of another version control.
//!
//! A [`WorkKeeper`] is told of each piece of work that has come to an end, by the records of undo that it lies
//! between. It works in a task of its own, one piece after the other, and no turn waits for it. At the end of a
//! session it has a limit of time. When it is behind by more than its queue holds, it is not told of a piece; it
//! can find all that was done since any record, so a keeper that remembers up to where it has come misses
//! nothing.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use loom_cli_rewind::Rewind;
use loom_common_core::stream::NoticeLevel;
use loom_common_core::{Prices, Usage};
use loom_common_thread::ThreadId;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::model::ModelChoice;
use crate::operations::Report;
use crate::runner::{Role, Runner};

/// Pieces of work that wait for a keeper at most.
const QUEUE: usize = 64;

/// How long keepers are waited for when the session ends.
const LAST_WORK: Duration = Duration::from_secs(30);

/// How much of what was asked and answered is handed on, in bytes.
const WORDS: usize = 8 * 1024;

/// When a piece of work has come to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Calls of one answer of the model have ended; the turn goes on.
    Calls,
    /// The turn has ended.
    Turn {
        /// Whether it came to its own end; else it has failed, or was stopped.
        is_complete: bool,
    },
}

/// A piece of the agent's work that has come to an end. Its subagents' work is part of it.
#[derive(Clone, Debug)]
pub struct EndedWork {
    /// When that is.
    pub moment: Moment,
    /// Tells what was changed: [`Rewind::work`].
    pub rewind: Rewind,
    /// The thread.
    pub thread: ThreadId,
    /// The record at the beginning of the turn.
    pub since: u64,
    /// The record at the end of its last call.
    pub until: u64,
    /// What the person has asked for, or the beginning of it.
    pub prompt: String,
    /// The agent's last words, or the beginning of them.
    pub answer: String,
    /// The session's model.
    pub model: ModelChoice,
    /// Whether models may be asked: what the run may cost is not used up.
    pub may_ask_models: bool,
}

/// What a keeper has done.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// What the person should know of it.
    pub notices: Vec<(NoticeLevel, String)>,
    /// What a model has used for it, which counts as the session's.
    pub spent: Option<Spent>,
}

/// What a call of a model has used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spent {
    /// The model's prices, where they are known.
    pub prices: Option<Prices>,
    /// The tokens.
    pub usage: Usage,
}

/// Does something with the agent's work.
pub trait WorkKeeper: Send + Sync {
    /// Takes a piece of work. The next one comes when this is done. Dropped when the session ends and
    /// the limit is over.
    fn keep(&self, work: EndedWork) -> BoxFuture<'_, Kept>;
}

/// The keepers of a session, each with what waits for it.
pub(crate) struct Keepers {
    queues: Vec<mpsc::Sender<EndedWork>>,
    tasks: JoinSet<()>,
}

impl Keepers {
    pub(crate) fn new(keepers: Vec<Arc<dyn WorkKeeper>>, reports: &mpsc::Sender<Report>) -> Self {
        let mut tasks = JoinSet::new();
        let mut queues = Vec::new();
        for keeper in keepers {
            let (queue, mut work) = mpsc::channel(QUEUE);
            let reports = reports.clone();
            tasks.spawn(async move {
                while let Some(work) = work.recv().await {
                    let kept = keeper.keep(work).await;
                    let _ = reports.send(Report::Kept(kept)).await;
                }
            });
            queues.push(queue);
        }
        Self { queues, tasks }
    }

    pub(crate) fn none() -> Self {
        Self {
            queues: Vec::new(),
            tasks: JoinSet::new(),
        }
    }

    fn take(&self, work: &EndedWork) {
        for queue in &self.queues {
            // See above for one that is full.
            let _ = queue.try_send(work.clone());
        }
    }

    /// Waits until all is done that was taken; tells whether it was, within the limit.
    async fn finish(mut self) -> bool {
        self.queues.clear();
        let done = timeout(LAST_WORK, async {
            while self.tasks.join_next().await.is_some() {}
        });
        let is_done = done.await.is_ok();
        self.tasks.shutdown().await;
        is_done
    }
}

impl Runner {
    /// Hands on what the agent has done in this turn, if its calls may have changed something.
    pub(crate) fn hand_on_work(&self, moment: Moment) {
        let (Some(undo), Role::Main) = (&self.tools.undo, &self.role) else {
            return;
        };
        if self.keepers.queues.is_empty() {
            return;
        }
        let Some((since, until)) = undo.turn_so_far() else {
            return;
        };
        self.keepers.take(&EndedWork {
            moment,
            rewind: undo.rewind().clone(),
            thread: undo.thread(),
            since,
            until,
            prompt: beginning(&self.turns.prompt),
            answer: beginning(&self.turns.text),
            model: self.model.clone(),
            may_ask_models: self.meter.budget().used_up().is_none(),
        });
    }

    /// Shows and counts what a keeper has done.
    pub(crate) async fn kept(&mut self, kept: Kept) {
        if let Some(spent) = kept.spent {
            self.meter.budget().charge(spent.prices, spent.usage);
            self.show_context().await;
        }
        for (level, text) in kept.notices {
            self.notice(level, text).await;
        }
    }

    /// Waits for the keepers, at the end of the session.
    pub(crate) async fn finish_keeping(&mut self, reports: &mut mpsc::Receiver<Report>) {
        let keepers = std::mem::replace(&mut self.keepers, Keepers::none());
        let mut finishing = std::pin::pin!(keepers.finish());
        let is_done = loop {
            tokio::select! {
                biased;
                Some(report) = reports.recv() => self.last_report(report).await,
                is_done = &mut finishing => break is_done,
            }
        };
        while let Ok(report) = reports.try_recv() {
            self.last_report(report).await;
        }
        if !is_done {
            let text = "what is done with the agent's work behind a turn was not done in time, and was stopped";
            self.notice(NoticeLevel::Warning, text).await;
        }
    }

    /// Takes what of the reports still matters when everything else has ended.
    async fn last_report(&mut self, report: Report) {
        match report {
            Report::Kept(kept) => self.kept(kept).await,
            Report::Notice { level, text } => self.notice(level, text).await,
            _ => {}
        }
    }
}

fn beginning(text: &str) -> String {
    text[..text.floor_char_boundary(WORDS)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Endless;

    impl WorkKeeper for Endless {
        fn keep(&self, _: EndedWork) -> BoxFuture<'_, Kept> {
            Box::pin(std::future::pending())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_keeper_that_comes_to_no_end_is_stopped() {
        let (reports, _queue) = mpsc::channel(1);
        let mut keepers = Keepers::new(vec![Arc::new(Endless)], &reports);
        assert!(Keepers::none().finish().await);
        keepers.tasks.spawn(std::future::pending());
        assert!(!keepers.finish().await);
    }

    #[test]
    fn the_beginning_of_a_text_ends_between_characters() {
        assert_eq!(beginning("ä"), "ä");
        assert_eq!(beginning(&"xä".repeat(WORDS)).len(), WORDS - 1);
    }
}
