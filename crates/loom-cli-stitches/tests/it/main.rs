//! Stitches of the agent's work, in real repositories.
#![expect(clippy::unwrap_used, reason = "an unexpected error fails the test")]

mod scene;
mod stitches;
