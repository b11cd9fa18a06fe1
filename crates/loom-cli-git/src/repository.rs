//! Finding the repository that a folder is in, and what kind of one it is.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::error::GitError;
use crate::invocation::GitStream;
use crate::metadata::{self, Metadata};
use crate::program::Git;
use crate::status::{self, Status, Untracked};

/// A repository, as seen from a folder in it.
#[derive(Clone, Debug)]
pub struct Repository {
    pub(crate) git: Git,
    pub(crate) work_tree: Option<PathBuf>,
    pub(crate) git_dir: PathBuf,
    common_dir: PathBuf,
    superproject: Option<PathBuf>,
}

/// Something of several steps that a person is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A merge that waits for its commit.
    Merge,
    /// A rebase, or a row of patches that is applied (`git am`).
    Rebase,
    /// A cherry-pick.
    CherryPick,
    /// A revert.
    Revert,
    /// A search for the commit that broke something.
    Bisect,
}

/// What in git's folder tells of an operation.
const SIGNS: &[(&str, Operation)] = &[
    ("rebase-merge", Operation::Rebase),
    ("rebase-apply", Operation::Rebase),
    ("MERGE_HEAD", Operation::Merge),
    ("CHERRY_PICK_HEAD", Operation::CherryPick),
    ("REVERT_HEAD", Operation::Revert),
    ("BISECT_LOG", Operation::Bisect),
];

pub(crate) async fn discover(git: &Git, folder: &Path) -> Result<Option<Repository>, GitError> {
    let kind = git
        .invoke(folder, ["rev-parse", "--is-inside-work-tree"])
        .reading()
        .text()
        .await;
    let has_work_tree = match kind {
        Ok(answer) => answer.trim() == "true",
        Err(error) if is_no_repository(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let (git_dir, common_dir) = tokio::try_join!(
        path(git, folder, "--absolute-git-dir"),
        path(git, folder, "--git-common-dir"),
    )?;
    let (work_tree, superproject) = if has_work_tree {
        tokio::try_join!(
            path(git, folder, "--show-toplevel"),
            path(git, folder, "--show-superproject-working-tree"),
        )?
    } else {
        (None, None)
    };
    let unreadable = || GitError::Unreadable {
        command: "rev-parse".to_owned(),
        what: "the folder of the repository is missing".to_owned(),
    };
    Ok(Some(Repository {
        git: git.clone(),
        work_tree,
        git_dir: git_dir.ok_or_else(unreadable)?,
        common_dir: common_dir.ok_or_else(unreadable)?,
        superproject,
    }))
}

/// Asks for one path: a name may hold any byte, line ends too. `None` when there is none.
async fn path(git: &Git, folder: &Path, question: &str) -> Result<Option<PathBuf>, GitError> {
    let output = git
        .invoke(folder, ["rev-parse", "--path-format=absolute", question])
        .reading()
        .run()
        .await?;
    let name = output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout);
    Ok((!name.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(name))))
}

fn is_no_repository(error: &GitError) -> bool {
    matches!(error, GitError::Failed { message, .. } if message.starts_with("not a git repository"))
}

impl Repository {
    /// Returns the top folder of the working tree; `None` in a bare repository and inside git's own
    /// folder.
    pub fn work_tree(&self) -> Option<&Path> {
        self.work_tree.as_deref()
    }

    /// Returns the folder of git's own files for this working tree.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// Returns the folder that linked working trees share: objects, branches, settings.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// Tells whether it is a working tree made with `git worktree add`.
    pub fn is_linked(&self) -> bool {
        self.git_dir != self.common_dir
    }

    /// Returns the working tree that has this one as a submodule.
    pub fn superproject(&self) -> Option<&Path> {
        self.superproject.as_deref()
    }

    /// Returns what a person is in the middle of.
    pub fn operation(&self) -> Option<Operation> {
        SIGNS
            .iter()
            .find(|(name, _)| self.git_dir.join(name).exists())
            .map(|(_, operation)| *operation)
    }

    /// Returns branch, commit and remote, as a thread keeps them.
    ///
    /// # Errors
    ///
    /// When git cannot tell.
    pub async fn metadata(&self) -> Result<Metadata, GitError> {
        metadata::of(self).await
    }

    /// Returns what is changed in the working tree.
    ///
    /// # Errors
    ///
    /// [`GitError::Failed`] without a working tree, and what else keeps git from telling.
    pub async fn status(&self, untracked: Untracked) -> Result<Status, GitError> {
        status::of(self, untracked).await
    }

    /// Starts a command of git that only reads, from the top of the working tree, and hands out what it
    /// prints while it runs. The first argument is the name of the command.
    ///
    /// # Errors
    ///
    /// [`GitError::Missing`] and [`GitError::Run`].
    pub fn stream(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<GitStream, GitError> {
        self.git.invoke(self.folder(), arguments).reading().stream()
    }

    /// Returns the folder that commands run in: paths in what they print begin there.
    pub(crate) fn folder(&self) -> &Path {
        self.work_tree.as_deref().unwrap_or(&self.git_dir)
    }
}
