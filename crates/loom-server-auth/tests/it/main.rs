//! Tests of access tokens, on both databases.
#![expect(clippy::unwrap_used, reason = "tests")]

mod tokens;
