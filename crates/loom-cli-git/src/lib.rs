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
//! A commit is made of [`FileChange`]s: steps of files, not contents. [`Repository::prepare`] brings them into a
//! tree ([`Prepared`]), [`Prepared::commit`] makes the commit ([`Committed`]).
//!
//! # Flow
//!
//! Everything goes through the `git` that is installed: it alone honours each setting, hook, filter,
//! signature and extension that a repository may have, and starting it costs 2 ms. Reading a
//! repository with a library of our own would be a second opinion on all of them.
//!
//! # Commits
//!
//! ```text
//! steps ──clean filters──> compared with HEAD and index ──merge where needed──> private index ──> tree
//! tree ──pre-commit──> tree ──messages' hooks, signature──> commit ──index.lock──> branch ──> index ──> post-commit
//! ```
//!
//! What is the person's stays the person's: what is staged stays staged, what is not stays so, line by line, and no
//! file of the working tree is touched. What cannot be separated is left out ([`LeftOut`]). The index is replaced
//! as git does it, under its lock, together with the branch; the branch is moved only from where it was. A
//! commit to another branch touches neither index nor working tree. Cost does not go by the size of the
//! repository but for reading and writing the index: nothing is looked at that the steps do not name.
//!
//! In the middle of a merge, a rebase and the like, and beside conflicts, there is no commit. Files in submodules and
//! in repositories below belong to those, and are left out: a commit there would make one more change here.
//!
//! Before anything is shown to hooks, the tree is compared with its parent: what it changes besides the steps, such as
//! what stood in the place of a new file, makes the steps there be left out. `git commit` with a private index would
//! do most of this, but it looks at each file of the working tree, knows no other branch, and takes what a hook
//! stages for the person's will.
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
//! Whatever fails before the branch moves leaves nothing behind but objects that nothing names, which git
//! removes by itself. A hook that hangs is ended with its process group; a signature that asks for a passphrase
//! fails.
//!
//! Reading takes no locks (`GIT_OPTIONAL_LOCKS=0`), so that nothing the person does at the same time
//! fails. Paths are bytes, and are never shown to a shell.

mod change;
mod commit;
mod destination;
mod error;
mod history;
mod hooks;
mod index;
mod invocation;
mod merging;
mod message;
mod metadata;
mod objects;
mod program;
mod repository;
mod settings;
mod signing;
mod staged;
mod status;
mod tree_entry;

pub use change::{FileChange, LeftOut, LeftOutReason, Version};
pub use commit::{CommitOptions, Committed, Preparation, Prepared};
pub use error::GitError;
pub use history::{Addition, Additions, Commit, HistoryQuery};
pub use metadata::Metadata;
pub use objects::Objects;
pub use program::Git;
pub use repository::{Operation, Repository};
pub use staged::StagedFile;
pub use status::{Branch, Change, ChangeKind, Status, Untracked};
