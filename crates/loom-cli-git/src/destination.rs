//! Where a commit goes: where the working tree stands, or to another branch without touching the working tree.

use crate::error::GitError;
use crate::repository::Repository;

/// Where a commit goes.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    /// The branch that the working tree stands on, by its full name; none when a commit is checked out as such.
    head: Option<String>,
    /// The branch; none when a commit is checked out as such.
    pub(crate) branch: Option<String>,
    /// What is moved: `HEAD`, or the branch by its full name.
    reference: String,
    /// What it points to; none where it does not exist yet.
    tip: Option<String>,
    /// The parent of the commit; none for the first.
    pub(crate) parent: Option<String>,
    /// Whether it is where the working tree stands, so that the index goes forward as well.
    pub(crate) is_checked_out: bool,
}

impl Destination {
    pub(crate) async fn find(
        repository: &Repository,
        branch: Option<&str>,
    ) -> Result<Self, GitError> {
        let (full, head) = futures::try_join!(current(repository), commit(repository, "HEAD"))?;
        let current = full
            .as_ref()
            .map(|full| match full.strip_prefix("refs/heads/") {
                Some(short) => short.to_owned(),
                None => full.clone(),
            });
        let Some(branch) = branch.filter(|branch| current.as_deref() != Some(*branch)) else {
            return Ok(Self {
                head: full,
                branch: current,
                reference: "HEAD".to_owned(),
                tip: head.clone(),
                parent: head,
                is_checked_out: true,
            });
        };
        let reference = format!("refs/heads/{branch}");
        let valid = ["check-ref-format", &reference];
        let valid = repository
            .git
            .invoke(repository.folder(), valid)
            .run()
            .await;
        let named = "--format=%(refname) %(worktreepath)";
        let listed = ["for-each-ref", named, &reference];
        if let Err(GitError::Failed { .. }) = valid {
            let name = branch.to_owned();
            return Err(GitError::NoBranchName { name });
        }
        let (tip, listed) =
            futures::try_join!(commit(repository, &reference), repository.answer(&listed),)?;
        let elsewhere = listed.and_then(|listed| {
            let folder = listed.lines().find_map(|line| {
                line.strip_prefix(&reference)?
                    .strip_prefix(' ')
                    .map(str::to_owned)
            });
            folder.filter(|folder| !folder.is_empty())
        });
        if let Some(folder) = elsewhere {
            return Err(GitError::CheckedOutElsewhere {
                branch: branch.to_owned(),
                folder: folder.into(),
            });
        }
        // A branch that the working tree has left behind begins anew from there.
        let parent = match (&tip, head) {
            (Some(tip), Some(head)) if is_ancestor(repository, tip, &head).await? => Some(head),
            (Some(tip), _) => Some(tip.clone()),
            (None, head) => head,
        };
        Ok(Self {
            head: full,
            branch: Some(branch.to_owned()),
            reference,
            tip,
            parent,
            is_checked_out: false,
        })
    }

    /// Makes sure that the working tree still stands on the branch that it was found on.
    ///
    /// # Errors
    ///
    /// [`GitError::Moved`] if it does not.
    pub(crate) async fn check(&self, repository: &Repository) -> Result<(), GitError> {
        match current(repository).await? == self.head {
            true => Ok(()),
            false => Err(GitError::Moved),
        }
    }

    /// Moves the branch to a commit, if it still is where it was found. What hooks of references leave running
    /// is not waited for.
    ///
    /// # Errors
    ///
    /// [`GitError::Moved`] if it is not. After any error the branch is where it was.
    pub(crate) async fn advance(
        &self,
        repository: &Repository,
        commit: &str,
        subject: &str,
    ) -> Result<(), GitError> {
        let reason = match &self.parent {
            Some(_) => format!("commit: {subject}"),
            None => format!("commit (initial): {subject}"),
        };
        let nothing = "0".repeat(commit.len());
        let tip = self.tip.as_ref().unwrap_or(&nothing);
        let arguments = ["update-ref", "-m", &reason, &self.reference, commit, tip];
        let invocation = repository.git.invoke(repository.folder(), arguments);
        let error = match invocation.attended().await {
            Ok(ended) if ended.code == Some(0) => return Ok(()),
            Ok(ended) if is_elsewhere(&ended.messages) => return Err(GitError::Moved),
            Ok(ended) => GitError::failed("update-ref", ended.code, &ended.messages),
            Err(error) => error,
        };
        // A git that was ended, or that a hook held up at its end, may have done it all the same.
        match repository
            .answer(&["rev-parse", "--verify", "--quiet", &self.reference])
            .await
        {
            Ok(Some(now)) if now == commit => Ok(()),
            _ => Err(error),
        }
    }
}

/// Returns the branch that the working tree stands on, by its full name.
async fn current(repository: &Repository) -> Result<Option<String>, GitError> {
    repository
        .answer(&["symbolic-ref", "--quiet", "HEAD"])
        .await
}

/// Tells whether git says that a branch is not where it was expected.
fn is_elsewhere(message: &str) -> bool {
    message.contains("but expected") || message.contains("reference already exists")
}

async fn commit(repository: &Repository, name: &str) -> Result<Option<String>, GitError> {
    let name = format!("{name}^{{commit}}");
    repository
        .answer(&["rev-parse", "--verify", "--quiet", &name])
        .await
}

async fn is_ancestor(repository: &Repository, of: &str, commit: &str) -> Result<bool, GitError> {
    let arguments = ["merge-base", "--is-ancestor", of, commit];
    let invocation = repository.git.invoke(repository.folder(), arguments);
    Ok(invocation
        .reading()
        .answering_with(&[0, 1])
        .run()
        .await?
        .succeeded)
}
