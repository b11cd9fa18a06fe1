//! What is written down of each point, one line of JSON each.

use jiff::Timestamp;
use loom_common_spool::SnapshotId;
use loom_common_thread::ThreadId;
use serde::{Deserialize, Serialize};

use crate::process::ProcessId;

/// Characters of a label that are kept.
const MAX_LABEL: usize = 200;

/// Something that happened to a thread, and the snapshot that was taken then.
///
/// Records of all threads that work in a folder stand in one list, in the order of their
/// snapshots: only so can be said whose call changed what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Number of the point; higher than all before it.
    pub(crate) number: u64,
    pub(crate) thread: ThreadId,
    /// When the snapshot was taken.
    pub(crate) at: Timestamp,
    pub(crate) snapshot: SnapshotId,
    /// Length of the conversation then.
    pub(crate) log_len: u64,
    /// The process that worked on the thread.
    pub(crate) process: ProcessId,
    #[serde(flatten)]
    pub(crate) event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event {
    /// A turn begins.
    Turn { label: String },
    /// A call begins.
    Before {
        call: String,
        label: String,
        reach: Extent,
    },
    /// A call has ended.
    After { call: String },
    /// Files are about to be taken back to the point `to`.
    Restore { to: u64, paths: Vec<String> },
    /// That is done; `restore` is the number of its record.
    Restored { restore: u64 },
}

/// Which files a call may change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Extent {
    /// It could be any.
    Anything,
    /// These, and what is in them; relative to the workspace, with `/`.
    Paths(Vec<String>),
}

impl Extent {
    pub(crate) fn names(&self, path: &str) -> bool {
        match self {
            Self::Anything => false,
            Self::Paths(paths) => paths.iter().any(|named| {
                path.strip_prefix(&**named).is_some_and(|rest| {
                    named.is_empty() || rest.is_empty() || rest.starts_with('/')
                })
            }),
        }
    }
}

/// Returns the first line of a label, shortened.
pub(crate) fn shorten(label: &str) -> String {
    let line = label.trim().lines().next().unwrap_or_default().trim();
    let mut short: String = line.chars().take(MAX_LABEL).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}
