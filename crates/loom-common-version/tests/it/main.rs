//! What a build reports about itself.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helper functions too"
)]

mod build_info;
#[path = "../../build/commit.rs"]
mod commit;
mod commit_of_build;
