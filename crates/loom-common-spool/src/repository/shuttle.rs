//! The shuttle: files on disk, and the stitch that they are the newest version of.

use std::path::PathBuf;
use std::sync::Arc;

use jj_lib::commit::Commit;
use jj_lib::matchers::{Matcher, NothingMatcher};
use jj_lib::op_store::OpStoreError;
use jj_lib::repo::{ReadonlyRepo, Repo as _};
use jj_lib::revset::RevsetExpression;
use jj_lib::settings::HumanByteSize;
use jj_lib::working_copy::{
    CheckoutError, CheckoutStats, SnapshotError, SnapshotOptions, SnapshotStats, UntrackedReason,
    WorkingCopyFreshness,
};
use jj_lib::workspace::LockedWorkspace;
use pollster::FutureExt as _;

use super::Repository;
use super::colocation::{self, GitLock};
use super::configuration::setting;
use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::OperationId;
use super::language::evaluate;
use super::lock::lock;
use super::notice::Notice;

/// What taking the shuttle's files into its stitch found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Whether anything is new in the repository, be it from the files or from git.
    pub changed: bool,
    /// New files that were left out, by path.
    pub left_out: Vec<LeftOut>,
    /// Files whose names are not UTF-8, which cannot be part of a stitch.
    pub not_utf8: Vec<PathBuf>,
    /// What else happened.
    pub notices: Vec<Notice>,
}

/// A new file that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The path in the repository, with `/`.
    pub path: String,
    /// Why it was left out.
    pub reason: LeftOutReason,
}

/// Why a new file was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOutReason {
    /// It is larger than `snapshot.max-new-file-size` allows. Sizes are in bytes.
    TooLarge {
        /// The file's size.
        size: u64,
        /// What is allowed.
        limit: u64,
    },
    /// `snapshot.auto-track` does not name it.
    NotTracked,
}

/// How the files of the shuttle were changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FilesWritten {
    /// Files that were there before and after.
    pub updated: u32,
    /// New files.
    pub added: u32,
    /// Files that are gone.
    pub removed: u32,
    /// Files that were left alone, as an ignored file stands in their place.
    pub skipped: u32,
}

impl From<CheckoutStats> for FilesWritten {
    fn from(stats: CheckoutStats) -> Self {
        Self {
            updated: stats.updated_files,
            added: stats.added_files,
            removed: stats.removed_files,
            skipped: stats.skipped_files,
        }
    }
}

impl Taken {
    fn add(&mut self, stats: SnapshotStats) {
        for (path, reason) in stats.untracked_paths {
            let reason = match reason {
                UntrackedReason::FileTooLarge { size, max_size } => LeftOutReason::TooLarge {
                    size,
                    limit: max_size,
                },
                UntrackedReason::FileNotAutoTracked => LeftOutReason::NotTracked,
            };
            self.left_out.push(LeftOut {
                path: path.into_internal_string(),
                reason,
            });
        }
        for (folder, name) in stats.invalid_utf8_paths {
            let folder = PathBuf::from(folder.into_internal_string());
            self.not_utf8.push(folder.join(name));
        }
    }
}

impl Repository {
    /// Takes the shuttle's files, and what git did in the same folder, into the repository.
    ///
    /// Every command that reads or changes `@` begins with this. It loads the newest state first.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Stale`], [`RepositoryError::ShuttleLost`] and
    /// [`RepositoryError::ShuttleBeside`] when the files do not belong to the newest state,
    /// [`RepositoryError::Busy`] when another program is at work, [`RepositoryError::ReadOnly`]
    /// for a view of the past, and what reading and writing can bring.
    pub fn snapshot(&mut self) -> Result<Taken, RepositoryError> {
        self.snapshot_tracking(&NothingMatcher)
    }

    pub(super) fn snapshot_tracking(
        &mut self,
        force: &dyn Matcher,
    ) -> Result<Taken, RepositoryError> {
        self.check_writable()?;
        // Taken before the newest state is loaded, as that is what git's references belong to.
        let lock = self.lock_git()?;
        let before = self.repo.op_id().clone();
        let mut taken = Taken::default();
        self.reload(&mut taken.notices)?;
        match self.snapshot_locked(&lock, force, &mut taken) {
            Err(RepositoryError::Stale { .. } | RepositoryError::ShuttleLost)
                if self.flag("snapshot.auto-update-stale")? =>
            {
                self.update_stale_locked(&lock, &mut taken)?;
            }
            result => result?,
        }
        taken.changed = *self.repo.op_id() != before;
        Ok(taken)
    }

    fn snapshot_locked(
        &mut self,
        lock: &GitLock,
        force: &dyn Matcher,
        taken: &mut Taken,
    ) -> Result<(), RepositoryError> {
        if self.colocated {
            self.import_head(lock, &mut taken.notices)?;
        }
        self.snapshot_files(lock, force, taken)?;
        if self.colocated {
            self.import_references(lock, &mut taken.notices)?;
        }
        Ok(())
    }

    fn snapshot_files(
        &mut self,
        lock: &GitLock,
        force: &dyn Matcher,
        taken: &mut Taken,
    ) -> Result<(), RepositoryError> {
        let name = self.workspace.workspace_name().to_owned();
        let root = self.workspace.workspace_root().to_owned();
        let auto_track = self.text("snapshot.auto-track")?;
        let auto_track = self
            .language
            .configured_matcher("snapshot.auto-track", &auto_track)?;
        let HumanByteSize(limit) = self
            .workspace
            .settings()
            .get_value_with("snapshot.max-new-file-size", TryInto::try_into)
            .map_err(|error| setting(&error))?;
        let options = SnapshotOptions {
            base_ignores: self.outer_ignores()?,
            progress: None,
            start_tracking_matcher: &auto_track,
            force_tracking_matcher: force,
            // None at all means no limit.
            max_new_file_size: if limit == 0 { u64::MAX } else { limit },
        };
        let (repo, colocated) = (self.repo.clone(), self.colocated);
        let immutable = self.language.clone();
        let tx_start = self.operation_start();
        let mut locked = self.lock_shuttle()?;
        let Some((repo, shuttle)) = fresh(&mut locked, repo, &name)? else {
            // The workspace was forgotten, so its files belong to nothing.
            return Ok(());
        };
        let (tree, stats) = locked
            .locked_wc()
            .snapshot(&options)
            .block_on()
            .map_err(|error| snapshot_error(&error))?;
        taken.add(stats);
        let mut repo = repo;
        if tree.tree_ids_and_labels() != shuttle.tree().tree_ids_and_labels() {
            let mut tx = tx_start.begin(&repo);
            tx.set_is_snapshot(true);
            let immutable = immutable
                .immutable(tx.repo())?
                .intersection(&RevsetExpression::commit(shuttle.id().clone()));
            let is_immutable = !evaluate(tx.repo(), &immutable)?
                .is_empty()
                .doing("find immutable stitches")?;
            let writer = tx.repo_mut();
            let new = if is_immutable {
                taken.notices.push(Notice::ImmutableShuttle);
                writer
                    .new_commit(vec![shuttle.id().clone()], tree.clone())
                    .write()
                    .block_on()
            } else {
                writer
                    .rewrite_commit(&shuttle)
                    .set_tree(tree.clone())
                    .write()
                    .block_on()
            }
            .doing("write the shuttle's stitch")?;
            writer
                .set_wc_commit(name.clone(), new.id().clone())
                .doing("move the shuttle")?;
            let stitches = writer
                .rebase_descendants()
                .block_on()
                .doing("rethread stitches")?;
            if stitches > 0 {
                taken.notices.push(Notice::Rethreaded { stitches });
            }
            if colocated && is_immutable {
                colocation::reset_head(writer, &name, &root, &new, lock, &mut taken.notices)?;
                colocation::export(writer, &mut taken.notices)?;
            } else if colocated {
                let (old, new) = (shuttle.tree(), new.tree());
                colocation::export_files(writer, &root, &old, &new, &mut taken.notices)?;
            }
            repo = tx
                .commit("snapshot working copy")
                .block_on()
                .doing("write the operation")?;
        }
        if colocated && has_tangle_files(&tree)? {
            taken.notices.push(Notice::TangleFiles);
        }
        locked
            .finish(repo.op_id().clone())
            .block_on()
            .doing("write the shuttle's state")?;
        self.set_repo(repo);
        Ok(())
    }

    /// Brings the files of a stale shuttle up to date. Edits in them are kept, in the stitch that
    /// they belonged to.
    ///
    /// # Errors
    ///
    /// As [`snapshot`](Self::snapshot).
    pub fn update_stale(&mut self) -> Result<Taken, RepositoryError> {
        self.check_writable()?;
        let lock = self.lock_git()?;
        let before = self.repo.op_id().clone();
        let mut taken = Taken::default();
        self.reload(&mut taken.notices)?;
        self.update_stale_locked(&lock, &mut taken)?;
        taken.changed = *self.repo.op_id() != before;
        Ok(taken)
    }

    fn update_stale_locked(
        &mut self,
        lock: &GitLock,
        taken: &mut Taken,
    ) -> Result<(), RepositoryError> {
        let loader = self.workspace.repo_loader().clone();
        let id = self.workspace.working_copy().operation_id().clone();
        let operation = match loader.load_operation(&id).block_on() {
            Ok(operation) => operation,
            Err(OpStoreError::ObjectNotFound { .. }) => return self.recover(lock, taken),
            Err(error) => return Err(RepositoryError::from_cause("read the operation", &error)),
        };
        // What was edited belongs to the old operation, so it is taken on top of that. The newest
        // state is merged with it then.
        let old = loader
            .load_at(&operation)
            .block_on()
            .doing("read the operation")?;
        self.set_repo(old);
        self.snapshot_files(lock, &NothingMatcher, taken)?;
        let stale = self.shuttle_commit()?;
        self.reload(&mut taken.notices)?;
        let wanted = self.shuttle_commit()?;
        let (name, root) = (
            self.workspace.workspace_name().to_owned(),
            self.workspace.workspace_root().to_owned(),
        );
        let (mut repo, colocated) = (self.repo.clone(), self.colocated);
        let start = self.operation_start();
        let mut locked = self.lock_shuttle()?;
        let freshness = WorkingCopyFreshness::check_stale(locked.locked_wc(), &wanted, &repo)
            .block_on()
            .doing("read the shuttle's operation")?;
        match freshness {
            WorkingCopyFreshness::Fresh | WorkingCopyFreshness::Updated(_) => {
                drop(locked);
                taken.notices.push(Notice::NotStale);
            }
            WorkingCopyFreshness::WorkingCopyStale | WorkingCopyFreshness::SiblingOperation => {
                if colocated {
                    let mut tx = start.begin(&repo);
                    let notices = &mut taken.notices;
                    colocation::reset_head(tx.repo_mut(), &name, &root, &wanted, lock, notices)?;
                    if tx.repo().has_changes() {
                        repo = tx
                            .commit("reset git head")
                            .block_on()
                            .doing("write the operation")?;
                    }
                }
                if stale.tree().tree_ids_and_labels()
                    != locked.locked_wc().old_tree().tree_ids_and_labels()
                {
                    return Err(RepositoryError::ShuttleMoved);
                }
                locked
                    .locked_wc()
                    .check_out(&wanted)
                    .block_on()
                    .map_err(|error| checkout_error(&error))?;
                locked
                    .finish(repo.op_id().clone())
                    .block_on()
                    .doing("write the shuttle's state")?;
                self.set_repo(repo);
                taken.notices.push(Notice::StaleUpdated);
            }
        }
        self.snapshot_locked(lock, &NothingMatcher, taken)
    }

    /// Puts the files into a new stitch, as it is not known which one they belonged to.
    fn recover(&mut self, lock: &GitLock, taken: &mut Taken) -> Result<(), RepositoryError> {
        let name = self.workspace.workspace_name().to_owned();
        let repo = self.repo.clone();
        let mut locked = self.lock_shuttle()?;
        let (repo, _) = jj_lib::working_copy::create_and_check_out_recovery_commit(
            locked.locked_wc(),
            &repo,
            name,
            RECOVERY,
        )
        .block_on()
        .doing("recover the shuttle")?;
        locked
            .finish(repo.op_id().clone())
            .block_on()
            .doing("write the shuttle's state")?;
        self.set_repo(repo);
        taken.notices.push(Notice::Recovered);
        self.snapshot_locked(lock, &NothingMatcher, taken)
    }

    /// Makes the shuttle's files those of a stitch, for an operation that was written.
    pub(super) fn check_out(
        &mut self,
        old: Option<&Commit>,
        new: &Commit,
    ) -> Result<FilesWritten, RepositoryError> {
        let path = self.shuttle_lock_path();
        drop(lock(path, self.surroundings.patience)?);
        let old = old.map(Commit::tree);
        self.workspace
            .check_out(self.repo.op_id().clone(), old.as_ref(), new)
            .block_on()
            .map(FilesWritten::from)
            .map_err(|error| checkout_error(&error))
    }

    /// Takes the shuttle for oneself.
    pub(super) fn lock_shuttle(&mut self) -> Result<LockedWorkspace<'_>, RepositoryError> {
        // The library waits for ever, so this waits before.
        let path = self.shuttle_lock_path();
        drop(lock(path, self.surroundings.patience)?);
        self.workspace
            .start_working_copy_mutation()
            .block_on()
            .doing("read the shuttle's state")
    }

    fn shuttle_lock_path(&self) -> PathBuf {
        let root = self.workspace.workspace_root();
        root.join(".jj/working_copy/working_copy.lock")
    }
}

/// The description of a stitch that holds what was in a shuttle whose operation is lost.
const RECOVERY: &str = "Recovered files of a shuttle whose operation was lost

The operation that the files belonged to cannot be read, so it is not known what
the parents should be. What differs from them may come from several stitches.
";

/// Checks that the shuttle's files belong to the state that was loaded, or loads the newer one that
/// they belong to. `None` when the workspace was forgotten.
fn fresh(
    locked: &mut LockedWorkspace<'_>,
    repo: Arc<ReadonlyRepo>,
    name: &jj_lib::ref_name::WorkspaceName,
) -> Result<Option<(Arc<ReadonlyRepo>, Commit)>, RepositoryError> {
    let shuttle = |repo: &ReadonlyRepo| {
        repo.view()
            .get_wc_commit_id(name)
            .map(|id| {
                repo.store()
                    .get_commit(id)
                    .doing("read the shuttle's stitch")
            })
            .transpose()
    };
    let Some(commit) = shuttle(&repo)? else {
        return Ok(None);
    };
    let operation = OperationId(locked.locked_wc().old_operation_id().clone());
    match WorkingCopyFreshness::check_stale(locked.locked_wc(), &commit, &repo).block_on() {
        Ok(WorkingCopyFreshness::Fresh) => Ok(Some((repo, commit))),
        Ok(WorkingCopyFreshness::Updated(operation)) => {
            let repo = repo
                .reload_at(&operation)
                .block_on()
                .doing("read the operation")?;
            Ok(shuttle(&repo)?.map(|commit| (repo, commit)))
        }
        Ok(WorkingCopyFreshness::WorkingCopyStale) => Err(RepositoryError::Stale { operation }),
        Ok(WorkingCopyFreshness::SiblingOperation) => Err(RepositoryError::ShuttleBeside {
            shuttle: operation,
            loaded: OperationId(repo.op_id().clone()),
        }),
        Err(OpStoreError::ObjectNotFound { .. }) => Err(RepositoryError::ShuttleLost),
        Err(error) => Err(RepositoryError::from_cause("read the operation", &error)),
    }
}

fn has_tangle_files(tree: &jj_lib::merged_tree::MergedTree) -> Result<bool, RepositoryError> {
    let trees = tree.trees().block_on().doing("read the shuttle's files")?;
    Ok(trees.into_resolved().is_ok_and(|tree| {
        tree.entries_non_recursive()
            .any(|entry| entry.name().as_internal_str().starts_with(".jjconflict"))
    }))
}

fn snapshot_error(error: &SnapshotError) -> RepositoryError {
    if let SnapshotError::InvalidUtf8SymlinkTarget { path } = error {
        return RepositoryError::Refused {
            message: format!(
                "the symbolic link {} points to a name that is not UTF-8",
                path.display()
            ),
            hint: Some("name the link in .gitignore, or let it point elsewhere".to_owned()),
        };
    }
    RepositoryError::from_cause("read the shuttle's files", error)
}

fn checkout_error(error: &CheckoutError) -> RepositoryError {
    match error {
        CheckoutError::ConcurrentCheckout => RepositoryError::ShuttleMoved,
        error => RepositoryError::from_cause("write the shuttle's files", error),
    }
}
