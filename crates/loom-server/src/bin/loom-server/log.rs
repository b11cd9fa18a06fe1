//! The log, on standard error.

use std::io::{self, IsTerminal as _};

use loom_redact::Redactor;
use loom_redact::log::RedactedLog;
use loom_server::known_secrets;
use loom_server_config::{LogFormat, ServerConfig};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::failure::Failure;

/// Sends what is logged from now on to standard error, without secrets.
pub(crate) fn start(config: &ServerConfig) -> Result<(), Failure> {
    let settings = &config.log;
    let filter = EnvFilter::builder()
        .parse(&settings.filter)
        .map_err(|error| Failure::log_filter(&settings.filter, &error))?;
    let registry = tracing_subscriber::registry().with(filter);
    let redactor = Redactor::new(known_secrets(config));
    let layer =
        tracing_subscriber::fmt::layer().with_writer(RedactedLog::new(io::stderr, redactor));
    match settings.format {
        LogFormat::Text => registry
            .with(layer.with_ansi(io::stderr().is_terminal()))
            .init(),
        LogFormat::Json => registry.with(layer.json()).init(),
    }
    Ok(())
}
