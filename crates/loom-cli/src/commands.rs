//! What each command does.

pub(crate) mod acp;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod mcp;
pub(crate) mod redact;
pub(crate) mod reference;
pub(crate) mod rewind;
pub(crate) mod sandbox;
pub(crate) mod schema;
pub(crate) mod secrets;
pub(crate) mod server;
pub(crate) mod session;
pub(crate) mod spool;
pub(crate) mod threads;
pub(crate) mod trust;
pub(crate) mod version;

use std::io::Write;

use crate::error::CliError;

/// Writes to standard output. A reader that has had enough is no error.
fn print(text: &str) -> Result<(), CliError> {
    let mut output = anstream::stdout().lock();
    match output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
    {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        outcome => Ok(outcome?),
    }
}

/// Writes a value as indented JSON to standard output.
fn print_json(value: &impl serde::Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value).map_err(std::io::Error::from)?;
    print(&format!("{text}\n"))
}
