//! A folder with a repository, and a person who works in it.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use loom_common_spool::repository::{
    Finished, KnotId, NewStitch, Repository, RepositoryError, Stitch, Surroundings, Taken,
    TraceQuery, Transaction, Winding,
};
use tempfile::TempDir;

/// A folder with a repository, and a person who works in it.
pub(crate) struct Scene {
    folder: TempDir,
    /// Commands so far: each has its own time and its own ids.
    commands: Cell<u64>,
    settings: Vec<(String, String)>,
}

impl Scene {
    /// Nothing but a folder.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("work")).unwrap();
        fs::create_dir_all(folder.path().join("home/.config")).unwrap();
        Self {
            folder,
            commands: Cell::new(0),
            settings: Vec::new(),
        }
    }

    /// A repository of its own, without git beside it.
    pub(crate) fn internal() -> Self {
        let scene = Self::empty();
        scene.wind(Winding::Internal).unwrap();
        scene
    }

    /// A repository in one folder with git.
    pub(crate) fn colocated() -> Self {
        let scene = Self::empty();
        scene.wind(Winding::Colocated).unwrap();
        scene
    }

    /// A git repository with one commit on `main`.
    pub(crate) fn git_only() -> Self {
        let scene = Self::empty();
        scene.git(&["init", "-q", "-b", "main"]);
        scene.write("first.txt", "first\n");
        scene.git(&["add", "."]);
        scene.git(&["commit", "-q", "-m", "first"]);
        scene
    }

    /// Goes on as if so many commands had run: their times and ids are somebody else's.
    pub(crate) fn skip_commands(&self, commands: u64) {
        self.commands.set(self.commands.get() + commands);
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("work").canonicalize().unwrap()
    }

    pub(crate) fn outside(&self, path: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(path)
    }

    pub(crate) fn surroundings(&self) -> Surroundings {
        let number = self.commands.get() + 1;
        self.commands.set(number);
        let time = Timestamp::from_second(1_800_000_000 + i64::try_from(number).unwrap()).unwrap();
        let mut settings = vec![
            ("user.name".to_owned(), "Wanda Weaver".to_owned()),
            ("user.email".to_owned(), "wanda@example.com".to_owned()),
        ];
        settings.extend(self.settings.iter().cloned());
        Surroundings {
            folder: self.root(),
            home: Some(self.outside("home")),
            configuration: Some(self.outside("home/.config")),
            system_configuration: None,
            environment: HashMap::new(),
            hostname: "loomhouse".to_owned(),
            username: "wanda".to_owned(),
            now: time.to_zoned(TimeZone::UTC),
            seed: number,
            command: vec!["loom".to_owned(), "spool".to_owned()],
            patience: Duration::from_secs(30),
            settings,
        }
    }

    pub(crate) fn wind(&self, winding: Winding) -> Result<Repository, RepositoryError> {
        Repository::wind(&self.root(), winding, self.surroundings()).map(|(made, _)| made)
    }

    /// Opens the repository as a command does, without looking at the files.
    pub(crate) fn open(&self) -> Repository {
        Repository::open(&self.root(), self.surroundings()).unwrap()
    }

    /// Opens the repository and takes the files in.
    pub(crate) fn taken(&self) -> Repository {
        let mut repository = self.open();
        repository.snapshot().unwrap();
        repository
    }

    pub(crate) fn take(&self) -> Taken {
        self.open().snapshot().unwrap()
    }

    /// Does one thing, as a command does.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<T, RepositoryError>,
    ) -> (T, Finished) {
        self.try_change(change).unwrap()
    }

    pub(crate) fn try_change<T>(
        &self,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<T, RepositoryError>,
    ) -> Result<(T, Finished), RepositoryError> {
        let mut repository = self.taken();
        let mut tx = repository.transaction()?;
        let made = change(&mut tx)?;
        Ok((made, tx.finish()?))
    }

    /// Ends the stitch in the shuttle with a description, and begins the next.
    pub(crate) fn knot(&self, description: &str) -> KnotId {
        let at = self.one("@");
        self.change(|tx| tx.describe(&[at], description));
        let parent = self.one("@");
        self.change(|tx| tx.stitch(&NewStitch::onto([parent])));
        self.one("@-")
    }

    pub(crate) fn one(&self, revset: &str) -> KnotId {
        self.taken().resolve_one(revset).unwrap()
    }

    pub(crate) fn stitch(&self, revset: &str) -> Stitch {
        let repository = self.taken();
        let knot = repository.resolve_one(revset).unwrap();
        repository.stitch(&knot).unwrap()
    }

    /// The descriptions of stitches, children before parents.
    pub(crate) fn descriptions(&self, revset: &str) -> Vec<String> {
        let repository = self.taken();
        let query = TraceQuery {
            revset: Some(revset.to_owned()),
            ..TraceQuery::default()
        };
        let trace = repository.trace(&query).unwrap();
        trace
            .map(|entry| entry.unwrap().stitch.description.trim_end().to_owned())
            .collect()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), content).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// The files of the shuttle with their contents.
    pub(crate) fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        collect(&self.root(), &self.root(), &mut files);
        files
    }

    /// Runs git in the shuttle's folder.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.root(), arguments)
    }

    pub(crate) fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(folder)
            .env("HOME", self.outside("home"))
            .env("XDG_CONFIG_HOME", self.outside("home/.config"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "Gitta")
            .env("GIT_AUTHOR_EMAIL", "gitta@example.com")
            .env("GIT_COMMITTER_NAME", "Gitta")
            .env("GIT_COMMITTER_EMAIL", "gitta@example.com")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if name == ".jj" || name == ".git" {
            continue;
        }
        let path = entry.path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            files.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}
