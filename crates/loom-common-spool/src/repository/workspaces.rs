//! Several shuttles for one repository.

use std::fs;
use std::path::{Path, PathBuf};

use jj_lib::commit::Commit;
use jj_lib::default_backend_factories::default_working_copy_factory;
use jj_lib::ref_name::{WorkspaceName, WorkspaceNameBuf};
use jj_lib::repo::Repo as _;
use jj_lib::rewrite::merge_commit_trees;
use jj_lib::workspace::Workspace as JjWorkspace;
use jj_lib::workspace_store::{SimpleWorkspaceStore, WorkspaceStore as _};
use pollster::FutureExt as _;

use super::Repository;
use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::KnotId;
use super::transaction::{Finished, Transaction};

/// A workspace: a folder with a shuttle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its name.
    pub name: String,
    /// What lies in its shuttle.
    pub shuttle: KnotId,
    /// Its folder, when it is known.
    pub root: Option<PathBuf>,
}

impl Repository {
    /// Lists the workspaces, by name.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Other`] when their folders cannot be read.
    pub fn workspaces(&self) -> Result<Vec<Workspace>, RepositoryError> {
        let folders = self.workspace_store()?;
        let all = self.repo.view().wc_commit_ids().iter();
        all.map(|(name, id)| {
            let root = folders.get_workspace_path(name);
            Ok(Workspace {
                name: name.as_str().to_owned(),
                shuttle: KnotId(id.clone()),
                root: root.doing("read the workspaces")?,
            })
        })
        .collect()
    }

    fn workspace_store(&self) -> Result<SimpleWorkspaceStore, RepositoryError> {
        SimpleWorkspaceStore::load(self.workspace.repo_path()).doing("read the workspaces")
    }

    /// Makes a further workspace in a new or empty folder, with a new stitch in its shuttle, on top
    /// of some stitches or of what the shuttle here stands on.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] for a name that is taken or a folder that is not empty, and
    /// what reading and writing can bring.
    pub fn add_workspace(
        &self,
        root: &Path,
        name: &str,
        parents: &[KnotId],
    ) -> Result<(Self, Finished), RepositoryError> {
        self.check_writable()?;
        let name: WorkspaceNameBuf = name.to_owned().into();
        if name.as_str().is_empty() || self.repo.view().get_wc_commit_id(&name).is_some() {
            return Err(RepositoryError::Refused {
                message: format!("there is a workspace `{}` already", name.as_str()),
                hint: Some("give it another name".to_owned()),
            });
        }
        fs::create_dir_all(root).map_err(|source| RepositoryError::io("make", root, source))?;
        let mut entries =
            fs::read_dir(root).map_err(|source| RepositoryError::io("read", root, source))?;
        if entries.next().is_some() {
            return Err(RepositoryError::refused(format!(
                "{} is not an empty folder",
                root.display()
            )));
        }
        let parents = self.parents_for_workspace(parents)?;
        let (workspace, repo) = JjWorkspace::init_workspace_with_existing_repo(
            root,
            self.workspace.repo_path(),
            &self.repo,
            &*default_working_copy_factory(),
            name.clone(),
        )
        .block_on()
        .doing("make the workspace")?;
        let surroundings = self.surroundings.clone();
        let mut made = Self::assemble(workspace, repo, surroundings, Vec::new())?;
        let mut tx = made.transaction()?;
        let tree = merge_commit_trees(tx.repo(), &parents)
            .block_on()
            .doing("merge the parents")?;
        let ids = parents.iter().map(|commit| commit.id().clone()).collect();
        let shuttle = tx.writer().new_commit(ids, tree).write().block_on();
        let shuttle = shuttle.doing("write the stitch")?;
        tx.writer()
            .edit(name.clone(), &shuttle)
            .block_on()
            .doing("move the shuttle")?;
        tx.set_description(format!(
            "create initial working-copy commit in workspace {}",
            name.as_symbol()
        ));
        let finished = tx.finish()?;
        Ok((made, finished))
    }

    fn parents_for_workspace(&self, given: &[KnotId]) -> Result<Vec<Commit>, RepositoryError> {
        if !given.is_empty() {
            return given.iter().map(|knot| self.commit(&knot.0)).collect();
        }
        match self.shuttle() {
            Some(knot) => {
                let parents = self.commit(&knot.0)?.parents().block_on();
                parents.doing("read the parents")
            }
            None => Ok(vec![self.repo.store().root_commit()]),
        }
    }
}

impl Transaction<'_> {
    /// Forgets a workspace. Its files are left alone.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] when there is none of that name.
    pub fn forget_workspace(&mut self, name: &str) -> Result<(), RepositoryError> {
        let workspace = WorkspaceName::new(name);
        if self.repo().view().get_wc_commit_id(workspace).is_none() {
            return Err(RepositoryError::refused(format!(
                "there is no workspace `{name}`"
            )));
        }
        self.say(|| format!("forget workspace {}", workspace.as_symbol()));
        self.writer()
            .remove_workspace(workspace)
            .block_on()
            .doing("forget the workspace")?;
        let folders = self.repository.workspace_store()?;
        folders.forget(&[workspace]).doing("forget the workspace")
    }
}
