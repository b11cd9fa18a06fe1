//! Tests of whole sessions: a scripted model, real tools, a real thread store.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bench;
mod cancelling;
mod example;
mod failures;
mod keeping;
mod permissions;
mod storage;
mod turns;
