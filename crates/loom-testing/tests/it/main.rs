//! Drives the fake model with a bare HTTP client: each fault and each rule has a test of its own.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod anthropic;
mod client;
mod openai;
