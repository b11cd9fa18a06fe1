//! The test support under test: the fake model with a bare HTTP client, the command line with a
//! shell.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod anthropic;
mod anthropic_rules;
mod client;
mod command_line;
mod faults;
mod history;
mod openai;
mod openai_rules;
mod replay;
mod repository;
mod script;
