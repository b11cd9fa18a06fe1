//! Conversations on disk: a thread, its log, and who may continue it.
//!
//! # Types
//!
//! - [`ThreadId`]: the name of a thread, `T-` and a UUIDv7.
//! - [`ThreadStore`]: all threads of a user, in one SQLite file.
//! - [`NewThread`], [`Thread`], [`StoredThread`]: a thread as it begins, as it is listed, and as
//!   it is continued.
//! - [`ThreadStoreError`]: what can go wrong, with a hint for each.
//!
//! # Flow
//!
//! A thread is the [`Log`](loom_common_core::Log) of a conversation: messages, and besides them
//! rewinds and compactions, so that going back and shortening delete nothing. A session opens the
//! store, creates its thread when there is a first entry to store, and appends each entry as soon
//! as the log has it. To continue a thread, a session loads it and appends after its last entry.
//! An entry is one row, and its JSON is never rewritten: what is loaded equals what was stored,
//! down to the order of fields and the text of tool arguments, because providers check what comes
//! back to them. A message is stored as itself, as it was before there were other entries; only
//! messages give a thread its title.
//!
//! Whoever appends says how many entries it takes the thread to have. That number is the place
//! of the new entry, and the place can be taken once. So two sessions may continue the same
//! thread at the same time: one of them wins, the other is told, and nothing is overwritten.
//!
//! # Failure
//!
//! SQLite's write-ahead log makes each operation happen whole or not at all, and what has
//! happened survives the end of the process in any way. A crash of the whole machine may lose the
//! last messages before it; it damages nothing. Several processes may use the file, each waits
//! some seconds for the other's lock. A file that a newer Loom has changed, or that is not
//! Loom's, is refused and left as it is.

mod error;
mod id;
mod row;
mod schema;
mod store;
mod thread;
mod title;

pub use error::{BoxedError, ThreadStoreError};
pub use id::{ParseThreadIdError, ThreadId};
pub use store::ThreadStore;
pub use thread::{Continuation, GitMetadata, NewThread, StoredThread, Thread, ThreadFilter};
