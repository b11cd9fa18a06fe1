//! Tests of the HTTP interface over real sockets: a whole server, and a fake model behind it.
#![expect(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod authentication;
mod client;
mod compression;
mod documents;
mod failures;
mod health;
mod logs;
mod metrics;
mod models;
mod problems;
mod search;
mod shutdown;
mod streaming;
