//! One commit: from the agent's work to the history of the repository.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use loom_cli_config::{AutoCommitMoment, CommitStyle};
use loom_cli_git::{CommitOptions, Committed, Git, GitError, Preparation};
use loom_cli_rewind::{RewindError, Until, Work};
use loom_cli_session::{EndedWork, ModelChoice, Spent};
use loom_redact::{Detector, KnownSecrets, Rules};

use crate::steps::{self, Pieces, Steps};
use crate::words::{self, Subject};

/// How the agent's work is committed.
pub struct AutoCommitSetup {
    /// The folder that the agent works in: absolute, with symbolic links resolved.
    pub workspace: PathBuf,
    /// The git that is used.
    pub git: Git,
    /// Values that are secret, whatever the rules say.
    pub known_secrets: KnownSecrets,
    /// The model that writes messages; none for the session's.
    pub model: Option<ModelChoice>,
    /// When there is a commit.
    pub when: AutoCommitMoment,
    /// How messages are written.
    pub style: CommitStyle,
    /// The branch that gets the commits, with `{thread}` for the thread's id; none for the one that is checked out.
    pub branch: Option<String>,
    /// The largest file that is committed, as git stores it, in bytes.
    pub max_file_bytes: u64,
}

/// Why there was no commit.
#[derive(Debug)]
pub(crate) enum Problem {
    /// It may go well the next time, and the work waits for that.
    Passing(String),
    /// This work is never going to be committed by itself.
    Lasting(String),
}

impl From<GitError> for Problem {
    fn from(error: GitError) -> Self {
        Self::Passing(error.to_string())
    }
}

impl From<RewindError> for Problem {
    fn from(error: RewindError) -> Self {
        match error {
            RewindError::Expired { .. } | RewindError::UnknownPoint { .. } => {
                Self::Lasting(error.to_string())
            }
            other => Self::Passing(other.to_string()),
        }
    }
}

/// What is to be committed.
pub(crate) struct Order<'a> {
    pub(crate) work: &'a EndedWork,
    /// The record from which on nothing is committed.
    pub(crate) since: u64,
    /// Files that wait for longer, by their paths in the workspace, and from which record on.
    pub(crate) waiting: &'a BTreeMap<String, u64>,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) committed: Option<Committed>,
    /// What was left out, by its path in the workspace, and why.
    pub(crate) left_out: BTreeMap<String, String>,
}

/// Makes commits.
pub(crate) struct Commits {
    pub(crate) setup: AutoCommitSetup,
    /// Made when it is needed: that takes some time.
    detector: Arc<OnceLock<Detector>>,
}

impl Commits {
    pub(crate) fn new(setup: AutoCommitSetup) -> Self {
        Self {
            setup,
            detector: Arc::default(),
        }
    }

    /// Makes a commit of what the agent changed, if there is something to commit. Also returns what
    /// the model that wrote the message has used, whatever came of it.
    pub(crate) async fn make(&self, order: Order<'_>) -> (Result<Outcome, Problem>, Option<Spent>) {
        let mut spent = None;
        let made = self.try_to_make(order, &mut spent).await;
        (made, spent)
    }

    async fn try_to_make(
        &self,
        order: Order<'_>,
        spent: &mut Option<Spent>,
    ) -> Result<Outcome, Problem> {
        let setup = &self.setup;
        let Some(repository) = setup.git.discover(&setup.workspace).await? else {
            return Ok(Outcome::default());
        };
        let folder = match repository.work_tree() {
            Some(top) => setup.workspace.strip_prefix(top).map(Path::to_owned),
            None => return Ok(Outcome::default()),
        };
        let Ok(folder) = folder else {
            return Ok(Outcome::default());
        };
        let (steps, detector) = self.steps(&order, folder.clone()).await?;
        let mut outcome = Outcome {
            left_out: steps.left_out,
            ..Outcome::default()
        };
        if steps.changes.is_empty() {
            return Ok(outcome);
        }
        let thread = order.work.thread.to_string();
        let options = CommitOptions {
            branch: setup
                .branch
                .as_ref()
                .map(|branch| branch.replace("{thread}", &thread)),
            max_file_bytes: setup.max_file_bytes,
            ..CommitOptions::default()
        };
        let preparation = repository.prepare(steps.changes, options).await?;
        let left_out = match &preparation {
            Preparation::Ready(prepared) => prepared.left_out(),
            Preparation::Nothing(left_out) => left_out,
        };
        outcome.left_out.extend(left_out.iter().map(|left| {
            let path = steps::in_workspace(&folder, &left.path);
            (path, left.reason.to_string())
        }));
        let Preparation::Ready(prepared) = preparation else {
            return Ok(outcome);
        };
        let model = setup.model.as_ref().unwrap_or(&order.work.model);
        let about = Subject {
            repository: &repository,
            branch: prepared.branch(),
            prepared: &prepared,
            work: order.work,
            style: setup.style,
            model: Some(model).filter(|_| order.work.may_ask_models),
            detector: &detector,
        };
        let message = words::find(&about, spent).await?;
        outcome.committed = prepared.commit(&message).await?;
        Ok(outcome)
    }

    /// Finds out what may be committed.
    async fn steps(
        &self,
        order: &Order<'_>,
        folder: PathBuf,
    ) -> Result<(Steps, Detector), Problem> {
        let newest = work(order, order.since).await?;
        let earlier = match order.waiting.values().min() {
            None => None,
            Some(since) => {
                let paths = order.waiting.keys().cloned().collect();
                Some((work(order, *since).await?, paths))
            }
        };
        let pieces = Pieces {
            earlier,
            newest,
            folder,
        };
        let known = self.setup.known_secrets.clone();
        let detector = Arc::clone(&self.detector);
        let finding = tokio::task::spawn_blocking(move || {
            let make = || Detector::new(Rules::builtin(), known.clone());
            let detector = detector.get_or_init(make).clone();
            Ok((steps::find(&pieces, &detector)?, detector))
        });
        let found: Result<_, RewindError> = finding
            .await
            .map_err(|error| Problem::Passing(error.to_string()))?;
        let (steps, detector) = found?;
        Ok((steps.map_err(Problem::Lasting)?, detector))
    }
}

async fn work(order: &Order<'_>, since: u64) -> Result<Work, RewindError> {
    let ended = order.work;
    let until = Until::Record(ended.until);
    ended.rewind.work(ended.thread, since, until).await
}
