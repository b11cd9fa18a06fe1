//! Conversations on disk: a thread, its messages, and who may continue it.
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
//! A session opens the store, creates its thread when there is a first message to store, and
//! appends each message as soon as the conversation has it. To continue a thread, a session loads
//! it and appends after its last message. A message is one row, and its JSON is never rewritten:
//! what is loaded equals what was stored, down to the order of fields and the text of tool
//! arguments, because providers check what comes back to them.
//!
//! Whoever appends says how many messages it takes the thread to have. That number is the place
//! of the new message, and the place can be taken once. So two sessions may continue the same
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
