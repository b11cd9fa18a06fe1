//! Taking over a git repository that a spool is wound on.

use jj_lib::config::{ConfigFile, ConfigSource};
use jj_lib::git;
use jj_lib::repo::Repo as _;
use pollster::FutureExt as _;

use super::Repository;
use super::colocation::{export, import_options, notice_import};
use super::configuration::{repository_file, setting};
use super::doing::Doing as _;
use super::error::RepositoryError;
use super::notice::Notice;

impl Repository {
    /// Takes over branches, tags, `HEAD` and files of the git repository in the same folder.
    pub(super) fn take_over_git(
        &mut self,
        notices: &mut Vec<Notice>,
    ) -> Result<(), RepositoryError> {
        let mut options = import_options(self.workspace.settings())?;
        // All is new, however much of it: nothing to snip, nothing rewritten.
        options.abandon_unreachable_commits = false;
        options.record_synthetic_predecessors = false;
        let mut tx = self.start();
        let stats = git::import_refs(tx.repo_mut(), &options)
            .block_on()
            .doing("read git's references")?;
        notice_import(&stats, notices);
        if tx.repo().has_changes() {
            if self.colocated {
                export(tx.repo_mut(), notices)?;
            }
            let repo = tx
                .commit("import git refs")
                .block_on()
                .doing("write the operation")?;
            self.set_repo(repo);
        }
        notices.extend(self.snapshot()?.notices);
        self.set_trunk()
    }

    /// Writes into the repository's settings which branch the remote calls its own.
    fn set_trunk(&self) -> Result<(), RepositoryError> {
        let backend = git::get_git_backend(self.repo.store()).doing("open git's repository")?;
        let git = backend.git_repo();
        for remote in ["upstream", "origin"] {
            let head = git
                .try_find_reference(&format!("refs/remotes/{remote}/HEAD"))
                .doing("read git's references")?;
            let Some(head) = head else { continue };
            let prefix = format!("refs/remotes/{remote}/");
            let name = head
                .target()
                .try_name()
                .and_then(|name| std::str::from_utf8(name.as_bstr()).ok())
                .and_then(|name| name.strip_prefix(&prefix))
                .map(str::to_owned);
            let Some(name) = name else { return Ok(()) };
            let name = jj_lib::ref_name::RefName::new(&name);
            let symbol = name.to_remote_symbol(remote.as_ref()).to_string();
            let Some(path) = repository_file(&self.surroundings, self.workspace.repo_path())?
            else {
                return Ok(());
            };
            let mut file = ConfigFile::load_or_empty(ConfigSource::Repo, path)
                .map_err(|error| setting(&error))?;
            file.set_value(["revset-aliases", "trunk()"], symbol)
                .map_err(|error| setting(&error))?;
            return file.save().map_err(|error| setting(&error));
        }
        Ok(())
    }
}
