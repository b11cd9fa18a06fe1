//! What is done so far, for those who watch, and how they end it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::error::RedactError;

/// Counters that any thread may read while a scan runs.
#[derive(Debug, Default)]
pub struct Progress {
    files: AtomicU64,
    bytes: AtomicU64,
    leaks: AtomicU64,
    stopped: AtomicBool,
}

impl Progress {
    /// Returns how many files or contents were looked through.
    pub fn files(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }

    /// Returns how many bytes were looked through, or passed over in files that are left out.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Returns how many leaks were found.
    pub fn leaks(&self) -> u64 {
        self.leaks.load(Ordering::Relaxed)
    }

    /// Has the work end soon, with [`RedactError::Stopped`].
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub(crate) fn go_on(&self) -> Result<(), RedactError> {
        if self.is_stopped() {
            return Err(RedactError::Stopped);
        }
        Ok(())
    }

    pub(crate) fn add_file(&self) {
        self.files.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn add_leak(&self) {
        self.leaks.fetch_add(1, Ordering::Relaxed);
    }
}
