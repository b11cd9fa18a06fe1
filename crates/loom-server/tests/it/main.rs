//! Tests of the program as it is run, and of the schema of its database.
#![expect(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod commands;
mod process;
mod schema;
mod serving;
mod signals;
mod starting;
mod state_file;
