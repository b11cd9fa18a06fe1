//! Snapshots as their callers see them, on real files.
#![expect(clippy::unwrap_used, reason = "an unexpected error fails the test")]

mod age_and_size;
mod comparing;
mod damage;
mod exchange;
mod ignoring;
mod processes;
mod repository;
mod restoring;
mod scene;
mod taking;
