//! Diagnostics as a session gets them: from real processes, over pipes.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, also in what it shares with others"
)]

mod edits;
mod failures;
mod lifetime;
mod pyright;
mod scene;
