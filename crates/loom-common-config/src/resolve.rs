//! The layers of a configuration, put together.
//!
//! Every layer is first reduced to entries (path, JSON value, origin) that already have the type of
//! their key. A later layer's entry replaces an earlier one's. Only then do the structs read the
//! whole; when they refuse it, each entry is tried alone to find the one at fault.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::file::{self, Entry};
use crate::kind::{describe, describe_type};
use crate::schema::{Catalog, Setting};
use crate::{Arguments, ConfigFile, Environment, Error, Key, Origin, Resolved, Sources};

/// Upper bound of a file that a `_FILE` variable names, in bytes.
const MAX_VALUE_FILE: u64 = 64 * 1024;

/// Puts a configuration together; see the crate's documentation for the order of the layers.
///
/// # Errors
///
/// The first thing that is wrong, from the lowest layer up.
pub fn resolve<T>(keys: &'static [Key], sources: &Sources<'_>) -> Result<Resolved<T>, Error>
where
    T: DeserializeOwned + JsonSchema,
{
    let catalog = Catalog::of::<T>(keys)?;
    let mut entries = Vec::new();
    for file in sources.files {
        if let Some(text) = read_file(file)? {
            entries.extend(file::read(&catalog, &file.path, &text)?);
        }
    }
    for setting in &catalog.settings {
        entries.extend(from_environment(setting, sources.environment)?);
    }
    entries.extend(from_arguments(&catalog, sources.arguments)?);

    let winners: BTreeMap<&'static str, Entry> = entries
        .into_iter()
        .map(|entry| (entry.path, entry))
        .collect();
    let value = build(&catalog, &winners)?;
    let origins = winners
        .into_iter()
        .map(|(path, entry)| (path, entry.origin))
        .collect();
    Ok(Resolved {
        value,
        keys,
        origins,
    })
}

/// Lets the structs read the values, and finds the one at fault when they refuse.
///
/// A struct that refuses even an empty tree lacks defaults, which is no value's fault.
fn build<T: DeserializeOwned>(
    catalog: &Catalog,
    entries: &BTreeMap<&'static str, Entry>,
) -> Result<T, Error> {
    for entry in entries.values() {
        refuse_blank_secret(catalog, entry)?;
    }
    let refused = match serde_json::from_value(tree(entries.values())) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let alone = |entry: &Entry| serde_json::from_value::<T>(tree([entry])).err();
    if serde_json::from_value::<T>(tree([])).is_ok()
        && let Some((entry, error)) = entries
            .values()
            .find_map(|entry| Some((entry, alone(entry)?)))
    {
        let secret = catalog
            .setting(entry.path)
            .is_none_or(|setting| setting.secret);
        let message = if secret {
            "it cannot be read".to_owned()
        } else {
            error.to_string()
        };
        let (key, origin) = (entry.path.to_owned(), entry.origin.clone());
        return Err(Error::InvalidValue {
            key,
            origin,
            message,
        });
    }
    Err(Error::Declaration(format!(
        "the structs need more than single values: {refused}"
    )))
}

/// Refuses a secret that holds nothing: it would look configured, and fail only when used.
fn refuse_blank_secret(catalog: &Catalog, entry: &Entry) -> Result<(), Error> {
    let secret = catalog
        .setting(entry.path)
        .is_some_and(|setting| setting.secret);
    if secret
        && entry
            .value
            .as_str()
            .is_some_and(|text| text.trim().is_empty())
    {
        let (key, origin) = (entry.path.to_owned(), entry.origin.clone());
        return Err(Error::InvalidValue {
            key,
            origin,
            message: "it is empty".to_owned(),
        });
    }
    Ok(())
}

/// Builds the tree of tables that the structs read.
fn tree<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Value {
    let mut root = Map::new();
    for entry in entries {
        let mut names = entry.path.split('.').peekable();
        let mut table = &mut root;
        while let Some(name) = names.next() {
            if names.peek().is_none() {
                table.insert(name.to_owned(), entry.value.clone());
                break;
            }
            let inner = table.entry(name).or_insert_with(|| Map::new().into());
            let Value::Object(inner) = inner else { break };
            table = inner;
        }
    }
    root.into()
}

fn from_arguments(catalog: &Catalog, arguments: &Arguments) -> Result<Vec<Entry>, Error> {
    arguments
        .values
        .iter()
        .map(|(flag, text)| {
            let setting = catalog
                .settings
                .iter()
                .find(|setting| setting.key.flag == Some(flag))
                .ok_or_else(|| Error::Declaration(format!("no key has the flag {flag}")))?;
            entry(setting, text, Origin::Argument { flag })
        })
        .collect()
}

/// Looks for the first of a key's variables that is set, itself or by its `_FILE` twin.
fn from_environment(setting: &Setting, environment: &Environment) -> Result<Option<Entry>, Error> {
    for &variable in setting.key.variables {
        let file_variable = format!("{variable}_FILE");
        let file = environment
            .get(&file_variable)
            .filter(|_| setting.key.or_file);
        return match (environment.text(variable)?, file) {
            (None, None) => continue,
            (Some(_), Some(_)) => Err(Error::ConflictingVariables {
                variable: variable.to_owned(),
            }),
            (Some(text), None) => entry(
                setting,
                text,
                Origin::Environment {
                    variable: variable.to_owned(),
                },
            ),
            (None, Some(path)) => {
                let text = read_value_file(&file_variable, Path::new(path))?;
                entry(
                    setting,
                    &text,
                    Origin::Environment {
                        variable: file_variable,
                    },
                )
            }
        }
        .map(Some);
    }
    Ok(None)
}

/// Reads a value from text into the type of its key.
fn entry(setting: &Setting, text: &str, origin: Origin) -> Result<Entry, Error> {
    let path = setting.key.path;
    match setting.kind.read(text) {
        Some(value) => Ok(Entry {
            path,
            value,
            origin,
        }),
        None => {
            let given = Value::from(text);
            let found = if setting.secret {
                describe_type(&given).to_owned()
            } else {
                describe(&given)
            };
            let expected = setting.kind.to_string();
            Err(Error::WrongType {
                key: path.to_owned(),
                origin,
                expected,
                found,
            })
        }
    }
}

fn read_file(file: &ConfigFile) -> Result<Option<String>, Error> {
    match std::fs::read_to_string(&file.path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !file.required => Ok(None),
        Err(source) => Err(Error::ReadFile {
            path: file.path.clone(),
            source,
        }),
    }
}

/// Reads the file that a `_FILE` variable names, without the white space around the value.
fn read_value_file(variable: &str, path: &Path) -> Result<String, Error> {
    let failed = |source| Error::ReadValueFile {
        variable: variable.to_owned(),
        path: path.to_owned(),
        source,
    };
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_VALUE_FILE + 1)
        .read_to_string(&mut text)
        .map_err(failed)?;
    if text.len() as u64 > MAX_VALUE_FILE {
        return Err(failed(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "longer than 64 KiB",
        )));
    }
    match text.trim() {
        "" => Err(Error::EmptyValueFile {
            variable: variable.to_owned(),
            path: path.to_owned(),
        }),
        value => Ok(value.to_owned()),
    }
}
