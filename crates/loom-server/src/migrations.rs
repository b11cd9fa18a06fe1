//! The schema of the server's database. A released migration never changes.

use loom_server_db::Migration;

/// All migrations, in order.
pub const MIGRATIONS: &[Migration] = &[Migration::portable(
    1,
    "access tokens",
    include_str!("../migrations/001_access_tokens.sql"),
)];
