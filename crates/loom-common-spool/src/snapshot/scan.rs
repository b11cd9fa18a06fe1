//! What is in the workspace now: names, kinds, sizes and times, level by level.
//!
//! All folders of a level are listed side by side, then all folders in them. Nothing recurses, so
//! deep trees need neither stack nor open folders. Files that are as the index says keep their
//! version; the others are to be read.

use std::mem::MaybeUninit;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use rustix::fs::{AtFlags, FileType, OFlags, RawDir, Stat, fstat, stat, statat};
use rustix::io::Errno;

use super::index::{Index, IndexedFolder, Seen};
use super::object::{ObjectId, ObjectKind};
use super::rules::{OuterRules, Rules, VERSION_CONTROL, read_bounded};
use super::version::{FileVersion, VersionKind};
use super::worktree::{Worktree, file_type, is_absence, open_at, permissions};
use crate::{SkipReason, Skipped, SnapshotLimits, SpoolError};

/// How the names of files begin that a restore is about to put in place.
pub(super) const TEMPORARY: &str = ".loom-restore-";

/// Bytes for the entries of a folder that the system is asked for at once.
const LISTING: usize = 1 << 14;

/// What a scan found.
#[derive(Debug)]
pub(super) struct Scan {
    /// Each folder after the one above it.
    pub(super) folders: Vec<ScannedFolder>,
    /// What is not in the snapshot, or not whole.
    pub(super) skipped: Vec<Skipped>,
}

/// A folder, with what is in it and not ignored.
#[derive(Debug)]
pub(super) struct ScannedFolder {
    /// Relative to the workspace, with `/`; empty for the workspace.
    pub(super) path: String,
    /// Stands for the rules that hold in it.
    pub(super) rules: u64,
    /// Sorted by name.
    pub(super) files: Vec<ScannedFile>,
}

/// A file or link.
#[derive(Debug)]
pub(super) struct ScannedFile {
    pub(super) name: Box<str>,
    pub(super) found: Found,
}

/// What is known of a file without reading it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    /// It has this version.
    Known {
        version: FileVersion,
        seen: Option<Seen>,
    },
    /// It is to be read.
    File(Seen),
    /// It is a link, to be read.
    Link(Seen),
}

/// A folder that is to be listed.
struct Ahead {
    path: String,
    /// `None` for the workspace itself.
    inode: Option<u64>,
    rules: Arc<Rules>,
}

struct Listed {
    folder: ScannedFolder,
    subfolders: Vec<Ahead>,
    skipped: Vec<Skipped>,
}

struct Scanner<'a> {
    worktree: &'a Worktree,
    index: &'a Index,
    limits: &'a SnapshotLimits,
    /// The folder of the store: device and inode.
    store: Option<(u64, u64)>,
    files: AtomicU64,
}

/// Scans the workspace. The folder `store` in it is left out.
pub(super) fn scan(
    worktree: &Worktree,
    index: &Index,
    outer: &OuterRules,
    limits: &SnapshotLimits,
    store: &Path,
) -> Result<Scan, SpoolError> {
    let scanner = Scanner {
        worktree,
        index,
        limits,
        store: stat(store).ok().map(|stat| device_and_inode(&stat)),
        files: AtomicU64::new(0),
    };
    let mut scan = Scan {
        folders: Vec::new(),
        skipped: Vec::new(),
    };
    let mut level = vec![Ahead {
        path: String::new(),
        inode: None,
        rules: outer.root(),
    }];
    while !level.is_empty() {
        let listed: Vec<Vec<Listed>> = level
            .into_par_iter()
            .map(|ahead| scanner.list(ahead))
            .collect::<Result<_, _>>()?;
        level = Vec::new();
        for listed in listed.into_iter().flatten() {
            scan.folders.push(listed.folder);
            scan.skipped.extend(listed.skipped);
            level.extend(listed.subfolders);
        }
    }
    Ok(scan)
}

impl Scanner<'_> {
    /// Lists a folder: nothing when it has vanished, and what the index has of it and of the
    /// folders in it when it cannot be read.
    fn list(&self, ahead: Ahead) -> Result<Vec<Listed>, SpoolError> {
        match self.try_list(&ahead) {
            Ok(Some(listed)) if self.files.load(Ordering::Relaxed) > self.limits.files => {
                drop(listed);
                Err(SpoolError::TooLarge {
                    workspace: self.worktree.path().to_owned(),
                    limit: format!("{} files", self.limits.files),
                })
            }
            Ok(listed) => Ok(Vec::from_iter(listed)),
            Err(error) if ahead.inode.is_none() || is_exhaustion(error) => Err(SpoolError::io(
                "read",
                &self.worktree.path().join(&ahead.path),
                error.into(),
            )),
            Err(error) if is_absence(error) => Ok(Vec::new()),
            Err(error) => {
                let reason = SkipReason::Unreadable(std::io::Error::from(error).to_string());
                let mut kept: Vec<_> = self.index.below(&ahead.path).map(as_it_was).collect();
                if kept.is_empty() {
                    kept.push(Listed {
                        folder: ScannedFolder {
                            path: ahead.path.clone(),
                            rules: ahead.rules.digest(),
                            files: Vec::new(),
                        },
                        subfolders: Vec::new(),
                        skipped: Vec::new(),
                    });
                }
                kept[0].skipped.push(Skipped {
                    path: ahead.path,
                    reason,
                });
                Ok(kept)
            }
        }
    }

    fn try_list(&self, ahead: &Ahead) -> rustix::io::Result<Option<Listed>> {
        let folder = match ahead.inode {
            None => self.worktree.open_folder("")?,
            Some(inode) => {
                let (folder, stat) = self.worktree.open_listed(&ahead.path, inode)?;
                if Some(device_and_inode(&stat)) == self.store {
                    return Ok(None);
                }
                folder
            }
        };
        let mut skipped = Vec::new();
        let mut names: Vec<(Box<str>, FileType, u64)> = Vec::new();
        let mut buffer = [MaybeUninit::uninit(); LISTING];
        let mut entries = RawDir::new(&folder, &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else {
                let name = entry.file_name().to_string_lossy();
                skipped.push(Skipped {
                    path: join(&ahead.path, &name),
                    reason: SkipReason::NotUtf8,
                });
                continue;
            };
            if [".", ".."].contains(&name)
                || VERSION_CONTROL.contains(&name)
                || name.starts_with(TEMPORARY)
            {
                continue;
            }
            names.push((name.into(), entry.file_type(), entry.ino()));
        }
        names.sort_unstable_by(|(a, ..), (b, ..)| a.cmp(b));
        // What is renamed while a folder is listed may be listed twice.
        names.dedup_by(|(a, ..), (b, ..)| a == b);

        let mut rules = ahead.rules.clone();
        if names.iter().any(|(name, ..)| &**name == ".gitignore")
            && let Ok(file) = open_at(&folder, ".gitignore", OFlags::RDONLY | OFlags::NONBLOCK)
            && file_type(&fstat(&file)?).is_file()
            && let Some(patterns) = read_bounded(file)
        {
            rules = rules.with(&ahead.path, patterns);
        }
        let old = self.index.folder(&ahead.path);
        // What was taken under the same rules is not ignored by them.
        let trusted = old.filter(|old| old.rules == rules.digest());
        let mut listed = Listed {
            folder: ScannedFolder {
                path: ahead.path.clone(),
                rules: rules.digest(),
                files: Vec::with_capacity(names.len()),
            },
            subfolders: Vec::new(),
            skipped,
        };
        for (name, mut kind, inode) in names {
            let mut stat = None;
            if !kind.is_dir() {
                stat = match statat(&folder, &*name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => Some(stat),
                    Err(error) if is_absence(error) => continue,
                    Err(error) => return Err(error),
                };
                kind = stat.as_ref().map_or(kind, file_type);
            }
            if kind.is_dir() {
                let path = join(&ahead.path, &name);
                let is_known = trusted.is_some() && self.index.folder(&path).is_some();
                if is_known || !rules.ignores_folder(&path) {
                    let inode = Some(stat.map_or(inode, |stat| stat.st_ino));
                    let rules = rules.clone();
                    listed.subfolders.push(Ahead { path, inode, rules });
                }
            } else if let Some(stat) = stat {
                let known = old.and_then(|old| old.file(&name));
                let is_known = trusted.is_some() && known.is_some();
                if is_known || !rules.ignores_file(&join(&ahead.path, &name)) {
                    let known = known.and_then(|file| Some((file.version, file.seen?)));
                    if let Some(found) = self.found(&stat, known) {
                        if let Found::Known { version, .. } = found
                            && version.kind == VersionKind::Unkept
                        {
                            let path = join(&ahead.path, &name);
                            let reason = SkipReason::TooLarge(stat.st_size as u64);
                            listed.skipped.push(Skipped { path, reason });
                        }
                        listed.folder.files.push(ScannedFile { name, found });
                    }
                }
            }
        }
        let count = listed.folder.files.len() as u64;
        self.files.fetch_add(count, Ordering::Relaxed);
        Ok(Some(listed))
    }

    /// Says what a file is, given what the index knows; `None` when it is no file and no link.
    fn found(&self, stat: &Stat, known: Option<(FileVersion, Seen)>) -> Option<Found> {
        let seen = Seen::new(stat);
        let mode = permissions(stat);
        match file_type(stat) {
            FileType::RegularFile if seen.size > self.limits.file_bytes => Some(Found::Known {
                version: unkept(seen, mode),
                seen: Some(seen),
            }),
            FileType::RegularFile => Some(match known {
                Some((version, last))
                    if last == seen
                        && version.kind == VersionKind::File
                        && version.mode == mode =>
                {
                    Found::Known {
                        version,
                        seen: Some(seen),
                    }
                }
                _ => Found::File(seen),
            }),
            FileType::Symlink => Some(match known {
                Some((version, last)) if last == seen && version.is_link() => Found::Known {
                    version,
                    seen: Some(seen),
                },
                _ => Found::Link(seen),
            }),
            // Pipes, sockets and devices have no content.
            _ => None,
        }
    }
}

/// Returns the version of a file whose content is not kept: one that changes as the file does.
pub(super) fn unkept(seen: Seen, mode: u16) -> FileVersion {
    let print = [seen.size.to_le_bytes(), seen.modified.to_le_bytes()].concat();
    FileVersion {
        kind: VersionKind::Unkept,
        id: ObjectId::of(ObjectKind::Print, &print),
        mode,
    }
}

/// Returns a folder as the index has it.
fn as_it_was(old: &IndexedFolder) -> Listed {
    let files = old.files.iter().map(|file| ScannedFile {
        name: file.name.clone(),
        found: Found::Known {
            version: file.version,
            seen: file.seen,
        },
    });
    Listed {
        folder: ScannedFolder {
            path: old.path.clone(),
            rules: old.rules,
            files: files.collect(),
        },
        subfolders: Vec::new(),
        skipped: Vec::new(),
    }
}

pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        return name.to_owned();
    }
    [folder, "/", name].concat()
}

#[expect(
    clippy::unnecessary_cast,
    reason = "the types of the fields differ between systems"
)]
fn device_and_inode(stat: &Stat) -> (u64, u64) {
    (stat.st_dev as u64, stat.st_ino as u64)
}

/// Tells whether an error is that too many files are open, which is no trait of the file.
pub(super) fn is_exhaustion(error: Errno) -> bool {
    matches!(error, Errno::MFILE | Errno::NFILE | Errno::NOMEM)
}
