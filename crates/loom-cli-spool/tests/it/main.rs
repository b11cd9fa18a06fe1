//! `loom spool` in repositories that are made for one test, beside the real `jj` and `git`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod concurrency;
mod documents;
mod failures;
mod interchange;
mod pins;
mod remotes;
mod rewriting;
mod scene;
mod steps;
mod tangles;
mod words;
