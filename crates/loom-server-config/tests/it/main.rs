//! Settings of the server.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helper functions too"
)]

mod data_dir;
mod documentation;
mod loading;
mod models;
mod providers;
mod search;
