//! What the program can do.

pub(crate) mod config;
pub(crate) mod serve;
pub(crate) mod token;

use std::io::{self, Write as _};

use crate::failure::Failure;

/// Prints the OpenAPI document.
pub(crate) fn openapi() -> Result<(), Failure> {
    let document = serde_json::to_string_pretty(&loom_server_api::openapi_document())?;
    print(&format!("{document}\n"))
}

/// Prints version, commit and platform.
pub(crate) fn version() -> Result<(), Failure> {
    print(&format!(
        "loom-server {}\n",
        loom_common_version::build_info()
    ))
}

/// Writes to standard output. That nobody reads it is not a failure.
fn print(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout();
    match output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
