//! Version control on the store of Jujutsu: snapshots of a folder, outside of its own repository.
mod error;
mod snapshot;

pub use error::SpoolError;
pub use snapshot::{
    Change, ChangeKind, FileVersion, KeepReason, Kept, LineCounts, LockedStore,
    ParseSnapshotIdError, Pruned, Restored, Restoring, Reverted, SkipReason, Skipped, Snapshot,
    SnapshotId, SnapshotLimits, SnapshotReader, SnapshotSettings, SnapshotStore, Target,
};
