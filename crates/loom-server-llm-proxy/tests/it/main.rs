//! The client against a server that answers by the wire contract, or not.
#![expect(clippy::unwrap_used, reason = "tests")]

mod calls;
mod client;
mod long_requests;
mod refusals;
mod stream;
mod wire;
