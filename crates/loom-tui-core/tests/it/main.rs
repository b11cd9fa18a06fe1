//! The core, from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod drawing;
mod keys;
