//! `loom config`.

use loom_cli_config::{CliConfig, FILE_NAME, KEYS};
use loom_common_config::{file_schema, reference};
use serde_json::Value;

use super::{print, print_json};
use crate::arguments::ConfigCommand;
use crate::error::CliError;
use crate::setting::Setting;

pub(crate) fn run(setting: &Setting, command: ConfigCommand) -> Result<(), CliError> {
    match command {
        ConfigCommand::Show { origin } => print(&listing(setting, origin)),
        ConfigCommand::Path => {
            let path = setting.directories().config()?.join(FILE_NAME);
            print(&format!("{}\n", path.display()))
        }
        ConfigCommand::Schema => print_json(&file_schema::<CliConfig>()),
        ConfigCommand::Reference => print(&reference::<CliConfig>(KEYS)?),
    }
}

fn listing(setting: &Setting, with_origin: bool) -> String {
    let rows = setting.config.rows();
    let key_width = rows.iter().map(|row| row.key.len()).max().unwrap_or(0);
    let values: Vec<String> = rows
        .iter()
        .map(|row| match &row.value {
            Value::Null => "(unset)".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
        .collect();
    let value_width = values
        .iter()
        .map(|value| value.chars().count())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for (row, value) in rows.iter().zip(&values) {
        let line = match with_origin {
            true => format!(
                "{:key_width$}  {value:value_width$}  {}",
                row.key, row.origin
            ),
            false => format!("{:key_width$}  {value}", row.key),
        };
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
