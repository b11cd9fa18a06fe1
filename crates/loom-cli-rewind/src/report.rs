//! What points and restores are to those who show them.

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;
use loom_common_spool::{ChangeKind, KeepReason, LineCounts, Skipped};
use serde::Serialize;

/// A point that a thread can be taken back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Point {
    /// What it is called. Numbers of a folder grow, and are never used again.
    pub number: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// What was about to happen.
    #[serde(flatten)]
    pub kind: PointKind,
    /// Length of the conversation at the point.
    pub log_len: u64,
    /// What the thread changed from here on, until the next point of the same kind. For a turn
    /// that is the whole turn.
    pub changes: Vec<FileSummary>,
    /// Whether the files of the point are still kept.
    pub is_available: bool,
    /// Whether the conversation has gone back to this point or an earlier one since, so that what
    /// was about to happen is not part of it any more.
    pub is_undone: bool,
}

/// What was about to happen at a point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PointKind {
    /// A turn, after the person's prompt.
    Turn {
        /// Beginning of the prompt.
        label: String,
    },
    /// A tool call.
    Call {
        /// The id that the model gave the call.
        call_id: String,
        /// What the call is about.
        label: String,
    },
    /// Going back to another point. Going back to this one undoes that.
    Restore {
        /// The number of the other point.
        to: u64,
    },
}

/// What happened to a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileSummary {
    /// Relative to the workspace, with `/`.
    pub path: String,
    /// What happened.
    pub kind: ChangeKind,
    /// Lines that were added and removed; `None` for what is not text or too large.
    #[serde(flatten)]
    pub lines: Option<LineCounts>,
}

/// What was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The number of the point.
    pub number: u64,
    /// Files and links that are covered.
    pub files: u64,
    /// What is not covered, or not whole: the first hundred by path.
    pub skipped: Vec<Skipped>,
    /// How many more there are.
    pub skipped_more: usize,
    /// Set when the store was damaged and all earlier points are lost: where the damaged store lies
    /// now. The person should be told.
    pub began_anew: Option<PathBuf>,
}

/// What going back to a point would do, or has done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RestoreReport {
    /// The point.
    pub to: u64,
    /// Length of the conversation at the point.
    pub log_len: u64,
    /// The number of the point that undoes this; `None` when nothing was done yet.
    pub undo: Option<u64>,
    /// The files that were changed, and how.
    pub restored: Vec<FileSummary>,
    /// The files of the thread that were left as they are.
    pub kept: Vec<KeptFile>,
    /// What those calls of the thread are about that go on: commands in the background. What they
    /// change from now on is not taken back.
    pub running: Vec<String>,
}

/// A file that the thread changed, or may have, and that was left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptFile {
    /// Relative to the workspace, with `/`.
    pub path: String,
    /// Why.
    pub reason: KeptReason,
}

/// Why a file was left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptReason {
    /// Somebody else has changed it since, in the same place.
    Conflict,
    /// It was changed while commands of two threads ran; whose it was cannot be told.
    Unclear,
    /// It was changed beside a command in the background that still runs, or had to be ended; it
    /// may have been the person.
    Background,
    /// It was changed after the process died in which a call of the thread ran; it may have been the
    /// person.
    CutOff,
    /// It could not be put in place.
    #[serde(untagged)]
    NotRestored(KeepReason),
}

impl fmt::Display for KeptReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict => formatter.write_str("it was changed since in the same place"),
            Self::Unclear => {
                formatter.write_str("it was changed while commands of two threads ran")
            }
            Self::Background => formatter.write_str(
                "it was changed while a command ran in the background, and may be yours",
            ),
            Self::CutOff => formatter
                .write_str("it was changed after Loom was cut off in a call, and may be yours"),
            Self::NotRestored(reason) => reason.fmt(formatter),
        }
    }
}
