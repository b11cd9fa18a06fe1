//! Finding the repository that a folder is in, and what kind of one it is.

use std::ffi::OsStr;
use std::fmt;
use std::ops::RangeInclusive;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::change::FileChange;
use crate::commit::{self, CommitOptions, Preparation};
use crate::error::GitError;
use crate::history::{self, Additions, HistoryQuery};
use crate::invocation::GitStream;
use crate::metadata::{self, Metadata};
use crate::objects::{self, Objects};
use crate::program::Git;
use crate::staged::{self, StagedFile};
use crate::status::{self, Status, Untracked};

/// A repository, as seen from a folder in it.
#[derive(Clone, Debug)]
pub struct Repository {
    pub(crate) git: Git,
    pub(crate) work_tree: Option<PathBuf>,
    pub(crate) git_dir: PathBuf,
    common_dir: PathBuf,
    superproject: Option<PathBuf>,
    pub(crate) index: Option<PathBuf>,
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
    // Of several commits, between two of them.
    ("sequencer", Operation::CherryPick),
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
        index: None,
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

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Merge => "merge",
            Self::Rebase => "rebase",
            Self::CherryPick => "cherry-pick",
            Self::Revert => "revert",
            Self::Bisect => "bisect",
        })
    }
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

    /// Takes this file for the index, as git asks a hook to by `GIT_INDEX_FILE`, when it is about what is staged.
    #[must_use]
    pub fn with_index(mut self, index: PathBuf) -> Self {
        self.index = Some(index);
        self
    }

    /// Returns the files whose content in the index is not that of the last commit. Deleted files, links,
    /// submodules and conflicts are left out.
    ///
    /// # Errors
    ///
    /// When git cannot tell.
    pub async fn staged(&self) -> Result<Vec<StagedFile>, GitError> {
        staged::files(self).await
    }

    /// Returns the lines of a file in the index, from 1, that the next commit would bring in. In the middle of a
    /// merge, those which none of the merged branches has.
    ///
    /// # Errors
    ///
    /// When git cannot tell.
    pub async fn added_lines(&self, path: &Path) -> Result<Vec<RangeInclusive<u64>>, GitError> {
        staged::added_lines(self, path).await
    }

    /// Goes through what the history has brought in, the oldest commit first. Deleted files, links and
    /// submodules are left out.
    ///
    /// # Errors
    ///
    /// [`GitError::Missing`] and [`GitError::Run`].
    pub fn additions(&self, query: &HistoryQuery) -> Result<Additions, GitError> {
        history::of(self, query)
    }

    /// Starts to hand out contents.
    ///
    /// # Errors
    ///
    /// [`GitError::Missing`] and [`GitError::Run`].
    pub fn objects(&self) -> Result<Objects, GitError> {
        objects::of(self)
    }

    /// Tells whether the history is cut off: the clone has only the last commits.
    ///
    /// # Errors
    ///
    /// When git cannot tell.
    pub async fn is_shallow(&self) -> Result<bool, GitError> {
        let arguments = ["rev-parse", "--is-shallow-repository"];
        let invocation = self.git.invoke(self.folder(), arguments);
        Ok(invocation.reading().text().await?.trim() == "true")
    }

    /// Returns the folder in which git looks for hooks: `core.hooksPath`, or `hooks` among git's own files.
    ///
    /// # Errors
    ///
    /// When git cannot tell.
    pub async fn hooks_folder(&self) -> Result<PathBuf, GitError> {
        let question = ["rev-parse", "--path-format=absolute", "--git-path", "hooks"];
        let output = self.git.invoke(self.folder(), question);
        let output = output.reading().run().await?;
        let name = output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout);
        Ok(PathBuf::from(OsStr::from_bytes(name)))
    }

    /// Returns the tracked files that a `.gitignore` names all the same, by their paths from the top of the
    /// working tree.
    ///
    /// # Errors
    ///
    /// [`GitError::Failed`] without a working tree, and what else keeps git from telling.
    pub async fn tracked_but_ignored(&self) -> Result<Vec<PathBuf>, GitError> {
        let arguments = [
            "ls-files",
            "-z",
            "--cached",
            "--ignored",
            "--exclude-standard",
        ];
        let output = self.git.invoke(self.folder(), arguments);
        let output = output.reading().run().await?;
        let names = output.stdout.split(|byte| *byte == 0);
        Ok(names
            .filter(|name| !name.is_empty())
            .map(|name| PathBuf::from(OsStr::from_bytes(name)))
            .collect())
    }

    /// Asks something to which exit code 1 says that there is no answer.
    pub(crate) async fn answer(&self, arguments: &[&str]) -> Result<Option<String>, GitError> {
        let invocation = self.git.invoke(self.folder(), arguments);
        let output = invocation.reading().answering_with(&[0, 1]).run().await?;
        let text = String::from_utf8_lossy(&output.stdout);
        let text = text.trim_end_matches('\n');
        Ok((output.succeeded && !text.is_empty()).then(|| text.to_owned()))
    }

    /// Brings changes into a tree that a commit can be made of. Nothing shows of it until
    /// [`Prepared::commit`](crate::Prepared::commit).
    ///
    /// # Errors
    ///
    /// [`GitError::NoWorkTree`], [`GitError::InTheMiddle`], [`GitError::Unmerged`],
    /// [`GitError::NoBranchName`], [`GitError::CheckedOutElsewhere`], and what else git says.
    pub async fn prepare(
        &self,
        changes: Vec<FileChange>,
        options: CommitOptions,
    ) -> Result<Preparation, GitError> {
        commit::prepare(self, changes, options).await
    }

    /// Returns the messages of the newest commits that are no merges, the newest first.
    ///
    /// # Errors
    ///
    /// When git cannot tell.
    pub async fn newest_messages(&self, count: usize) -> Result<Vec<String>, GitError> {
        history::messages(self, count).await
    }

    /// Returns who commits here, as `Name <address>`; none where git does not know.
    ///
    /// # Errors
    ///
    /// When git cannot tell.
    pub async fn committer(&self) -> Result<Option<String>, GitError> {
        let arguments = ["var", "GIT_COMMITTER_IDENT"];
        let invocation = self.git.invoke(self.folder(), arguments);
        let output = invocation.reading().answering_with(&[0, 128]).run().await?;
        let text = String::from_utf8_lossy(&output.stdout);
        // The time follows.
        let name = text.rsplit_once('>').map(|(name, _)| format!("{name}>"));
        Ok(name.filter(|_| output.succeeded))
    }

    /// Returns the file that is the person's index.
    pub(crate) fn own_index(&self) -> PathBuf {
        self.git_dir.join("index")
    }

    /// Starts a command of git that only reads, from the top of the working tree, and hands out what it
    /// prints while it runs. The first argument is the name of the command.
    ///
    /// # Errors
    ///
    /// [`GitError::Missing`] and [`GitError::Run`].
    pub(crate) fn stream(
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
