//! Commits of what the agent changed, and of nothing else.
//!
//! # Types
//!
//! [`AutoCommit`], made of an [`AutoCommitSetup`], is a [`WorkKeeper`] of a session: it is told of each piece of
//! work that ended, and commits it to the person's git repository.
//!
//! # Flow
//!
//! ```text
//! a turn ends ──> Rewind::work ──> steps of files ──> Repository::prepare ──> words ──> Prepared::commit
//!                 without and      secrets, junk      three-way, into a      a small    hooks, signature,
//!                 with the         and what is too    private index          model or   branch, index
//!                 agent's changes  much stay out                             plain
//! ```
//!
//! What the agent did is known from the snapshots of undo, whatever did it: an edit, a command, a subagent. Of each
//! file there is the version without the agent's changes and the one with them; the step between the two is taken
//! from the version of the last commit. So the person's own uncommitted work stays uncommitted, also in the same
//! file, and staged stays staged. Where both are in the same lines the file is left out and named.
//!
//! The message is a small model's. It sees a bounded patch without its secrets, what was asked, and messages of
//! the repository, whose style it is to keep; its answer is checked. Without it, or when it is slow or talks
//! rubbish, the message is plain: what was asked, or the names of the files. A trailer names the thread.
//!
//! # What is committed when
//!
//! A turn that came to its end is committed, or each round of calls ([`AutoCommitMoment::Call`]). What a turn
//! changed that failed or was stopped goes with the next one. So does what a failed commit would have had, and
//! what was left out of one, as soon as it can be told apart.
//!
//! Undo leaves commits alone: it puts the files back as it always does, and the commit stays, since history may
//! have been pushed by then. The next commit records what was put back.
//!
//! # Failure
//!
//! It runs behind the turn and never holds one up; pieces of work are taken one after the other. Nothing that fails
//! here fails anything else: it is told once, and the work waits for the next commit. A merge, a rebase and
//! the like are waited out; a hook that refuses is told with what it said. A session that ends waits for
//! a while. Tracked files that rules of `.gitignore` name are in no snapshot, and so in no commit.
//!
//! Others run `git add -A` behind each edit, which takes the person's work along, or commit whole files, which takes
//! the person's lines along.
//!
//! [`WorkKeeper`]: loom_cli_session::WorkKeeper
//! [`AutoCommitMoment::Call`]: loom_cli_config::AutoCommitMoment::Call

mod answer;
mod commits;
mod keeper;
mod plain;
mod renames;
mod steps;
mod style;
mod words;

pub use commits::AutoCommitSetup;
pub use keeper::AutoCommit;
