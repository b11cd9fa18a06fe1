//! Version control on the store of Jujutsu, in three parts.
//!
//! - Snapshots of a folder, outside of its own repository, are described here.
//! - [`repository`]: the person's own repository, used by turns with `jj` and git.
//! - [`ledger`] and [`exchange`]: what several machines change at once, and how it gets around.
//!
//! # Types
//!
//! - [`SnapshotStore`]: the snapshots of one workspace, in a folder of the state directory.
//! - [`LockedStore`]: its one writer: takes a [`Snapshot`], puts versions back, deletes old ones.
//! - [`SnapshotReader`]: what it held when it was opened: a [`FileVersion`] of a path, its content,
//!   the [`Change`]s between two snapshots, and a file without some of its changes.
//! - [`SpoolError`]: what can go wrong, with a hint where there is something to do.
//!
//! All operations block. Time is handed in; nothing is read from the environment.
//!
//! # Flow
//!
//! ```text
//! workspace ──scan──> what is new against the index ──read, hash, compress──> pack
//!                                                 └──fold folders up──> Jujutsu trees ──> id
//! ```
//!
//! A snapshot lists the folder and compares size, times and inode of each file with the index of
//! the last one; only what differs is read. Its name is the hash of the top folder, so an unchanged
//! folder has an unchanged name. Trees, comparing and merging are Jujutsu's. Its own working copy
//! is not used: it leaves repositories inside of a folder out, gives up at a file that vanishes,
//! and knows neither permissions nor inodes. Nor are its backends for objects, of which one makes a
//! file for each object and the other needs git: here they are in one compressed pack.
//!
//! What is in a snapshot: files and symbolic links that git does not ignore, tracked or not, with
//! permissions, also those of repositories inside. What is not: ignored files, the folders of
//! version control, empty folders, pipes and devices, names that are not UTF-8. Files over a limit
//! and unreadable ones are in it by name only, and are reported. A file that git tracks although
//! its rules ignore it counts as ignored. Nothing is made in the workspace, and a repository is
//! only read for its rules.
//!
//! # Failure
//!
//! - What counts is said by one small file, which is replaced last. A kill or a full disk at any
//!   moment leaves the store as it was, and the next snapshot works.
//! - One process writes at a time; another waits, up to a limit. Readers never wait.
//! - Content is checked by its hash when it is read. A damaged store is moved aside by the next
//!   writer, a new one is begun, and [`Snapshot::began_anew`] says so. Writes are not forced to the
//!   disk: a crash of the whole machine may lose the last snapshots, and is noticed as damage.
//! - Size, age and number of files are bounded by [`SnapshotLimits`]. Old snapshots are deleted by
//!   copying what the others need into a new generation of files.
//! - A file is put back at one stroke, only while it still is what the caller expects there,
//!   never through a symbolic link and never below a folder of version control.
//!
//! Others keep snapshots as commits in a shadow git repository: that works only where git does, and
//! costs seconds in large folders. Others copy the files that their own tools edit: that misses
//! what commands did.

mod error;
pub mod exchange;
pub mod ledger;
pub mod repository;
mod snapshot;

pub use error::SpoolError;
pub use snapshot::{
    Change, ChangeKind, FileVersion, KeepReason, Kept, LineCounts, LockedStore,
    ParseSnapshotIdError, Pruned, Restored, Restoring, Reverted, SkipReason, Skipped, Snapshot,
    SnapshotId, SnapshotLimits, SnapshotReader, SnapshotSettings, SnapshotStore, Target,
};
