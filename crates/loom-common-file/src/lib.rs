//! Files that are replaced whole, or not at all.
//!
//! A [`Replacement`] is written beside the file that it replaces, forced to the disk and put in its place at one
//! stroke: whoever reads the file sees the old content or the new one, also after a crash. When it is dropped before
//! that, or the disk is full, the file is as it was and nothing is left beside it. A link is followed, for people
//! keep their settings elsewhere and link to them. [`replace`] does it all for content that is at hand.
//!
//! Two who replace a file at the same time do not damage it, but the second wins: who reads, changes and replaces
//! takes a lock around all three.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Uid, fchown};
use tempfile::NamedTempFile;

/// Who may do what with a file that was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Those who might before, and the same owner as far as the system allows it. A new file gets what the person's
    /// `umask` gives.
    Kept,
    /// The same, but a new file is for its owner alone.
    KeptOrPrivate,
    /// Only the owner reads and writes.
    Private,
    /// Everybody reads and runs it, the owner writes.
    Program,
}

impl Access {
    /// The permissions that the file is made with.
    fn initial(self) -> u32 {
        match self {
            Self::Kept => 0o666,
            Self::KeptOrPrivate | Self::Private => 0o600,
            Self::Program => 0o755,
        }
    }

    fn keeps(self) -> bool {
        matches!(self, Self::Kept | Self::KeptOrPrivate)
    }
}

/// What is to take the place of a file.
#[derive(Debug)]
pub struct Replacement {
    file: NamedTempFile<File>,
    target: PathBuf,
}

impl Replacement {
    /// Begins a replacement of the file at `path`, which need not be there. Its folder must be.
    ///
    /// # Errors
    ///
    /// What the system says of the folder or the new file in it.
    pub fn of(path: &Path, access: Access) -> io::Result<Self> {
        let target = match path.canonicalize() {
            Ok(target) => target,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(error) => return Err(error),
        };
        let folder = match target.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        // Opened here: the errors of tempfile's own files name a path that says nothing to anybody.
        let open = |new: &Path| {
            OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .mode(access.initial())
                .open(new)
        };
        let file = tempfile::Builder::new()
            .prefix(".loom-")
            .make_in(folder, open)?;
        if access.keeps()
            && let Ok(old) = fs::metadata(&target)
        {
            keep(file.as_file(), &old)?;
        }
        Ok(Self { file, target })
    }

    /// Returns the file that is replaced: the one that a link leads to.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Puts what was written in the place of the file.
    ///
    /// # Errors
    ///
    /// What the system says; the file is as it was.
    pub fn finish(self) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist(&self.target)?;
        Ok(())
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Gives a file this content, whole or not at all.
///
/// # Errors
///
/// What the system says; the file is as it was.
pub fn replace(path: &Path, content: impl AsRef<[u8]>, access: Access) -> io::Result<()> {
    let mut replacement = Replacement::of(path, access)?;
    replacement.write_all(content.as_ref())?;
    replacement.finish()
}

/// Gives the new file permissions and owner of the old one.
fn keep(new: &File, old: &Metadata) -> io::Result<()> {
    let made = new.metadata()?;
    if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
        let (uid, gid) = (Uid::from_raw(old.uid()), Gid::from_raw(old.gid()));
        if fchown(new, Some(uid), Some(gid)).is_err() {
            // Only the system's administrator gives files away; the group may work.
            let _ = fchown(new, None, Some(gid));
        }
    }
    // After the owner: a change of that takes bits of the permissions away.
    new.set_permissions(Permissions::from_mode(old.mode()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    /// Returns the names of what is in a folder.
    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_made_and_then_replaced() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("settings");
        for content in ["one", "two, and longer"] {
            replace(&path, content, Access::Kept).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(names(path.parent().unwrap()), ["settings"]);
    }

    #[test]
    fn what_is_not_finished_changes_nothing_and_leaves_nothing() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("settings");
        fs::write(&path, "one").unwrap();
        let mut replacement = Replacement::of(&path, Access::Kept).unwrap();
        replacement.write_all(b"tw").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        drop(replacement);
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(names(scratch.path()), ["settings"]);
    }

    #[test]
    fn permissions_are_kept_or_are_what_was_asked_for() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("file");
        let after = |access| {
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
            replace(&path, "new", access).unwrap();
            let replaced = mode(&path);
            fs::remove_file(&path).unwrap();
            replace(&path, "new", access).unwrap();
            let made = mode(&path);
            fs::remove_file(&path).unwrap();
            (replaced, made)
        };
        let usual = scratch.path().join("usual");
        fs::write(&usual, "").unwrap();
        assert_eq!(after(Access::Kept), (0o640, mode(&usual)));
        assert_eq!(after(Access::KeptOrPrivate), (0o640, 0o600));
        assert_eq!(after(Access::Private), (0o600, 0o600));
        let program = 0o755 & (mode(&usual) | 0o111);
        assert_eq!(after(Access::Program), (program, program));
    }

    #[test]
    fn a_link_stays_and_what_it_leads_to_is_replaced() {
        let scratch = tempfile::tempdir().unwrap();
        let (link, elsewhere) = (
            scratch.path().join("link"),
            scratch.path().join("kept/file"),
        );
        fs::create_dir(elsewhere.parent().unwrap()).unwrap();
        fs::write(&elsewhere, "old").unwrap();
        std::os::unix::fs::symlink("kept/file", &link).unwrap();
        let replacement = Replacement::of(&link, Access::Kept).unwrap();
        assert_eq!(replacement.target(), elsewhere.canonicalize().unwrap());
        replacement.finish().unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "");
    }

    #[test]
    fn a_folder_that_is_missing_or_in_the_way_is_an_error_that_names_no_strange_path() {
        let scratch = tempfile::tempdir().unwrap();
        let error = replace(&scratch.path().join("a/b"), "x", Access::Private).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        let file = scratch.path().join("file");
        fs::write(&file, "").unwrap();
        let error = replace(&file.join("below"), "x", Access::Private).unwrap_err();
        assert!(!error.to_string().contains("loom"), "{error}");
        let folder = scratch.path().join("folder");
        fs::create_dir(&folder).unwrap();
        let error = replace(&folder, "x", Access::Private).unwrap_err();
        assert_eq!(names(scratch.path()), ["file", "folder"], "{error}");
    }
}
