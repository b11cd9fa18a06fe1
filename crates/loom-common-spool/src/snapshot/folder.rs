//! The folder of a store: what lies in it, who may write, and what counts.
//!
//! ```text
//! lock              held by the one process that writes
//! head              what counts: the generation, and how much of each of its files
//! index             what the last snapshot saw (a cache)
//! objects-3/        the files of generation 3
//!   pack            objects
//!   catalog-7       where they stand in the pack
//!   snapshots       which snapshots there are, and when each was taken
//! damaged/          what was found damaged last
//! ```
//!
//! A snapshot appends to the files of the generation and then replaces `head`, at one stroke. Until
//! then nothing of it counts; so a process that is killed, or a disk that is full, leaves the store
//! as it was. Readers need no lock: what `head` says is there stays as it is until its generation
//! is replaced, and then they take the new one.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::park_timeout;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::object::ObjectId;
use super::pack::Place;
use crate::SpoolError;

/// Version of everything in the folder.
const FORMAT: u32 = 1;

/// How often it is tried whether the lock is free.
const LOCK_POLL: Duration = Duration::from_millis(5);

/// Bytes of an entry in the file of snapshots: the name of its tree, and the time in milliseconds.
pub(super) const SNAPSHOT_ENTRY: usize = ObjectId::LENGTH + 8;

/// What counts in a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    format: u32,
    /// Number of the folder of files.
    pub(super) generation: u64,
    /// Bytes of the pack.
    pub(super) pack: u64,
    /// Number of the catalog's file.
    pub(super) catalog: u64,
    /// Sorted entries at the beginning of the catalog.
    pub(super) sorted: u64,
    /// All entries of the catalog.
    pub(super) entries: u64,
    /// Entries of the file of snapshots.
    pub(super) snapshots: u64,
}

impl Head {
    /// Returns the head of a generation without anything in it.
    pub(super) fn empty(generation: u64) -> Self {
        Self {
            format: FORMAT,
            generation,
            pack: 0,
            catalog: 0,
            sorted: 0,
            entries: 0,
            snapshots: 0,
        }
    }
}

/// The folder of a store.
#[derive(Clone, Debug)]
pub(super) struct StoreFolder {
    path: PathBuf,
}

impl StoreFolder {
    /// Takes the folder, made when it is missing, for its owner alone.
    pub(super) fn open(path: &Path) -> Result<Self, SpoolError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|source| SpoolError::io("make the folder", path, source))?;
        let path = path
            .canonicalize()
            .map_err(|source| SpoolError::io("find", path, source))?;
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn index(&self) -> PathBuf {
        self.path.join("index")
    }

    fn head_path(&self) -> PathBuf {
        self.path.join("head")
    }

    fn damage_marker(&self) -> PathBuf {
        self.path.join("found-damaged")
    }

    pub(super) fn generation(&self, number: u64) -> PathBuf {
        self.path.join(format!("objects-{number}"))
    }

    pub(super) fn pack(&self, head: &Head) -> PathBuf {
        self.generation(head.generation).join("pack")
    }

    pub(super) fn catalog(&self, head: &Head) -> PathBuf {
        self.generation(head.generation)
            .join(format!("catalog-{}", head.catalog))
    }

    pub(super) fn snapshots(&self, head: &Head) -> PathBuf {
        self.generation(head.generation).join("snapshots")
    }

    /// Waits until no other process writes, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Busy`] when the time is over, [`SpoolError::Io`] when there can be no lock.
    pub(super) fn lock(&self, limit: Duration) -> Result<File, SpoolError> {
        let path = self.path.join("lock");
        let failed = |source| SpoolError::io("lock", &path, source);
        let file = create(&path).map_err(failed)?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(fs::TryLockError::Error(source)) => return Err(failed(source)),
                Err(fs::TryLockError::WouldBlock) if start.elapsed() >= limit => {
                    return Err(SpoolError::Busy {
                        path: self.path.clone(),
                        waited: limit,
                    });
                }
                Err(fs::TryLockError::WouldBlock) => park_timeout(LOCK_POLL),
            }
        }
    }

    /// Returns what counts; `None` when nothing was stored yet.
    pub(super) fn head(&self) -> Result<Option<Head>, SpoolError> {
        if self.damage_marker().exists() {
            return Err(self.damaged("damage was found when it was read last"));
        }
        let path = self.head_path();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(SpoolError::io("read", &path, source)),
        };
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let damaged = |_| self.damaged("`head` cannot be read");
        let Format { format } = serde_json::from_slice(&bytes).map_err(damaged)?;
        if format > FORMAT {
            return Err(SpoolError::Newer {
                path: self.path.clone(),
            });
        }
        Ok(Some(serde_json::from_slice(&bytes).map_err(damaged)?))
    }

    /// Lets `head` count from now on.
    pub(super) fn set_head(&self, head: &Head) -> Result<(), SpoolError> {
        let path = self.head_path();
        let failed = |source| SpoolError::io("write", &path, source);
        let bytes = serde_json::to_vec(head).map_err(|error| failed(error.into()))?;
        replace(&path, &bytes).map_err(failed)
    }

    /// Fails when a file of the generation is shorter than `head` says: it was written before a
    /// crash of the machine, and the system did not get it to the disk.
    pub(super) fn check_lengths(&self, head: &Head) -> Result<(), SpoolError> {
        let entry = super::catalog::ENTRY as u64;
        for (path, length) in [
            (self.pack(head), head.pack),
            (self.catalog(head), head.entries.saturating_mul(entry)),
            (
                self.snapshots(head),
                head.snapshots.saturating_mul(SNAPSHOT_ENTRY as u64),
            ),
        ] {
            let found = match fs::metadata(&path) {
                Ok(metadata) => metadata.len(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
                Err(source) => return Err(SpoolError::io("read", &path, source)),
            };
            if found < length {
                return Err(self.damaged(format!(
                    "{} has {found} bytes instead of {length}",
                    path.display()
                )));
            }
        }
        Ok(())
    }

    /// Makes the files of a generation, empty.
    pub(super) fn create_generation(&self, head: &Head) -> Result<(), SpoolError> {
        let folder = self.generation(head.generation);
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder);
        made.map_err(|source| SpoolError::io("make the folder", &folder, source))?;
        for path in [self.pack(head), self.catalog(head), self.snapshots(head)] {
            create(&path).map_err(|source| SpoolError::io("make", &path, source))?;
        }
        Ok(())
    }

    /// Deletes what no `head` refers to: older generations, and what writers left behind that did
    /// not get to their end.
    pub(super) fn sweep(&self, head: &Head) {
        let current = self.generation(head.generation);
        let catalog = self.catalog(head);
        let entries = |folder: &Path| -> Vec<PathBuf> {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).collect()
        };
        let starts_with = |path: &Path, start: &str| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(start))
        };
        // What cannot be deleted now is deleted the next time.
        for path in entries(&self.path) {
            if starts_with(&path, "objects-") && path != current {
                let _ = fs::remove_dir_all(path);
            }
        }
        for path in entries(&current) {
            if starts_with(&path, "catalog-") && path != catalog {
                let _ = fs::remove_file(path);
            }
        }
    }

    /// Returns the highest number of a generation that there is, or 0.
    pub(super) fn last_generation(&self) -> u64 {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let numbers = entries.filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            name.strip_prefix("objects-")?.parse().ok()
        });
        numbers.max().unwrap_or(0)
    }

    /// Moves everything that was stored to `damaged`, in place of what was moved there before, and
    /// returns where it is now.
    pub(super) fn set_aside(&self) -> Result<PathBuf, SpoolError> {
        let aside = self.path.join("damaged");
        let failed = |source| SpoolError::io("move the damaged store to", &aside, source);
        match fs::remove_dir_all(&aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        DirBuilder::new()
            .mode(0o700)
            .create(&aside)
            .map_err(failed)?;
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().unwrap_or_default();
            let text = name.to_string_lossy();
            if text.starts_with("objects-") || ["head", "index"].contains(&&*text) {
                fs::rename(&path, aside.join(name)).map_err(failed)?;
            }
        }
        // Last: a kill before this begins again here.
        match fs::remove_file(self.damage_marker()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
            _ => Ok(aside),
        }
    }

    /// Lets the next writer begin anew when `error` is that of a damaged store.
    pub(super) fn note_damage(&self, error: &SpoolError) {
        if matches!(error, SpoolError::Damaged { .. }) {
            // Without the note it is found again when it is read again.
            let _ = create(&self.damage_marker());
        }
    }

    pub(super) fn damaged(&self, reason: impl Into<String>) -> SpoolError {
        SpoolError::damaged(&self.path, reason)
    }

    /// Says of an error in reading an object whether the object or the disk is to blame.
    pub(super) fn read_error(&self, path: &Path, place: Place, source: io::Error) -> SpoolError {
        match source.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                self.damaged(format!("at byte {}: {source}", place.offset))
            }
            _ => SpoolError::io("read", path, source),
        }
    }
}

/// Opens a file to write, made when it is missing, for its owner alone.
pub(super) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path)
}

/// Gives a file new content at one stroke.
pub(super) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let written = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut file| file.write_all(content))
        .and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}
