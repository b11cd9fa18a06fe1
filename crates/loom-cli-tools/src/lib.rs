//! The tools that an agent works with: files, search, shell.
//!
//! # Types
//!
//! A [`ToolRegistry`] holds [`Tool`]s under their names, [`ToolRegistry::builtin`] Loom's own, each
//! in a module of its name, made with a [`ToolSetup`]. Others are added: what the model is told only
//! grows, and only at its end, so that providers can cache it. An [`OutputStore`] keeps what is too
//! long for the model; tools elsewhere use it too. A [`CommandEnvironment`] is what commands
//! inherit.
//!
//! # Flow
//!
//! ```text
//! ToolCall ──> ToolRegistry ──> arguments ──> the tool ─────────────────────> ToolOutput
//!               (is there        (do they      ├─ workspace: may it touch the path?
//!                such a tool?     fit the      ├─ walk ──> grep, glob, list_files
//!                is it JSON?)     schema?)     ├─ edit, notebook ──> editing: drafts, written
//!                                              └─ bash: running ──> jobs in the background
//! ```
//!
//! Before a call runs, [`ToolRegistry::resources`] says what it would touch, with symbolic links
//! resolved. What is permitted of it goes along with the call
//! ([`ToolContext::permitted`](loom_common_core::ToolContext::permitted)), and the tool touches that
//! and nothing else; without it paths end at the workspace. All text that a tool returns is bounded,
//! and says what it left out and how to get at it.
//!
//! # Failure
//!
//! A call never fails as a Rust error: whatever goes wrong becomes a failed output that tells the
//! model what happened and how to mend the call. Wrong arguments come back with the expected
//! shape, a missing file with names that come near, an edit that does not fit with the nearest
//! lines.
//!
//! - *Cancelling* is dropping the call's future. Processes are then killed before the drop returns,
//!   work on other threads is told to end, and an edit is either made or not.
//! - *What was checked is what is opened*, or nothing, also when somebody swaps a folder for a link
//!   meanwhile. A search that is under way trusts the folder that it was given.
//! - *Edits are written whole or not at all*, those of a patch together: a full disk or a kill
//!   leaves the old content. A file that changed since the agent read it is not overwritten.
//! - *A command that takes long is not killed*, but followed in the background; its output is
//!   bounded in memory and on the disk. With the session all that any command started is ended. One
//!   thing escapes: a process that left the session of its command, lost its parents and cleared its
//!   environment, which is to say, a daemon that wants to.
//!
//! # Why so
//!
//! Others find an edit's place by similarity, or take the first of several: an edit in the wrong
//! place costs more than another call. Here a place is unique or the edit is refused with help. Others
//! apply a patch file by file, and leave half of it when one does not fit. Others kill a command when
//! its time is up, and with it the work of minutes; or leave it running unseen when they end.

mod apply_patch;
mod arguments;
mod bash;
mod blocking;
mod content;
mod edit;
mod edit_file;
mod edit_notebook;
mod editing;
mod error;
mod glob;
mod grep;
mod list_files;
mod missing;
mod notebook;
mod outputs;
mod read_file;
mod registry;
mod seen;
mod setup;
mod tool;
mod view_image;
mod walk;
mod workspace;
mod write_file;

pub use arguments::{answer, definition};
pub use bash::processes::{ProcessTree, new_mark};
pub use bash::{CommandEnvironment, is_secret_variable};
pub use error::ToolError;
pub use outputs::{OutputLimits, OutputStore};
pub use registry::{NameTaken, ToolRegistry};
pub use setup::{EditStyle, ToolLimits, ToolSetup};
pub use tool::{BackgroundEnd, CallOutcome, Tool};
