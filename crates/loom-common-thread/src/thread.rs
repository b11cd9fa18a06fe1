//! What is known of a thread besides its log.

use std::path::PathBuf;

use jiff::Timestamp;
use loom_common_core::{Log, PermissionMode, Usage};
use serde::{Deserialize, Serialize};

use crate::id::ThreadId;

/// A thread as it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewThread {
    /// Its name.
    pub id: ThreadId,
    /// The folder in which the agent works: absolute, with symbolic links resolved, so that the
    /// same folder is always the same path.
    pub cwd: PathBuf,
    /// Name of the model's provider.
    pub provider: String,
    /// Name of the model.
    pub model: String,
    /// How much the agent may do without asking.
    pub permission_mode: PermissionMode,
    /// What git says about the folder; none outside of a repository.
    pub git: Option<GitMetadata>,
    /// When it begins. Kept to the millisecond.
    pub created_at: Timestamp,
}

/// With what a stored thread goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Continuation {
    /// The folder in which the agent works from now on: absolute, with symbolic links resolved.
    pub cwd: PathBuf,
    /// Name of the model's provider.
    pub provider: String,
    /// Name of the model.
    pub model: String,
    /// How much the agent may do without asking.
    pub permission_mode: PermissionMode,
}

/// What git says about a folder at the time when a thread begins there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitMetadata {
    /// The branch that is checked out; none when the head is detached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The commit that is checked out, in hexadecimal; none before the first commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Where the repository was cloned from. The store removes passwords and tokens from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_url: Option<String>,
}

impl GitMetadata {
    /// Removes from the remote's address what could open it: the user name and password of an
    /// `http` address (a token may stand in either), the password of any other.
    pub(crate) fn without_credentials(mut self) -> Self {
        self.remote_url = self.remote_url.map(|url| {
            let Some((scheme, rest)) = url.split_once("://") else {
                return url;
            };
            let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let (authority, path) = rest.split_at(authority_end);
            let Some((user, host)) = authority.rsplit_once('@') else {
                return url;
            };
            if scheme.to_ascii_lowercase().starts_with("http") {
                return format!("{scheme}://{host}{path}");
            }
            let name = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{name}@{host}{path}")
        });
        self
    }
}

/// A thread, without its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Its name.
    pub id: ThreadId,
    /// What it is about, on one line that is safe to print; none before the first user text.
    pub title: Option<String>,
    /// The folder in which the agent works.
    pub cwd: PathBuf,
    /// Name of the model's provider.
    pub provider: String,
    /// Name of the model.
    pub model: String,
    /// How much the agent may do without asking.
    pub permission_mode: PermissionMode,
    /// What git said about the folder when the thread began; none outside of a repository.
    pub git: Option<GitMetadata>,
    /// When it began.
    pub created_at: Timestamp,
    /// When its latest entry was stored; when it began, as long as there is none.
    pub updated_at: Timestamp,
    /// Number of entries of its log: messages of both sides, rewinds and compactions. This is the
    /// place of the next entry.
    pub entry_count: u64,
    /// All tokens that it used.
    pub usage: Usage,
}

/// A thread with its log.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredThread {
    /// The thread.
    pub thread: Thread,
    /// All that happened to its conversation.
    pub log: Log,
}

/// Which threads to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreadFilter {
    /// Only threads of this folder; none stands for all folders.
    pub cwd: Option<PathBuf>,
    /// At most so many; none stands for all.
    pub limit: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_open_a_remote_is_removed_from_its_address() {
        for (given, kept) in [
            (
                "https://example.com/ada/engine.git",
                "https://example.com/ada/engine.git",
            ),
            (
                "https://ghp_token@example.com/ada/engine",
                "https://example.com/ada/engine",
            ),
            (
                "https://ada:p@ss@example.com:8443/x?y=@z",
                "https://example.com:8443/x?y=@z",
            ),
            ("HTTP://ada:secret@example.com", "HTTP://example.com"),
            (
                "ssh://git:secret@example.com/engine",
                "ssh://git@example.com/engine",
            ),
            (
                "git@example.com:ada/engine.git",
                "git@example.com:ada/engine.git",
            ),
            ("../engine@2", "../engine@2"),
            ("file:///srv/engine@2", "file:///srv/engine@2"),
            ("", ""),
        ] {
            let git = GitMetadata {
                remote_url: Some(given.to_owned()),
                ..GitMetadata::default()
            };
            assert_eq!(git.without_credentials().remote_url.as_deref(), Some(kept));
        }
    }
}
