//! Scratch git repositories, built without the machine's configuration and with fixed dates, so
//! that the same calls make the same commit ids on every machine.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::environment;

/// The author date of the first commit, in seconds since 1970; each later commit is a minute later.
const FIRST_COMMIT: u64 = 1_767_225_600;

/// A git repository in a temporary folder, removed when dropped.
///
/// ```
/// use loom_testing::Repository;
///
/// let repository = Repository::new().file("src/lib.rs", "// empty\n").commit("Start");
/// assert_eq!(repository.git(&["log", "--format=%s"]), "Start");
/// ```
#[derive(Debug)]
pub struct Repository {
    folder: TempDir,
    commits: u64,
}

impl Repository {
    /// An empty repository with the branch `main`.
    ///
    /// # Panics
    ///
    /// When git cannot be run.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("loom-repository-")
            .tempdir()
            .expect("a temporary folder can be made");
        let repository = Self { folder, commits: 0 };
        std::fs::create_dir(repository.path()).expect("a folder can be made");
        std::fs::create_dir(repository.home()).expect("a folder can be made");
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    /// Writes a file into the working tree, and makes its folders.
    #[must_use]
    pub fn file(self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) -> Self {
        self.write(path, text);
        self
    }

    /// Commits the whole working tree.
    #[must_use]
    pub fn commit(mut self, message: &str) -> Self {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.commits += 1;
        self
    }

    /// The working tree.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    /// Writes a file into the working tree while a test runs.
    ///
    /// # Panics
    ///
    /// When the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        let folder = path.parent().expect("a file stands in a folder");
        std::fs::create_dir_all(folder).expect("a folder can be made");
        std::fs::write(&path, text)
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    }

    /// Reads a text file of the working tree.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    pub fn read(&self, path: impl AsRef<Path>) -> String {
        let path = self.path().join(path);
        std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
    }

    /// Runs git in the working tree and returns what it printed, without white space at the end.
    ///
    /// # Panics
    ///
    /// When git fails; the message shows what it printed.
    pub fn git(&self, arguments: &[&str]) -> String {
        let date = format!("{} +0000", FIRST_COMMIT + 60 * self.commits);
        let output = Command::new("git")
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .envs(self.environment())
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .env("GIT_ALLOW_PROTOCOL", "file")
            .output()
            .expect("git can be run");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        assert!(
            output.status.success(),
            "git {} failed in {}: {}\n{}\n{}",
            arguments.join(" "),
            self.path().display(),
            output.status,
            text(&output.stdout),
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    /// The environment for a git that nothing of the machine gets into.
    #[must_use]
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        environment::hermetic(&self.home())
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }
}

impl Default for Repository {
    fn default() -> Self {
        Self::new()
    }
}
