//! Draws the events of a session: as text for people, as JSON for programs.

mod call;
mod json;
mod plain;
mod sanitize;

pub(crate) use call::{call_in_full, headline};
pub(crate) use json::JsonLines;
pub(crate) use plain::PlainView;
pub(crate) use sanitize::sanitize;
