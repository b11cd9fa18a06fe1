//! One folder for git and the spool: what git did is taken over before, and what the spool did is
//! shown to git after each operation.
//!
//! Before: `HEAD` first, as it says what the files of the shuttle belong to; then the files; then
//! branches and tags. After: `HEAD` becomes the parent of the shuttle's stitch, git's index is
//! matched to it, and branches and tags are written. One lock is held for either, so that two
//! processes do not take over each other's half-written references.

use std::path::Path;

use jj_lib::commit::Commit;
use jj_lib::git::{self, GitExportStats, GitImportOptions, GitImportStats, GitSettings};
use jj_lib::git_backend::GitRepoAtWorkdirError;
use jj_lib::lock::FileLock;
use jj_lib::merged_tree::MergedTree;
use jj_lib::ref_name::{RemoteName, WorkspaceName};
use jj_lib::repo::{MutableRepo, Repo as _};
use jj_lib::revset::{RevsetDiagnostics, parse_string_expression};
use jj_lib::settings::UserSettings;
use jj_lib::workspace::Workspace;
use pollster::FutureExt as _;

use super::Repository;
use super::configuration::setting;
use super::doing::Doing as _;
use super::error::{RepositoryError, chain};
use super::lock::lock;
use super::notice::Notice;

/// The remote that stands for the git repository below.
pub(super) const LOCAL_GIT: &RemoteName = git::REMOTE_NAME_FOR_LOCAL_GIT_REPO;

/// Git's references are this process's own until it is dropped.
pub(super) struct GitLock {
    _lock: Option<FileLock>,
}

/// Tells whether the folder of the workspace is git's too.
pub(super) fn is_colocated(workspace: &Workspace) -> Result<bool, RepositoryError> {
    let Ok(backend) = git::get_git_backend(workspace.repo_loader().store()) else {
        return Ok(false);
    };
    match backend.open_git_repo_at_workdir(workspace.workspace_root()) {
        Ok(_) => Ok(true),
        Err(GitRepoAtWorkdirError::NotFound { .. } | GitRepoAtWorkdirError::Unrelated { .. }) => {
            Ok(false)
        }
        Err(error) => Err(RepositoryError::from_cause("open git's repository", &error)),
    }
}

/// Reads how references of git are taken over.
pub(super) fn import_options(settings: &UserSettings) -> Result<GitImportOptions, RepositoryError> {
    let git = GitSettings::from_settings(settings).map_err(|error| setting(&error))?;
    let remotes = settings
        .remote_settings()
        .map_err(|error| setting(&error))?;
    let mut tracked = std::collections::HashMap::new();
    for (remote, of_remote) in remotes {
        if let Some(text) = of_remote.auto_track_bookmarks {
            let names = parse_string_expression(&mut RevsetDiagnostics::new(), &text)
                .map_err(|error| setting(&error))?;
            tracked.insert(remote, names.to_matcher());
        }
    }
    Ok(GitImportOptions {
        abandon_unreachable_commits: git.abandon_unreachable_commits,
        record_synthetic_predecessors: git.record_synthetic_predecessors,
        remote_auto_track_bookmarks: tracked,
    })
}

/// Says what taking over git's references has done.
pub(super) fn notice_import(stats: &GitImportStats, notices: &mut Vec<Notice>) {
    if !stats.abandoned_commits.is_empty() || !stats.rewritten_commit_ids.is_empty() {
        notices.push(Notice::Imported {
            snipped: stats.abandoned_commits.len(),
            rewritten: stats.rewritten_commit_ids.len(),
        });
    }
    if !stats.failed_ref_names.is_empty() {
        notices.push(Notice::NotImported {
            references: stats
                .failed_ref_names
                .iter()
                .map(ToString::to_string)
                .collect(),
        });
    }
}

/// Says which references could not be written.
pub(super) fn notice_export(stats: &GitExportStats, notices: &mut Vec<Notice>) {
    let failed = stats.failed_bookmarks.iter().chain(&stats.failed_tags);
    let names: Vec<_> = failed
        .map(|(symbol, reason)| (symbol.to_string(), chain(reason)))
        .collect();
    if !names.is_empty() {
        notices.push(Notice::NotExported { names });
    }
}

/// Makes git's `HEAD` the parent of the shuttle's stitch.
pub(super) fn reset_head(
    repo: &mut MutableRepo,
    workspace: &WorkspaceName,
    root: &Path,
    shuttle: &Commit,
    _lock: &GitLock,
    notices: &mut Vec<Notice>,
) -> Result<(), RepositoryError> {
    match git::reset_head(repo, workspace, root, shuttle).block_on() {
        Ok(()) => Ok(()),
        // Somebody else moved it; the next command takes that over.
        Err(error @ git::GitResetHeadError::UpdateHeadRef(_)) => {
            notices.push(Notice::HeadNotSet {
                reason: chain(&error),
            });
            Ok(())
        }
        Err(error) => Err(RepositoryError::from_cause("set git's HEAD", &error)),
    }
}

/// Writes pins and tags as git's branches and tags.
pub(super) fn export(
    repo: &mut MutableRepo,
    notices: &mut Vec<Notice>,
) -> Result<(), RepositoryError> {
    let stats = git::export_refs(repo).doing("write git's references")?;
    notice_export(&stats, notices);
    Ok(())
}

/// Shows new files to git, as if they were added with `--intent-to-add`.
pub(super) fn export_files(
    repo: &mut MutableRepo,
    root: &Path,
    old: &MergedTree,
    new: &MergedTree,
    notices: &mut Vec<Notice>,
) -> Result<(), RepositoryError> {
    let base = repo.base_repo().clone();
    git::update_intent_to_add(base.as_ref(), root, old, new)
        .block_on()
        .doing("write git's index")?;
    export(repo, notices)
}

impl Repository {
    /// Takes git's references for oneself, where there are any to share.
    pub(super) fn lock_git(&self) -> Result<GitLock, RepositoryError> {
        let path = self.workspace.repo_path().join("git_import_export.lock");
        let lock = self
            .colocated
            .then(|| lock(path, self.surroundings.patience))
            .transpose()?;
        Ok(GitLock { _lock: lock })
    }

    /// Takes over what git has checked out.
    pub(super) fn import_head(
        &mut self,
        lock: &GitLock,
        notices: &mut Vec<Notice>,
    ) -> Result<(), RepositoryError> {
        let workspace = self.workspace.workspace_name().to_owned();
        let root = self.workspace.workspace_root().to_owned();
        let mut tx = self.start();
        git::import_head(tx.repo_mut(), &workspace, &root)
            .block_on()
            .doing("read git's HEAD")?;
        if !tx.repo().has_changes() {
            return Ok(());
        }
        let was_known = self.repo.view().git_head(&workspace).is_present();
        let head = tx.repo().view().git_head(&workspace).as_normal().cloned();
        let Some(head) = head else {
            // Git has no commit checked out any more.
            self.rebase_all(&mut tx)?;
            self.finish_transaction(tx, "import git head".to_owned(), lock, notices)?;
            return Ok(());
        };
        let commit = self.commit(&head)?;
        let shuttle = tx
            .repo_mut()
            .check_out(workspace, &commit)
            .block_on()
            .doing("make a stitch on git's HEAD")?;
        let mut locked = self.lock_shuttle()?;
        // Git has written the files already.
        locked
            .locked_wc()
            .reset(&shuttle)
            .block_on()
            .doing("match the shuttle to git's HEAD")?;
        tx.repo_mut()
            .rebase_descendants()
            .block_on()
            .doing("rethread stitches")?;
        let repo = tx
            .commit("import git head")
            .block_on()
            .doing("write the operation")?;
        locked
            .finish(repo.op_id().clone())
            .block_on()
            .doing("write the shuttle's state")?;
        self.set_repo(repo);
        if was_known {
            notices.push(Notice::HeadMoved);
        }
        Ok(())
    }

    /// Takes over git's branches and tags.
    pub(super) fn import_references(
        &mut self,
        lock: &GitLock,
        notices: &mut Vec<Notice>,
    ) -> Result<(), RepositoryError> {
        let options = import_options(self.workspace.settings())?;
        let mut tx = self.start();
        let stats = git::import_refs(tx.repo_mut(), &options)
            .block_on()
            .doing("read git's references")?;
        notice_import(&stats, notices);
        if !tx.repo().has_changes() {
            return Ok(());
        }
        let stitches = self.rebase_mutable(&mut tx)?;
        if stitches > 0 {
            notices.push(Notice::Rethreaded { stitches });
        }
        self.finish_transaction(tx, "import git refs".to_owned(), lock, notices)?;
        Ok(())
    }
}
