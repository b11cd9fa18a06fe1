//! The agent's work in real repositories, beside the person's.
#![expect(clippy::unwrap_used, reason = "an unexpected error fails the test")]

mod commits;
mod leaving_out;
mod messages;
mod scene;
mod trouble;
