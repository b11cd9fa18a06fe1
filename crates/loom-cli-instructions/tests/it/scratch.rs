//! A home folder with a repository in it.

use std::fs;
use std::path::{Path, PathBuf};

use loom_cli_instructions::InstructionError;
use tempfile::TempDir;

pub(crate) struct Scratch {
    folder: TempDir,
}

impl Scratch {
    /// A home folder with a repository at `home/code/repo`.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("home/code/repo/.git")).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.path("home")
    }

    pub(crate) fn repository(&self) -> PathBuf {
        self.path("home/code/repo")
    }

    /// Writes a file of the repository.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        self.write_at(&self.repository().join(name), content);
    }

    /// Writes a file of the home folder.
    pub(crate) fn write_home(&self, name: &str, content: impl AsRef<[u8]>) {
        self.write_at(&self.home().join(name), content);
    }

    fn write_at(&self, path: &Path, content: impl AsRef<[u8]>) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Puts a symbolic link into the repository.
    pub(crate) fn link(&self, name: &str, target: impl AsRef<Path>) {
        let path = self.repository().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
    }

    /// Returns a text without the folder that the test happens to run in.
    pub(crate) fn shown(&self, text: &str) -> String {
        text.replace(&*self.path("").to_string_lossy(), "/")
    }

    pub(crate) fn problems(&self, problems: &[InstructionError]) -> Vec<String> {
        let shown = |problem: &InstructionError| self.shown(&problem.to_string());
        problems.iter().map(shown).collect()
    }
}
