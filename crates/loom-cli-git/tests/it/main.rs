//! Real repositories of every kind, and a git that fails in every way.
#![expect(clippy::unwrap_used, reason = "tests")]

mod committing;
mod contents;
mod destinations;
mod discovery;
mod failures;
mod hooks;
mod obstacles;
mod random_hunks;
mod separation;
mod status;
