//! What people wrote for the agent, read from the disk.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, also in what it shares with others"
)]

mod agents;
mod commands;
mod instructions;
mod mentions;
mod scratch;
mod skills;
