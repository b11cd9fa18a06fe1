//! Paths of sockets that are longer than an address of a socket can be (108 bytes, unix(7)).
//!
//! A socket can also be named by its folder's file descriptor, which is short whatever the folder is
//! called.

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

/// A short path to a file, for as long as this is held.
#[derive(Debug)]
pub(crate) struct ShortPath {
    path: PathBuf,
    _folder: OwnedFd,
}

impl ShortPath {
    /// Finds a short path to a file in a folder that exists.
    pub(crate) fn to(file: &Path) -> io::Result<Self> {
        let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(folder, flags, Mode::empty())?;
        let path = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string());
        Ok(Self {
            path: path.join(name),
            _folder: folder,
        })
    }

    /// Returns the path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    #[test]
    fn sockets_deep_down_can_be_made_and_reached() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("deep".repeat(40));
        std::fs::create_dir(&deep).unwrap();
        let socket = deep.join("socket");
        assert!(UnixListener::bind(&socket).is_err(), "the path is too long");
        let _listener = UnixListener::bind(ShortPath::to(&socket).unwrap().path()).unwrap();
        UnixStream::connect(ShortPath::to(&socket).unwrap().path()).unwrap();
        assert!(socket.exists());
    }
}
