//! The tools that an agent works with: files, search, shell.
//!
//! # Types
//!
//! A [`ToolRegistry`] holds [`Tool`]s under their names. [`ToolRegistry::builtin`] makes Loom's
//! own, each in a module of its name, within [`ToolLimits`]: `read_file`, `list_files`, `glob`,
//! `grep`, `edit_file`, `bash`. What the model is told of a tool (a description from the `.md` file
//! beside the code, a schema from the arguments' struct) is the same in each request, byte for
//! byte, so that providers can cache it.
//!
//! # Flow
//!
//! ```text
//! ToolCall ──> ToolRegistry ──> arguments ──> the tool ──────────────> ToolOutput
//!               (is there        (do they      ├─ workspace: the path, resolved
//!                such a tool?     fit the      ├─ walk ──> grep, glob, list_files
//!                is it JSON?)     schema?)     ├─ edit, seen, replace_file: edits
//!                                              └─ bash: output, processes
//! ```
//!
//! A tool has no state but for the memory of what the agent read, which edits ask. All text that a
//! tool returns is bounded, and says what it left out and how to get at it.
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
//! - *File tools stay inside the workspace*, symbolic links included, also when somebody swaps a
//!   folder for a link meanwhile. `bash` can do what the person can; permission for it is asked
//!   for elsewhere.
//! - *An edit is written whole or not at all*: a full disk or a kill leaves the old content. A file
//!   that changed since the agent read it is not overwritten.
//! - *A command is killed with all it started* when its time is up. One thing escapes: a process
//!   that left the session, lost its parents and cleared its environment, which is to say, a
//!   daemon that wants to.

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
pub use bash::CommandEnvironment;
pub use bash::processes::{ProcessTree, new_mark};
pub use error::ToolError;
pub use outputs::{OutputLimits, OutputStore};
pub use registry::{NameTaken, ToolRegistry};
pub use setup::{EditStyle, ToolLimits, ToolSetup};
pub use tool::Tool;
