//! The objects of one generation, as one reader or the one writer sees them.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use jiff::Timestamp;

use super::SnapshotId;
use super::catalog::{self, Catalog};
use super::folder::{Head, SNAPSHOT_ENTRY, StoreFolder, create};
use super::object::{ObjectHasher, ObjectId, ObjectKind};
use super::pack::{self, AppendError, BLOCK, PackWriter, Place};
use crate::SpoolError;

/// How often a reader begins again because the generation was replaced under it.
const ATTEMPTS: usize = 5;

/// The objects of a store.
#[derive(Debug)]
pub(super) struct Objects {
    folder: StoreFolder,
    head: Head,
    pack: File,
    catalog: OnceLock<Catalog>,
    /// What is being written; `None` for readers.
    writer: Option<Mutex<Writer>>,
}

#[derive(Debug)]
struct Writer {
    pack: PackWriter,
    new: HashMap<ObjectId, Place>,
}

/// Why an object was not stored.
#[derive(Debug)]
pub(super) enum PutError {
    /// The pack has its largest size.
    Full,
    /// The file could not be read.
    Source(io::Error),
    /// The store could not be read or written.
    Store(SpoolError),
}

impl From<SpoolError> for PutError {
    fn from(error: SpoolError) -> Self {
        Self::Store(error)
    }
}

impl Objects {
    /// Opens what counts now, for reading; `None` when nothing was stored yet.
    pub(super) fn open(folder: &StoreFolder) -> Result<Option<Self>, SpoolError> {
        for _ in 0..ATTEMPTS {
            let Some(head) = folder.head()? else {
                return Ok(None);
            };
            let opened = File::open(folder.pack(&head)).and_then(|pack| {
                let catalog = Catalog::read(&folder.catalog(&head), head.sorted, head.entries)?;
                Ok((pack, catalog))
            });
            match opened {
                Ok((pack, catalog)) => {
                    return Ok(Some(Self {
                        folder: folder.clone(),
                        head,
                        pack,
                        catalog: OnceLock::from(catalog),
                        writer: None,
                    }));
                }
                // A writer may have replaced the generation since the head was read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(folder.damaged("the catalog is too short"));
                }
                Err(source) => return Err(SpoolError::io("read", folder.path(), source)),
            }
        }
        Err(folder.damaged("files that `head` names are missing"))
    }

    /// Opens what counts now for writing; the caller holds the lock. The pack may not grow over
    /// `limit` bytes.
    pub(super) fn write(folder: &StoreFolder, head: Head, limit: u64) -> Result<Self, SpoolError> {
        let path = folder.pack(&head);
        let failed = |source| SpoolError::io("open", &path, source);
        let pack = create(&path).map_err(failed)?;
        let writer = PackWriter::new(pack.try_clone().map_err(failed)?, head.pack, limit);
        Ok(Self {
            folder: folder.clone(),
            head,
            pack,
            catalog: OnceLock::new(),
            writer: Some(Mutex::new(Writer {
                pack: writer,
                new: HashMap::new(),
            })),
        })
    }

    pub(super) fn folder(&self) -> &StoreFolder {
        &self.folder
    }

    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    fn catalog(&self) -> Result<&Catalog, SpoolError> {
        if let Some(catalog) = self.catalog.get() {
            return Ok(catalog);
        }
        let path = self.folder.catalog(&self.head);
        let catalog = Catalog::read(&path, self.head.sorted, self.head.entries).map_err(
            |source| match source.kind() {
                io::ErrorKind::UnexpectedEof => self.folder.damaged("the catalog is too short"),
                _ => SpoolError::io("read", &path, source),
            },
        )?;
        Ok(self.catalog.get_or_init(|| catalog))
    }

    /// Returns where an object stands that was there before this writer.
    pub(super) fn find(&self, id: &ObjectId) -> Result<Option<Place>, SpoolError> {
        Ok(self.catalog()?.find(id))
    }

    /// Hands the content of an object to `receive`, piece by piece, and checks it by its name.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Damaged`] when it is missing or is not what was written. By then `receive`
    /// may have been given some of it.
    pub(super) fn read_to(
        &self,
        kind: ObjectKind,
        id: &ObjectId,
        mut receive: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), SpoolError> {
        let Some(place) = self.find(id)? else {
            return Err(self.folder.damaged(format!("object {id} is missing")));
        };
        let mut hasher = ObjectHasher::new(kind);
        pack::read(&self.pack, place, |block| {
            hasher.update(block);
            receive(block)
        })
        .map_err(|source| {
            let path = self.folder.pack(&self.head);
            self.folder.read_error(&path, place, source)
        })?;
        if hasher.finish() == *id {
            Ok(())
        } else {
            Err(self
                .folder
                .damaged(format!("object {id} is not what was stored")))
        }
    }

    /// Returns the content of an object.
    pub(super) fn read(&self, kind: ObjectKind, id: &ObjectId) -> Result<Vec<u8>, SpoolError> {
        let mut content = Vec::new();
        self.read_to(kind, id, |block| {
            content.extend_from_slice(block);
            Ok(())
        })?;
        Ok(content)
    }

    /// Stores an object, unless it is there.
    pub(super) fn put(&self, kind: ObjectKind, content: &[u8]) -> Result<ObjectId, PutError> {
        let id = ObjectId::of(kind, content);
        if self.is_stored(&id)? {
            return Ok(id);
        }
        let mut blocks = Vec::new();
        pack::encode(content, &mut blocks);
        let mut writer = self.writer()?;
        let place = self.append(&mut writer, &blocks)?;
        writer.new.entry(id).or_insert(place);
        Ok(id)
    }

    /// Stores what `file` holds from its beginning, at most `limit` bytes. Returns how many there
    /// were; a result of more than `limit` says that nothing was stored.
    pub(super) fn put_file(
        &self,
        file: &mut File,
        limit: u64,
    ) -> Result<(ObjectId, u64), PutError> {
        let mut block = Vec::with_capacity(BLOCK.min(1 << 16));
        let length = fill(file, &mut block).map_err(PutError::Source)?;
        if length < BLOCK {
            return Ok((self.put(ObjectKind::File, &block)?, length as u64));
        }
        self.put_large(file, block, limit)
    }

    /// Stores a file of a block or more, of which the first was read: hashes it first, which is
    /// cheaper than to compress something that is there.
    fn put_large(
        &self,
        file: &mut File,
        mut block: Vec<u8>,
        limit: u64,
    ) -> Result<(ObjectId, u64), PutError> {
        let mut hasher = ObjectHasher::new(ObjectKind::File);
        let mut length = 0;
        while !block.is_empty() {
            hasher.update(&block);
            length += block.len() as u64;
            if length > limit {
                return Ok((hasher.finish(), length));
            }
            fill(file, &mut block).map_err(PutError::Source)?;
        }
        let id = hasher.finish();
        if self.is_stored(&id)? {
            return Ok((id, length));
        }
        // The file may be another by now, so what is stored is what is hashed.
        let mut hasher = ObjectHasher::new(ObjectKind::File);
        let (mut offset, mut length) = (0, 0);
        let mut blocks = Vec::new();
        let mut writer = self.writer()?;
        let start = writer.pack.length();
        loop {
            block.resize(BLOCK, 0);
            let read = file.read_at(&mut block, offset).map_err(PutError::Source)?;
            block.truncate(read);
            if block.is_empty() {
                break;
            }
            hasher.update(&block);
            offset += read as u64;
            length += read as u64;
            if length > limit {
                return Ok((hasher.finish(), length));
            }
            blocks.clear();
            pack::encode(&block, &mut blocks);
            self.append(&mut writer, &blocks)?;
        }
        if length == 0 {
            pack::encode(&[], &mut blocks);
            self.append(&mut writer, &blocks)?;
        }
        let id = hasher.finish();
        let place = Place {
            offset: start,
            length: writer.pack.length() - start,
        };
        writer.new.entry(id).or_insert(place);
        Ok((id, length))
    }

    fn is_stored(&self, id: &ObjectId) -> Result<bool, PutError> {
        Ok(self.writer()?.new.contains_key(id) || self.find(id)?.is_some())
    }

    fn writer(&self) -> Result<MutexGuard<'_, Writer>, SpoolError> {
        match &self.writer {
            Some(writer) => Ok(writer.lock().unwrap_or_else(PoisonError::into_inner)),
            None => {
                let source = io::ErrorKind::ReadOnlyFilesystem.into();
                Err(SpoolError::io("write", self.folder.path(), source))
            }
        }
    }

    fn append(&self, writer: &mut Writer, blocks: &[u8]) -> Result<Place, PutError> {
        writer.pack.append(blocks).map_err(|error| match error {
            AppendError::Limit => PutError::Full,
            AppendError::Io(source) => PutError::Store(SpoolError::io(
                "write",
                &self.folder.pack(&self.head),
                source,
            )),
        })
    }

    /// Lets everything that was stored count, and the snapshot with it. Returns the new head.
    pub(super) fn commit(
        mut self,
        snapshot: SnapshotId,
        now: Timestamp,
    ) -> Result<Head, SpoolError> {
        let committed = self.try_commit(snapshot, now);
        if committed.is_err() {
            self.give_back();
        }
        committed
    }

    /// Gives the room back to the system that was taken for what will not count.
    pub(super) fn give_back(&self) {
        let _ = self.pack.set_len(self.head.pack);
    }

    fn try_commit(&mut self, snapshot: SnapshotId, now: Timestamp) -> Result<Head, SpoolError> {
        let mut head = self.head.clone();
        let new = {
            let mut writer = self.writer()?;
            let flushed = writer.pack.flush();
            flushed.map_err(|error| match error {
                AppendError::Io(source) => {
                    SpoolError::io("write", &self.folder.pack(&head), source)
                }
                AppendError::Limit => self.folder.damaged("a flush does not grow a pack"),
            })?;
            head.pack = writer.pack.length();
            std::mem::take(&mut writer.new)
        };
        if !new.is_empty() {
            self.catalogue(&mut head, new)?;
        }
        let path = self.folder.snapshots(&head);
        let entry = snapshot_entry(snapshot, now);
        append_at(&path, head.snapshots * SNAPSHOT_ENTRY as u64, &entry)?;
        head.snapshots += 1;
        self.folder.set_head(&head)?;
        if head.catalog != self.head.catalog {
            let _ = fs::remove_file(self.folder.catalog(&self.head));
        }
        Ok(head)
    }

    /// Enters new objects.
    fn catalogue(&self, head: &mut Head, new: HashMap<ObjectId, Place>) -> Result<(), SpoolError> {
        let catalog = self.catalog()?;
        if catalog.is_to_be_sorted(new.len()) {
            let bytes = catalog.sorted_with(new);
            head.catalog += 1;
            head.entries = (bytes.len() / catalog::ENTRY) as u64;
            head.sorted = head.entries;
            return append_at(&self.folder.catalog(head), 0, &bytes);
        }
        let count = new.len() as u64;
        let offset = head.entries * catalog::ENTRY as u64;
        append_at(&self.folder.catalog(head), offset, &catalog::encode(new))?;
        head.entries += count;
        Ok(())
    }

    /// Returns the snapshots that were taken, the oldest first, with the time in milliseconds.
    pub(super) fn snapshots(&self) -> Result<Vec<(SnapshotId, i64)>, SpoolError> {
        let path = self.folder.snapshots(&self.head);
        let length = self.head.snapshots.saturating_mul(SNAPSHOT_ENTRY as u64);
        let mut bytes = Vec::new();
        File::open(&path)
            .and_then(|file| file.take(length).read_to_end(&mut bytes))
            .map_err(|source| SpoolError::io("read", &path, source))?;
        Ok(bytes
            .chunks_exact(SNAPSHOT_ENTRY)
            .map(|entry| {
                let mut id = [0; ObjectId::LENGTH];
                let mut millis = [0; 8];
                id.copy_from_slice(&entry[..ObjectId::LENGTH]);
                millis.copy_from_slice(&entry[ObjectId::LENGTH..]);
                (SnapshotId(ObjectId(id)), i64::from_le_bytes(millis))
            })
            .collect())
    }

    /// Returns the path of the pack and the file itself, to copy from.
    pub(super) fn pack(&self) -> (PathBuf, &File) {
        (self.folder.pack(&self.head), &self.pack)
    }
}

/// Returns an entry of the file of snapshots.
pub(super) fn snapshot_entry(snapshot: SnapshotId, now: Timestamp) -> Vec<u8> {
    let mut entry = snapshot.0.0.to_vec();
    entry.extend_from_slice(&now.as_millisecond().to_le_bytes());
    entry
}

/// Writes at a place of a file of the store.
pub(super) fn append_at(
    path: &std::path::Path,
    offset: u64,
    bytes: &[u8],
) -> Result<(), SpoolError> {
    create(path)
        .and_then(|file| file.write_all_at(bytes, offset))
        .map_err(|source| SpoolError::io("write", path, source))
}

/// Reads up to a block, and returns how much there was.
fn fill(file: &mut File, block: &mut Vec<u8>) -> io::Result<usize> {
    block.clear();
    file.take(BLOCK as u64).read_to_end(block)
}
