//! Finding, making and opening repositories.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jj_lib::default_backend_factories::{
    default_backend_factories, default_working_copy_factories,
};
use jj_lib::op_heads_store::{OpHeadsStoreError, resolve_op_heads};
use jj_lib::op_store::OpStoreError;
use jj_lib::op_walk;
use jj_lib::operation::Operation;
use jj_lib::repo::{ReadonlyRepo, RepoLoader, RepoLoaderError, StoreLoadError};
use jj_lib::workspace::{
    DefaultWorkspaceLoaderFactory, Workspace, WorkspaceInitError, WorkspaceLoadError,
    WorkspaceLoaderFactory as _,
};
use pollster::FutureExt as _;

use super::Repository;
use super::colocation;
use super::configuration::{Configuration, Place, setting};
use super::error::RepositoryError;
use super::language::Language;
use super::notice::Notice;
use super::surroundings::Surroundings;
use super::transaction::OperationStart;

/// Where the stitches of a new repository are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Winding {
    /// As the setting `git.colocate` says: beside git by default.
    AsConfigured,
    /// In a git repository of the same folder, which is made when there is none. Git's commands
    /// work as well, and what git has is taken over.
    Colocated,
    /// In a git repository inside of `.jj`, which nobody but the spool sees.
    Internal,
}

impl Repository {
    /// Finds the folder of the shuttle that a folder is in.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::NotFound`] when there is none.
    pub fn discover(folder: &Path) -> Result<PathBuf, RepositoryError> {
        let found = folder.ancestors().find(|path| path.join(".jj").is_dir());
        found.map(Path::to_owned).ok_or_else(|| {
            let git = folder.ancestors().any(|path| path.join(".git").exists());
            RepositoryError::NotFound {
                folder: folder.to_owned(),
                git,
            }
        })
    }

    /// Opens the repository of a shuttle's folder at its newest state.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::NotFound`], [`RepositoryError::Newer`], [`RepositoryError::Damaged`] and
    /// [`RepositoryError::Setting`].
    pub fn open(root: &Path, surroundings: Surroundings) -> Result<Self, RepositoryError> {
        let (workspace, mut warnings) = load_workspace(root, &surroundings)?;
        let start = OperationStart::new(workspace.workspace_name(), &surroundings.command);
        let (repo, notices) = load_newest(workspace.repo_loader(), &start)?;
        warnings.extend(notices.iter().map(ToString::to_string));
        Self::assemble(workspace, repo, surroundings, warnings)
    }

    /// Opens the repository as it was after an operation, to look at: `@` for the newest, with `-`
    /// for each step back, or the beginning of an id.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`RepositoryError::Expression`] when there is no such
    /// operation.
    pub fn open_at(
        root: &Path,
        operation: &str,
        surroundings: Surroundings,
    ) -> Result<Self, RepositoryError> {
        let (workspace, warnings) = load_workspace(root, &surroundings)?;
        let loader = workspace.repo_loader();
        let found = op_walk::resolve_op_for_load(loader, operation)
            .block_on()
            .map_err(|error| super::tension::operation_error(operation, &error))?;
        let repo = loader
            .load_at(&found)
            .block_on()
            .map_err(|error| load_error(&error))?;
        let mut repository = Self::assemble(workspace, repo, surroundings, warnings)?;
        repository.past = true;
        Ok(repository)
    }

    pub(super) fn assemble(
        workspace: Workspace,
        repo: Arc<ReadonlyRepo>,
        surroundings: Surroundings,
        mut warnings: Vec<String>,
    ) -> Result<Self, RepositoryError> {
        let colocated = colocation::is_colocated(&workspace)?;
        let mut language = Language::new(
            workspace.settings(),
            workspace.workspace_name(),
            &surroundings.folder,
            workspace.workspace_root(),
            &mut warnings,
        )?;
        language.settle_trunk(repo.as_ref(), &mut warnings)?;
        Ok(Self {
            surroundings,
            workspace,
            repo,
            language: Arc::new(language),
            prefixes: std::cell::OnceCell::new(),
            colocated,
            past: false,
            warnings,
        })
    }

    /// Loads the newest state.
    pub(super) fn reload(&mut self, notices: &mut Vec<Notice>) -> Result<(), RepositoryError> {
        let loader = self.workspace.repo_loader();
        let heads = loader.op_heads_store().get_op_heads().block_on()?;
        if heads.as_slice() == std::slice::from_ref(self.repo.op_id()) {
            return Ok(());
        }
        let start = self.operation_start();
        let newest = newest_operation(loader, &start, notices)?;
        if newest.id() != self.repo.op_id() {
            let repo = loader
                .load_at(&newest)
                .block_on()
                .map_err(|error| load_error(&error))?;
            self.set_repo(repo);
        }
        Ok(())
    }

    /// Makes a repository in a folder, and takes over what git has there.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Exists`], [`RepositoryError::CannotWind`], and what reading and writing
    /// can bring.
    pub fn wind(
        root: &Path,
        winding: Winding,
        surroundings: Surroundings,
    ) -> Result<(Self, Vec<Notice>), RepositoryError> {
        fs::create_dir_all(root).map_err(|source| RepositoryError::io("make", root, source))?;
        let root = root
            .canonicalize()
            .map_err(|source| RepositoryError::io("find", root, source))?;
        let repository = root.join(".jj/repo");
        let place = Place {
            workspace: &root,
            repository: &repository,
        };
        let Configuration { settings, warnings } = Configuration::load(&surroundings, Some(place))?;
        let colocate = match winding {
            Winding::AsConfigured => settings
                .get_bool("git.colocate")
                .map_err(|error| setting(&error))?,
            Winding::Colocated => true,
            Winding::Internal => false,
        };
        let git = root.join(".git");
        let has_git = git.exists();
        if has_git && !colocate {
            return Err(RepositoryError::CannotWind {
                folder: root,
                reason: "git has a repository there",
                hint: "wind it together with git's",
            });
        }
        if has_git && is_linked_worktree(&root) {
            return Err(RepositoryError::CannotWind {
                folder: root,
                reason: "it is a linked worktree of git",
                hint: "wind it in git's main folder, and add workspaces from there",
            });
        }
        let hash = match settings.get_string("git.object-hash").as_deref() {
            Ok("sha256") => gix::hash::Kind::Sha256,
            _ => gix::hash::Kind::Sha1,
        };
        let made = if has_git {
            Workspace::init_external_git(&settings, &root, &git).block_on()
        } else if colocate {
            Workspace::init_colocated_git(&settings, &root, hash).block_on()
        } else {
            Workspace::init_internal_git(&settings, &root, hash).block_on()
        };
        let (workspace, repo) = made.map_err(|error| init_error(&root, &error))?;
        let mut made = Self::assemble(workspace, repo, surroundings, warnings)?;
        let mut notices = Vec::new();
        if made.colocated {
            let path = root.join(".jj/.gitignore");
            fs::write(&path, "/*\n")
                .map_err(|source| RepositoryError::io("write", &path, source))?;
        }
        if has_git {
            made.take_over_git(&mut notices)?;
        }
        Ok((made, notices))
    }
}

/// Loads the workspace of a folder with the settings that hold in it.
fn load_workspace(
    root: &Path,
    surroundings: &Surroundings,
) -> Result<(Workspace, Vec<String>), RepositoryError> {
    let loader = DefaultWorkspaceLoaderFactory
        .create(root)
        .map_err(|error| workspace_error(&error))?;
    let root = root
        .canonicalize()
        .map_err(|source| RepositoryError::io("find", root, source))?;
    let place = Place {
        workspace: &root,
        repository: loader.repo_path(),
    };
    let Configuration { settings, warnings } = Configuration::load(surroundings, Some(place))?;
    let workspace = loader
        .load(
            &settings,
            &default_backend_factories(),
            &default_working_copy_factories(),
        )
        .map_err(|error| workspace_error(&error))?;
    Ok((workspace, warnings))
}

fn load_newest(
    loader: &RepoLoader,
    start: &OperationStart,
) -> Result<(Arc<ReadonlyRepo>, Vec<Notice>), RepositoryError> {
    let mut notices = Vec::new();
    let operation = newest_operation(loader, start, &mut notices)?;
    let repo = loader
        .load_at(&operation)
        .block_on()
        .map_err(|error| load_error(&error))?;
    Ok((repo, notices))
}

/// Finds the newest operation. Several that know nothing of each other are merged.
fn newest_operation(
    loader: &RepoLoader,
    start: &OperationStart,
    notices: &mut Vec<Notice>,
) -> Result<Operation, RepositoryError> {
    resolve_op_heads(
        loader.op_heads_store().as_ref(),
        loader.op_store(),
        async |operations| {
            let (merged, rethreaded) = loader
                .merge_operations(
                    operations,
                    Some(start.workspace()),
                    Some("reconcile divergent operations"),
                    start.attributes(),
                )
                .await
                .map_err(|error| load_error(&error))?;
            notices.push(Notice::OperationsMerged { rethreaded });
            Ok(merged.operation().clone())
        },
    )
    .block_on()
}

impl From<OpHeadsStoreError> for RepositoryError {
    fn from(error: OpHeadsStoreError) -> Self {
        Self::from_cause("read the tension log", &error)
    }
}

impl From<OpStoreError> for RepositoryError {
    fn from(error: OpStoreError) -> Self {
        match Self::from_cause("read the tension log", &error) {
            Self::Other { message } => Self::Damaged { reason: message },
            error => error,
        }
    }
}

fn load_error(error: &RepoLoaderError) -> RepositoryError {
    match RepositoryError::from_cause("load the repository", error) {
        RepositoryError::Other { message } => RepositoryError::Damaged { reason: message },
        error => error,
    }
}

fn workspace_error(error: &WorkspaceLoadError) -> RepositoryError {
    match error {
        WorkspaceLoadError::NoWorkspaceHere(folder) => RepositoryError::NotFound {
            folder: folder.clone(),
            git: folder.join(".git").exists(),
        },
        WorkspaceLoadError::StoreLoadError(StoreLoadError::UnsupportedType {
            store,
            store_type,
        }) => RepositoryError::Newer {
            what: format!("{store} of type `{store_type}`"),
        },
        error => match RepositoryError::from_cause("open the repository", error) {
            RepositoryError::Other { message } => RepositoryError::Damaged { reason: message },
            error => error,
        },
    }
}

fn init_error(root: &Path, error: &WorkspaceInitError) -> RepositoryError {
    match error {
        WorkspaceInitError::DestinationExists(_) => RepositoryError::Exists {
            folder: root.to_owned(),
        },
        error => RepositoryError::from_cause("wind the spool", error),
    }
}

/// Tells whether git keeps the repository of a folder elsewhere, for several folders.
fn is_linked_worktree(root: &Path) -> bool {
    gix::open(root).is_ok_and(|repo| repo.git_dir() != repo.common_dir())
}
