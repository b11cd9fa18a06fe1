//! Undo: the points of a thread that its files can be taken back to.
//!
//! # Types
//!
//! - [`Rewind`]: everything a session needs, for one workspace. A clone is the same.
//! - [`CallStart`], [`Reach`]: a tool call that may change files, and which.
//! - [`Point`]: a place to go back to: a turn, a call, or an earlier restore, with what changed.
//! - [`RestoreReport`]: what going back did, what was left alone and why, and the point that undoes
//!   it.
//! - [`Work`]: what the thread changed, for those who store it elsewhere: of each file the version
//!   with and without its changes.
//!
//! # Flow
//!
//! A session calls [`Rewind::begin_turn`], and [`Rewind::before_call`] and [`Rewind::after_call`]
//! around each call that is not read-only, however the call ends. When a command of a call goes on in
//! the background, [`Rewind::call_goes_on`] and [`Rewind::background_ended`] take the place of the
//! latter. Each takes a snapshot (see [`loom_common_spool`]) and
//! appends a line to the list of points, under one lock, so that the lines of all threads in a
//! folder are in the order of their snapshots. What happened between two snapshots is a thread's
//! when one of its calls was running that could do it, whatever did it: a tool, a shell command, a
//! program that the command started. `attribution.rs` has the exact rules.
//!
//! # What restoring means
//!
//! [`Rewind::restore`] takes away what the thread changed since the point, and nothing else:
//!
//! - Where only this thread changed a file since, the file is as it was at the point: byte for
//!   byte, with its permissions, or the link that it was, or not there.
//! - Where the person or another thread changed it, too, in other lines, those changes stay.
//! - Where both changed the same lines, or what is not text, the file stays as it is and is
//!   reported, unless [`OnConflict::Overwrite`] is asked for.
//! - Where it cannot be told whether the thread or the person changed a file, it stays as it is and
//!   is reported as well: beside a command in the background that still runs or had to be ended, and
//!   after a call whose process died.
//! - Files that the thread did not change stay as they are. So does everything that snapshots do
//!   not hold, such as ignored files, also when the thread changed what is ignored.
//!
//! Folders are in no snapshot: those that become empty are deleted. A restore is recorded like a
//! call, so going back to [`RestoreReport::undo`] undoes it.
//!
//! # Failure
//!
//! A point that cannot be recorded is an error for the session to show once; the turn goes on. The
//! end of a call that could not be written down is written with the next point. A call that was cut
//! off with its process is the thread's as far as that process has recorded anything; what changed
//! later, until the thread's next turn, is unclear. When the folder is too large for
//! snapshots, recording stops for the process ([`RewindError::Off`]). [`Rewind::tidy`] deletes what
//! is too old, of this workspace and of those that nobody uses any more.
//!
//! Others go back to the folder as it was, which deletes what the person and other sessions did
//! since; or they remember the edits of their own tools, which misses what commands did.

mod attribution;
mod core;
mod error;
mod log;
mod place;
mod plan;
mod process;
mod record;
mod report;
mod rewind;
mod work;

pub use error::RewindError;
pub use plan::OnConflict;
pub use record::BackgroundEnd;
pub use report::{FileSummary, KeptFile, KeptReason, Point, PointKind, Recorded, RestoreReport};
pub use rewind::{CallStart, Clock, Reach, Rewind, RewindSettings};
pub use work::{Content, FileWork, Sides, Until, Work};
