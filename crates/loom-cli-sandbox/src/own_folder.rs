//! The folder of a sandbox, below that for all temporary files.
//!
//! Commands can write in a part of it, `TMPDIR`. Beside lie an empty file and an empty folder that
//! nobody may open: they are mounted over hidden places.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The folder of a sandbox, which goes when this is dropped.
#[derive(Debug)]
pub(crate) struct OwnFolder {
    /// Absolute, without symbolic links.
    pub(crate) path: PathBuf,
    _folder: TempDir,
}

impl OwnFolder {
    /// Makes the folder and what is in it.
    pub(crate) fn new(parent: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("loom-")
            .tempdir_in(parent)?;
        let own = Self {
            path: folder.path().canonicalize()?,
            _folder: folder,
        };
        let cover = own.covers();
        fs::create_dir(own.commands())?;
        fs::create_dir(&cover)?;
        fs::create_dir(cover.join("folder"))?;
        fs::write(cover.join("file"), "")?;
        let nobody = || Permissions::from_mode(0o000);
        fs::set_permissions(cover.join("folder"), nobody())?;
        fs::set_permissions(cover.join("file"), nobody())?;
        Ok(own)
    }

    /// Returns the folder for temporary files of the commands.
    pub(crate) fn commands(&self) -> PathBuf {
        self.path.join("tmp")
    }

    /// Returns the folder with the covers: `file` and `folder`.
    pub(crate) fn covers(&self) -> PathBuf {
        self.path.join("covers")
    }
}

impl Drop for OwnFolder {
    fn drop(&mut self) {
        // What nobody may open, nobody can clear out.
        let owner = Permissions::from_mode(0o700);
        let _ = fs::set_permissions(self.covers().join("folder"), owner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_leaves_nothing_behind() {
        let parent = tempfile::tempdir().unwrap();
        let own = OwnFolder::new(parent.path()).unwrap();
        fs::write(own.commands().join("left"), "x").unwrap();
        let mode = |name: &str| {
            let data = fs::metadata(own.covers().join(name)).unwrap();
            data.permissions().mode() & 0o777
        };
        assert_eq!((mode("file"), mode("folder")), (0, 0));
        drop(own);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
