//! Commits of some changes, and of nothing else.
//!
//! A commit is made in two parts, so that between them somebody can look at what it holds and find words for
//! it: [`Repository::prepare`] brings the changes into a tree, and [`Prepared::commit`] runs the hooks, signs, moves
//! the branch and brings the person's index forward. When the branch has moved in between, the changes are
//! brought in anew.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::change::{FileChange, LeftOut};
use crate::destination::Destination;
use crate::error::GitError;
use crate::hooks::{Hook, Hooks};
use crate::index::{self, IndexLock, Stamp, Workshop};
use crate::invocation::Invocation;
use crate::merging::{Merging, Steps};
use crate::message;
use crate::repository::Repository;
use crate::settings::Settings;
use crate::signing;
use crate::status::{self, ChangeKind, Untracked};
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
    let staged = match (&destination.parent, stamp, destination.is_checked_out) {
        (Some(parent), Some(_), true) => index::staged(repository, parent).await?,
        (None, Some(_), true) => index::staged(repository, &empty_tree(repository).await?).await?,
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
    let steps = merging.steps(&changes).await?;
    if steps.commit.is_empty() {
        return Ok(Preparation::Nothing(steps.left_out));
    }
    match &destination.parent {
        None => {
            // The first commit holds nothing but the changes.
            let _ = fs::remove_file(&next);
        }
        Some(parent) if !staged.is_empty() || !destination.is_checked_out || stamp.is_none() => {
            index::reset(repository, &next, parent).await?;
        }
        Some(_) => {}
    }
    index::put(repository, &next, by_path(&steps.commit)).await?;
    let tree = index::write_tree(repository, &next).await?;
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

    /// Runs the hook that may look at the commit, and returns what it has added.
    ///
    /// A hook that formats files stages them again, which is wanted. One that stages all there is would bring
    /// the person's own work in, and that must not be.
    async fn before_commit(
        &mut self,
        hooks: &Hooks<'_>,
        next: &Path,
    ) -> Result<BTreeMap<PathBuf, Option<TreeEntry>>, GitError> {
        if !hooks.has(Hook::PreCommit) {
            return Ok(BTreeMap::new());
        }
        let repository = self.repository.clone().with_index(next.to_owned());
        let before = status::of(&repository, Untracked::Files).await?;
        hooks.run(Hook::PreCommit, next, &[]).await?;
        let tree = index::write_tree(&self.repository, next).await?;
        if tree == self.tree {
            return Ok(BTreeMap::new());
        }
        let arguments = [
            "diff-tree",
            "-r",
            "--raw",
            "-z",
            "--no-renames",
            "--no-abbrev",
        ];
        let arguments = arguments.into_iter().chain([self.tree.as_str(), &tree]);
        let output = self.git(arguments).reading().run().await?;
        let changed = differences(&output.stdout).ok_or_else(|| GitError::Unreadable {
            command: "diff-tree".to_owned(),
            what: "the differences".to_owned(),
        })?;
        let is_own = |path: &Path| {
            before.changes.iter().any(|own| {
                let is_unstaged = match own.kind {
                    ChangeKind::Tracked { unstaged, .. } => unstaged != '.',
                    ChangeKind::Unmerged | ChangeKind::Untracked => true,
                };
                is_unstaged && own.path == path
            })
        };
        if let Some(swept) = changed.iter().find(|changed| is_own(&changed.path)) {
            let path = swept.path.display();
            return Err(GitError::Hook {
                hook: Hook::PreCommit.name(),
                message: format!("it would commit changes of yours as well: {path}"),
            });
        }
        self.tree = tree;
        let by_hook = changed.into_iter();
        Ok(by_hook
            .map(|changed| (changed.path, changed.after))
            .collect())
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

    /// Gives the commit to the branch, and brings the person's index forward.
    async fn land(
        &self,
        id: &str,
        message: &str,
        by_hook: &BTreeMap<PathBuf, Option<TreeEntry>>,
    ) -> Result<(), GitError> {
        let subject = message.lines().next().unwrap_or_default();
        if !self.destination.is_checked_out {
            return self
                .destination
                .advance(&self.repository, id, subject)
                .await;
        }
        let writing = |error| GitError::files("write the index", error);
        let mut lock = IndexLock::take(&self.repository, self.options.lock_limit).await?;
        check(&self.repository)?;
        let forward = self.forward(by_hook).await?;
        lock.fill(&forward).map_err(writing)?;
        self.destination
            .advance(&self.repository, id, subject)
            .await?;
        lock.finish().map_err(writing)
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
        if stamp != self.stamp
            && let Some(parent) = &self.destination.parent
        {
            let of_steps = |staged: &&Difference| self.steps.commit.contains_key(&staged.path);
            let now = index::staged(&self.repository, parent).await?;
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
        index::put(&self.repository, &forward, entries).await?;
        Ok(forward)
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
