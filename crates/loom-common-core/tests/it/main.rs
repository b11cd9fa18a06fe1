//! Tests of the agent and of the types that everything shares, through their public face.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helper functions too"
)]

mod agent;
mod answer;
mod conversation;
mod error;
mod message;
mod response_builder;
mod strategies;
mod thread_event;
mod tool;
