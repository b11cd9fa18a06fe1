//! A folder for one test, with a store in it.

use std::path::PathBuf;

use jiff::Timestamp;
use loom_common_core::PermissionMode;
use loom_common_thread::{NewThread, ThreadId, ThreadStore};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tempfile::TempDir;

/// A folder of its own, which goes away with it.
pub(crate) struct Scene {
    folder: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Where the store lies: two folders down, neither of which is there at first.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("data/loom/threads.db")
    }

    pub(crate) async fn open(&self) -> ThreadStore {
        ThreadStore::open(&self.path()).await.unwrap()
    }
}

/// A point in time, in milliseconds after a fixed day.
pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(1_755_000_000_000 + millis).unwrap()
}

/// The id of the thread with a number: its time and its random part follow from it.
pub(crate) fn id(number: u64) -> ThreadId {
    ThreadId::new(
        at(i64::try_from(number).unwrap()),
        &mut StdRng::seed_from_u64(number),
    )
}

/// The thread with a number, as it begins.
pub(crate) fn new_thread(number: u64) -> NewThread {
    NewThread {
        id: id(number),
        cwd: PathBuf::from("/home/ada/engine"),
        provider: "anthropic".to_owned(),
        model: "claude-opus-4-1".to_owned(),
        permission_mode: PermissionMode::Auto,
        git: None,
        created_at: at(i64::try_from(number).unwrap()),
    }
}
