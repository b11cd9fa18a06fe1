//! The thread store as its callers see it, on real files.
#![expect(clippy::unwrap_used, reason = "an unexpected error fails the test")]

mod concurrency;
mod files;
mod lifecycle;
mod processes;
mod round_trip;
mod scene;
