//! Where a working tree stands: branch, commit, remote.

use crate::error::GitError;
use crate::repository::Repository;

/// Where a working tree stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The branch; none when a commit is checked out as such.
    pub branch: Option<String>,
    /// The commit, in hexadecimal digits; none before the first.
    pub commit: Option<String>,
    /// The address of the remote that the branch follows, or of `origin`, as it is set: it may hold a
    /// password.
    pub remote_url: Option<String>,
}

pub(crate) async fn of(repository: &Repository) -> Result<Metadata, GitError> {
    let (branch, commit) = tokio::try_join!(
        repository.answer(&["symbolic-ref", "--quiet", "--short", "HEAD"]),
        repository.answer(&["rev-parse", "--verify", "--quiet", "HEAD"]),
    )?;
    let followed = match &branch {
        Some(branch) => {
            let key = format!("branch.{branch}.remote");
            repository.answer(&["config", "--get", &key]).await?
        }
        None => None,
    };
    // `.` is the repository itself.
    let remote = followed.filter(|name| name != ".");
    let key = format!("remote.{}.url", remote.as_deref().unwrap_or("origin"));
    let remote_url = repository.answer(&["config", "--get", &key]).await?;
    Ok(Metadata {
        branch,
        commit,
        remote_url,
    })
}
