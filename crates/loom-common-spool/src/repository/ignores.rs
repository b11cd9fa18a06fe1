//! The rules of ignoring that stand outside of the shuttle.

use std::path::PathBuf;
use std::sync::Arc;

use jj_lib::git;
use jj_lib::gitignore::GitIgnoreFile;
use jj_lib::repo::Repo as _;
use jj_lib::repo_path::RepoPath;

use super::Repository;
use super::doing::Doing as _;
use super::error::RepositoryError;

impl Repository {
    /// Reads the person's own rules and those of the git repository below.
    pub(super) fn outer_ignores(&self) -> Result<Arc<GitIgnoreFile>, RepositoryError> {
        let mut ignores = GitIgnoreFile::empty();
        let Ok(backend) = git::get_git_backend(self.repo.store()) else {
            return Ok(ignores);
        };
        let config = backend.git_repo();
        let config = config.config_snapshot();
        let personal = match config.string("core.excludesFile") {
            Some(path) => std::str::from_utf8(path.as_ref())
                .ok()
                .and_then(|path| self.expand(path)),
            None => {
                let folder = self.surroundings.configuration.as_ref();
                folder.map(|folder| folder.join("git/ignore"))
            }
        };
        let of_repository = backend.git_repo_path().join("info/exclude");
        for path in personal.into_iter().chain([of_repository]) {
            ignores = ignores
                .chain_with_file(RepoPath::root(), path)
                .doing("read rules of ignoring")?;
        }
        Ok(ignores)
    }

    /// Finds the file that git means by a path in its settings.
    fn expand(&self, path: &str) -> Option<PathBuf> {
        match path.strip_prefix("~/") {
            Some(rest) => Some(self.surroundings.home.as_ref()?.join(rest)),
            // Git reads a relative one from the top of the working tree.
            None => Some(self.workspace.workspace_root().join(path)),
        }
    }
}
