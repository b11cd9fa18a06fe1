//! The index, and copies of it that a commit is prepared in.
//!
//! A commit of some changes must not show in the person's index before it is made, and afterwards the index
//! must have just those changes more. So everything is prepared in copies. A copy keeps what git remembers of
//! the files on the disk, without which it would read all of them again. The person's index is then replaced
//! as git itself does it: what is new is written to `index.lock`, which only one can make, and takes its name
//! when the branch has moved. So there is no half index at any moment, and none that is out of step with
//! the branch for longer than a rename takes.
//!
//! Copies keep the time of the original. Git reads a file again whose time is not before that of the index (see
//! "racy git" among git's technical documents); a copy that is younger would hide a change from it.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::{NamedTempFile, TempDir, TempPath};
use tokio::time::Instant;

use crate::error::GitError;
use crate::invocation::PAUSE;
use crate::repository::Repository;
use crate::tree_entry::{Difference, TreeEntry, differences};

/// What the names of folders begin with that commits are prepared in.
const FOLDER: &str = "loom-commit-";

/// How old a folder is at least that nobody uses any more.
const YOUNG: Duration = Duration::from_secs(60);

/// How many paths stand in one command.
pub(crate) const PATHS: usize = 500;

/// How often a copy is begun anew because the index was replaced meanwhile.
const COPIES: u32 = 10;

/// A folder among git's own files in which a commit is prepared. It is removed when dropped.
#[derive(Debug)]
pub(crate) struct Workshop {
    folder: TempDir,
    /// Held while it is used, so that others see whether anybody still does.
    _lock: File,
}

impl Workshop {
    /// Makes the folder, and removes those of processes that were killed.
    pub(crate) fn open(repository: &Repository) -> io::Result<Self> {
        remove_orphans(&repository.git_dir);
        let folder = tempfile::Builder::new()
            .prefix(FOLDER)
            .tempdir_in(&repository.git_dir)?;
        let lock = File::open(folder.path())?;
        lock.lock()?;
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    /// Returns the place of a file with a name of its own.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file whose name nobody else uses.
    pub(crate) fn file(&self, content: &[u8]) -> io::Result<TempPath> {
        let mut file = NamedTempFile::new_in(self.folder.path())?;
        file.write_all(content)?;
        Ok(file.into_temp_path())
    }
}

/// Removes the folders that nobody uses. One that was made a moment ago may not be locked yet.
fn remove_orphans(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let is_workshop = entry.file_name().as_bytes().starts_with(FOLDER.as_bytes());
        let is_old = || {
            let made = entry.metadata().and_then(|metadata| metadata.modified());
            made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age > YOUNG))
        };
        let is_unused = || File::open(entry.path()).is_ok_and(|folder| folder.try_lock().is_ok());
        if is_workshop && is_old() && is_unused() {
            // What cannot be removed now is tried again by the next.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Tells one state of an index file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

/// Returns the state of the person's index; none when there is no index.
pub(crate) fn stamp(repository: &Repository) -> io::Result<Option<Stamp>> {
    match repository.own_index().metadata() {
        Ok(found) => Ok(Some(Stamp {
            inode: found.ino(),
            size: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
        })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Copies the person's index, and returns the state that was copied.
pub(crate) fn copy(repository: &Repository, to: &Path) -> io::Result<Option<Stamp>> {
    let mut before = stamp(repository)?;
    for _ in 0..COPIES {
        match before {
            None => match fs::remove_file(to) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            },
            Some(_) => {
                let modified = repository.own_index().metadata()?.modified()?;
                fs::copy(repository.own_index(), to)?;
                File::options()
                    .write(true)
                    .open(to)?
                    .set_modified(modified)?;
            }
        }
        let after = stamp(repository)?;
        if after == before {
            return Ok(after);
        }
        before = after;
    }
    Err(io::Error::other("the index does not keep still"))
}

/// Puts entries into an index file; none takes what is at a path out. `commit` is any hash of the repository.
pub(crate) async fn put<'a>(
    repository: &Repository,
    index: &Path,
    commit: Option<&str>,
    entries: impl IntoIterator<Item = (&'a Path, Option<&'a TreeEntry>)>,
) -> Result<(), GitError> {
    let mut entries: Vec<_> = entries.into_iter().collect();
    if entries.is_empty() {
        return Ok(());
    }
    // A folder can take the place of a file only when the file is gone.
    entries.sort_by_key(|(path, entry)| (entry.is_some(), path.to_owned()));
    let length = entries
        .iter()
        .find_map(|(_, entry)| entry.map(|entry| entry.blob.len()));
    let length = length.or(commit.map(str::len));
    let nothing = "0".repeat(length.unwrap_or(40));
    let mut lines = Vec::new();
    let mut there = Vec::new();
    for (path, entry) in entries {
        there.extend(entry.map(|_| path));
        let (mode, hash) = match entry {
            Some(entry) => (entry.mode, &entry.blob),
            None => (0, &nothing),
        };
        lines.extend_from_slice(format!("{mode:06o} {hash}\t").as_bytes());
        lines.extend_from_slice(path.as_os_str().as_bytes());
        lines.push(0);
    }
    repository
        .git
        .invoke(repository.folder(), ["update-index", "-z", "--index-info"])
        .indexed(Some(index))
        .input(lines)
        .run()
        .await?;
    for paths in there.chunks(PATHS) {
        let command: [&OsStr; 3] = ["add", "--refresh", "--"].map(OsStr::new);
        let arguments = command
            .into_iter()
            .chain(paths.iter().map(|path| path.as_os_str()));
        // Without it git would read these files once more to see that they are the same.
        let _ = repository
            .git
            .invoke(repository.folder(), arguments)
            .literal()
            .indexed(Some(index))
            .run()
            .await;
    }
    Ok(())
}

/// Makes an index file stand for a commit; what git remembers of files that are the same stays.
pub(crate) async fn reset(
    repository: &Repository,
    index: &Path,
    commit: &str,
) -> Result<(), GitError> {
    let arguments = ["read-tree", "--reset", "-i", commit];
    let invocation = repository.git.invoke(repository.folder(), arguments);
    invocation.indexed(Some(index)).run().await?;
    Ok(())
}

/// Stores what an index file holds as a tree, and returns its hash.
pub(crate) async fn write_tree(repository: &Repository, index: &Path) -> Result<String, GitError> {
    let invocation = repository.git.invoke(repository.folder(), ["write-tree"]);
    let tree = invocation.indexed(Some(index)).text().await?;
    Ok(tree.trim().to_owned())
}

/// Returns what is staged since a commit, in a copy of the person's index: the index itself may be another one
/// by now.
pub(crate) async fn staged(
    repository: &Repository,
    index: &Path,
    commit: &str,
) -> Result<Vec<Difference>, GitError> {
    let arguments = [
        "diff-index",
        "--cached",
        "--raw",
        "-z",
        "--no-renames",
        "--no-abbrev",
        "--ita-invisible-in-index",
        "--ignore-submodules=none",
        commit,
        "--",
    ];
    let invocation = repository.git.invoke(repository.folder(), arguments);
    let invocation = invocation.indexed(Some(index)).reading();
    let output = invocation.run().await?;
    differences(&output.stdout).ok_or_else(|| GitError::Unreadable {
        command: arguments[0].to_owned(),
        what: "the differences".to_owned(),
    })
}

/// The right to replace the person's index. It is given back on drop.
#[derive(Debug)]
pub(crate) struct IndexLock {
    lock: PathBuf,
    index: PathBuf,
    file: Option<File>,
}

impl IndexLock {
    /// Waits until nobody else has the right, up to a limit.
    ///
    /// # Errors
    ///
    /// [`GitError::Locked`] when the limit is over.
    pub(crate) async fn take(repository: &Repository, limit: Duration) -> Result<Self, GitError> {
        let index = repository.own_index();
        let mut lock = index.clone().into_os_string();
        lock.push(".lock");
        let lock = PathBuf::from(lock);
        let begun = Instant::now();
        loop {
            match OpenOptions::new().write(true).create_new(true).open(&lock) {
                Ok(file) => {
                    let file = Some(file);
                    return Ok(Self { lock, index, file });
                }
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(GitError::files("lock the index", error));
                }
                Err(_) if begun.elapsed() >= limit => return Err(GitError::Locked { lock }),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Writes what is to be the index.
    pub(crate) fn fill(&mut self, from: &Path) -> io::Result<()> {
        let Some(file) = &mut self.file else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let mut from = File::open(from)?;
        io::copy(&mut from, file)?;
        file.set_modified(from.metadata()?.modified()?)?;
        if let Ok(now) = self.index.metadata() {
            file.set_permissions(now.permissions())?;
        }
        Ok(())
    }

    /// Makes it the index.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        fs::rename(&self.lock, &self.index)?;
        self.file = None;
        Ok(())
    }
}

impl Drop for IndexLock {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // Nothing can be done about one that stays.
            let _ = fs::remove_file(&self.lock);
        }
    }
}
