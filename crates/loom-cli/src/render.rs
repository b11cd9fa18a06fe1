//! Draws the events of a session: as text for people, as JSON for programs.

mod call;
mod json;
mod plain;

pub(crate) use call::{call_in_full, headline};
pub(crate) use json::JsonLines;
pub(crate) use loom_common_terminal::sanitize;
pub(crate) use plain::PlainView;
