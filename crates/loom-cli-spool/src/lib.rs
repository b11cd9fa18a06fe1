//! Version control for people: Jujutsu's operations under tapestry names, as `loom spool`.
//!
//! # Types
//!
//! - [`SpoolArguments`]: the command line. Commands and options are named after weaving; each also
//!   goes by the name that `jj` gives it, so that fingers need not learn anew.
//! - [`Console`]: what a command is handed of the world: streams, what of them is a terminal, the
//!   environment, and what the engine must know (folders, identity, time, randomness).
//! - [`run`]: carries a command out. [`SpoolCommandError`] is why it did not, with a hint.
//! - [`document`]: what `--json` prints, with its schema.
//!
//! # Flow
//!
//! ```text
//! arguments ──> Workbench ──open──> Repository, newest state, working copy recorded
//!                   │                 │ revsets and filesets named by the arguments ──> knots
//!                   │                 │ Transaction ──finish──> one operation
//!                   └──report─────────┴──> Page ──> text with or without colours │ JSON
//! ```
//!
//! A command resolves what its arguments name, changes the repository in one transaction of
//! [`loom_common_spool::repository`], and reports. What was asked for goes to standard output; what
//! was done, warnings and hints go to standard error, so that output can be piped. Lists are written
//! entry by entry, as they are read.
//!
//! Everything that comes out of a repository passes a page, which knows words of the program from
//! words of others and takes control characters out of the latter. Only a patch that no terminal
//! shows keeps its bytes.
//!
//! # Failure
//!
//! What fails leaves the repository as it was: a transaction becomes visible in one step. The working
//! copy is recorded before anything else, so even files that were never described can be had back.
//! Where a description is needed and nobody can be asked, the command refuses before it changes
//! anything; what was typed into an editor that fails is kept in its file.
//!
//! Other front ends of Jujutsu wrap the `jj` program and read its text. This one is built on the same
//! library, so it needs no `jj`, understands the same settings, revsets and filesets, and writes the
//! same operations: both can be used on one repository in turn, or at once.

mod arguments;
mod commands;
mod console;
mod diff;
pub mod document;
mod editor;
mod error;
mod graph;
mod page;
mod palette;
mod paths;
mod stitch_line;
mod workbench;

pub use arguments::*;
pub use commands::run;
pub use console::{Console, Terminal};
pub use error::SpoolCommandError;
