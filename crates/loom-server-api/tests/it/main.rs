//! Tests of the HTTP interface over real sockets: a whole server, and a fake model behind it.
#![expect(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod authentication;
mod client;
mod documents;
mod failures;
mod health;
mod metrics;
mod problems;
mod secrets;
mod shutdown;
mod streaming;
