//! Settings of the command line program.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helper functions too"
)]

mod documentation;
mod loading;
