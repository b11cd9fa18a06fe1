//! Waiting for other programs, for a bounded time.
//!
//! The locks are Jujutsu's own files, so that `jj` waits for Loom and the other way round. `jj`
//! waits for ever; here a program that hangs is told of.

use std::path::PathBuf;
use std::thread::park_timeout;
use std::time::{Duration, Instant};

use jj_lib::lock::FileLock;

use super::doing::Doing as _;
use super::error::RepositoryError;

/// How often a held lock is tried again.
const POLL: Duration = Duration::from_millis(10);

/// Takes a lock, waiting for at most `limit`.
pub(super) fn lock(path: PathBuf, limit: Duration) -> Result<FileLock, RepositoryError> {
    let start = Instant::now();
    loop {
        if let Some(lock) = FileLock::try_lock(path.clone()).doing("lock the repository")? {
            return Ok(lock);
        }
        if start.elapsed() >= limit {
            return Err(RepositoryError::Busy {
                lock: path,
                waited: limit,
            });
        }
        park_timeout(POLL);
    }
}
