//! `loom acp` as an editor drives it: the protocol's own client on one side, the real program with its
//! server on the other, and a model that follows a script.

#![expect(
    clippy::panic,
    reason = "what an editor waits for in vain fails its test"
)]

mod asking;
mod choices;
mod conversation;
mod editor;
mod failures;
mod servers;
mod stopping;
mod threads;
mod typescript;
