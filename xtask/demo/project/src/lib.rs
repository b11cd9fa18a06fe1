//! Reads and writes time spans such as `1h 30m`.

mod parse;
mod write;

pub use parse::{parse, Error};
pub use write::write;
