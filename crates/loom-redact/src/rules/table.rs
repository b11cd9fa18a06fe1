//! Reads fields out of a TOML table and knows the line of each.
//!
//! A field of the wrong kind is an error that names file, line and rule. A field that nobody asks for is a
//! warning, because a newer rule file may say more than this version understands.

use std::cell::RefCell;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::RuleError;

/// A text and the line where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) line: usize,
}

/// The file that is read: its name, its text, and what was odd in it.
pub(crate) struct Source<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
    pub(crate) warnings: RefCell<Vec<String>>,
}

impl Source<'_> {
    pub(crate) fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        memchr::memchr_iter(b'\n', before).count() + 1
    }

    pub(crate) fn warn(&self, line: usize, place: &str, what: &str) {
        let warning = format!("{}:{line}: {place}: {what}", self.name);
        self.warnings.borrow_mut().push(warning);
    }
}

/// A table of the file, and which of its fields were asked for.
pub(crate) struct Table<'a> {
    pub(crate) source: &'a Source<'a>,
    pub(crate) line: usize,
    /// What errors call it: ``rule `id` `` or the table's name.
    pub(crate) place: String,
    fields: &'a DeTable<'a>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(
        source: &'a Source<'a>,
        place: String,
        offset: usize,
        fields: &'a DeTable<'a>,
    ) -> Self {
        let line = source.line(offset);
        Self {
            source,
            line,
            place,
            fields,
            asked: RefCell::default(),
        }
    }

    fn get(&self, field: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().push(field);
        self.fields.get(field)
    }

    pub(crate) fn wrong(&self, line: usize, reason: String) -> RuleError {
        RuleError::Field {
            file: self.source.name.to_owned(),
            line,
            rule: self.place.clone(),
            reason,
        }
    }

    fn kind(&self, field: &str, value: &Spanned<DeValue<'_>>, wanted: &str) -> RuleError {
        let found = value.get_ref().type_str();
        self.wrong(
            self.source.line(value.span().start),
            format!("`{field}` must be {wanted}, not {found}"),
        )
    }

    pub(crate) fn text(&self, field: &'static str) -> Result<Option<Located<String>>, RuleError> {
        let Some(value) = self.get(field) else {
            return Ok(None);
        };
        match value.get_ref() {
            DeValue::String(text) => Ok(Some(Located {
                value: text.to_string(),
                line: self.source.line(value.span().start),
            })),
            _ => Err(self.kind(field, value, "a text")),
        }
    }

    pub(crate) fn texts(&self, field: &'static str) -> Result<Vec<Located<String>>, RuleError> {
        let Some(value) = self.get(field) else {
            return Ok(Vec::new());
        };
        let DeValue::Array(items) = value.get_ref() else {
            return Err(self.kind(field, value, "a list of texts"));
        };
        // One pass over the lines: a list may hold thousands of words.
        let mut texts = Vec::with_capacity(items.len());
        let (mut line, mut counted) = (self.source.line(value.span().start), value.span().start);
        for item in items.iter() {
            let start = item.span().start;
            let between = self
                .source
                .text
                .as_bytes()
                .get(counted..start)
                .unwrap_or_default();
            line += memchr::memchr_iter(b'\n', between).count();
            counted = counted.max(start);
            match item.get_ref() {
                DeValue::String(text) => texts.push(Located {
                    value: text.to_string(),
                    line,
                }),
                _ => return Err(self.kind(field, item, "a list of texts")),
            }
        }
        Ok(texts)
    }

    pub(crate) fn number(&self, field: &'static str) -> Result<Option<f64>, RuleError> {
        let Some(value) = self.get(field) else {
            return Ok(None);
        };
        let parsed = match value.get_ref() {
            DeValue::Float(float) => float.as_str().replace('_', "").parse::<f64>().ok(),
            DeValue::Integer(integer) => i32::from_str_radix(integer.as_str(), integer.radix())
                .ok()
                .map(f64::from),
            _ => None,
        };
        match parsed {
            Some(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(self.kind(field, value, "a number")),
        }
    }

    pub(crate) fn count(&self, field: &'static str) -> Result<Option<usize>, RuleError> {
        let Some(value) = self.get(field) else {
            return Ok(None);
        };
        let parsed = match value.get_ref() {
            DeValue::Integer(integer) => {
                usize::from_str_radix(integer.as_str(), integer.radix()).ok()
            }
            _ => None,
        };
        parsed
            .map(Some)
            .ok_or_else(|| self.kind(field, value, "a whole number from 0"))
    }

    pub(crate) fn flag(&self, field: &'static str) -> Result<bool, RuleError> {
        match self.get(field) {
            None => Ok(false),
            Some(value) => match value.get_ref() {
                DeValue::Boolean(flag) => Ok(*flag),
                _ => Err(self.kind(field, value, "true or false")),
            },
        }
    }

    /// The tables of a list of tables, or the one table of that name.
    pub(crate) fn tables(&self, field: &'static str) -> Result<Vec<Table<'a>>, RuleError> {
        let Some(value) = self.get(field) else {
            return Ok(Vec::new());
        };
        let inner = |place: &Spanned<DeValue<'a>>, fields: &'a DeTable<'a>| {
            Table::new(self.source, self.place.clone(), place.span().start, fields)
        };
        match value.get_ref() {
            DeValue::Table(fields) => Ok(vec![inner(value, fields)]),
            DeValue::Array(items) => items
                .iter()
                .map(|item| match item.get_ref() {
                    DeValue::Table(fields) => Ok(inner(item, fields)),
                    _ => Err(self.kind(field, item, "a list of tables")),
                })
                .collect(),
            _ => Err(self.kind(field, value, "a table")),
        }
    }

    /// Warns about the fields that nobody asked for.
    pub(crate) fn warn_about_the_rest(&self) {
        let asked = self.asked.borrow();
        for key in self.fields.keys() {
            if !asked.iter().any(|field| *field == key.get_ref()) {
                let line = self.source.line(key.span().start);
                self.source.warn(
                    line,
                    &self.place,
                    &format!("unknown field `{}` is ignored", key.get_ref()),
                );
            }
        }
    }
}
