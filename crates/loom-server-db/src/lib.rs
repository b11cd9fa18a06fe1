//! Database access for the server: SQLite by default, PostgreSQL by URL.
//!
//! # Types
//!
//! [`Db`] is the open database, cheap to clone. A feature's `store.rs` holds all SQL of that
//! feature and runs on both databases without knowing which one it has:
//!
//! - [`Db::read`] and [`Db::write`] start a [`Query`] of one statement, [`Db::begin`] starts a
//!   [`Transaction`]. A query takes its parameters with `bind` and gives rows as types that
//!   implement [`FromRow`].
//! - SQL is one text for both databases, with `$1` placeholders. Ids are `UUID` columns set by the
//!   program, times are `BIGINT` milliseconds since 1970 UTC, bytes are `BYTEA`, keys that ignore
//!   case are stored in lower case. [`Value`] lists the types that can be bound.
//! - [`Migration`]s are handed in by the program and applied by [`Db::open`].
//!
//! # Reading and writing
//!
//! SQLite has one writer at a time. All writes go through a single connection, so that writers
//! of this process wait in a fair queue instead of polling for a lock, and a transaction begins
//! with `BEGIN IMMEDIATE`, so that it can never fail half way because another process wrote in
//! between. Reads run beside it on a few connections that refuse to write (`query_only`); in WAL
//! mode they see the last commit and never wait for the writer. A `write` sent to `read` thus
//! fails in the first test. On PostgreSQL both go to one pool.
//!
//! # Failure
//!
//! Every error is a [`DbError`] which says whether trying again helps and, where a person can do
//! something, what. A commit is on disk before it returns (`synchronous = FULL`). Opening a
//! database that cannot be reached fails within [`CONNECT_TIMEOUT`]; so does waiting for a
//! connection later. A database migrated by a newer program is refused unchanged.

mod address;
mod db;
mod error;
mod migration;
mod query;
mod row;
mod transaction;
mod value;

pub use address::DatabaseAddress;
pub use db::{CONNECT_TIMEOUT, Db, Dialect};
pub use error::DbError;
pub use migration::Migration;
pub use query::Query;
pub use row::{ColumnValue, FromRow, Row};
pub use transaction::Transaction;
pub use value::Value;
