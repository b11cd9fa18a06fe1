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
    /// A call has given the hand back, and a command of it goes on in the background.
    HandedBack { call: String },
    /// A call has ended; what it had in the background, too.
    After {
        call: String,
        /// How that ended which was in the background.
        #[serde(default)]
        background: BackgroundEnd,
    },
    /// Files, the conversation, or both are about to be taken back to the point `to`.
    Restore {
        to: u64,
        /// Files that are written.
        paths: Vec<String>,
        /// Whether the conversation goes back.
        #[serde(default)]
        conversation: bool,
    },
    /// That is done; `restore` is the number of its record.
    Restored { restore: u64 },
}

impl Event {
    /// Tells whether it says how far a call has come. When that is lost, what others change is taken
    /// for the call's.
    pub(crate) fn closes(&self) -> bool {
        matches!(self, Self::HandedBack { .. } | Self::After { .. })
    }
}

/// How a command in the background ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackgroundEnd {
    /// It came to its own end. What changed while it ran counts as its work, as of a command that
    /// was waited for.
    #[default]
    ByItself,
    /// It was ended. Such commands are servers and watchers, which run for hours while the person
    /// edits files: whose change it was is unclear.
    Stopped,
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
