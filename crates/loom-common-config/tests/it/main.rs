//! Layered configuration, on the settings of an example program.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helper functions too"
)]

mod declaration;
mod directories;
mod documentation;
mod environment;
mod example;
mod files;
mod http_url;
mod layers;
mod secrets;
