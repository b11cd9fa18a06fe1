//! The tools over real sockets: servers that answer well, badly, and with bad intentions.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helper functions too"
)]

mod addresses;
mod faults;
mod pages;
mod redirects;
mod search;
mod web;
