//! The Loom server: owns the keys of the model providers, and answers `loom` on their behalf.
//!
//! # Types
//!
//! [`Server`] is a running server; [`Server::start`] brings one up inside any process, which is
//! how tests use it. The program around it, with command line, log and signals, is in
//! `src/bin/loom-server`.
//!
//! # Start
//!
//! ```text
//! settings → listen → database, migrations → (local token) → serve → (state file) → "listening on …"
//! ```
//!
//! The port comes first: a second server that is started by mistake fails there, before it has
//! touched the database or replaced the token of the first.
//!
//! # Shutdown
//!
//! On SIGTERM or SIGINT the server stops accepting, lets running answers finish for
//! `http.shutdown_timeout_ms`, then ends the rest with an `error` event and closes the database.
//! A second signal ends it at once. SIGHUP is ignored, so that a server that `loom` started in
//! the background survives the terminal.
//!
//! # Failure
//!
//! A start that fails leaves nothing behind and exits with 1, wrong use with 2; each error has a
//! hint ([`StartError::hint`]). Provider keys are only in the settings and the provider clients; log and
//! errors pass [`loom_redact`], which knows them ([`known_secrets`]).

mod connections;
mod data_dir;
mod error;
mod listener;
mod metrics;
mod migrations;
mod redaction;
mod search;
mod server;
mod state_file;

pub use data_dir::open_database;
pub use error::StartError;
pub use migrations::MIGRATIONS;
pub use redaction::known_secrets;
pub use search::SearchSettingsError;
pub use server::{Server, StartOptions};
pub use state_file::StateFile;
