//! What the library finds, what it leaves, and what it says about rules that are wrong.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helper functions too"
)]

mod differential;
mod files;
mod json;
mod known;
mod properties;
mod report;
mod rules;
mod sample;
mod terminal;
