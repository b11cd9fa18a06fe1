//! Taking a snapshot: reads what has changed, and makes the folders of it.

use std::collections::HashMap;
use std::os::fd::AsFd;

use jj_lib::backend::{Tree, TreeId, TreeValue};
use jj_lib::repo_path::RepoPathComponentBuf;
use rayon::prelude::*;
use rustix::fs::{Timestamps, fstat, futimens};

use super::backend::{empty_tree, encode_tree};
use super::index::{Index, IndexedFile, IndexedFolder, Seen};
use super::object::{ObjectId, ObjectKind};
use super::objects::{Objects, PutError};
use super::rules::{OUTER_RULES_NAME, OuterRules};
use super::scan::{Found, Scan, ScannedFolder, is_exhaustion, join, unkept};
use super::version::{FileVersion, VersionKind};
use super::worktree::{Worktree, file_type, is_absence, permissions};
use crate::{SkipReason, Skipped, SnapshotLimits, SpoolError};

/// A file that was changed this shortly before the snapshot, in nanoseconds, may change once more
/// without its times telling: the system's clock for files moves in steps of up to 10 ms.
const UNSURE: i64 = 100_000_000;

/// The same for file systems that count in whole seconds, or in two.
const UNSURE_IN_SECONDS: i64 = 2_000_000_000;

/// A snapshot that was stored, but does not count yet.
pub(super) struct Taken {
    pub(super) root: ObjectId,
    pub(super) index: Index,
    /// Whether the index differs from the one before.
    pub(super) is_index_new: bool,
    pub(super) files: u64,
    pub(super) skipped: Vec<Skipped>,
}

pub(super) struct Taker<'a> {
    pub(super) worktree: &'a Worktree,
    pub(super) objects: &'a Objects,
    pub(super) limits: &'a SnapshotLimits,
    /// From when on the times of files say nothing yet.
    pub(super) unsure: Option<i64>,
}

/// What reading a file gave.
enum ReadFile {
    Version(FileVersion, Option<Seen>),
    Skipped(FileVersion, SkipReason),
    Vanished,
}

impl Taker<'_> {
    /// Stores what a scan found.
    pub(super) fn take(
        &self,
        scan: Scan,
        outer: &OuterRules,
        old: &Index,
    ) -> Result<Taken, PutError> {
        let Scan {
            mut folders,
            mut skipped,
        } = scan;
        let is_read = self.read(&mut folders, &mut skipped)?;
        let index = Index::new(self.fold(folders, outer, old)?);
        let root = index.root().unwrap_or_else(empty_tree);
        Ok(Taken {
            root,
            is_index_new: is_read || index.folders != old.folders,
            files: index.folders.iter().map(|f| f.files.len() as u64).sum(),
            index,
            skipped,
        })
    }

    /// Reads the files that are to be read. Returns whether there were any.
    fn read(
        &self,
        folders: &mut [ScannedFolder],
        skipped: &mut Vec<Skipped>,
    ) -> Result<bool, PutError> {
        let mut ahead = Vec::new();
        let mut bytes: u64 = 0;
        for (at, folder) in folders.iter().enumerate() {
            for (place, file) in folder.files.iter().enumerate() {
                if let Found::File(seen) | Found::Link(seen) = file.found {
                    bytes = bytes.saturating_add(seen.size);
                    ahead.push((at, place, join(&folder.path, &file.name), file.found));
                }
            }
        }
        if bytes > self.limits.store_bytes {
            return Err(PutError::Full);
        }
        let read: Vec<(usize, usize, String, ReadFile)> = ahead
            .into_par_iter()
            .map(|(at, place, path, found)| {
                let read = match found {
                    Found::File(seen) => self.read_file(&path, seen)?,
                    Found::Link(seen) => self.read_link(&path, seen)?,
                    Found::Known { version, seen } => ReadFile::Version(version, seen),
                };
                Ok((at, place, path, read))
            })
            .collect::<Result<_, PutError>>()?;
        let is_read = !read.is_empty();
        let mut vanished = Vec::new();
        for (at, place, path, read) in read {
            let file = &mut folders[at].files[place];
            match read {
                ReadFile::Version(version, seen) => file.found = Found::Known { version, seen },
                ReadFile::Skipped(version, reason) => {
                    file.found = Found::Known {
                        version,
                        seen: None,
                    };
                    skipped.push(Skipped { path, reason });
                }
                ReadFile::Vanished => vanished.push(at),
            }
        }
        for at in vanished {
            let files = &mut folders[at].files;
            files.retain(|file| matches!(file.found, Found::Known { .. }));
        }
        Ok(is_read)
    }

    fn read_file(&self, path: &str, seen: Seen) -> Result<ReadFile, PutError> {
        let (mut file, stat) = match self.worktree.open_file(path, seen.inode) {
            Ok((_, stat)) if !file_type(&stat).is_file() => return Ok(ReadFile::Vanished),
            Ok(opened) => opened,
            Err(error) if is_absence(error) => return Ok(ReadFile::Vanished),
            Err(error) => return self.unreadable(path, seen, error),
        };
        let mode = permissions(&stat);
        let (id, length) = match self.objects.put_file(&mut file, self.limits.file_bytes) {
            Ok(stored) => stored,
            Err(PutError::Source(error)) => {
                let reason = SkipReason::Unreadable(error.to_string());
                return Ok(ReadFile::Skipped(unkept(seen, mode), reason));
            }
            Err(error) => return Err(error),
        };
        let after = fstat(&file).map_err(|error| PutError::Source(error.into()))?;
        let seen = Seen::new(&after);
        if length > self.limits.file_bytes {
            let reason = SkipReason::TooLarge(length);
            return Ok(ReadFile::Skipped(unkept(seen, mode), reason));
        }
        let is_sure = seen == Seen::new(&stat)
            && seen.size == length
            && is_settled(seen.changed, self.unsure);
        let version = FileVersion {
            kind: VersionKind::File,
            id,
            mode: permissions(&after),
        };
        Ok(ReadFile::Version(version, is_sure.then_some(seen)))
    }

    fn read_link(&self, path: &str, seen: Seen) -> Result<ReadFile, PutError> {
        let target = match self.worktree.read_link(path) {
            Ok(target) => target,
            // `INVAL` says that it is no link any more.
            Err(error) if is_absence(error) || error == rustix::io::Errno::INVAL => {
                return Ok(ReadFile::Vanished);
            }
            Err(error) => return self.unreadable(path, seen, error),
        };
        if std::str::from_utf8(&target).is_err() {
            let version = FileVersion {
                kind: VersionKind::Unkept,
                id: ObjectId::of(ObjectKind::Print, &target),
                mode: 0,
            };
            return Ok(ReadFile::Skipped(version, SkipReason::NotUtf8));
        }
        let version = FileVersion {
            kind: VersionKind::Link,
            id: self.objects.put(ObjectKind::Link, &target)?,
            mode: 0,
        };
        let seen = is_settled(seen.changed, self.unsure).then_some(seen);
        Ok(ReadFile::Version(version, seen))
    }

    fn unreadable(
        &self,
        path: &str,
        seen: Seen,
        error: rustix::io::Errno,
    ) -> Result<ReadFile, PutError> {
        if is_exhaustion(error) {
            let path = self.worktree.path().join(path);
            return Err(SpoolError::io("read", &path, error.into()).into());
        }
        let reason = SkipReason::Unreadable(std::io::Error::from(error).to_string());
        Ok(ReadFile::Skipped(unkept(seen, 0), reason))
    }

    /// Makes the trees, from the innermost folders up.
    fn fold(
        &self,
        folders: Vec<ScannedFolder>,
        outer: &OuterRules,
        old: &Index,
    ) -> Result<Vec<IndexedFolder>, PutError> {
        // What is in each folder that was already made: the trees, and whether one is new.
        let mut subtrees: HashMap<String, (Vec<(String, ObjectId)>, bool)> = HashMap::new();
        let mut indexed = Vec::with_capacity(folders.len());
        for folder in folders.into_iter().rev() {
            let (trees, mut is_new) = subtrees.remove(&folder.path).unwrap_or_default();
            let files: Vec<_> = folder
                .files
                .into_iter()
                .filter_map(|file| match file.found {
                    Found::Known { version, seen } => Some(IndexedFile {
                        name: file.name,
                        version,
                        seen,
                    }),
                    Found::File(_) | Found::Link(_) => None,
                })
                .collect();
            let last = old.folder(&folder.path);
            is_new |= match last {
                Some(last) => {
                    last.subfolders as usize != trees.len()
                        || (folder.path.is_empty() && last.rules != folder.rules)
                        || !is_same(&last.files, &files)
                }
                None => true,
            };
            let subfolders = trees.len() as u32;
            let tree = match last {
                Some(last) if !is_new => last.tree,
                _ => self.tree(&folder.path, &files, trees, outer)?,
            };
            if let (Some(tree), false) = (tree, folder.path.is_empty()) {
                let (above, name) = folder.path.rsplit_once('/').unwrap_or(("", &folder.path));
                let is_new = last.and_then(|last| last.tree) != Some(tree);
                let (trees, has_new) = subtrees.entry(above.to_owned()).or_default();
                trees.push((name.to_owned(), tree));
                *has_new |= is_new;
            }
            indexed.push(IndexedFolder {
                path: folder.path,
                rules: folder.rules,
                tree,
                subfolders,
                files,
            });
        }
        indexed.reverse();
        Ok(indexed)
    }

    /// Stores a folder; `None` when there is nothing in it.
    fn tree(
        &self,
        path: &str,
        files: &[IndexedFile],
        trees: Vec<(String, ObjectId)>,
        outer: &OuterRules,
    ) -> Result<Option<ObjectId>, PutError> {
        let mut entries: Vec<(String, TreeValue)> = trees
            .into_iter()
            .map(|(name, tree)| (name, TreeValue::Tree(TreeId::from_bytes(&tree.0))))
            .collect();
        let files = files
            .iter()
            .map(|file| (file.name.to_string(), file.version.to_tree_value()));
        entries.extend(files);
        if path.is_empty() && !outer.is_empty() {
            let rules = serde_json::to_vec(outer).unwrap_or_default();
            let rules = FileVersion {
                kind: VersionKind::File,
                id: self.objects.put(ObjectKind::File, &rules)?,
                mode: 0,
            };
            entries.push((OUTER_RULES_NAME.to_owned(), rules.to_tree_value()));
        }
        if entries.is_empty() {
            return Ok(None);
        }
        entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let entries = entries
            .into_iter()
            .filter_map(|(name, value)| Some((RepoPathComponentBuf::new(name).ok()?, value)));
        let tree = Tree::from_sorted_entries(entries.collect());
        let damaged = || {
            self.objects
                .folder()
                .damaged("a folder holds what it cannot")
        };
        let bytes = encode_tree(&tree).ok_or_else(damaged)?;
        Ok(Some(self.objects.put(ObjectKind::Tree, &bytes)?))
    }
}

/// Tells whether a further change of a file would show in its times, given when it was changed last
/// and when the snapshot began.
fn is_settled(changed: i64, start: Option<i64>) -> bool {
    let is_in_seconds = changed % 1_000_000_000 == 0;
    let margin = if is_in_seconds {
        UNSURE_IN_SECONDS
    } else {
        UNSURE
    };
    start.is_some_and(|start| changed < start.saturating_sub(margin))
}

/// Tells whether names and versions are the same.
fn is_same(old: &[IndexedFile], new: &[IndexedFile]) -> bool {
    old.len() == new.len()
        && old
            .iter()
            .zip(new)
            .all(|(old, new)| old.name == new.name && old.version == new.version)
}

/// Returns the time of the system's clock for files, in nanoseconds, as the store's disk has it.
pub(super) fn file_clock(lock: impl AsFd) -> Option<i64> {
    let now = rustix::fs::Timespec {
        tv_sec: 0,
        tv_nsec: rustix::fs::UTIME_NOW,
    };
    let times = Timestamps {
        last_access: now,
        last_modification: now,
    };
    futimens(&lock, &times).ok()?;
    Some(Seen::new(&fstat(&lock).ok()?).modified)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_relied_on_only_when_the_clock_has_moved_since() {
        const START: i64 = 1_700_000_000_500_000_000;
        assert!(is_settled(START - 200_000_000, Some(START)));
        assert!(!is_settled(START - 10_000_000, Some(START)));
        assert!(!is_settled(START, Some(START)));
        assert!(!is_settled(START + 200_000_000, Some(START)));
        // A file system that counts in seconds, or in two.
        assert!(!is_settled(1_700_000_000_000_000_000, Some(START)));
        assert!(!is_settled(1_699_999_999_000_000_000, Some(START)));
        assert!(is_settled(1_699_999_998_000_000_000, Some(START)));
        // Without a clock nothing is.
        assert!(!is_settled(0, None));
    }
}
