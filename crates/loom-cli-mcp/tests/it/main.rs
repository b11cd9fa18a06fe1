//! The client against real servers, and against servers that misbehave.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod elicitation;
mod login;
mod misbehaviour;
mod offering;
mod reference;
mod scene;
mod trust;
mod unreachable;
