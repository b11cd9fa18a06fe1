//! Keeping a store small: old snapshots go, and with them what only they hold.
//!
//! The objects that are still needed are copied into a new generation, which then replaces the old
//! one as a whole. So there is nothing to repair when that is interrupted, and nothing becomes
//! fragmented. It happens when a snapshot has become too old, at most once a day, and when the
//! pack would grow over its limit; then the newest snapshots stay whose objects fill half of it.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::FileExt;

use jiff::Timestamp;
use jj_lib::backend::TreeValue;
use jj_lib::object_id::ObjectId as _;

use super::LockedStore;
use super::backend::{decode_tree, empty_tree};
use super::catalog;
use super::folder::{Head, create};
use super::index::{Extent, Index};
use super::object::{ObjectId, ObjectKind};
use super::objects::{Objects, append_at, snapshot_entry};
use super::pack::Place;
use super::version::FileVersion;
use crate::{SnapshotId, SpoolError};

/// A snapshot is this much too old before that alone is a reason to write the store anew: a day, in
/// milliseconds.
const DAY: i64 = 24 * 3600 * 1000;

/// What was deleted from a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// How many snapshots are gone.
    pub snapshots: usize,
    /// How many bytes the pack is smaller.
    pub bytes: u64,
}

impl LockedStore<'_> {
    /// Deletes the snapshots that are too old. The newest one stays however old it is. Cheap when
    /// there is nothing to do.
    ///
    /// # Errors
    ///
    /// [`SpoolError::DiskFull`], [`SpoolError::Damaged`] or [`SpoolError::Io`]; the store is then as
    /// it was before.
    pub fn prune(&mut self, now: Timestamp) -> Result<Pruned, SpoolError> {
        let limits = self.store.settings.limits;
        let age = i64::try_from(limits.age.as_millis()).unwrap_or(i64::MAX);
        let oldest = now.as_millisecond().saturating_sub(age);
        let Some(objects) = self.open()? else {
            return Ok(Pruned::default());
        };
        let is_due = objects
            .snapshots()?
            .first()
            .is_some_and(|(_, taken)| *taken < oldest.saturating_sub(DAY));
        if is_due || self.head.pack > limits.store_bytes {
            self.rewrite(&objects, oldest, limits.store_bytes)
        } else {
            Ok(Pruned::default())
        }
    }

    /// Makes room for a snapshot that does not fit. Returns whether there is more room now.
    pub(super) fn make_room(&mut self, now: Timestamp) -> Result<bool, SpoolError> {
        let limits = self.store.settings.limits;
        let age = i64::try_from(limits.age.as_millis()).unwrap_or(i64::MAX);
        let oldest = now.as_millisecond().saturating_sub(age);
        let Some(objects) = self.open()? else {
            return Ok(false);
        };
        Ok(self
            .rewrite(&objects, oldest, limits.store_bytes / 2)?
            .bytes
            > 0)
    }

    fn open(&self) -> Result<Option<Objects>, SpoolError> {
        let objects = Objects::open(&self.store.folder)?;
        Ok(objects.filter(|objects| objects.head().snapshots > 0))
    }

    /// Writes the store anew, with the snapshots that are not older than `oldest`, and of these
    /// the newest whose objects have no more than `bytes` together.
    fn rewrite(
        &mut self,
        objects: &Objects,
        oldest: i64,
        bytes: u64,
    ) -> Result<Pruned, SpoolError> {
        let folder = &self.store.folder;
        let all = objects.snapshots()?;
        let mut live = Live {
            objects,
            places: HashMap::new(),
            bytes: 0,
        };
        // The newest first; each by the time when it was taken last.
        let mut kept: Vec<(SnapshotId, i64)> = Vec::new();
        for (id, taken) in all.iter().rev() {
            if kept.iter().any(|(other, _)| other == id) {
                continue;
            }
            if !kept.is_empty() && *taken < oldest {
                break;
            }
            let before = (live.places.len(), live.bytes);
            live.mark(*id)?;
            if !kept.is_empty() && live.bytes > bytes {
                live.places.retain(|_, (order, _)| *order < before.0);
                break;
            }
            kept.push((*id, *taken));
        }
        kept.reverse();
        let mut head = Head::empty(objects.head().generation + 1);
        let written = live.copy(&mut head, &kept).inspect_err(|_| {
            let _ = fs::remove_dir_all(folder.generation(head.generation));
        });
        written?;
        let index = Index::read(&folder.index(), objects.head());
        let is_kept = |root: ObjectId| kept.iter().any(|(id, _)| id.0 == root);
        // Before the head: an index must not speak of what is not there.
        if index.root().is_some_and(is_kept) && index.store != Extent::default() {
            index.write(&folder.index(), &head);
        } else {
            let _ = fs::remove_file(folder.index());
        }
        folder.set_head(&head)?;
        let distinct: std::collections::HashSet<_> = all.iter().map(|(id, _)| id).collect();
        let pruned = Pruned {
            snapshots: distinct.len() - kept.len(),
            bytes: objects.head().pack.saturating_sub(head.pack),
        };
        self.head = head;
        folder.sweep(&self.head);
        Ok(pruned)
    }
}

/// The objects that stay.
struct Live<'a> {
    objects: &'a Objects,
    /// With the order in which they were found.
    places: HashMap<ObjectId, (usize, Place)>,
    bytes: u64,
}

impl Live<'_> {
    /// Adds all objects of a snapshot.
    fn mark(&mut self, snapshot: SnapshotId) -> Result<(), SpoolError> {
        let damaged = |reason: String| self.objects.folder().damaged(reason);
        let mut trees = vec![snapshot.0];
        if !self.add(snapshot.0)? {
            return Ok(());
        }
        while let Some(id) = trees.pop() {
            let bytes = self.objects.read(ObjectKind::Tree, &id)?;
            let tree = decode_tree(&bytes).ok_or_else(|| damaged(format!("{id} is no folder")))?;
            for entry in tree.entries() {
                if let TreeValue::Tree(tree) = entry.value() {
                    let tree = ObjectId::from_bytes(tree.as_bytes())
                        .ok_or_else(|| damaged("a folder has no name".to_owned()))?;
                    if self.add(tree)? {
                        trees.push(tree);
                    }
                } else if let Some(version) = FileVersion::from_tree_value(entry.value())
                    && version.is_kept()
                {
                    self.add(version.id)?;
                }
            }
        }
        Ok(())
    }

    /// Adds an object. Returns whether it is new.
    fn add(&mut self, id: ObjectId) -> Result<bool, SpoolError> {
        if self.places.contains_key(&id) || id == empty_tree() {
            return Ok(false);
        }
        let Some(place) = self.objects.find(&id)? else {
            let folder = self.objects.folder();
            return Err(folder.damaged(format!("object {id} is missing")));
        };
        self.places.insert(id, (self.places.len(), place));
        self.bytes += place.length;
        Ok(true)
    }

    /// Copies the objects into the generation of `head`, which is completed.
    fn copy(&self, head: &mut Head, snapshots: &[(SnapshotId, i64)]) -> Result<(), SpoolError> {
        let folder = self.objects.folder();
        let (old_path, old) = self.objects.pack();
        folder.create_generation(head)?;
        let path = folder.pack(head);
        let failed = |source| SpoolError::io("write", &path, source);
        let new = create(&path).map_err(failed)?;
        // In the order of the old pack, which reads ahead.
        let mut places: Vec<_> = self
            .places
            .iter()
            .map(|(id, (_, place))| (*id, *place))
            .collect();
        places.sort_unstable_by_key(|(_, place)| place.offset);
        let mut buffer = vec![0; 1 << 16];
        for (_, place) in &mut places {
            let offset = head.pack;
            let mut copied = 0;
            while copied < place.length {
                let length = (place.length - copied).min(buffer.len() as u64) as usize;
                old.read_exact_at(&mut buffer[..length], place.offset + copied)
                    .map_err(|source| folder.read_error(&old_path, *place, source))?;
                new.write_all_at(&buffer[..length], offset + copied)
                    .map_err(failed)?;
                copied += length as u64;
            }
            head.pack += place.length;
            place.offset = offset;
        }
        places.sort_unstable_by_key(|(id, _)| *id);
        head.entries = places.len() as u64;
        head.sorted = head.entries;
        append_at(&folder.catalog(head), 0, &catalog::encode(places))?;
        let mut entries = Vec::new();
        for (id, taken) in snapshots {
            let taken = Timestamp::from_millisecond(*taken)
                .map_err(|error| failed(io::Error::other(error)))?;
            entries.extend(snapshot_entry(*id, taken));
        }
        append_at(&folder.snapshots(head), 0, &entries)?;
        head.snapshots = snapshots.len() as u64;
        Ok(())
    }
}
