//! Hooks as a session runs them: from files on disk, as real processes.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, also in what it shares with others"
)]

mod decisions;
mod files;
mod inputs;
mod processes;
mod scratch;
mod trust;
