//! What is told of each piece of work, and remembers what is not committed yet.

use std::collections::{BTreeMap, HashSet};

use futures::future::BoxFuture;
use loom_cli_config::AutoCommitMoment;
use loom_cli_git::Committed;
use loom_cli_session::{EndedWork, Kept, Moment, WorkKeeper};
use loom_common_core::stream::NoticeLevel;
use tokio::sync::Mutex;

use crate::commits::{AutoCommitSetup, Commits, Order, Outcome, Problem};

/// How many files a notice names.
const NAMED: usize = 5;

/// How many files wait at most to be told apart.
const WAITING: usize = 1_000;

/// Commits the work of a session's agent.
pub struct AutoCommit {
    commits: Commits,
    state: Mutex<State>,
}

type Notice = (NoticeLevel, String);

#[derive(Default)]
struct State {
    /// The record from which on nothing is committed.
    since: Option<u64>,
    /// What was left out, by its path in the workspace: from which record on.
    waiting: BTreeMap<String, u64>,
    /// What the person was told: each thing once.
    told: HashSet<String>,
}

impl AutoCommit {
    /// Commits from now on.
    pub fn new(setup: AutoCommitSetup) -> Self {
        Self {
            commits: Commits::new(setup),
            state: Mutex::default(),
        }
    }

    fn is_due(&self, moment: Moment) -> bool {
        match (moment, self.commits.setup.when) {
            (Moment::Turn { is_complete }, AutoCommitMoment::Turn) => is_complete,
            // What is left of a turn that was stopped is the last call's.
            (Moment::Calls | Moment::Turn { .. }, AutoCommitMoment::Call) => true,
            (Moment::Calls, AutoCommitMoment::Turn) => false,
        }
    }

    async fn commit(&self, work: EndedWork) -> Kept {
        let mut state = self.state.lock().await;
        let since = *state.since.get_or_insert(work.since);
        if !self.is_due(work.moment) || work.until <= since {
            return Kept::default();
        }
        let order = Order {
            work: &work,
            since,
            waiting: &state.waiting,
        };
        let (made, spent) = self.commits.make(order).await;
        let notices = match made {
            Ok(outcome) => state.go_on(since, work.until, outcome),
            Err(Problem::Passing(problem)) => state.complaint(format!(
                "the agent's work is not committed yet, and goes with the next commit: {problem}"
            )),
            Err(Problem::Lasting(problem)) => {
                state.since = Some(work.until);
                state.waiting.clear();
                state.complaint(format!("the agent's work is not committed: {problem}"))
            }
        };
        Kept { notices, spent }
    }
}

impl State {
    /// Notes what is committed now and what is not, and says so.
    fn go_on(&mut self, since: u64, until: u64, outcome: Outcome) -> Vec<Notice> {
        let mut notices = Vec::new();
        if let Some(committed) = &outcome.committed {
            // The same trouble is news when there was none in between.
            self.told.retain(|told| outcome.left_out.contains_key(told));
            notices.push((NoticeLevel::Info, account(committed)));
        }
        let mut news = Vec::new();
        for (path, reason) in &outcome.left_out {
            if self.told.insert(path.clone()) {
                news.push(format!("{path} ({reason})"));
            }
        }
        if !news.is_empty() {
            let more = news.len().saturating_sub(NAMED);
            news.truncate(NAMED);
            let mut text = format!("not committed, left to you: {}", news.join(", "));
            if more > 0 {
                text.push_str(&format!(" and {more} more"));
            }
            notices.push((NoticeLevel::Warning, text));
        }
        let waiting = outcome.left_out.into_keys().take(WAITING);
        self.waiting = waiting
            .map(|path| {
                let since = self.waiting.get(&path).copied().unwrap_or(since);
                (path, since)
            })
            .collect();
        self.since = Some(until);
        notices
    }

    fn complaint(&mut self, text: String) -> Vec<Notice> {
        let is_news = self.told.insert(text.clone());
        is_news
            .then_some((NoticeLevel::Warning, text))
            .into_iter()
            .collect()
    }
}

/// Says what was committed.
fn account(committed: &Committed) -> String {
    let subject = committed.message.lines().next().unwrap_or_default();
    let short = committed.id.get(..8).unwrap_or(&committed.id);
    let place = match &committed.branch {
        Some(branch) => format!("on {branch}"),
        None => "without a branch".to_owned(),
    };
    match committed.files.len() {
        1 => format!("committed {short} {place}: {subject} (1 file)"),
        files => format!("committed {short} {place}: {subject} ({files} files)"),
    }
}

impl WorkKeeper for AutoCommit {
    fn keep(&self, work: EndedWork) -> BoxFuture<'_, Kept> {
        Box::pin(self.commit(work))
    }
}
