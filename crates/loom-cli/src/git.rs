//! What git says about a folder.

use loom_cli_git::Git;
use loom_common_thread::GitMetadata;

use crate::setting::Setting;

/// Asks git about the repository that the agent works in. None outside of a repository, or where git
/// cannot tell: a thread does without.
pub(crate) async fn metadata(setting: &Setting) -> Option<GitMetadata> {
    let git = Git::new(setting.environment.variables());
    let repository = git.discover(&setting.workspace).await;
    let metadata = match repository {
        Ok(repository) => repository?.metadata().await,
        Err(error) => Err(error),
    };
    match metadata {
        Ok(metadata) => Some(GitMetadata {
            branch: metadata.branch,
            commit: metadata.commit,
            remote_url: metadata.remote_url,
        }),
        Err(error) => {
            tracing::debug!(%error, "the repository is not known");
            None
        }
    }
}
