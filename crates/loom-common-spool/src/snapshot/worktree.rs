//! The workspace's folder, opened once, and paths in it that no symbolic link leads out of.
//!
//! Everything below is reached from the folder by its descriptor. A path is opened in one step, and
//! what was opened is held against what the folder above listed; only when they differ (a mount, a
//! race) the path is walked name by name, refusing links.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, Stat, fstat, openat, readlinkat};
use rustix::io::Errno;

use crate::SpoolError;

/// The folder of a workspace.
#[derive(Debug)]
pub(super) struct Worktree {
    path: PathBuf,
    root: File,
}

impl Worktree {
    pub(super) fn open(path: &Path) -> Result<Self, SpoolError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat(CWD, path, flags, Mode::empty())
            .map_err(|error| SpoolError::io("open the workspace", path, error.into()))?;
        Ok(Self {
            path: path.to_owned(),
            root: root.into(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a folder that is no link, and has none above it.
    pub(super) fn open_folder(&self, path: &str) -> rustix::io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let mut folder = open_at(&self.root, ".", flags)?;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            folder = open_at(&folder, name, flags)?;
        }
        Ok(folder)
    }

    /// Opens a folder that was listed with this inode, as [`Self::open_folder`] does.
    pub(super) fn open_listed(&self, path: &str, inode: u64) -> rustix::io::Result<(File, Stat)> {
        let mut folder = open_at(&self.root, path, OFlags::RDONLY | OFlags::DIRECTORY)?;
        let mut stat = fstat(&folder)?;
        if stat.st_ino != inode {
            folder = self.open_folder(path)?;
            stat = fstat(&folder)?;
        }
        Ok((folder, stat))
    }

    /// Opens the folder that a path is in, as [`Self::open_folder`] does, and returns the name
    /// of the path in it.
    pub(super) fn open_parent<'a>(&self, path: &'a str) -> rustix::io::Result<(File, &'a str)> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        Ok((self.open_folder(folder)?, name))
    }

    /// Opens a file to read: one that is no link, and has none above it. Does not wait for the other
    /// end of a pipe.
    pub(super) fn open_file(&self, path: &str, inode: u64) -> rustix::io::Result<(File, Stat)> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = open_at(&self.root, path, flags)?;
        let stat = fstat(&file)?;
        if stat.st_ino == inode {
            return Ok((file, stat));
        }
        let (folder, name) = self.open_parent(path)?;
        let file = open_at(&folder, name, flags)?;
        let stat = fstat(&file)?;
        Ok((file, stat))
    }

    /// Reads the target of a link that has no link above it.
    pub(super) fn read_link(&self, path: &str) -> rustix::io::Result<Vec<u8>> {
        let (folder, name) = self.open_parent(path)?;
        Ok(readlinkat(&folder, name, Vec::new())?.into_bytes())
    }
}

/// Opens a name or path; what it names itself, not what that may link to.
pub(super) fn open_at(folder: impl AsFd, path: &str, flags: OFlags) -> rustix::io::Result<File> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(folder, path, flags, Mode::empty())?.into())
}

/// Tells whether an error says that there is nothing at a path, or not the kind of thing that was
/// there before.
pub(super) fn is_absence(error: Errno) -> bool {
    matches!(error, Errno::NOENT | Errno::NOTDIR | Errno::LOOP)
}

/// Returns the kind of what a status is of.
pub(super) fn file_type(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// Returns the permission bits that snapshots keep.
pub(super) fn permissions(stat: &Stat) -> u16 {
    (stat.st_mode & 0o777) as u16
}
