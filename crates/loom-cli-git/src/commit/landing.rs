//! The end of a commit: the branch gets it, and the person's index goes forward with the branch.
//!
//! Between the two an index would say that the person has taken the commit back. So what comes after the last
//! look is done by a task of its own, which nobody's stop cuts in two.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{FORWARD, NEXT, Prepared, by_path, check};
use crate::error::GitError;
use crate::index::{self, IndexLock};
use crate::tree_entry::{Difference, TreeEntry};

impl Prepared {
    /// Gives the commit to the branch, and brings the person's index forward.
    pub(super) async fn land(
        &self,
        id: &str,
        message: &str,
        by_hook: &BTreeMap<PathBuf, Option<TreeEntry>>,
    ) -> Result<(), GitError> {
        let lock = match self.destination.is_checked_out {
            false => None,
            true => {
                let writing = |error| GitError::files("write the index", error);
                let limit = self.options.lock_limit;
                let mut lock = IndexLock::take(&self.repository, limit).await?;
                check(&self.repository)?;
                let forward = self.forward(by_hook).await?;
                lock.fill(&forward).map_err(writing)?;
                Some(lock)
            }
        };
        self.destination.check(&self.repository).await?;
        let subject = message.lines().next().unwrap_or_default().to_owned();
        let (destination, repository) = (self.destination.clone(), self.repository.clone());
        let id = id.to_owned();
        let landing = tokio::spawn(async move {
            destination.advance(&repository, &id, &subject).await?;
            match lock {
                None => Ok(()),
                Some(lock) => lock
                    .finish()
                    .map_err(|error| GitError::files("write the index", error)),
            }
        });
        landing.await.map_err(|error| GitError::Run(error.into()))?
    }

    /// Makes what is to be the person's index, while nobody else can write it.
    async fn forward(
        &self,
        by_hook: &BTreeMap<PathBuf, Option<TreeEntry>>,
    ) -> Result<PathBuf, GitError> {
        let preparing = |error| GitError::files("prepare a commit", error);
        let stamp = index::stamp(&self.repository).map_err(preparing)?;
        if self.staged.is_empty() && stamp == self.stamp {
            return Ok(self.workshop.join(NEXT));
        }
        let forward = self.workshop.join(FORWARD);
        let stamp = index::copy(&self.repository, &forward).map_err(preparing)?;
        let parent = self.destination.parent.as_deref();
        if stamp != self.stamp
            && let Some(parent) = parent
        {
            let of_steps = |staged: &&Difference| {
                let other = &staged.path;
                let mut paths = self.steps.commit.keys();
                paths.any(|path| path.starts_with(other) || other.starts_with(path))
            };
            let now = index::staged(&self.repository, &forward, parent).await?;
            if !now
                .iter()
                .filter(of_steps)
                .eq(self.staged.iter().filter(of_steps))
            {
                // What was staged of these files meanwhile has to be brought together with the changes.
                return Err(GitError::Moved);
            }
        }
        let is_staged = |path: &Path| self.staged.iter().any(|staged| staged.path == path);
        let by_hook = by_path(by_hook).filter(|(path, _)| !is_staged(path));
        let entries = by_path(&self.steps.index).chain(by_hook);
        index::put(&self.repository, &forward, parent, entries).await?;
        Ok(forward)
    }
}
