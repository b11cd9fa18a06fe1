//! The client against a server that speaks Chat Completions, well or badly.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod client;
mod conversation;
mod faults;
mod refusals;
