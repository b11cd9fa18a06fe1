//! Gives a file new content at one stroke.
//!
//! The content goes to a new file in the same folder, is forced to the disk, and takes the old
//! file's name. Whatever goes wrong before the renaming (a full disk, a kill, a crash) leaves the
//! old file untouched; a reader sees the old content or the new, never a part. The price: where a
//! file has several names (hard links), the others keep the old content.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{
    AtFlags, Gid, Mode, OFlags, RenameFlags, Uid, fchown, openat, renameat, renameat_with, statat,
    unlinkat,
};
use rustix::io::Errno;

/// How often another name is tried when the one for the new file is taken.
const NAME_ATTEMPTS: usize = 100;

/// The file that is to be replaced.
#[derive(Clone, Copy)]
pub(crate) enum Target<'a> {
    /// There is none yet, and none must come up meanwhile.
    Absent,
    /// The one that was read, with what was known of it then.
    Known(&'a Metadata),
}

/// Why a file did not get its new content.
#[derive(Debug)]
pub(crate) enum ReplaceError {
    /// The new file could not be made beside the old one.
    Create(io::Error),
    /// The content could not be written or forced to the disk.
    Write(io::Error),
    /// The new file could not take the name.
    Rename(io::Error),
    /// The file is not the one that was read any more.
    Changed,
}

/// Gives the file `name` in `folder` the content that `write` writes.
pub(crate) fn replace_file(
    folder: &File,
    name: &OsStr,
    target: Target<'_>,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), ReplaceError> {
    let new = NewFile::create(folder, target).map_err(ReplaceError::Create)?;
    new.fill(target, write).map_err(ReplaceError::Write)?;
    new.rename(name, target)?;
    // The new content is there and whole; that its name outlives a crash is worth trying for,
    // but a file system that cannot promise it is no failure.
    let _ = folder.sync_all();
    Ok(())
}

impl Target<'_> {
    /// Tells whether the file in the folder still is this one.
    fn is_current(&self, folder: &File, name: &OsStr) -> bool {
        match (self, statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)) {
            (Self::Absent, Err(Errno::NOENT)) => true,
            (Self::Known(known), Ok(now)) => {
                now.st_dev == known.dev()
                    && now.st_ino == known.ino()
                    && now.st_size == known.size() as i64
                    && now.st_mtime == known.mtime()
                    && now.st_mtime_nsec as i64 == known.mtime_nsec()
            }
            _ => false,
        }
    }
}

/// A file under a temporary name, removed unless it is renamed.
struct NewFile<'a> {
    folder: &'a File,
    name: String,
    file: File,
    is_renamed: bool,
}

impl<'a> NewFile<'a> {
    fn create(folder: &'a File, target: Target<'_>) -> io::Result<Self> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        // Nobody else can read what becomes a private file.
        let mode = match target {
            Target::Absent => 0o666,
            Target::Known(_) => 0o600,
        };
        let mut attempts = NAME_ATTEMPTS;
        loop {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let name = format!(".loom-{}-{number}.tmp", std::process::id());
            let flags =
                OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            match openat(folder, &name, flags, Mode::from_raw_mode(mode)) {
                Ok(file) => {
                    return Ok(Self {
                        folder,
                        name,
                        file: file.into(),
                        is_renamed: false,
                    });
                }
                Err(Errno::EXIST) if attempts > 0 => attempts -= 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn fill(
        &self,
        target: Target<'_>,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut file = &self.file;
        let mut handle = file.try_clone()?;
        write(&mut handle)?;
        if let Target::Known(old) = target {
            let now = file.metadata()?;
            if (now.uid(), now.gid()) != (old.uid(), old.gid()) {
                // Only root can give a file away; the right to write does not hang on it.
                let _ = fchown(
                    file,
                    Some(Uid::from_raw(old.uid())),
                    Some(Gid::from_raw(old.gid())),
                );
            }
            let mode = old.permissions().mode() & 0o7777;
            file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        }
        file.flush()?;
        file.sync_all()
    }

    /// Gives the file its name, unless another one than `target` has it.
    fn rename(mut self, name: &OsStr, target: Target<'_>) -> Result<(), ReplaceError> {
        // The check may come too early: somebody may change the file after it. Where there is no
        // file yet, the system refuses by itself to overwrite one.
        if !target.is_current(self.folder, name) {
            return Err(ReplaceError::Changed);
        }
        let renamed = match target {
            Target::Absent => self.rename_to_free(name),
            Target::Known(_) => renameat(self.folder, &self.name, self.folder, name),
        };
        match renamed {
            Ok(()) => {
                self.is_renamed = true;
                Ok(())
            }
            Err(Errno::EXIST) => Err(ReplaceError::Changed),
            Err(error) => Err(ReplaceError::Rename(error.into())),
        }
    }

    /// Renames the file unless something has the name. A file system that cannot promise that
    /// (some network ones) renames all the same.
    fn rename_to_free(&self, name: &OsStr) -> rustix::io::Result<()> {
        let flags = RenameFlags::NOREPLACE;
        match renameat_with(self.folder, &self.name, self.folder, name, flags) {
            Err(Errno::INVAL | Errno::NOSYS) => {
                renameat(self.folder, &self.name, self.folder, name)
            }
            renamed => renamed,
        }
    }
}

impl Drop for NewFile<'_> {
    fn drop(&mut self) {
        if !self.is_renamed {
            // Nothing more can be done about a file that cannot be removed.
            let _ = unlinkat(self.folder, &self.name, AtFlags::empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn folder_with(name: &str, content: &str) -> (TempDir, File) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), content).unwrap();
        let handle = File::open(folder.path()).unwrap();
        (folder, handle)
    }

    fn contents(folder: &TempDir) -> Vec<(String, String)> {
        let mut contents: Vec<(String, String)> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                (name, fs::read_to_string(entry.path()).unwrap())
            })
            .collect();
        contents.sort();
        contents
    }

    fn only(name: &str, content: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), content.to_owned())]
    }

    #[test]
    fn a_full_disk_leaves_the_old_content_and_nothing_else() {
        let (folder, handle) = folder_with("a.txt", "old");
        let known = fs::metadata(folder.path().join("a.txt")).unwrap();
        let result = replace_file(&handle, "a.txt".as_ref(), Target::Known(&known), |file| {
            file.write_all(b"the first half")?;
            File::options()
                .write(true)
                .open("/dev/full")?
                .write_all(b"the second half")
        });
        let Err(ReplaceError::Write(error)) = result else {
            panic!("{result:?}");
        };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(contents(&folder), only("a.txt", "old"));
    }

    #[test]
    fn a_file_that_changes_while_the_new_one_is_written_is_kept() {
        let (folder, handle) = folder_with("a.txt", "old");
        let path = folder.path().join("a.txt");
        let known = fs::metadata(&path).unwrap();
        let result = replace_file(&handle, "a.txt".as_ref(), Target::Known(&known), |file| {
            fs::write(&path, "by somebody else")?;
            file.write_all(b"new")
        });
        assert!(matches!(result, Err(ReplaceError::Changed)), "{result:?}");
        assert_eq!(contents(&folder), only("a.txt", "by somebody else"));
    }

    #[test]
    fn a_file_that_comes_up_meanwhile_is_kept() {
        let (folder, handle) = folder_with("a.txt", "old");
        let result = replace_file(&handle, "a.txt".as_ref(), Target::Absent, |file| {
            file.write_all(b"new")
        });
        assert!(matches!(result, Err(ReplaceError::Changed)), "{result:?}");
        assert_eq!(contents(&folder), only("a.txt", "old"));
    }

    #[test]
    fn a_file_that_comes_up_at_the_last_moment_is_kept() {
        let (folder, handle) = folder_with("a.txt", "old");
        let new = NewFile::create(&handle, Target::Absent).unwrap();
        assert_eq!(new.rename_to_free("a.txt".as_ref()), Err(Errno::EXIST));
        drop(new);
        assert_eq!(contents(&folder), only("a.txt", "old"));
    }

    #[test]
    fn the_leftover_of_a_killed_process_is_not_in_the_way() {
        let (folder, handle) = folder_with("a.txt", "old");
        let known = fs::metadata(folder.path().join("a.txt")).unwrap();
        let leftovers: Vec<String> = (0..50)
            .map(|number| format!(".loom-{}-{number}.tmp", std::process::id()))
            .collect();
        for leftover in &leftovers {
            fs::write(folder.path().join(leftover), "leftover").unwrap();
        }
        replace_file(&handle, "a.txt".as_ref(), Target::Known(&known), |file| {
            file.write_all(b"new")
        })
        .unwrap();
        assert_eq!(
            fs::read_to_string(folder.path().join("a.txt")).unwrap(),
            "new"
        );
        assert_eq!(contents(&folder).len(), 51);
    }
}
