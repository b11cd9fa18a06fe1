//! Gives one file new content, or removes it, at one stroke.
//!
//! New content goes to a new file in the same folder, is forced to the disk, and takes the old
//! file's name. Whatever goes wrong before the renaming (a full disk, a kill, a crash) leaves the
//! old file untouched; a reader sees the old content or the new, never a part. Which of the two is
//! there after a power failure is left open: waiting for the folder to be on the disk too would take
//! as long again. The price: where a file has several names (hard links), the others keep the old
//! content.
//!
//! A step that may have to be undone keeps the old file under another name, until it is
//! [finished](Done::finish).

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{
    AtFlags, Gid, Mode, OFlags, RenameFlags, Uid, fchown, openat, renameat, renameat_with, statat,
    unlinkat,
};
use rustix::io::Errno;

/// How often another name is tried when the one for the new file is taken.
const NAME_ATTEMPTS: usize = 100;

/// The file that is to be replaced or removed.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// There is none yet, and none must come up meanwhile.
    Absent {
        /// The permissions that the new one is to have; the usual ones without.
        mode: Option<u32>,
    },
    /// The one that was read, with what was known of it then.
    Known(Box<Metadata>),
}

/// Why a step was not done. The file is as it was.
#[derive(Debug)]
pub(super) enum StepError {
    /// The new file could not be made beside the old one.
    Create(io::Error),
    /// The content could not be written or forced to the disk.
    Write(io::Error),
    /// The new file could not take the name, or the old one could not give it up.
    Rename(io::Error),
    /// The file is not the one that was read any more.
    Changed,
}

impl From<Errno> for StepError {
    fn from(error: Errno) -> Self {
        match error {
            Errno::EXIST => Self::Changed,
            error => Self::Rename(error.into()),
        }
    }
}

/// The name of a file in its folder, and what is to be there.
#[derive(Debug)]
struct Place {
    folder: Arc<File>,
    name: OsString,
    target: Target,
}

impl Place {
    /// Fails when the file `name` in the folder is another one than the target.
    fn check(&self, name: &OsStr) -> Result<(), StepError> {
        let now = statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW);
        let is_current = match (&self.target, now) {
            (Target::Absent { .. }, Err(Errno::NOENT)) => true,
            (Target::Known(known), Ok(now)) => {
                now.st_dev == known.dev()
                    && now.st_ino == known.ino()
                    && now.st_size == known.size() as i64
                    && now.st_mtime == known.mtime()
                    && now.st_mtime_nsec as i64 == known.mtime_nsec()
            }
            _ => false,
        };
        if is_current {
            Ok(())
        } else {
            Err(StepError::Changed)
        }
    }

    /// Gives the file another name in the same folder, and returns that.
    fn set_aside(&self) -> rustix::io::Result<String> {
        let mut attempts = NAME_ATTEMPTS;
        loop {
            let aside = temporary_name();
            match rename_to_free(&self.folder, &self.name, OsStr::new(&aside)) {
                Ok(()) => return Ok(aside),
                Err(Errno::EXIST) if attempts > 0 => attempts -= 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Gives the file back its name after [`Place::set_aside`].
    fn take_back(&self, aside: &str) -> rustix::io::Result<()> {
        renameat(&self.folder, aside, &self.folder, &self.name)
    }
}

/// A file that is to be removed.
pub(super) struct Removal(Place);

impl Removal {
    /// Takes the file `name` in `folder`.
    pub(super) fn new(folder: File, name: &OsStr, target: Target) -> Self {
        Self(Place {
            folder: Arc::new(folder),
            name: name.to_owned(),
            target,
        })
    }

    /// Removes the file, for good.
    pub(super) fn remove(self) -> Result<(), StepError> {
        self.0.check(&self.0.name)?;
        unlinkat(&self.0.folder, &self.0.name, AtFlags::empty())?;
        Ok(())
    }

    /// Removes the file so that it can be undone.
    pub(super) fn set_aside(self) -> Result<Done, StepError> {
        self.0.check(&self.0.name)?;
        let aside = self.0.set_aside()?;
        Ok(Done {
            aside: Some(aside),
            place: self.0,
        })
    }
}

/// A file with new content beside the one that it is to replace.
pub(super) struct Staged {
    place: Place,
    new: NewFile,
}

impl Staged {
    /// Makes the new file for `name` in `folder`, and forces what `write` writes to the disk.
    pub(super) fn new(
        folder: File,
        name: &OsStr,
        target: Target,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<Self, StepError> {
        let folder = Arc::new(folder);
        let new = NewFile::create(&folder, &target).map_err(StepError::Create)?;
        new.fill(&target, write).map_err(StepError::Write)?;
        let name = name.to_owned();
        let place = Place {
            folder,
            name,
            target,
        };
        Ok(Self { place, new })
    }

    /// Gives the new file its name, for good.
    pub(super) fn take_place(mut self) -> Result<(), StepError> {
        // The check may come too early: somebody may change the file after it. Where there is no
        // file yet, the system refuses by itself to overwrite one.
        self.place.check(&self.place.name)?;
        self.new.rename_to(&self.place)?;
        Ok(())
    }

    /// Gives the new file its name so that it can be undone.
    pub(super) fn swap(mut self) -> Result<Done, StepError> {
        self.place.check(&self.place.name)?;
        let aside = match self.place.target {
            Target::Absent { .. } => {
                self.new.rename_to(&self.place)?;
                None
            }
            Target::Known(_) => Some(self.exchange()?),
        };
        Ok(Done {
            place: self.place,
            aside,
        })
    }

    /// Exchanges the new file and the old one, and returns the old one's new name.
    fn exchange(&mut self) -> Result<String, StepError> {
        let Place { folder, name, .. } = &self.place;
        let aside = &self.new.name;
        match renameat_with(folder, aside, folder, name, RenameFlags::EXCHANGE) {
            Ok(()) => {
                if let Err(error) = self.place.check(OsStr::new(aside)) {
                    renameat_with(folder, aside, folder, name, RenameFlags::EXCHANGE)?;
                    return Err(error);
                }
                self.new.is_renamed = true;
                Ok(aside.clone())
            }
            // Not every file system can. Then there is no file of that name for a moment.
            Err(Errno::INVAL | Errno::NOSYS) => {
                let aside = self.place.set_aside()?;
                self.new.rename_to(&self.place).inspect_err(|_| {
                    // The name was free a moment ago, and the file is safe under the other one.
                    let _ = self.place.take_back(&aside);
                })?;
                Ok(aside)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A step that can still be undone.
pub(super) struct Done {
    place: Place,
    /// The name under which the old file is kept; `None` when there was none.
    aside: Option<String>,
}

impl Done {
    /// Makes it as it was before. When that fails the old file stays under its other name.
    pub(super) fn undo(self) -> rustix::io::Result<()> {
        match &self.aside {
            Some(aside) => self.place.take_back(aside),
            None => unlinkat(&self.place.folder, &self.place.name, AtFlags::empty()),
        }
    }

    /// Removes what was kept for undoing.
    pub(super) fn finish(self) {
        if let Some(aside) = &self.aside {
            // Nothing more can be done about a file that cannot be removed.
            let _ = unlinkat(&self.place.folder, aside, AtFlags::empty());
        }
    }
}

/// A file under a temporary name, removed unless it is renamed.
#[derive(Debug)]
struct NewFile {
    folder: Arc<File>,
    name: String,
    file: File,
    is_renamed: bool,
}

impl NewFile {
    fn create(folder: &Arc<File>, target: &Target) -> io::Result<Self> {
        // Nobody else can read what becomes a private file.
        let mode = match target {
            Target::Absent { mode: None } => 0o666,
            Target::Absent { mode: Some(_) } | Target::Known(_) => 0o600,
        };
        let mut attempts = NAME_ATTEMPTS;
        loop {
            let name = temporary_name();
            let flags =
                OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            match openat(folder, &name, flags, Mode::from_raw_mode(mode)) {
                Ok(file) => {
                    return Ok(Self {
                        folder: Arc::clone(folder),
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
        target: &Target,
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
        }
        let mode = match target {
            Target::Absent { mode } => *mode,
            Target::Known(old) => Some(old.permissions().mode()),
        };
        if let Some(mode) = mode {
            file.set_permissions(std::fs::Permissions::from_mode(mode & 0o7777))?;
        }
        file.flush()?;
        file.sync_all()
    }

    /// Gives the file the name of `place`: in place of the old one, or where there is none.
    fn rename_to(&mut self, place: &Place) -> rustix::io::Result<()> {
        match place.target {
            Target::Absent { .. } => {
                rename_to_free(&self.folder, OsStr::new(&self.name), &place.name)?
            }
            Target::Known(_) => renameat(&self.folder, &self.name, &self.folder, &place.name)?,
        }
        self.is_renamed = true;
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_renamed {
            // Nothing more can be done about a file that cannot be removed.
            let _ = unlinkat(&self.folder, &self.name, AtFlags::empty());
        }
    }
}

/// Makes a name that nothing of this process has used before.
fn temporary_name() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!(".loom-{}-{number}.tmp", std::process::id())
}

/// Renames a file unless something has the new name. A file system that cannot promise that (some
/// network ones) renames all the same.
fn rename_to_free(folder: &File, from: &OsStr, to: &OsStr) -> rustix::io::Result<()> {
    match renameat_with(folder, from, folder, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS) => renameat(folder, from, folder, to),
        renamed => renamed,
    }
}

#[cfg(test)]
mod tests;
