//! The one writer of a store.

use std::fs::File;
use std::path::PathBuf;

use jiff::Timestamp;

use super::SnapshotStore;
use super::folder::Head;
use super::index::Index;
use super::objects::{Objects, PutError};
use super::rules::OuterRules;
use super::scan::scan;
use super::take::{Taker, file_clock};
use super::worktree::Worktree;
use super::{Snapshot, SnapshotId};
use crate::SpoolError;

/// How often a snapshot is tried: once more after the store was begun anew, or room was made.
const ATTEMPTS: usize = 3;

/// As many skipped paths are named.
const MAX_SKIPPED: usize = 100;

/// A store that no other process writes to.
#[derive(Debug)]
pub struct LockedStore<'a> {
    pub(super) store: &'a SnapshotStore,
    pub(super) head: Head,
    lock: File,
    began_anew: Option<PathBuf>,
}

impl<'a> LockedStore<'a> {
    pub(super) fn new(store: &'a SnapshotStore) -> Result<Self, SpoolError> {
        let lock = store.folder.lock(store.settings.lock_limit)?;
        let mut locked = Self {
            store,
            head: Head::empty(1),
            lock,
            began_anew: None,
        };
        let head = store.folder.head().and_then(|head| {
            head.as_ref()
                .map_or(Ok(()), |head| store.folder.check_lengths(head))?;
            Ok(head)
        });
        match head {
            Ok(Some(head)) => locked.head = head,
            Ok(None) => locked.begin(1)?,
            Err(SpoolError::Damaged { .. }) => locked.begin_anew()?,
            Err(error) => return Err(error),
        }
        store.folder.sweep(&locked.head);
        Ok(locked)
    }

    /// Returns the store.
    pub fn store(&self) -> &SnapshotStore {
        self.store
    }

    fn begin(&mut self, generation: u64) -> Result<(), SpoolError> {
        let head = Head::empty(generation);
        self.store.folder.create_generation(&head)?;
        self.store.folder.set_head(&head)?;
        self.head = head;
        Ok(())
    }

    fn begin_anew(&mut self) -> Result<(), SpoolError> {
        // Not a number that readers may have open.
        let generation = self.store.folder.last_generation() + 1;
        self.began_anew = Some(self.store.folder.set_aside()?);
        self.begin(generation)
    }

    /// Takes a snapshot of the workspace. `now` is kept with it, for its age.
    ///
    /// # Errors
    ///
    /// [`SpoolError::TooLarge`] when there is too much in the workspace, [`SpoolError::DiskFull`],
    /// or [`SpoolError::Io`] when the store or the workspace's own folder cannot be used. The store
    /// is then as it was before. A file or folder in the workspace that cannot be read is no error.
    pub fn snapshot(&mut self, now: Timestamp) -> Result<Snapshot, SpoolError> {
        let worktree = Worktree::open(&self.store.workspace)?;
        let mut error = None;
        for _ in 0..ATTEMPTS {
            match self.try_snapshot(&worktree, now) {
                Ok(snapshot) => return Ok(snapshot),
                Err(PutError::Store(damaged @ SpoolError::Damaged { .. })) => {
                    self.begin_anew()?;
                    error = Some(damaged);
                }
                Err(PutError::Store(error)) => return Err(error),
                Err(PutError::Source(source)) => {
                    return Err(SpoolError::io("read", &self.store.workspace, source));
                }
                Err(PutError::Full) => {
                    let room = self.make_room(now)?;
                    error = Some(self.too_large());
                    if !room {
                        break;
                    }
                }
            }
        }
        Err(error.unwrap_or_else(|| self.too_large()))
    }

    fn too_large(&self) -> SpoolError {
        SpoolError::TooLarge {
            workspace: self.store.workspace.clone(),
            limit: format!("{} MiB", self.store.settings.limits.store_bytes >> 20),
        }
    }

    fn try_snapshot(&mut self, worktree: &Worktree, now: Timestamp) -> Result<Snapshot, PutError> {
        let (folder, settings) = (&self.store.folder, &self.store.settings);
        let outer = OuterRules::read(worktree.path(), settings.personal_ignores.as_deref());
        let index = Index::read(&folder.index(), &self.head);
        let unsure = file_clock(&self.lock);
        let scan = scan(worktree, &index, &outer, &settings.limits, folder.path())?;
        let limit = settings.limits.store_bytes;
        let objects = Objects::write(folder, self.head.clone(), limit)?;
        let taker = Taker {
            worktree,
            objects: &objects,
            limits: &settings.limits,
            unsure,
        };
        let taken = match taker.take(scan, &outer, &index) {
            Ok(taken) => taken,
            Err(error) => {
                objects.give_back();
                return Err(error);
            }
        };
        let id = SnapshotId(taken.root);
        self.head = objects.commit(id, now)?;
        if taken.is_index_new {
            taken.index.write(&folder.index(), &self.head);
        }
        let mut skipped = taken.skipped;
        skipped.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let skipped_more = skipped.len().saturating_sub(MAX_SKIPPED);
        skipped.truncate(MAX_SKIPPED);
        Ok(Snapshot {
            id,
            files: taken.files,
            skipped,
            skipped_more,
            began_anew: self.began_anew.take(),
        })
    }
}
