//! `loom` as a user runs it: real processes, a real server, a model that follows a script.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod acp;
mod commands;
mod conversation;
mod events;
mod interruption;
mod mcp;
mod model_failures;
mod prompt;
mod redact;
mod redaction;
mod repl;
mod sandbox;
mod scenarios;
mod secrets;
mod server_failures;
mod sessions;
mod spool;
mod tool_failures;
