//! A workspace and the store of its snapshots.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use loom_common_spool::{
    Change, Restored, Restoring, Snapshot, SnapshotId, SnapshotReader, SnapshotSettings,
    SnapshotStore, Target,
};
use tempfile::TempDir;

/// A time in days after a fixed one.
pub(crate) fn day(days: i64) -> Timestamp {
    Timestamp::from_millisecond(1_700_000_000_000 + days * 24 * 3600 * 1000).unwrap()
}

/// A workspace and the store of its snapshots, in a folder that goes away with it.
pub(crate) struct Scene {
    folder: TempDir,
    pub(crate) settings: SnapshotSettings,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("work")).unwrap();
        Self {
            folder,
            settings: SnapshotSettings::default(),
        }
    }

    /// A scene whose workspace is a repository.
    pub(crate) fn repository() -> Self {
        let scene = Self::new();
        fs::create_dir_all(scene.path(".git/info")).unwrap();
        scene
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    pub(crate) fn outside(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn store_path(&self) -> PathBuf {
        self.outside("state")
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), content).unwrap();
    }

    pub(crate) fn link(&self, target: &str, path: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        symlink(target, self.path(path)).unwrap();
    }

    pub(crate) fn set_mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub(crate) fn store(&self) -> SnapshotStore {
        SnapshotStore::open(&self.store_path(), &self.root(), self.settings.clone()).unwrap()
    }

    pub(crate) fn reader(&self) -> SnapshotReader {
        self.store().reader().unwrap()
    }

    /// Takes a snapshot on day 0.
    pub(crate) fn take(&self) -> Snapshot {
        self.take_on(0)
    }

    pub(crate) fn take_on(&self, days: i64) -> Snapshot {
        let store = self.store();
        let mut store = store.lock().unwrap();
        store.snapshot(day(days)).unwrap()
    }

    /// Returns the paths of a snapshot with what they hold: `content`, `-> target`, and permissions
    /// when they are not 0644. What is not kept is `?`.
    pub(crate) fn held(&self, snapshot: SnapshotId) -> BTreeMap<String, String> {
        held(&self.reader(), snapshot)
    }

    pub(crate) fn changes(&self, from: &Snapshot, to: &Snapshot) -> Vec<Change> {
        self.reader().changes(from.id, to.id).unwrap()
    }

    /// Gives a path the content that it had at a snapshot, if it still holds what it held at
    /// another.
    pub(crate) fn restore(&self, path: &str, now: &Snapshot, then: &Snapshot) -> Restored {
        let reader = self.reader();
        let restoring = Restoring {
            path: path.to_owned(),
            expected: reader.version(now.id, path).unwrap(),
            target: reader.version(then.id, path).unwrap().map(Target::Version),
        };
        let store = self.store();
        let store = store.lock().unwrap();
        store.restore(vec![restoring]).unwrap()
    }
}

/// Returns the snapshot of an empty folder.
fn empty() -> SnapshotId {
    let folder = tempfile::tempdir().unwrap();
    let (state, work) = (folder.path().join("state"), folder.path().join("work"));
    fs::create_dir(&work).unwrap();
    let store = SnapshotStore::open(&state, &work, SnapshotSettings::default()).unwrap();
    let mut store = store.lock().unwrap();
    store.snapshot(day(0)).unwrap().id
}

pub(crate) fn held(reader: &SnapshotReader, snapshot: SnapshotId) -> BTreeMap<String, String> {
    let changes = reader.changes(empty(), snapshot).unwrap();
    let held = changes.into_iter().map(|change| {
        let version = change.after.unwrap();
        let mut text = match reader.read(version).unwrap() {
            Some(content) => String::from_utf8_lossy(&content).into_owned(),
            None => "?".to_owned(),
        };
        if version.is_link() {
            text.insert_str(0, "-> ");
        }
        match version.mode() {
            None | Some(0o644) => {}
            Some(mode) => text.push_str(&format!(" ({mode:o})")),
        }
        (change.path, text)
    });
    held.collect()
}

/// Reads all files of a folder: path and content.
pub(crate) fn files(root: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.symlink_metadata().unwrap().is_dir() {
                folders.push(path);
            } else if let Ok(content) = fs::read_to_string(&path) {
                let name = path.strip_prefix(root).unwrap();
                files.insert(name.to_str().unwrap().to_owned(), content);
            }
        }
    }
    files
}

/// Makes a map of paths and what they hold.
pub(crate) fn map<const N: usize>(entries: [(&str, &str); N]) -> BTreeMap<String, String> {
    entries
        .into_iter()
        .map(|(path, held)| (path.to_owned(), held.to_owned()))
        .collect()
}

/// Lets this thread and those it starts meet permissions as everybody does, even when the tests
/// run as root.
pub(crate) fn give_up_privileges() {
    let mut capabilities = rustix::thread::capabilities(None).unwrap();
    capabilities.effective = rustix::thread::CapabilitySet::empty();
    rustix::thread::set_capabilities(None, capabilities).unwrap();
}
