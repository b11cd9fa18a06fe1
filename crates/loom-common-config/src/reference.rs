//! The reference of all keys, for the documentation.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::resolved::at;
use crate::schema::{Catalog, Setting};
use crate::{Error, Key};

/// Renders all keys as a Markdown table: key, type, default, environment, flag, meaning.
///
/// The same declaration always gives the same text, so it can be committed and compared.
///
/// # Errors
///
/// [`Error::Declaration`] when the keys do not match the structs.
pub fn reference<T>(keys: &[Key]) -> Result<String, Error>
where
    T: Default + JsonSchema + Serialize,
{
    let catalog = Catalog::of::<T>(keys)?;
    let defaults = serde_json::to_value(T::default()).unwrap_or_default();
    let mut table = "| Key | Type | Default | Environment | Flag | Meaning |\n\
                     | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for setting in &catalog.settings {
        let default = at(&defaults, setting.key.path);
        table.push_str(&row(setting, default));
    }
    Ok(table)
}

fn row(setting: &Setting, default: &Value) -> String {
    let Key {
        path,
        variables,
        or_file,
        flag,
        default_note,
    } = setting.key;
    let default = match default_note {
        Some(note) => note.to_owned(),
        None => default_text(default),
    };
    let variables: Vec<String> = variables
        .iter()
        .map(|name| match or_file {
            true => format!("`{name}`, `{name}_FILE`"),
            false => format!("`{name}`"),
        })
        .collect();
    let kind = match setting.secret {
        true => format!("{}, secret", setting.kind.name()),
        false => setting.kind.name(),
    };
    let flag = flag.map(|flag| format!("`{flag}`")).unwrap_or_default();
    let cells = [
        format!("`{path}`"),
        kind,
        default,
        variables.join(", "),
        flag,
        setting.doc.clone(),
    ];
    let cells = cells.map(|cell| cell.replace('\n', " ").replace('|', "\\|"));
    format!("| {} |\n", cells.join(" | "))
}

fn default_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}
