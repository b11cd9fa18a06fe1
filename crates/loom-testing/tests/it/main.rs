//! Drives the fake model with a bare HTTP client: each fault and each rule has a test of its own.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod anthropic;
mod anthropic_rules;
mod client;
mod faults;
mod history;
mod openai;
mod openai_rules;
mod replay;
mod script;
