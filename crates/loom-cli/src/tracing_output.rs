//! Where diagnostics of the program itself go: standard error, without secrets.

use loom_redact::log::RedactedLog;
use tracing_subscriber::EnvFilter;

use crate::error::CliError;
use crate::redaction;

/// Installs the subscriber with a filter such as `debug` or `loom_cli=trace`.
pub(crate) fn install(filter: &str) -> Result<(), CliError> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        CliError::usage(format!("the log filter `{filter}` makes no sense: {error}"))
            .hint("LOOM_LOG and log.filter take a level such as `debug`, or `module=level,…`")
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(RedactedLog::new(
            std::io::stderr,
            redaction::redactor().clone(),
        ))
        .init();
    Ok(())
}
