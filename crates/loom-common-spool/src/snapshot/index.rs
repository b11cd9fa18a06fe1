//! What the last snapshot saw, so that the next one reads only what has changed.
//!
//! For each file: its version in the store, and size, times and inode as they were. A file of which
//! these are the same is not read again. A file that was changed right before it was read could be
//! changed once more without its times telling; the index does not vouch for such a file, and the
//! next snapshot reads it again.
//!
//! The index is a cache: it is replaced at one stroke after the snapshot counts, it ends in a
//! checksum, and when there is none, or it does not fit, everything is read.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use rustix::fs::Stat;

use super::backend::{kind_byte, kind_of_byte};
use super::folder::{Head, replace};
use super::object::ObjectId;
use super::version::FileVersion;

/// First bytes of the file: what it is, and the version of its form.
const MAGIC: &[u8; 8] = b"loomidx1";

/// The folders and files of the last snapshot.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The store that holds the versions.
    pub(super) store: Extent,
    /// Each folder after the one above it.
    pub(super) folders: Vec<IndexedFolder>,
    places: HashMap<String, usize>,
}

/// How much of which generation of a store there must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) generation: u64,
    /// Bytes of the pack.
    pub(super) pack: u64,
}

impl Extent {
    pub(super) fn of(head: &Head) -> Self {
        Self {
            generation: head.generation,
            pack: head.pack,
        }
    }
}

/// A folder, with what is in it and not ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IndexedFolder {
    /// Relative to the workspace, with `/`; empty for the workspace.
    pub(super) path: String,
    /// Stands for the rules that hold in it.
    pub(super) rules: u64,
    /// The folder in the store; `None` when there is no file anywhere in it.
    pub(super) tree: Option<ObjectId>,
    /// How many folders in it hold files, in them or further down.
    pub(super) subfolders: u32,
    /// Sorted by name.
    pub(super) files: Vec<IndexedFile>,
}

impl IndexedFolder {
    /// Returns the file of this name.
    pub(super) fn file(&self, name: &str) -> Option<&IndexedFile> {
        let place = self.files.binary_search_by(|file| (*file.name).cmp(name));
        Some(&self.files[place.ok()?])
    }
}

/// A file or link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IndexedFile {
    pub(super) name: Box<str>,
    pub(super) version: FileVersion,
    /// How it was when it was read; `None` when that cannot be relied on.
    pub(super) seen: Option<Seen>,
}

/// What tells that a file has changed without reading it. Times are in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) size: u64,
    pub(super) modified: i64,
    pub(super) changed: i64,
    pub(super) inode: u64,
}

impl Seen {
    #[expect(
        clippy::unnecessary_cast,
        reason = "the types of the fields differ between systems"
    )]
    pub(super) fn new(stat: &Stat) -> Self {
        let nanoseconds =
            |seconds: i64, rest: i64| seconds.wrapping_mul(1_000_000_000).wrapping_add(rest);
        Self {
            size: stat.st_size as u64,
            modified: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            changed: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
            inode: stat.st_ino as u64,
        }
    }
}

impl Index {
    pub(super) fn new(folders: Vec<IndexedFolder>) -> Self {
        let paths = folders.iter().map(|folder| folder.path.clone());
        let places = paths.zip(0..).collect();
        Self {
            store: Extent::default(),
            folders,
            places,
        }
    }

    /// Reads the index of a store; an empty one when there is none that can be used.
    ///
    /// After a crash of the machine the index may be newer than the head: what it says is stored
    /// may not be there.
    pub(super) fn read(path: &Path, head: &Head) -> Self {
        let Some((store, folders)) = fs::read(path).ok().and_then(|bytes| decode(&bytes)) else {
            return Self::default();
        };
        if store.generation != head.generation || store.pack > head.pack {
            return Self::default();
        }
        Self {
            store,
            ..Self::new(folders)
        }
    }

    /// Writes the index, for the store as `head` has it. Without it the next snapshot takes longer,
    /// so errors are none.
    pub(super) fn write(&self, path: &Path, head: &Head) {
        if replace(path, &encode(Extent::of(head), &self.folders)).is_err() {
            // An older one would still be true, but there is no room: it is worth more.
            let _ = fs::remove_file(path);
        }
    }

    pub(super) fn folder(&self, path: &str) -> Option<&IndexedFolder> {
        Some(&self.folders[*self.places.get(path)?])
    }

    /// Returns a folder and all folders in it, each after the one above it.
    pub(super) fn below(&self, path: &str) -> impl Iterator<Item = &IndexedFolder> {
        self.folders.iter().filter(move |folder| {
            path.is_empty()
                || folder
                    .path
                    .strip_prefix(path)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Returns the file at a path.
    pub(super) fn file(&self, path: &str) -> Option<&IndexedFile> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.folder(folder)?.file(name)
    }

    /// Returns the folder in the store that the workspace is.
    pub(super) fn root(&self) -> Option<ObjectId> {
        self.folder("")?.tree
    }
}

fn encode(store: Extent, folders: &[IndexedFolder]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&store.generation.to_le_bytes());
    bytes.extend_from_slice(&store.pack.to_le_bytes());
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    };
    bytes.extend_from_slice(&(folders.len() as u32).to_le_bytes());
    for folder in folders {
        text(&mut bytes, &folder.path);
        bytes.extend_from_slice(&folder.rules.to_le_bytes());
        bytes.push(folder.tree.is_some().into());
        bytes.extend_from_slice(&folder.tree.unwrap_or(ObjectId([0; ObjectId::LENGTH])).0);
        bytes.extend_from_slice(&folder.subfolders.to_le_bytes());
        bytes.extend_from_slice(&(folder.files.len() as u32).to_le_bytes());
        for IndexedFile {
            name,
            version,
            seen,
        } in &folder.files
        {
            text(&mut bytes, name);
            bytes.push(kind_byte(version.kind));
            bytes.extend_from_slice(&version.mode.to_le_bytes());
            bytes.extend_from_slice(&version.id.0);
            bytes.push(seen.is_some().into());
            if let Some(seen) = seen {
                bytes.extend_from_slice(&seen.size.to_le_bytes());
                bytes.extend_from_slice(&seen.modified.to_le_bytes());
                bytes.extend_from_slice(&seen.changed.to_le_bytes());
                bytes.extend_from_slice(&seen.inode.to_le_bytes());
            }
        }
    }
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<(Extent, Vec<IndexedFolder>)> {
    let (bytes, checksum) = bytes.split_last_chunk::<4>()?;
    if crc32fast::hash(bytes) != u32::from_le_bytes(*checksum) {
        return None;
    }
    let mut reader = Reader(bytes.strip_prefix(MAGIC)?);
    let store = Extent {
        generation: u64::from_le_bytes(reader.take()?),
        pack: u64::from_le_bytes(reader.take()?),
    };
    let mut folders = Vec::new();
    for _ in 0..reader.number()? {
        let path = reader.text()?.to_owned();
        let rules = u64::from_le_bytes(reader.take()?);
        let [has_tree] = reader.take()?;
        let tree = ObjectId(reader.take()?);
        let subfolders = reader.number()?;
        let count = reader.number()?;
        let mut files = Vec::with_capacity(count.min(1 << 16) as usize);
        for _ in 0..count {
            let name = reader.text()?.into();
            let [kind] = reader.take()?;
            let version = FileVersion {
                kind: kind_of_byte(kind)?,
                mode: u16::from_le_bytes(reader.take()?),
                id: ObjectId(reader.take()?),
            };
            let [has_seen] = reader.take()?;
            let seen = match has_seen {
                0 => None,
                _ => Some(Seen {
                    size: u64::from_le_bytes(reader.take()?),
                    modified: i64::from_le_bytes(reader.take()?),
                    changed: i64::from_le_bytes(reader.take()?),
                    inode: u64::from_le_bytes(reader.take()?),
                }),
            };
            files.push(IndexedFile {
                name,
                version,
                seen,
            });
        }
        folders.push(IndexedFolder {
            path,
            rules,
            tree: (has_tree != 0).then_some(tree),
            subfolders,
            files,
        });
    }
    reader.0.is_empty().then_some((store, folders))
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take()?))
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.number()? as usize;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::object::ObjectKind;
    use crate::snapshot::version::VersionKind;

    fn folders() -> Vec<IndexedFolder> {
        let id = ObjectId::of(ObjectKind::File, b"content");
        let file = |name: &str, kind, seen| IndexedFile {
            name: name.into(),
            version: FileVersion {
                kind,
                id,
                mode: 0o640,
            },
            seen,
        };
        let seen = Seen {
            size: 1 << 40,
            modified: -5,
            changed: i64::MAX,
            inode: u64::MAX,
        };
        vec![
            IndexedFolder {
                path: String::new(),
                rules: u64::MAX,
                tree: Some(id),
                subfolders: 1,
                files: vec![
                    file("a", VersionKind::File, Some(seen)),
                    file("ä", VersionKind::Link, None),
                ],
            },
            IndexedFolder {
                path: "sub".to_owned(),
                rules: 0,
                tree: None,
                subfolders: 0,
                files: vec![file("c", VersionKind::Unkept, None)],
            },
        ]
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let store = Extent {
            generation: 3,
            pack: 1 << 33,
        };
        assert_eq!(decode(&encode(store, &folders())), Some((store, folders())));
        assert_eq!(decode(&encode(store, &[])), Some((store, vec![])));
    }

    #[test]
    fn no_damage_goes_unnoticed() {
        let whole = encode(Extent::default(), &folders());
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 1;
            assert_eq!(decode(&damaged), None, "byte {place}");
            assert_eq!(decode(&whole[..place]), None, "{place} bytes");
        }
    }
}
