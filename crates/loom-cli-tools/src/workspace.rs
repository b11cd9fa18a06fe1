//! Paths that a call names, and opening them without being led elsewhere.
//!
//! A path is taken apart and put together again with every symbolic link on the way replaced by
//! its target. What comes out is what rules of permission are asked about, and nothing else may be
//! touched then: a call that was permitted names the very paths ([`ToolContext::permitted`]); one
//! that nobody was asked about stays inside the workspace. Between that check and the opening
//! somebody may swap a folder for a link, so files are opened folder by folder from the workspace
//! (or the root of the file system) down, and no step follows a link: what was checked is what is
//! opened, or nothing.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use loom_common_core::{ReadFilter, Resource, ToolContext};
use rustix::fs::{AtFlags, Mode, OFlags, mkdirat, open, openat, unlinkat};
use rustix::io::Errno;

use crate::error::ToolError;
use crate::outputs::OutputStore;

/// Links that are followed on the way to one path; as many as the Linux kernel follows.
const MAX_LINKS: usize = 40;

/// The longest path that Linux takes (`PATH_MAX` without the final NUL), in bytes.
const MAX_PATH: usize = 4095;

/// The longest name that common file systems take (`NAME_MAX`), in bytes.
const MAX_NAME: usize = 255;

/// The folder that the agent works in, and what a call may touch in it and elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    /// What the call was permitted to touch; the workspace when nobody was asked.
    permitted: Option<Vec<Resource>>,
    readable: ReadFilter,
    outputs: OutputStore,
}

/// What a call wants of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touch {
    Read,
    Write,
}

/// A path that a call may touch, with symbolic links resolved. It may not exist.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct WorkspacePath {
    /// From the root of the file system.
    pub(crate) absolute: PathBuf,
    /// From the workspace, empty for the workspace itself; the absolute path when it is elsewhere.
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

    /// Tells whether it lies in the workspace.
    pub(crate) fn is_inside(&self) -> bool {
        self.relative.is_relative()
    }
}

/// A folder that was made on the way to a file.
#[derive(Debug)]
pub(crate) struct MadeFolder {
    parent: File,
    name: OsString,
}

impl MadeFolder {
    /// Removes the folder, if there is nothing in it.
    pub(crate) fn remove(self) {
        // What somebody has put something into meanwhile stays.
        let _ = unlinkat(&self.parent, &self.name, AtFlags::REMOVEDIR);
    }
}

impl Workspace {
    /// Takes the workspace of a call, and what it may touch.
    pub(crate) fn of(context: &ToolContext, outputs: &OutputStore) -> Self {
        Self {
            root: context.workspace.clone(),
            permitted: context.permitted.clone(),
            readable: context.readable.clone(),
            outputs: outputs.clone(),
        }
    }

    /// Takes the folder `root`, for telling what a call would touch.
    fn before_permission(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            permitted: None,
            readable: ReadFilter::everything(),
            outputs: OutputStore::default(),
        }
    }

    /// Returns the folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Tells which of the files and folders below a permitted folder may be read.
    pub(crate) fn readable(&self) -> &ReadFilter {
        &self.readable
    }

    /// Resolves a path as the model gave it, relative to the workspace or absolute, if the call may
    /// touch it.
    ///
    /// # Errors
    ///
    /// [`ToolError::OutsideWorkspace`], [`ToolError::NotPermitted`], [`ToolError::BadPath`], or
    /// [`ToolError::Io`] when the system does not let the path be looked at.
    pub(crate) fn resolve(&self, given: &str, touch: Touch) -> Result<WorkspacePath, ToolError> {
        let path = self.locate(given)?;
        if touch == Touch::Read && self.outputs.holds(&path.absolute) {
            return Ok(path);
        }
        let Some(permitted) = &self.permitted else {
            return if path.is_inside() {
                Ok(path)
            } else {
                Err(ToolError::OutsideWorkspace {
                    path: given.to_owned(),
                    workspace: self.root.display().to_string(),
                })
            };
        };
        let is_permitted = permitted.iter().any(|resource| match resource {
            Resource::Read(permitted) => touch == Touch::Read && *permitted == path.absolute,
            Resource::Write(permitted) => *permitted == path.absolute,
            Resource::Command { .. } | Resource::Url(_) => false,
        });
        if is_permitted {
            Ok(path)
        } else {
            Err(ToolError::NotPermitted {
                path: given.to_owned(),
                target: path.absolute.display().to_string(),
            })
        }
    }

    /// Resolves a path as the model gave it, wherever it leads.
    ///
    /// # Errors
    ///
    /// As [`Workspace::resolve`].
    pub(crate) fn locate(&self, given: &str) -> Result<WorkspacePath, ToolError> {
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
        let relative = absolute.strip_prefix(&self.root).unwrap_or(&absolute);
        Ok(WorkspacePath {
            relative: relative.to_owned(),
            absolute,
        })
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
            return self.open_start(path);
        };
        let folder = self.open_parent(path)?;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        Ok(open_name(&folder, name, flags)?)
    }

    /// Opens the folder that holds `path`.
    pub(crate) fn open_parent(&self, path: &WorkspacePath) -> io::Result<File> {
        let mut folder = self.open_start(path)?;
        for name in parent_names(path) {
            folder = open_folder(&folder, name)?;
        }
        Ok(folder)
    }

    /// Opens the folder that is to hold `path`, and makes the folders that are missing. Returns
    /// those too, the outermost first.
    pub(crate) fn create_parent(
        &self,
        path: &WorkspacePath,
    ) -> io::Result<(File, Vec<MadeFolder>)> {
        let mut folder = self.open_start(path)?;
        let mut made = Vec::new();
        for name in parent_names(path) {
            match mkdirat(&folder, name, Mode::from_raw_mode(0o777)) {
                Ok(()) => made.push(MadeFolder {
                    parent: folder.try_clone()?,
                    name: name.to_owned(),
                }),
                Err(Errno::EXIST) => {}
                // Some file systems refuse before they look whether the folder is there.
                Err(_) if rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok() => {}
                Err(error) => {
                    made.into_iter().rev().for_each(MadeFolder::remove);
                    return Err(error.into());
                }
            }
            folder = open_folder(&folder, name)?;
        }
        Ok((folder, made))
    }

    /// Opens the folder from which the way to `path` is walked.
    fn open_start(&self, path: &WorkspacePath) -> io::Result<File> {
        let start = if path.is_inside() {
            &self.root
        } else {
            Path::new("/")
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(open(start, flags, Mode::empty())?.into())
    }
}

/// What a call that works with the path `given` touches; nothing when it cannot be a path.
pub(crate) fn resource(
    given: &str,
    workspace: &Path,
    outputs: &OutputStore,
    touch: Touch,
) -> Option<Resource> {
    let path = Workspace::before_permission(workspace)
        .locate(given)
        .ok()?
        .absolute;
    match touch {
        Touch::Read if outputs.holds(&path) => None,
        Touch::Read => Some(Resource::Read(path)),
        Touch::Write => Some(Resource::Write(path)),
    }
}

/// Returns the names of the folders on the way to `path`, from where it starts.
fn parent_names(path: &WorkspacePath) -> impl Iterator<Item = &OsStr> {
    path.relative
        .parent()
        .into_iter()
        .flat_map(Path::components)
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name),
            _ => None,
        })
}

/// Opens the folder `name` in `folder`; fails when it is a symbolic link. One that may be passed
/// through and not be listed is opened for that.
fn open_folder(folder: &File, name: &OsStr) -> rustix::io::Result<File> {
    match open_name(folder, name, OFlags::RDONLY | OFlags::DIRECTORY) {
        Err(Errno::ACCESS) => open_name(folder, name, OFlags::PATH | OFlags::DIRECTORY),
        opened => opened,
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
        (folder, Workspace::before_permission(&root))
    }

    #[test]
    fn a_folder_that_becomes_a_link_after_the_check_is_not_followed() {
        let (_folder, workspace) = workspace();
        let path = workspace.resolve("sub/a.txt", Touch::Read).unwrap();
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
        let path = workspace.resolve("sub/a.txt", Touch::Read).unwrap();
        symlink("../../sub/a.txt", workspace.root().join("sub/a.txt")).unwrap();
        assert!(workspace.root().join("sub/a.txt").exists());
        workspace.open(&path).unwrap_err();
    }
}
