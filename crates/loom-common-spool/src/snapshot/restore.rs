//! Putting versions back into the workspace.
//!
//! Each file is replaced at one stroke: the new one is written beside it and takes its name. It is
//! replaced only while it still is what the caller expects there; whatever somebody else has put in
//! its place stays. Nothing is reached through a symbolic link, and nothing of version control is
//! touched. First everything is deleted that is to go, so that a folder can take the place of a
//! file and a file that of a folder.

use std::fs::File;
use std::io::{self, Read as _, Write as _};

use rustix::fs::{
    AtFlags, Dir, Gid, Mode, OFlags, Stat, Uid, fchmod, fchown, fstat, mkdirat, openat, renameat,
    statat, symlinkat, unlinkat,
};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::index::{Index, Seen};
use super::object::{ObjectHasher, ObjectId, ObjectKind};
use super::objects::Objects;
use super::pack::BLOCK;
use super::rules::VERSION_CONTROL;
use super::scan::{TEMPORARY, unkept};
use super::version::VersionKind;
use super::worktree::{Worktree, file_type, is_absence, open_at, permissions};
use super::{LockedStore, Target};
use crate::{FileVersion, SpoolError};

/// How often another name is tried when the one for the new file is taken.
const NAME_ATTEMPTS: u32 = 100;

/// A path that is to get other content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restoring {
    /// Relative to the workspace, with `/`.
    pub path: String,
    /// What is there; when it is something else, it stays.
    pub expected: Option<FileVersion>,
    /// What shall be there; `None` for nothing.
    pub target: Option<Target>,
}

/// What became of the paths that were to be restored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// The paths that hold now what they were to hold, in order.
    pub restored: Vec<String>,
    /// The paths that were left as they are.
    pub kept: Vec<Kept>,
}

/// A path that was left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Relative to the workspace, with `/`.
    pub path: String,
    /// Why.
    pub reason: KeepReason,
}

/// Why a path was left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeepReason {
    /// Somebody is changing it right now.
    Changed,
    /// The content that it had was never kept: it was too large, or could not be read.
    NotKept,
    /// There is something in its place that snapshots do not hold: an ignored file, a folder
    /// that is not empty, a device.
    Occupied,
    /// A symbolic link is on the way to it.
    BehindLink,
    /// It belongs to version control.
    Protected,
    /// It could not be written, for what the system said.
    Failed(String),
}

impl std::fmt::Display for KeepReason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Changed => "it is being changed right now",
            Self::NotKept => "its content was never kept: it was too large or unreadable",
            Self::Occupied => "something that snapshots do not hold is in its place",
            Self::BehindLink => "a symbolic link is on the way to it",
            Self::Protected => "it belongs to version control",
            Self::Failed(reason) => return write!(formatter, "it could not be written: {reason}"),
        })
    }
}

impl LockedStore<'_> {
    /// Gives paths the content that they are to have, as far as that can be.
    ///
    /// Folders that are missing are made, and folders that become empty are deleted.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Damaged`] or [`SpoolError::Io`] when the store cannot be read. Some of the
    /// paths may be restored by then.
    pub fn restore(&self, mut paths: Vec<Restoring>) -> Result<Restored, SpoolError> {
        let folder = &self.store.folder;
        let worktree = Worktree::open(self.store.workspace())?;
        let objects = Objects::open(folder)?.ok_or_else(|| folder.damaged("`head` is missing"))?;
        let restorer = Restorer {
            worktree: &worktree,
            objects: &objects,
            index: Index::read(&folder.index(), &self.head),
        };
        // What is deleted comes first, and of that the innermost.
        paths.sort_by(|a, b| match (&a.target, &b.target) {
            (None, None) => b.path.cmp(&a.path),
            (None, Some(_)) => std::cmp::Ordering::Less,
            (Some(_), None) => std::cmp::Ordering::Greater,
            (Some(_), Some(_)) => a.path.cmp(&b.path),
        });
        let mut outcome = Restored::default();
        for restoring in paths {
            match restorer.restore(&restoring) {
                Ok(()) => outcome.restored.push(restoring.path),
                Err(RestoreError::Kept(reason)) => outcome.kept.push(Kept {
                    path: restoring.path,
                    reason,
                }),
                Err(RestoreError::Store(error)) => {
                    return self.store.noting_damage(Err(error));
                }
            }
        }
        outcome.restored.sort_unstable();
        outcome.kept.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(outcome)
    }
}

enum RestoreError {
    Kept(KeepReason),
    Store(SpoolError),
}

impl From<Errno> for RestoreError {
    fn from(error: Errno) -> Self {
        io::Error::from(error).into()
    }
}

impl From<io::Error> for RestoreError {
    fn from(error: io::Error) -> Self {
        Self::Kept(KeepReason::Failed(error.to_string()))
    }
}

impl From<KeepReason> for RestoreError {
    fn from(reason: KeepReason) -> Self {
        Self::Kept(reason)
    }
}

struct Restorer<'a> {
    worktree: &'a Worktree,
    objects: &'a Objects,
    /// As of the snapshot that the expectations are from.
    index: Index,
}

impl Restorer<'_> {
    fn restore(&self, restoring: &Restoring) -> Result<(), RestoreError> {
        let path = &restoring.path;
        let is_protected = |name: &str| {
            let is_own = |own: &&str| own.eq_ignore_ascii_case(name);
            ["", ".", ".."].contains(&name) || VERSION_CONTROL.iter().any(is_own)
        };
        if path.split('/').any(is_protected) {
            return Err(KeepReason::Protected.into());
        }
        match &restoring.target {
            None => self.delete(path, restoring.expected),
            Some(Target::Version(version)) if !version.is_kept() => Err(KeepReason::NotKept.into()),
            Some(target) => self.write(path, restoring.expected, target),
        }
    }

    fn delete(&self, path: &str, expected: Option<FileVersion>) -> Result<(), RestoreError> {
        let (folder, name) = match self.worktree.open_parent(path) {
            Ok(opened) => opened,
            // There is nothing, as there should be; what is behind a link is another file.
            Err(error) if is_absence(error) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if expected.is_none() {
            // The snapshot did not have it and it shall not be there: what is there is no
            // business of snapshots.
            return Ok(());
        }
        if self.check(path, &folder, name, expected)?.is_none() {
            return Ok(());
        }
        unlinkat(&folder, name, AtFlags::empty())?;
        self.delete_empty_folders(path);
        Ok(())
    }

    /// Deletes the folders that a path was in, as long as they are empty.
    fn delete_empty_folders(&self, path: &str) {
        let mut path = path;
        while let Some((folder, _)) = path.rsplit_once('/') {
            let Ok((above, name)) = self.worktree.open_parent(folder) else {
                return;
            };
            if unlinkat(&above, name, AtFlags::REMOVEDIR).is_err() {
                return;
            }
            path = folder;
        }
    }

    fn write(
        &self,
        path: &str,
        expected: Option<FileVersion>,
        target: &Target,
    ) -> Result<(), RestoreError> {
        let (folder, name) = self.create_parent(path)?;
        if expected.is_none() && self.holds(&folder, name, target)? {
            return Ok(());
        }
        let old = self.check(path, &folder, name, expected)?;
        let temporary = self.create_temporary(&folder, target, old.as_ref())?;
        let renamed = self
            .check(path, &folder, name, expected)
            .and_then(|_| Ok(renameat(&folder, &*temporary, &folder, name)?));
        if renamed.is_err() {
            let _ = unlinkat(&folder, &*temporary, AtFlags::empty());
        }
        renamed
    }

    /// Opens the folder that is to hold `path`, and makes the folders that are missing.
    fn create_parent<'a>(&self, path: &'a str) -> Result<(File, &'a str), RestoreError> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut folder = self.worktree.open_folder("")?;
        for name in parent.split('/').filter(|name| !name.is_empty()) {
            match mkdirat(&folder, name, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                // Some file systems refuse before they look whether the folder is there.
                Err(_) if statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok() => {}
                Err(error) => return Err(error.into()),
            }
            let flags = OFlags::RDONLY | OFlags::DIRECTORY;
            folder = match open_at(&folder, name, flags) {
                Ok(folder) => folder,
                Err(Errno::LOOP) => return Err(KeepReason::BehindLink.into()),
                Err(Errno::NOTDIR) => {
                    let stat = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
                    let is_link = file_type(&stat).is_symlink();
                    return Err(if is_link {
                        KeepReason::BehindLink.into()
                    } else {
                        KeepReason::Occupied.into()
                    });
                }
                Err(error) => return Err(error.into()),
            };
        }
        Ok((folder, name))
    }

    /// Makes a file or link with the content of `target` under a name that is not taken.
    fn create_temporary(
        &self,
        folder: &File,
        target: &Target,
        old: Option<&Stat>,
    ) -> Result<String, RestoreError> {
        let process = std::process::id();
        for attempt in 0..NAME_ATTEMPTS {
            let name = format!("{TEMPORARY}{process}-{attempt}");
            let made = match target {
                Target::Version(version) if version.is_link() => {
                    let link = self.objects.read(ObjectKind::Link, &version.id);
                    let link = link.map_err(RestoreError::Store)?;
                    symlinkat(&*link, folder, &*name).map_err(RestoreError::from)
                }
                _ => self.create_file(folder, &name, target, old),
            };
            match made {
                Ok(()) => return Ok(name),
                Err(_) if self.is_left_over(folder, &name, attempt) => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::from(io::ErrorKind::AlreadyExists).into())
    }

    /// Tells whether making a file failed because the name is taken: by a process of the same
    /// number that was killed, for no living one has it.
    fn is_left_over(&self, folder: &File, name: &str, attempt: u32) -> bool {
        attempt + 1 < NAME_ATTEMPTS && statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    fn create_file(
        &self,
        folder: &File,
        name: &str,
        target: &Target,
        old: Option<&Stat>,
    ) -> Result<(), RestoreError> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // Nobody else can read what becomes a private file.
        let file = openat(folder, name, flags, Mode::from_raw_mode(0o600))?;
        let filled = self.fill_file(file.into(), target, old);
        if filled.is_err() {
            let _ = unlinkat(folder, name, AtFlags::empty());
        }
        filled
    }

    fn fill_file(
        &self,
        mut file: File,
        target: &Target,
        old: Option<&Stat>,
    ) -> Result<(), RestoreError> {
        let mode = match target {
            Target::Merged { content, mode } => {
                file.write_all(content)?;
                *mode
            }
            Target::Version(version) => {
                let mut failed = None;
                let written = self
                    .objects
                    .read_to(ObjectKind::File, &version.id, |block| {
                        file.write_all(block)
                            .inspect_err(|error| failed = Some(io::Error::from(error.kind())))
                    });
                match (written, failed) {
                    (_, Some(error)) => return Err(error.into()),
                    (Err(error), None) => return Err(RestoreError::Store(error)),
                    (Ok(()), None) => version.mode.into(),
                }
            }
        };
        let new = fstat(&file)?;
        if let Some(old) = old
            && (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid)
        {
            // Only root may give a file away; others get what a new file gets.
            let _ = fchown(
                &file,
                Some(Uid::from_raw(old.st_uid)),
                Some(Gid::from_raw(old.st_gid)),
            );
        }
        fchmod(&file, Mode::from_raw_mode(mode & 0o777))?;
        file.sync_data()?;
        Ok(())
    }

    /// Fails when a path holds something else than is expected. Returns the status of what is there.
    fn check(
        &self,
        path: &str,
        folder: &File,
        name: &str,
        expected: Option<FileVersion>,
    ) -> Result<Option<Stat>, RestoreError> {
        let stat = match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(error) if is_absence(error) => {
                return match expected {
                    None => Ok(None),
                    Some(_) => Err(KeepReason::Changed.into()),
                };
            }
            Err(error) => return Err(error.into()),
        };
        let Some(expected) = expected else {
            // Folders are in no snapshot; one without anything in it is in nobody's way.
            return if file_type(&stat).is_dir() && delete_empty_tree(folder, name).is_ok() {
                Ok(None)
            } else {
                Err(KeepReason::Occupied.into())
            };
        };
        let is_as_seen = self.index.file(path).is_some_and(|file| {
            let mode = if expected.is_link() {
                0
            } else {
                permissions(&stat)
            };
            file.version == expected && file.seen == Some(Seen::new(&stat)) && mode == expected.mode
        });
        if is_as_seen || self.present(folder, name, &stat)? == Some(expected) {
            Ok(Some(stat))
        } else {
            Err(KeepReason::Changed.into())
        }
    }

    /// Tells whether a path holds what it is to hold.
    fn holds(&self, folder: &File, name: &str, target: &Target) -> Result<bool, RestoreError> {
        let stat = match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(error) if is_absence(error) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let wanted = match target {
            Target::Version(version) => *version,
            Target::Merged { content, mode } => FileVersion {
                kind: VersionKind::File,
                id: ObjectId::of(ObjectKind::File, content),
                mode: *mode as u16,
            },
        };
        Ok(self.present(folder, name, &stat)? == Some(wanted))
    }

    /// Reads what a path holds now; `None` when it is no file and no link.
    fn present(
        &self,
        folder: &File,
        name: &str,
        stat: &Stat,
    ) -> Result<Option<FileVersion>, RestoreError> {
        let kind = file_type(stat);
        if kind.is_symlink() {
            let target = rustix::fs::readlinkat(folder, name, Vec::new())?;
            return Ok(Some(FileVersion {
                kind: VersionKind::Link,
                id: ObjectId::of(ObjectKind::Link, target.as_bytes()),
                mode: 0,
            }));
        }
        if !kind.is_file() {
            return Ok(None);
        }
        let mode = permissions(stat);
        let Ok(mut file) = open_at(folder, name, OFlags::RDONLY | OFlags::NONBLOCK) else {
            return Ok(Some(unkept(Seen::new(stat), mode)));
        };
        let mut hasher = ObjectHasher::new(ObjectKind::File);
        let mut block = vec![0; BLOCK.min(1 << 16)];
        loop {
            match file.read(&mut block)? {
                0 => break,
                read => hasher.update(&block[..read]),
            }
        }
        Ok(Some(FileVersion {
            kind: VersionKind::File,
            id: hasher.finish(),
            mode,
        }))
    }
}

/// Deletes a folder that holds nothing but such folders; as much of it as there is.
fn delete_empty_tree(folder: &File, name: &str) -> rustix::io::Result<()> {
    let opened = open_at(folder, name, OFlags::RDONLY | OFlags::DIRECTORY)?;
    let mut listed = Dir::read_from(&opened)?;
    while let Some(entry) = listed.read() {
        let entry = entry?;
        let name = entry.file_name().to_str().map_err(|_| Errno::NOTEMPTY)?;
        if [".", ".."].contains(&name) {
            continue;
        }
        // Fails for what is not empty, and for files.
        match unlinkat(&opened, name, AtFlags::REMOVEDIR) {
            Err(Errno::NOTEMPTY) => delete_empty_tree(&opened, name)?,
            removed => removed?,
        }
    }
    unlinkat(folder, name, AtFlags::REMOVEDIR)
}
