//! The search over a provider that fails in every way.
#![expect(clippy::unwrap_used, reason = "tests")]

mod search;
