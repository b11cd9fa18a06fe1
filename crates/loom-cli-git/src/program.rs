//! The program, and the environment it runs in.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::Arc;

use crate::error::GitError;
use crate::invocation::Invocation;
use crate::repository::{self, Repository};

/// Variables that point git at another repository than the folder's (`git rev-parse --local-env-vars`),
/// or that make it print, ask or write what nobody expects. Settings of the person stay.
const TAKEN_AWAY: &[&str] = &[
    "EDITOR",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIFF_OPTS",
    "GIT_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_GRAFT_FILE",
    "GIT_GLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REFLOG_ACTION",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
    // A terminal for asking for a passphrase.
    "GPG_TTY",
    "LANGUAGE",
    "VISUAL",
];

/// Variables that keep git from asking, and its messages in English.
const SET: &[(&str, &str)] = &[
    ("GIT_ASKPASS", "false"),
    // Succeeds and changes nothing: the message is the one that was given.
    ("GIT_EDITOR", "true"),
    ("GIT_PAGER", "cat"),
    ("GIT_SEQUENCE_EDITOR", "true"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("LC_ALL", "C.UTF-8"),
    ("SSH_ASKPASS", "false"),
    ("SSH_ASKPASS_REQUIRE", "force"),
];

/// The git that is installed. Clones share the environment.
#[derive(Clone, Debug)]
pub struct Git {
    environment: Arc<[(OsString, OsString)]>,
}

impl Git {
    /// Takes the environment of the person: the search path, the home with its settings, the agent with
    /// its keys. What points git elsewhere or lets it ask is taken out.
    pub fn new(
        environment: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
    ) -> Self {
        let kept = environment
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .filter(|(name, _)| !is_taken_away(name));
        let set = SET
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Self {
            environment: kept.chain(set).collect(),
        }
    }

    /// Returns what git says of its version: `git version 2.47.3`.
    ///
    /// # Errors
    ///
    /// [`GitError::Missing`], and what else keeps git from telling.
    pub async fn version(&self) -> Result<String, GitError> {
        let version = self.invoke(Path::new("/"), ["version"]).text().await?;
        Ok(version.trim().to_owned())
    }

    /// Finds the repository that a folder is in. `None` when it is in none.
    ///
    /// # Errors
    ///
    /// [`GitError::Missing`], [`GitError::NotTrusted`], and what else keeps git from telling.
    pub async fn discover(&self, folder: &Path) -> Result<Option<Repository>, GitError> {
        repository::discover(self, folder).await
    }

    /// Prepares a command in a folder. The first argument is the name of git's command.
    pub(crate) fn invoke<'a>(
        &'a self,
        folder: &'a Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Invocation<'a> {
        Invocation::new(self, folder, arguments)
    }

    pub(crate) fn environment(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.environment
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

fn is_taken_away(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    TAKEN_AWAY.contains(&name)
        || SET.iter().any(|(set, _)| *set == name)
        || name.starts_with("GIT_TRACE")
}
