//! The client of language servers: what a file is diagnosed with after an edit.
//!
//! An agent that edits without a compiler's word finds out late. Where a language server is
//! installed, an edit is answered with the problems that it made: those that were not there before.
//!
//! # Types
//!
//! [`Diagnostics::new`] takes a [`LspSetup`] and starts nothing. [`Diagnostics::before_edit`] and
//! [`Diagnostics::after_edit`] stand around each edit; the second returns the text for the model.
//! [`Diagnostics::come_in`] returns, without waiting, what has come in since. A
//! [`ServerDefinition`] says which program serves which files; [`definitions`] knows the usual ones.
//!
//! # Flow
//!
//! ```text
//! before_edit ──┐                              ┌─ documents: what the server was told of files
//! after_edit ───┼─> server task, one for each ─┼─ connection: requests, answers, notifications
//! shutdown ─────┘   program and project folder └─ process
//!                                                     │
//!       text for the model <── board: what is known of each file, and what was told <──┘
//! ```
//!
//! A server starts with the first edit of one of its files, in the background. After an edit the
//! file is sent as it is on the disk, and the server is waited for, [`LspSetup::wait`] at most:
//! asked for diagnostics where it answers such requests (LSP 3.17), else until it published some
//! for this version and then a moment longer, as many publish in two steps. What comes later is
//! told with the next edit. A server that did not answer is waited for half as long the next time.
//!
//! What is new is found by comparing severity, code and message, not lines, which move. Before a
//! file's first edit the server is given half of the time to say what there is already; when it
//! does not, only errors are told.
//!
//! # Failure
//!
//! Nothing here fails an edit: without an answer there is no text. What the person should know is
//! in [`Diagnostics::problems`], once.
//!
//! - *Not installed*: nothing happens. *Cannot start*: not tried again. *Crashes, talks garbage,
//!   floods, or does not take what it is sent*: ended with all that it started; started again with
//!   the next edit, [`MAX_FAILURES`] times in a session.
//! - Everything is bounded: frames, files, diagnostics, queues, the text.
//! - The servers end with [`Diagnostics::shutdown`], or are killed when the value is dropped.
//!
//! **Servers run code of the project**: build scripts, macros, plug-ins. They should be confined as
//! commands are ([`LspSetup::launcher`]); where they are not ([`Diagnostics::is_confined`]), edits
//! are told only with the person's consent to run anything. Programs are looked for in the `PATH` alone, and never
//! within the workspace.
//!
//! Others run checks of the whole project after each edit, which takes long, or show the model all
//! diagnostics of a file each time, which it then mends instead of doing its task.

mod actor;
mod board;
mod codec;
mod connection;
mod definition;
mod diagnostic;
mod diagnostics;
mod documents;
mod error;
mod process;

pub use actor::MAX_FAILURES;
pub use definition::{Language, ServerDefinition, ServerSettings, definitions};
pub use diagnostics::{Diagnostics, LspSetup};
pub use error::LspError;
pub use process::{Launch, Launcher};
