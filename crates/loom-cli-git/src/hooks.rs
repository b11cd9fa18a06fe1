//! The hooks of a commit, run as git runs them: `git hook run`, from version 2.36 on.
//!
//! A hook is a program of the person, so it may fail, ask, hang, and leave something running. It has no
//! terminal and no input, a limit of time after which it is ended with its process group, and what it
//! prints is kept in bounds.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use crate::error::GitError;
use crate::repository::Repository;
use crate::settings::Settings;

/// How much of what a hook has printed is told, in characters.
const TOLD: usize = 2000;

/// A hook of a commit; see githooks(5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    PreCommit,
    PrepareCommitMessage,
    CommitMessage,
    PostCommit,
}

impl Hook {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::PrepareCommitMessage => "prepare-commit-msg",
            Self::CommitMessage => "commit-msg",
            Self::PostCommit => "post-commit",
        }
    }
}

/// Runs the hooks of a repository.
#[derive(Debug)]
pub(crate) struct Hooks<'a> {
    repository: &'a Repository,
    folder: std::path::PathBuf,
    /// Whether hooks are set in the configuration, as from git 2.54 on.
    are_configured: bool,
    limit: Duration,
}

impl<'a> Hooks<'a> {
    pub(crate) async fn of(
        repository: &'a Repository,
        settings: &Settings,
        limit: Duration,
    ) -> Result<Self, GitError> {
        let folder = match settings.get("core.hookspath") {
            None => repository.common_dir().join("hooks"),
            Some(_) => repository.hooks_folder().await?,
        };
        Ok(Self {
            repository,
            folder,
            are_configured: settings.has_any("hook."),
            limit,
        })
    }

    /// Tells whether there is such a hook.
    pub(crate) fn has(&self, hook: Hook) -> bool {
        let found = self.folder.join(hook.name()).metadata();
        let is_program =
            found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
        is_program || self.are_configured
    }

    /// Runs a hook, if there is one, for a commit that is made of `index`.
    ///
    /// # Errors
    ///
    /// [`GitError::Hook`] when it fails or takes too long.
    pub(crate) async fn run(
        &self,
        hook: Hook,
        index: &Path,
        arguments: &[&Path],
    ) -> Result<(), GitError> {
        if !self.has(hook) {
            return Ok(());
        }
        let mut line: Vec<OsString> = ["hook", "run", "--ignore-missing", hook.name(), "--"]
            .map(OsString::from)
            .to_vec();
        line.extend(arguments.iter().map(|argument| argument.into()));
        let ran = self
            .repository
            .git
            .invoke(self.repository.folder(), line)
            .variable("GIT_INDEX_FILE", index)
            .within(self.limit)
            .attended()
            .await;
        let failed = |message: String| GitError::Hook {
            hook: hook.name(),
            message,
        };
        match ran {
            Ok(ended) if ended.code == Some(0) => Ok(()),
            Ok(ended) if ended.messages.contains("'hook' is not a git command") => {
                Err(failed("running it takes git 2.36 or newer".to_owned()))
            }
            Ok(ended) => Err(failed(match (last(&ended.messages), ended.code) {
                ("", Some(code)) => format!("exit code {code}"),
                ("", None) => "it was ended by a signal".to_owned(),
                (said, _) => said.to_owned(),
            })),
            Err(GitError::TimedOut { limit, .. }) => Err(failed(format!(
                "it was not done after {} s, and was ended",
                limit.as_secs()
            ))),
            Err(error) => Err(error),
        }
    }
}

/// Returns the end of what was printed, from the beginning of a line on.
fn last(messages: &str) -> &str {
    let Some((cut, _)) = messages.char_indices().rev().nth(TOLD) else {
        return messages;
    };
    let end = &messages[cut..];
    end.split_once('\n').map_or(end, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_what_was_printed_is_told_in_whole_lines() {
        assert_eq!(last("a\nb"), "a\nb");
        let long = format!("{}\nthe end", "ä".repeat(2 * TOLD));
        assert_eq!(last(&long), "the end");
        assert_eq!(last(&"x".repeat(2 * TOLD)).len(), TOLD + 1);
    }
}
