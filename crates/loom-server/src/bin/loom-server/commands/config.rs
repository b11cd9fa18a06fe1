//! `loom-server config`: shows settings.

use loom_common_config::{Resolved, Row, file_schema, reference};
use loom_server_config::{KEYS, ServerConfig};
use serde_json::Value;

use super::print;
use crate::arguments::ConfigCommand;
use crate::failure::Failure;
use crate::table::columns;

/// Runs the command. The settings are loaded for `show` only: the reference must work when they
/// are wrong.
pub(crate) fn run(
    command: &ConfigCommand,
    settings: impl FnOnce() -> Result<Resolved<ServerConfig>, Failure>,
) -> Result<(), Failure> {
    match command {
        ConfigCommand::Show { origin: false } => {
            let rows: Vec<_> = settings()?
                .rows()
                .iter()
                .map(|row| [row.key.to_owned(), shown(row)])
                .collect();
            print(&columns(&rows))
        }
        ConfigCommand::Show { origin: true } => {
            let rows: Vec<_> = settings()?
                .rows()
                .iter()
                .map(|row| [row.key.to_owned(), shown(row), row.origin.to_string()])
                .collect();
            print(&columns(&rows))
        }
        ConfigCommand::Reference => print(&reference::<ServerConfig>(KEYS)?),
        ConfigCommand::Schema => {
            let schema = serde_json::to_string_pretty(&file_schema::<ServerConfig>())?;
            print(&format!("{schema}\n"))
        }
    }
}

fn shown(row: &Row) -> String {
    match &row.value {
        Value::Null => "-".to_owned(),
        value => value.to_string(),
    }
}
