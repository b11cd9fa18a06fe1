//! What `--json` prints: the contract with programs.
//!
//! Commands that list print one document a line, all others print one. Fields are only ever added.
//! Ids are whole, and the same as in `jj` and git: a stitch's id is the change id, a knot's id the
//! commit id. Times are in RFC 3339 with the offset that they were written with.

mod change;
mod operation;
mod outcome;
mod pin;
mod remote;
mod stitch;

use schemars::JsonSchema;

pub use change::{ChangeStatus, EntryKind, FileChange, LineCounts, StitchInFull, Tangle, Tension};
pub use operation::{Operation, OperationInFull, PinChange, ShuttleChange, StitchChange};
pub use outcome::{FilesWritten, Outcome, Wound};
pub use pin::{Pin, PinTarget, RemotePin};
pub use remote::{Drawn, NotPushed, PushUpdate, Pushed, Remote};
pub use stitch::{Person, PinHere, Stitch};

/// All documents, by the command that prints them; the schema of `--json`.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it is there for its schema")]
struct Documents {
    /// `wind`
    wind: Wound,
    /// `trace`, one a line
    trace: Stitch,
    /// `show`, one a line
    show: StitchInFull,
    /// `compare`, one a line
    compare: FileChange,
    /// `tension`
    tension: Tension,
    /// `pin list`, one a line
    pin_list: Pin,
    /// `tension-log`, one a line
    tension_log: Operation,
    /// `tension-log show`
    tension_log_show: OperationInFull,
    /// `shuttle`
    shuttle: Pushed,
    /// `draw`
    draw: Drawn,
    /// `remote list`, one a line
    remote_list: Remote,
    /// `untangle --list`, one a line
    untangle_list: Tangle,
    /// All commands that change something
    change: Outcome,
}

/// Returns the schema of what `--json` prints: a property for each command, with its document.
pub(crate) fn schema() -> schemars::Schema {
    schemars::schema_for!(Documents)
}
