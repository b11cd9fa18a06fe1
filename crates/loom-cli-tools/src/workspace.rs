//! Paths of the workspace, and opening them without being led out of it.
//!
//! A path is taken apart and put together again with every symbolic link on the way replaced by
//! its target; only what then lies below the workspace is accepted. Between this check and the
//! opening somebody may swap a folder for a link, so files are opened folder by folder from the
//! workspace down, and no step follows a link: what was checked is what is opened, or nothing.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, mkdirat, open, openat};
use rustix::io::Errno;

use crate::error::ToolError;

/// Links that are followed on the way to one path; as many as the Linux kernel follows.
const MAX_LINKS: usize = 40;

/// The longest path that Linux takes (`PATH_MAX` without the final NUL), in bytes.
const MAX_PATH: usize = 4095;

/// The longest name that common file systems take (`NAME_MAX`), in bytes.
const MAX_NAME: usize = 255;

/// The folder that the agent works in.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
}

/// A path inside the workspace, with symbolic links resolved. It may not exist.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct WorkspacePath {
    /// From the root of the file system.
    pub(crate) absolute: PathBuf,
    /// From the workspace; empty for the workspace itself.
    pub(crate) relative: PathBuf,
}

impl WorkspacePath {
    /// Returns the path as the model is shown it: relative, with `.` for the workspace.
    pub(crate) fn shown(&self) -> String {
        if self.relative.as_os_str().is_empty() {
            ".".to_owned()
        } else {
            self.relative.display().to_string()
        }
    }
}

impl Workspace {
    /// Takes the folder `root`: absolute, with symbolic links resolved.
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// Returns the folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Resolves a path as the model gave it: relative to the workspace, or absolute.
    ///
    /// # Errors
    ///
    /// [`ToolError::OutsideWorkspace`], [`ToolError::BadPath`], or [`ToolError::Io`] when the
    /// system does not let the path be looked at.
    pub(crate) fn resolve(&self, given: &str) -> Result<WorkspacePath, ToolError> {
        let bad = |reason| ToolError::BadPath {
            path: shorten(given),
            reason,
            workspace: self.root.display().to_string(),
        };
        if given.is_empty() {
            return Err(bad("the path is empty"));
        }
        if given.contains('\0') {
            return Err(bad("the path holds a NUL character"));
        }
        if given == "~" || given.starts_with("~/") {
            return Err(bad("`~` is not expanded here"));
        }
        if given.len() > MAX_PATH || given.split('/').any(|name| name.len() > MAX_NAME) {
            return Err(bad("the path is too long for the file system"));
        }
        let absolute = self.follow_links(Path::new(given)).map_err(|source| {
            match Errno::from_io_error(&source) {
                Some(Errno::LOOP) => bad("the symbolic links on the way form a loop"),
                Some(Errno::NAMETOOLONG) => bad("the path is too long for the file system"),
                _ => ToolError::io("look at", Path::new(given), source),
            }
        })?;
        match absolute.strip_prefix(&self.root) {
            Ok(relative) => Ok(WorkspacePath {
                relative: relative.to_owned(),
                absolute,
            }),
            Err(_) => Err(ToolError::OutsideWorkspace {
                path: given.to_owned(),
                workspace: self.root.display().to_string(),
            }),
        }
    }

    /// Replaces every symbolic link by its target. Names that do not exist stay as they are.
    fn follow_links(&self, given: &Path) -> io::Result<PathBuf> {
        // What is still to be walked, the next name last.
        let mut ahead: Vec<OsString> = reversed_names(given);
        let mut walked = if given.is_absolute() {
            PathBuf::from("/")
        } else {
            self.root.clone()
        };
        let mut links = 0;
        while let Some(name) = ahead.pop() {
            if name == ".." {
                walked.pop();
                continue;
            }
            walked.push(&name);
            let is_link = match walked.symlink_metadata() {
                Ok(metadata) => metadata.is_symlink(),
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                    ) =>
                {
                    false
                }
                Err(error) => return Err(error),
            };
            if !is_link {
                continue;
            }
            links += 1;
            if links > MAX_LINKS {
                return Err(Errno::LOOP.into());
            }
            let target = walked.read_link()?;
            walked.pop();
            if target.is_absolute() {
                walked = PathBuf::from("/");
            }
            ahead.extend(reversed_names(&target));
        }
        Ok(walked)
    }

    /// Opens a file or folder for reading. Does not wait for the other end of a named pipe.
    pub(crate) fn open(&self, path: &WorkspacePath) -> io::Result<File> {
        let Some(name) = path.relative.file_name() else {
            return self.open_root();
        };
        let folder = self.open_parent(path)?;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        Ok(open_name(&folder, name, flags)?)
    }

    /// Opens the folder that holds `path`.
    pub(crate) fn open_parent(&self, path: &WorkspacePath) -> io::Result<File> {
        let mut folder = self.open_root()?;
        for name in path.relative.parent().into_iter().flatten() {
            folder = open_name(&folder, name, OFlags::RDONLY | OFlags::DIRECTORY)?;
        }
        Ok(folder)
    }

    /// Opens the folder that is to hold `path`, and makes the folders that are missing.
    pub(crate) fn create_parent(&self, path: &WorkspacePath) -> io::Result<File> {
        let mut folder = self.open_root()?;
        for name in path.relative.parent().into_iter().flatten() {
            match mkdirat(&folder, name, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                // Some file systems refuse before they look whether the folder is there.
                Err(_) if rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok() => {}
                Err(error) => return Err(error.into()),
            }
            folder = open_name(&folder, name, OFlags::RDONLY | OFlags::DIRECTORY)?;
        }
        Ok(folder)
    }

    fn open_root(&self) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(open(&self.root, flags, Mode::empty())?.into())
    }
}

/// Opens `name` in `folder`; fails when it is a symbolic link.
fn open_name(folder: &File, name: &OsStr, flags: OFlags) -> rustix::io::Result<File> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(folder, name, flags, Mode::empty())?.into())
}

/// Returns the names of a path, the first one last, without `.` and the root.
fn reversed_names(path: &Path) -> Vec<OsString> {
    path.components()
        .rev()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some(OsString::from("..")),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}

/// Returns the path for an error message: quoted, and cut when it is very long.
fn shorten(path: &str) -> String {
    const SHOWN: usize = 200;
    let mut shown: String = path.chars().take(SHOWN).collect();
    if shown.len() < path.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    fn workspace() -> (TempDir, Workspace) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("workspace");
        fs::create_dir_all(root.join("sub")).unwrap();
        fs::create_dir_all(folder.path().join("sub")).unwrap();
        fs::write(folder.path().join("sub/a.txt"), "outside").unwrap();
        (folder, Workspace::new(&root))
    }

    #[test]
    fn a_folder_that_becomes_a_link_after_the_check_is_not_followed() {
        let (_folder, workspace) = workspace();
        let path = workspace.resolve("sub/a.txt").unwrap();
        fs::remove_dir(workspace.root().join("sub")).unwrap();
        symlink("../sub", workspace.root().join("sub")).unwrap();
        assert!(workspace.root().join("sub/a.txt").exists());
        workspace.open(&path).unwrap_err();
        workspace.open_parent(&path).unwrap_err();
        workspace.create_parent(&path).unwrap_err();
    }

    #[test]
    fn a_file_that_becomes_a_link_after_the_check_is_not_followed() {
        let (_folder, workspace) = workspace();
        let path = workspace.resolve("sub/a.txt").unwrap();
        symlink("../../sub/a.txt", workspace.root().join("sub/a.txt")).unwrap();
        assert!(workspace.root().join("sub/a.txt").exists());
        workspace.open(&path).unwrap_err();
    }
}
