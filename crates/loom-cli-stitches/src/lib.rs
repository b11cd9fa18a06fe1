//! The agent's work as stitches, one for each turn that changed something.
//!
//! # Types
//!
//! [`StitchKeeper`], made of a [`StitchSetup`], is a [`WorkKeeper`] of a session in a folder that has a spool
//! (a repository of Jujutsu). [`ThreadTrailers`] end the description of a stitch, and so tie it to its thread.
//!
//! # Flow
//!
//! ```text
//! a turn ends ──> Rewind::work ──> Repository::snapshot ──> step_below ──> stitch_below
//!                 without and      what everybody did       the agent's    between the shuttle
//!                 with the         is in the shuttle        part of each   and its parents
//!                 agent's changes                           file
//! ```
//!
//! What the agent did is known from the snapshots of undo, whatever did it: an edit, a command, a subagent.
//! It becomes a stitch of its own below the shuttle; what the person did in the meantime, also in the same
//! file, stays in the shuttle. No file on disk is touched. Where both changed the same lines the file
//! stays in the shuttle whole, and is named.
//!
//! The description is what was asked, without secrets, and the trailers `Loom-Thread` and `Loom-Turn`: the
//! thread, and the number of the point that undo takes the turn back to.
//!
//! [`ThreadTrailers`]: loom_common_spool::repository::ThreadTrailers
//! [`WorkKeeper`]: loom_cli_session::WorkKeeper
//!
//! # Undo
//!
//! Undoing a turn puts its files back and leaves the stitch, which may have been sent somewhere; what was put
//! back is in the shuttle then, as a change that takes the stitch's back. `loom spool unpick` undoes the stitch
//! and leaves the files; `loom spool snip` takes it out of the history.
//!
//! # Failure
//!
//! It runs behind the turn and never holds one up; pieces of work are taken one after the other. What fails is
//! told once, and the work goes with the next stitch. A stitch is one operation of the tension log: it is there
//! whole or not at all.
//!
//! Where there is a spool, stitches take the place of automatic commits: the same work is not recorded twice.

mod description;
mod keeper;
mod weaving;

pub use keeper::{StitchKeeper, StitchSetup};
