//! Outputs that are too long for the model, kept as files that it can page through.
//!
//! A model is shown the start and the end of a long output, and is told where the whole is and how
//! to get at it: with `read_file` and `grep`, which read in here without asking. Each session has a
//! folder of its own below a common root. What a folder holds is bounded: the oldest files give way
//! to new ones, and a file that passes its limit ends there. Folders of sessions that are over stay
//! for a while, so that a session which is taken up again finds what it was told of;
//! [`OutputStore::sweep`] removes them by age and by the size of them all. A session that runs holds
//! a lock in its folder, which the sweep respects and which no crash leaves behind.
//!
//! A full disk is no reason for a tool to fail: the output is shortened all the same, and the model
//! is told that the rest was not kept, and why.

mod ends;
mod spool;

#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

pub(crate) use ends::{end_of, from_line_start, start_of};
pub(crate) use spool::{Kept, Spool};

use crate::error::describe;

/// The file whose lock says that a session uses the folder.
const LOCK: &str = ".lock";

/// Characters of a label that go into a file's name.
const MAX_LABEL: usize = 40;

/// How much an [`OutputStore`] shows and keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputLimits {
    /// Bytes of an output that the model sees; what is longer is kept in a file.
    pub shown_bytes: usize,
    /// Bytes of one file. An output that is longer is kept up to here.
    pub file_bytes: u64,
    /// Bytes of all files of a session. The oldest give way.
    pub session_bytes: u64,
    /// Bytes of the folders of all sessions, as far as [`OutputStore::sweep`] may remove them.
    pub total_bytes: u64,
    /// How long the folder of a session stays that is over.
    pub max_age: Duration,
}

impl Default for OutputLimits {
    /// 30,000 bytes shown; 64 MiB for a file, 256 MiB for a session, 1 GiB for all, for a week.
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            shown_bytes: 30_000,
            file_bytes: 64 * MIB,
            session_bytes: 256 * MIB,
            total_bytes: 1024 * MIB,
            max_age: Duration::from_secs(7 * 24 * 60 * 60),
        }
    }
}

/// Keeps the outputs of a session that are too long for the model. Clones keep into one folder.
#[derive(Clone, Debug)]
pub struct OutputStore {
    limits: OutputLimits,
    /// `None` when nothing is kept.
    folder: Option<Arc<Folder>>,
}

impl OutputStore {
    /// Makes the store of the session `session` in a folder of that name below `root`. The folder
    /// is made when there is something to keep.
    pub fn new(root: &Path, session: &str, limits: OutputLimits) -> Self {
        Self {
            limits,
            folder: Some(Arc::new(Folder {
                path: root.join(session),
                files: Mutex::default(),
            })),
        }
    }

    /// Makes a store that keeps nothing: long outputs are shortened, and that is all.
    pub fn keeping_nothing(limits: OutputLimits) -> Self {
        Self {
            limits,
            folder: None,
        }
    }

    /// Returns the folder that the outputs go to: what is in there may be read without asking.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref().map(|folder| folder.path.as_path())
    }

    /// Returns how much is shown and kept.
    pub fn limits(&self) -> OutputLimits {
        self.limits
    }

    /// Returns `text` as the model is shown it: as it is when it is short enough; otherwise its
    /// start and its end, with a line between them that names the file which has the whole.
    ///
    /// `label` says in a word what it is the output of, such as the name of a tool; it becomes part
    /// of the file's name. Writes a file, which may block for some milliseconds.
    pub fn shorten(&self, label: &str, text: String) -> String {
        let limit = self.limits.shown_bytes;
        if text.len() <= limit {
            return text;
        }
        let mut spool = self.spool(label);
        spool.append(&text);
        let start = start_of(&text, limit / 2);
        let end = end_of(&text, limit / 2);
        let left_out = text.len() - start.len() - end.len();
        join(start, left_out, &spool.kept(), end)
    }

    /// Opens a file for an output that comes in pieces.
    pub(crate) fn spool(&self, label: &str) -> Spool {
        match &self.folder {
            Some(folder) => Spool::new(Arc::clone(folder), label, self.limits),
            None => Spool::keeping_nothing(),
        }
    }

    /// Tells whether a path, with symbolic links resolved, is in the folder.
    pub(crate) fn holds(&self, path: &Path) -> bool {
        self.folder().is_some_and(|folder| {
            path.starts_with(folder)
                || folder
                    .canonicalize()
                    .is_ok_and(|folder| path.starts_with(folder))
        })
    }

    /// Removes from `root` the folders of sessions that are over: those that are older than
    /// [`OutputLimits::max_age`] at `now`, and then the oldest, until all together are within
    /// [`OutputLimits::total_bytes`]. Blocks while it looks through the folders.
    ///
    /// # Errors
    ///
    /// When `root` cannot be listed. What else goes wrong is left for the next time.
    pub fn sweep(root: &Path, limits: OutputLimits, now: SystemTime) -> io::Result<()> {
        let entries = match fs::read_dir(root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        let mut folders: Vec<Usage> = entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .filter_map(|entry| Usage::of(entry.path()).ok())
            .collect();
        folders.sort_by_key(|folder| folder.modified);
        let mut total: u64 = folders.iter().map(|folder| folder.bytes).sum();
        for folder in folders {
            let age = now.duration_since(folder.modified).unwrap_or_default();
            if age <= limits.max_age && total <= limits.total_bytes {
                break;
            }
            if !is_in_use(&folder.path) && fs::remove_dir_all(&folder.path).is_ok() {
                total -= folder.bytes;
            }
        }
        Ok(())
    }
}

impl Default for OutputStore {
    fn default() -> Self {
        Self::keeping_nothing(OutputLimits::default())
    }
}

/// Puts what is shown of a long output together.
pub(crate) fn join(start: &str, left_out: usize, kept: &Kept, end: &str) -> String {
    let gap = if start.is_empty() || start.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{start}{gap}… {left_out} bytes left out{kept} …\n{end}")
}

/// What a folder of outputs takes up.
struct Usage {
    path: PathBuf,
    bytes: u64,
    /// When something in it changed last.
    modified: SystemTime,
}

impl Usage {
    fn of(path: PathBuf) -> io::Result<Self> {
        let mut usage = Self {
            bytes: 0,
            modified: fs::symlink_metadata(&path)?.modified()?,
            path,
        };
        for entry in fs::read_dir(&usage.path)?.flatten() {
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            usage.bytes += metadata.len();
            if let Ok(modified) = metadata.modified() {
                usage.modified = usage.modified.max(modified);
            }
        }
        Ok(usage)
    }
}

/// Tells whether a session that runs holds the folder's lock.
fn is_in_use(folder: &Path) -> bool {
    match File::open(folder.join(LOCK)) {
        Ok(lock) => matches!(lock.try_lock(), Err(TryLockError::WouldBlock)),
        Err(_) => false,
    }
}

/// The folder of a session.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    files: Mutex<Files>,
}

/// What is in the folder.
#[derive(Debug, Default)]
struct Files {
    /// The lock, held as long as the store lives; `None` until the folder was made.
    lock: Option<File>,
    /// The oldest first.
    kept: Vec<KeptFile>,
    /// Bytes of all files.
    bytes: u64,
    /// The number of the next file.
    next: u32,
}

#[derive(Debug)]
struct KeptFile {
    path: PathBuf,
    bytes: u64,
    /// Whether it still grows, and so must stay.
    is_open: bool,
}

impl Folder {
    fn lock_files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a new file.
    fn create(&self, label: &str) -> io::Result<(PathBuf, File)> {
        let mut files = self.lock_files();
        if files.lock.is_none() {
            *files = Files::open(&self.path)?;
        }
        loop {
            let path = self.path.join(file_name(files.next, label));
            files.next += 1;
            let mut options = File::options();
            options.read(true).write(true).create_new(true).mode(0o600);
            match options.open(&path) {
                Ok(file) => {
                    files.kept.push(KeptFile {
                        path: path.clone(),
                        bytes: 0,
                        is_open: true,
                    });
                    return Ok((path, file));
                }
                // Another process has taken up the same session.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Makes room for `bytes` more in the file at `path`, at the cost of the oldest files. Returns
    /// whether there is room.
    fn reserve(&self, path: &Path, bytes: u64, limits: OutputLimits) -> bool {
        let mut files = self.lock_files();
        while files.bytes + bytes > limits.session_bytes {
            let Some(oldest) = files.kept.iter().position(|file| !file.is_open) else {
                return false;
            };
            let oldest = files.kept.remove(oldest);
            // What cannot be removed is gone already, or is left to the sweep.
            let _ = fs::remove_file(&oldest.path);
            files.bytes -= oldest.bytes;
        }
        files.bytes += bytes;
        if let Some(file) = files.kept.iter_mut().find(|file| file.path == path) {
            file.bytes += bytes;
        }
        true
    }

    /// Remembers that a file does not grow any more.
    fn close(&self, path: &Path) {
        let mut files = self.lock_files();
        if let Some(file) = files.kept.iter_mut().find(|file| file.path == path) {
            file.is_open = false;
        }
    }
}

impl Files {
    /// Makes the folder, or takes up the one that is there.
    fn open(folder: &Path) -> io::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let mut options = File::options();
        options.write(true).create(true).mode(0o600);
        let lock = options.open(folder.join(LOCK))?;
        // Shared: a session can be taken up by two processes. The sweep wants it alone.
        lock.lock_shared()?;
        let mut kept: Vec<KeptFile> = fs::read_dir(folder)?
            .flatten()
            .filter(|entry| entry.file_name() != LOCK)
            .filter_map(|entry| {
                Some(KeptFile {
                    path: entry.path(),
                    bytes: entry.metadata().ok()?.len(),
                    is_open: false,
                })
            })
            .collect();
        // The numbers make the order of the names that of the files.
        kept.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Self {
            lock: Some(lock),
            bytes: kept.iter().map(|file| file.bytes).sum(),
            next: kept
                .iter()
                .filter_map(|file| number(&file.path))
                .max()
                .map_or(1, |last| last + 1),
            kept,
        })
    }
}

fn file_name(number: u32, label: &str) -> String {
    let label: String = label
        .chars()
        .take(MAX_LABEL)
        .map(|character| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => character,
            _ => '-',
        })
        .collect();
    format!("{number:05}-{label}.txt")
}

/// Returns the number that a file's name starts with.
fn number(path: &Path) -> Option<u32> {
    let name = path.file_name()?.to_str()?;
    name.split_once('-')?.0.parse().ok()
}
