//! Where diagnostics of the program itself go: standard error, without secrets.

use std::io::IsTerminal as _;

use loom_redact::log::RedactedLog;
use tracing_subscriber::EnvFilter;

use crate::error::CliError;
use crate::redaction;
use crate::setting::Setting;

/// Installs the subscriber with the configured filter, such as `debug` or `loom_cli=trace`.
pub(crate) fn install(setting: &Setting) -> Result<(), CliError> {
    let filter = &setting.config.value.log.filter;
    let is_wanted = setting.environment.get("NO_COLOR").is_none();
    let has_colours = is_wanted && std::io::stderr().is_terminal();
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        CliError::usage(format!("the log filter `{filter}` makes no sense: {error}"))
            .hint("LOOM_LOG and log.filter take a level such as `debug`, or `module=level,…`")
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(has_colours)
        .with_writer(RedactedLog::new(
            std::io::stderr,
            redaction::redactor().clone(),
        ))
        .init();
    Ok(())
}
