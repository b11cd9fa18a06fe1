//! A workspace, the points of threads in it, and what the disk holds.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use loom_cli_rewind::{
    CallStart, OnConflict, Point, Reach, Recorded, RestoreReport, Rewind, RewindError,
    RewindSettings,
};
use loom_common_spool::SnapshotSettings;
use loom_common_thread::ThreadId;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tempfile::TempDir;

/// Files and links of a folder: permissions (of links: none) and content or target.
pub(crate) type Disk = BTreeMap<String, (u32, Vec<u8>)>;

/// Reads what a folder holds.
pub(crate) fn disk(root: &Path) -> Disk {
    let mut disk = Disk::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let metadata = path.symlink_metadata().unwrap();
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.is_symlink() {
                let target = path.read_link().unwrap().into_os_string();
                disk.insert(name, (0, target.into_encoded_bytes()));
            } else {
                let mode = metadata.permissions().mode() & 0o777;
                disk.insert(name, (mode, fs::read(&path).unwrap()));
            }
        }
    }
    disk
}

/// A thread's id.
pub(crate) fn thread(number: u64) -> ThreadId {
    ThreadId::new(
        Timestamp::from_millisecond(1_700_000_000_000).unwrap(),
        &mut StdRng::seed_from_u64(number),
    )
}

/// A workspace and its points.
pub(crate) struct Scene {
    folder: PathBuf,
    /// In milliseconds since 1970.
    pub(crate) now: Arc<AtomicI64>,
    /// Removes the folder on drop.
    _temporary: Option<TempDir>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        fs::create_dir(temporary.path().join("work")).unwrap();
        let mut scene = Self::at(temporary.path().to_owned());
        scene._temporary = Some(temporary);
        scene
    }

    /// The scene of another process.
    pub(crate) fn at(folder: PathBuf) -> Self {
        Self {
            folder,
            now: Arc::new(AtomicI64::new(1_700_000_000_000)),
            _temporary: None,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.join("work")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    pub(crate) fn disk(&self) -> Disk {
        disk(&self.root())
    }

    pub(crate) fn pass_days(&self, days: i64) {
        self.now
            .fetch_add(days * 24 * 3600 * 1000, Ordering::Relaxed);
    }

    pub(crate) async fn open(&self) -> Rewind {
        self.open_with(SnapshotSettings::default()).await.unwrap()
    }

    pub(crate) async fn open_with(
        &self,
        snapshots: SnapshotSettings,
    ) -> Result<Rewind, RewindError> {
        let now = self.now.clone();
        let settings = RewindSettings {
            root: self.state(),
            snapshots,
        };
        let clock = move || Timestamp::from_millisecond(now.load(Ordering::Relaxed)).unwrap();
        Rewind::open(settings, &self.root(), Arc::new(clock)).await
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.root().join(path)).ok()
    }

    pub(crate) fn delete(&self, path: &str) {
        fs::remove_file(self.root().join(path)).unwrap();
    }

    pub(crate) fn link(&self, target: &str, path: &str) {
        symlink(target, self.root().join(path)).unwrap();
    }

    pub(crate) fn set_mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.root().join(path), fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// A call of thread 1 that could change anything.
pub(crate) fn shell(call_id: &str) -> CallStart {
    CallStart {
        thread: thread(1),
        log_len: 1,
        call_id: call_id.to_owned(),
        label: format!("bash {call_id}"),
        reach: Reach::Anything,
    }
}

/// Runs a call of thread 1 that could change anything, and returns its point.
pub(crate) async fn call(rewind: &Rewind, call_id: &str, work: impl FnOnce()) -> Recorded {
    let point = rewind.before_call(shell(call_id)).await.unwrap();
    work();
    rewind.after_call(thread(1), 2, call_id).await.unwrap();
    point
}

/// Takes thread 1 back to a point.
pub(crate) async fn back(rewind: &Rewind, to: u64) -> RestoreReport {
    rewind
        .restore(thread(1), 9, to, OnConflict::Keep)
        .await
        .unwrap()
}

/// Returns the changed paths of a point, with the kind of change.
pub(crate) fn changed(point: &Point) -> Vec<String> {
    let changes = point.changes.iter();
    changes
        .map(|change| format!("{:?} {}", change.kind, change.path))
        .collect()
}

/// Returns the paths that a restore kept, with the reason.
pub(crate) fn kept(report: &RestoreReport) -> Vec<String> {
    let kept = report.kept.iter();
    kept.map(|kept| format!("{}: {}", kept.path, kept.reason))
        .collect()
}

/// Returns the paths that a restore changed.
pub(crate) fn restored(report: &RestoreReport) -> Vec<&str> {
    report.restored.iter().map(|file| &*file.path).collect()
}
