//! Git repositories of the person: what they are, what changed in them, and what is put into them.
//!
//! # Types
//!
//! [`Git`] is the program with an environment. [`Git::discover`] finds the [`Repository`] that a folder
//! is in: a working tree, a linked one, a submodule, or a bare repository. A repository tells its
//! [`Status`], its [`Metadata`] for a thread, and the [`Operation`] that somebody is in the middle of. What
//! the next commit would bring in ([`StagedFile`]) and what each commit of the history has brought in
//! ([`Addition`]) come as hashes; [`Objects`] hands out the contents, piece by piece.
//!
//! # Flow
//!
//! Everything goes through the `git` that is installed: it alone honours each setting, hook, filter,
//! signature and extension that a repository may have, and starting it costs 2 ms. Reading a
//! repository with a library of our own would be a second opinion on all of them.
//!
//! # Failure
//!
//! A git that waits is worse than one that fails, so none can ask: it has no terminal (a session of its
//! own), no input, and programs in the place of those that ask for passwords which say no. It has a time
//! limit, or a limit to its silence where it is read while it runs; after that it is ended with what it
//! started. What it may print has a limit too. Variables that point it at another repository (`GIT_DIR` and
//! the like, set while a hook runs) are taken away, and messages are in English, as some are read here:
//! [`GitError`] knows a lock that another git holds, a folder of another owner, and a missing git from other
//! failures.
//!
//! Reading takes no locks (`GIT_OPTIONAL_LOCKS=0`), so that nothing the person does at the same time
//! fails. Paths are bytes, and are never shown to a shell.

mod error;
mod history;
mod invocation;
mod metadata;
mod objects;
mod program;
mod repository;
mod staged;
mod status;

pub use error::GitError;
pub use history::{Addition, Additions, Commit, HistoryQuery};
pub use metadata::Metadata;
pub use objects::Objects;
pub use program::Git;
pub use repository::{Operation, Repository};
pub use staged::StagedFile;
pub use status::{Branch, Change, ChangeKind, Status, Untracked};
