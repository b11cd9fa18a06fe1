//! Looks for secrets in files, folders and git history, and takes them out of files.
//!
//! # Types
//!
//! A [`Scanner`] holds the rules, the known secrets and what a scan leaves out. It looks through a working tree
//! ([`Scanner::tree`]), what is staged ([`Scanner::staged`]) or the history ([`Scanner::history`]) and returns a
//! [`Report`]: each [`Leak`] with its place and an excerpt of its line, and each [`Omission`]. A [`Baseline`] is a
//! file of the leaks that are known. [`filter`] redacts what passes through a pipe, [`rewrite`] a file in its place.
//! A [`Hook`] has git ask before each commit. [`Progress`] is what others may watch of all that, and how they end it.
//!
//! # Flow
//!
//! Everything is read in pieces, decoded (UTF-16 that says so by its first bytes becomes UTF-8) and pushed into a
//! search of `loom-redact`, so that memory does not depend on the size of a file. Beside it a window of the last
//! bytes is kept for excerpts. An excerpt is cut only when so much text has followed that a second secret in the
//! same line would have been found too, and all secrets in it are replaced: what is printed never holds one.
//!
//! A tree is walked and read by as many threads as there are cores. For history, git tells commit by commit which
//! contents are new; each goes once to the next free worker, and each worker has a git of its own to read from.
//! Staged files are read whole from the index, because what makes a secret recognisable may stand on a line that is
//! old, and then the leaks on new lines count.
//!
//! # Failure
//!
//! What cannot be read, vanishes or is too large is an [`Omission`] and stops nothing. A rule file, a baseline or a
//! git that fails is a [`RedactError`] and stops the scan: half of an answer would read like a whole one.
//! [`rewrite`] writes a new file beside the old one and renames it at the very end, if nobody has changed the
//! old one meanwhile; whatever happens before, the old one is untouched. A file without a secret is not written.
//!
//! # Others
//!
//! Scanners of patches see only the added lines, and miss secrets whose name stands on the line before; those that
//! go through the history patch by patch read each version of a file again for each line that changed. Here each
//! content is read once. Scanners that print the secret, or its line, leak it into the logs of CI: here nothing can
//! be asked to.

mod baseline;
mod blobs;
mod content;
mod encoding;
mod error;
mod excerpt;
mod filter;
mod hook;
mod leak;
mod progress;
mod report;
mod rewrite;
mod rule_file;
mod scanner;
mod tree;

pub use baseline::Baseline;
pub use encoding::BinaryFiles;
pub use error::RedactError;
pub use filter::{Arrival, Filtered, IDLE, Source, filter};
pub use hook::{Hook, Installed};
pub use leak::{Leak, Omission, Reason, Report};
pub use progress::Progress;
pub use report::{json, sarif};
pub use rewrite::{Rewritten, rewrite};
pub use rule_file::{RULE_FILES, find_rule_file, load_rules};
pub use scanner::{Limits, Scanner};
pub use tree::Tree;
