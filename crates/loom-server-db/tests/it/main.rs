//! Tests of the database layer, on both databases.
#![expect(clippy::unwrap_used, reason = "tests")]

mod migrating;
mod opening;
mod querying;
mod sqlite;
