//! Configuration files: TOML, checked key by key with the place of each value.

use std::ops::Range;
use std::path::Path;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::kind::{describe, describe_type, integer_value};
use crate::schema::Catalog;
use crate::{Error, Origin};

/// A value that a layer sets.
pub(crate) struct Entry {
    pub(crate) path: &'static str,
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// Reads the keys that a file with this text sets.
pub(crate) fn read(catalog: &Catalog, path: &Path, text: &str) -> Result<Vec<Entry>, Error> {
    let table = DeTable::parse(text).map_err(|error| {
        let (line, column) = place(text, error.span().map_or(text.len(), |span| span.start));
        Error::Syntax {
            path: path.to_owned(),
            line,
            column,
            message: error.message().to_owned(),
        }
    })?;
    let mut reader = Reader {
        catalog,
        path,
        text,
        entries: Vec::new(),
    };
    reader.table(table.get_ref(), "")?;
    Ok(reader.entries)
}

struct Reader<'a> {
    catalog: &'a Catalog,
    path: &'a Path,
    text: &'a str,
    entries: Vec<Entry>,
}

impl Reader<'_> {
    fn table(&mut self, table: &DeTable<'_>, prefix: &str) -> Result<(), Error> {
        for (name, value) in table {
            let path = match prefix {
                "" => name.get_ref().to_string(),
                _ => format!("{prefix}.{}", name.get_ref()),
            };
            if self.catalog.is_table(&path) {
                match value.get_ref() {
                    DeValue::Table(table) => self.table(table, &path)?,
                    other => {
                        let found = describe_type(&json(other)).to_owned();
                        return Err(self.wrong_type(path, value.span(), "a table", found));
                    }
                }
            } else if self.catalog.setting(&path).is_some() {
                self.setting(&path, value)?;
            } else {
                return Err(self.unknown(path, name.span()));
            }
        }
        Ok(())
    }

    fn setting(&mut self, path: &str, value: &Spanned<DeValue<'_>>) -> Result<(), Error> {
        let Some(setting) = self.catalog.setting(path) else {
            return Ok(());
        };
        let json = json(value.get_ref());
        if !setting.kind.accepts(&json) {
            let found = if setting.secret {
                describe_type(&json).to_owned()
            } else {
                describe(&json)
            };
            let expected = setting.kind.to_string();
            return Err(self.wrong_type(path.to_owned(), value.span(), &expected, found));
        }
        let origin = self.origin(value.span());
        self.entries.push(Entry {
            path: setting.key.path,
            value: json,
            origin,
        });
        Ok(())
    }

    fn origin(&self, span: Range<usize>) -> Origin {
        let (line, column) = place(self.text, span.start);
        Origin::File {
            path: self.path.to_owned(),
            line,
            column,
        }
    }

    fn wrong_type(&self, key: String, span: Range<usize>, expected: &str, found: String) -> Error {
        Error::WrongType {
            key,
            origin: self.origin(span),
            expected: expected.to_owned(),
            found,
        }
    }

    fn unknown(&self, key: String, span: Range<usize>) -> Error {
        let (line, column) = place(self.text, span.start);
        let suggestion = self.catalog.similar_to(&key).map(str::to_owned);
        Error::UnknownKey {
            path: self.path.to_owned(),
            line,
            column,
            key,
            suggestion,
        }
    }
}

/// Counts line and column, both from 1, of a byte offset; columns in characters.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

/// Converts a TOML value; a date becomes its text, and a number that JSON does not know its own.
fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(integer) => i128::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .and_then(integer_value)
            .unwrap_or_else(|| integer.to_string().into()),
        DeValue::Float(float) => match float.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => number.into(),
            _ => float.to_string().into(),
        },
        DeValue::Boolean(boolean) => (*boolean).into(),
        DeValue::Datetime(datetime) => datetime.to_string().into(),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => table
            .iter()
            .map(|(name, value)| (name.get_ref().to_string(), json(value.get_ref())))
            .collect::<Map<String, Value>>()
            .into(),
    }
}
