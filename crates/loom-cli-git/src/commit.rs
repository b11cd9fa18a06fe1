//! Commits of some changes, and of nothing else.
//!
//! A commit is made in two parts, so that between them somebody can look at what it holds and find words for
//! it: [`Repository::prepare`] brings the changes into a tree, and [`Prepared::commit`] runs the hooks, signs, moves
//! the branch and brings the person's index forward. When the branch has moved in between, the changes are
//! brought in anew.

mod by_hook;
mod landing;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::change::{FileChange, LeftOut, LeftOutReason};
use crate::destination::Destination;
use crate::error::GitError;
use crate::hooks::{Hook, Hooks};
use crate::index::{self, Stamp, Workshop};
use crate::invocation::Invocation;
use crate::merging::{Merging, Steps};
use crate::message;
use crate::repository::Repository;
use crate::settings::Settings;
use crate::signing;
use crate::tree_entry::{Difference, TreeEntry, differences};

/// How often a commit is begun anew because the branch has moved.
const ATTEMPTS: u32 = 3;

/// How a commit is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitOptions {
    /// The branch that gets the commit, made if there is none; none for where the working tree stands.
    pub branch: Option<String>,
    /// The largest content that is taken, as git stores it, in bytes.
    pub max_file_bytes: u64,
    /// How long a hook may take.
    pub hook_limit: Duration,
    /// How long signing may take.
    pub signing_limit: Duration,
    /// How long another git that is at work is waited for.
    pub lock_limit: Duration,
}

impl Default for CommitOptions {
    /// The branch of the working tree, 10 MB, two minutes for a hook, 30 seconds for signing, 10 for a lock.
    fn default() -> Self {
        Self {
            branch: None,
            max_file_bytes: 10_000_000,
            hook_limit: Duration::from_secs(120),
            signing_limit: Duration::from_secs(30),
            lock_limit: Duration::from_secs(10),
        }
    }
}

/// A commit that lacks its words.
#[derive(Debug)]
pub struct Prepared {
    repository: Repository,
    options: CommitOptions,
    changes: Vec<FileChange>,
    settings: Settings,
    destination: Destination,
    steps: Steps,
    staged: Vec<Difference>,
    workshop: Workshop,
    /// The state of the person's index that all of this was made from.
    stamp: Option<Stamp>,
    tree: String,
}

/// A commit that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Its hash, in hexadecimal digits.
    pub id: String,
    /// The branch that has it; none when a commit is checked out as such.
    pub branch: Option<String>,
    /// Its message, as hooks have left it.
    pub message: String,
    /// The files that it changes, by path.
    pub files: Vec<PathBuf>,
    /// What was left out of it.
    pub left_out: Vec<LeftOut>,
}

/// What came of preparing.
#[derive(Debug)]
pub enum Preparation {
    /// There is something to commit.
    Ready(Box<Prepared>),
    /// There is nothing to commit; these were left out.
    Nothing(Vec<LeftOut>),
}

/// What the copy is called in which the commit is prepared.
const NEXT: &str = "next";
/// What the copy is called that is to be the person's index.
const FORWARD: &str = "forward";

pub(crate) async fn prepare(
    repository: &Repository,
    changes: Vec<FileChange>,
    options: CommitOptions,
) -> Result<Preparation, GitError> {
    check(repository)?;
    let preparing = |error| GitError::files("prepare a commit", error);
    let workshop = Workshop::open(repository).map_err(preparing)?;
    let next = workshop.join(NEXT);
    let stamp = index::copy(repository, &next).map_err(preparing)?;
    let (settings, destination) = futures::try_join!(
        Settings::of(repository),
        Destination::find(repository, options.branch.as_deref()),
    )?;
    let base = match &destination.parent {
        Some(parent) => parent.clone(),
        None => empty_tree(repository).await?,
    };
    let staged = match (stamp, destination.is_checked_out) {
        (Some(_), true) => index::staged(repository, &next, &base).await?,
        _ => Vec::new(),
    };
    if let Some(unmerged) = staged.iter().find(|staged| staged.is_unmerged) {
        let path = unmerged.path.clone();
        return Err(GitError::Unmerged { path });
    }
    let merging = Merging {
        repository,
        workshop: &workshop,
        base: destination.parent.as_deref(),
        staged: &staged,
        has_modes: settings.is_on("core.filemode") != Some(false),
        max_bytes: options.max_file_bytes,
    };
    let mut taken: Vec<&FileChange> = changes.iter().collect();
    let mut left_out = Vec::new();
    let mut is_clear = staged.is_empty() && destination.is_checked_out && stamp.is_some();
    let (steps, tree) = loop {
        let mut steps = merging.steps(&taken).await?;
        steps.left_out.append(&mut left_out);
        if steps.commit.is_empty() {
            return Ok(Preparation::Nothing(steps.left_out));
        }
        match &destination.parent {
            None => {
                // The first commit holds nothing but the changes.
                let _ = fs::remove_file(&next);
            }
            Some(parent) if !is_clear => index::reset(repository, &next, parent).await?,
            Some(_) => {}
        }
        let parent = destination.parent.as_deref();
        index::put(repository, &next, parent, by_path(&steps.commit)).await?;
        let tree = index::write_tree(repository, &next).await?;
        let more = more_than(repository, &base, &tree, &steps).await?;
        let Some(first) = more.first() else {
            break (steps, tree);
        };
        // Git takes away what is in the place of what it is given.
        let gone = taken.extract_if(.., |change| more.iter().any(|more| meet(change, more)));
        for change in gone {
            let of_a_submodule = more
                .iter()
                .any(|more| meet(change, more) && more.is_submodule());
            left_out.push(LeftOut {
                path: change.path.clone(),
                reason: match of_a_submodule {
                    true => LeftOutReason::Elsewhere,
                    false => LeftOutReason::Inseparable,
                },
            });
        }
        if left_out.is_empty() {
            let path = first.path.clone();
            return Err(GitError::MoreThanAsked { path });
        }
        is_clear = false;
    };
    Ok(Preparation::Ready(Box::new(Prepared {
        repository: repository.clone(),
        options,
        changes,
        settings,
        destination,
        steps,
        staged,
        workshop,
        stamp,
        tree,
    })))
}

/// Returns what a tree has more of than the steps from a base.
async fn more_than(
    repository: &Repository,
    base: &str,
    tree: &str,
    steps: &Steps,
) -> Result<Vec<Difference>, GitError> {
    let mut changed = between(repository, base, tree).await?;
    changed.retain(|changed| !steps.commit.contains_key(&changed.path));
    Ok(changed)
}

/// Tells whether one is in the place of the other, or of a folder that it needs.
fn meet(change: &FileChange, other: &Difference) -> bool {
    let other = &other.path;
    change
        .paths()
        .any(|path| path.starts_with(other) || other.starts_with(path))
}

/// Returns what differs between two trees.
async fn between(
    repository: &Repository,
    before: &str,
    after: &str,
) -> Result<Vec<Difference>, GitError> {
    let arguments = [
        "diff-tree",
        "-r",
        "--raw",
        "-z",
        "--no-renames",
        "--no-abbrev",
        "--ignore-submodules=none",
        before,
        after,
    ];
    let invocation = repository.git.invoke(repository.folder(), arguments);
    let output = invocation.reading().run().await?;
    differences(&output.stdout).ok_or_else(|| GitError::Unreadable {
        command: arguments[0].to_owned(),
        what: "the differences".to_owned(),
    })
}

/// Makes sure that a commit does not get into the way of what the person is doing.
fn check(repository: &Repository) -> Result<(), GitError> {
    if repository.work_tree().is_none() {
        return Err(GitError::NoWorkTree);
    }
    match repository.operation() {
        Some(operation) => Err(GitError::InTheMiddle { operation }),
        None => Ok(()),
    }
}

async fn empty_tree(repository: &Repository) -> Result<String, GitError> {
    let arguments = ["hash-object", "-t", "tree", "--stdin"];
    let invocation = repository.git.invoke(repository.folder(), arguments);
    Ok(invocation.text().await?.trim().to_owned())
}

fn by_path(
    entries: &BTreeMap<PathBuf, Option<TreeEntry>>,
) -> impl Iterator<Item = (&Path, Option<&TreeEntry>)> {
    entries
        .iter()
        .map(|(path, entry)| (path.as_path(), entry.as_ref()))
}

impl Prepared {
    /// Returns the files that the commit changes, by path.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.steps.commit.keys().map(PathBuf::as_path)
    }

    /// Returns the branch that is to get the commit; none when a commit is checked out as such.
    pub fn branch(&self) -> Option<&str> {
        self.destination.branch.as_deref()
    }

    /// Returns what was left out.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.steps.left_out
    }

    /// Returns the change as a patch, at most so many bytes of it.
    ///
    /// # Errors
    ///
    /// When git cannot tell.
    pub async fn patch(&self, max_bytes: usize) -> Result<Vec<u8>, GitError> {
        let base = match &self.destination.parent {
            Some(parent) => parent.clone(),
            None => empty_tree(&self.repository).await?,
        };
        let arguments = [
            "diff-tree",
            "--patch",
            "--find-renames",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            "--end-of-options",
            &base,
            &self.tree,
        ];
        let mut stream = self.repository.stream(arguments)?;
        let mut patch = vec![0; max_bytes];
        let mut filled = 0;
        while filled < max_bytes {
            let read = stream.read(&mut patch[filled..]).await?;
            if read == 0 {
                break;
            }
            filled += read;
        }
        patch.truncate(filled);
        Ok(patch)
    }

    /// Makes the commit.
    ///
    /// # Errors
    ///
    /// [`GitError::Hook`], [`GitError::NotSigned`], [`GitError::NoIdentity`], [`GitError::Locked`],
    /// [`GitError::InTheMiddle`], [`GitError::Moved`], and what else git says. Whatever the error, nothing was
    /// committed, and neither the index nor a file is different.
    pub async fn commit(mut self, message: &str) -> Result<Option<Committed>, GitError> {
        for _ in 1..ATTEMPTS {
            match self.try_commit(message).await {
                Err(GitError::Moved) => {}
                ended => return ended.map(Some),
            }
            let (repository, options) = (self.repository.clone(), self.options.clone());
            match prepare(&repository, std::mem::take(&mut self.changes), options).await? {
                Preparation::Ready(prepared) => self = *prepared,
                // Somebody else has committed the same.
                Preparation::Nothing(_) => return Ok(None),
            }
        }
        self.try_commit(message).await.map(Some)
    }

    async fn try_commit(&mut self, message: &str) -> Result<Committed, GitError> {
        let repository = self.repository.clone();
        let hooks = Hooks::of(&repository, &self.settings, self.options.hook_limit).await?;
        let next = self.workshop.join(NEXT);
        let by_hook = self.before_commit(&hooks, &next).await?;
        let message = self.words(&hooks, &next, message).await?;
        let id = self.make(&message).await?;
        self.land(&id, &message, &by_hook).await?;
        // Its failure changes nothing any more, as with git itself.
        if self.destination.is_checked_out {
            let _ = hooks
                .run(Hook::PostCommit, &repository.own_index(), &[])
                .await;
        }
        let files: BTreeSet<PathBuf> = self
            .steps
            .commit
            .keys()
            .chain(by_hook.keys())
            .cloned()
            .collect();
        Ok(Committed {
            id,
            branch: self.destination.branch.clone(),
            message,
            files: files.into_iter().collect(),
            left_out: self.steps.left_out.clone(),
        })
    }

    /// Returns the message as the hooks have left it.
    async fn words(
        &self,
        hooks: &Hooks<'_>,
        next: &Path,
        message: &str,
    ) -> Result<String, GitError> {
        let message = message::tidy(message);
        let has_hooks = [Hook::PrepareCommitMessage, Hook::CommitMessage]
            .into_iter()
            .any(|hook| hooks.has(hook));
        if !has_hooks {
            return Ok(message);
        }
        let preparing = |error| GitError::files("prepare a commit", error);
        let file = self.workshop.join("COMMIT_EDITMSG");
        fs::write(&file, &message).map_err(preparing)?;
        let prepare: [&Path; 2] = [&file, Path::new("message")];
        hooks
            .run(Hook::PrepareCommitMessage, next, &prepare)
            .await?;
        hooks.run(Hook::CommitMessage, next, &[&file]).await?;
        let message = fs::read(&file).map_err(preparing)?;
        let message = message::tidy(&String::from_utf8_lossy(&message));
        match message.is_empty() {
            false => Ok(message),
            true => Err(GitError::Hook {
                hook: Hook::CommitMessage.name(),
                message: "it has left no message".to_owned(),
            }),
        }
    }

    /// Makes the commit without a branch that has it, and returns its hash.
    async fn make(&self, message: &str) -> Result<String, GitError> {
        let mut arguments: Vec<OsString> = ["commit-tree", &self.tree].map(OsString::from).to_vec();
        if let Some(parent) = &self.destination.parent {
            arguments.extend(["-p".into(), parent.into()]);
        }
        let is_signed = self.settings.is_on("commit.gpgsign") == Some(true);
        if is_signed {
            arguments.push("-S".into());
        }
        let mut invocation = self
            .git(arguments)
            .setting("i18n.commitEncoding", "UTF-8")
            .input(message);
        if is_signed {
            invocation = invocation.within(self.options.signing_limit);
            invocation = signing::without_questions(invocation, &self.settings, &self.workshop)
                .map_err(|error| GitError::files("prepare a commit", error))?;
        }
        let made = invocation.text().await;
        let made = made.map_err(|error| signing::explain(error, is_signed))?;
        Ok(made.trim().to_owned())
    }

    fn git<'a>(
        &'a self,
        arguments: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>,
    ) -> Invocation<'a> {
        self.repository
            .git
            .invoke(self.repository.folder(), arguments)
    }
}
