//! Undo: the points of a thread that its files can be taken back to.
mod attribution;
mod core;
mod error;
mod log;
mod place;
mod plan;
mod record;
mod report;
mod rewind;

pub use error::RewindError;
pub use plan::OnConflict;
pub use report::{FileSummary, KeptFile, KeptReason, Point, PointKind, Recorded, RestoreReport};
pub use rewind::{CallStart, Clock, Reach, Rewind, RewindSettings};
