//! Database access for the server: SQLite by default, PostgreSQL by URL.
