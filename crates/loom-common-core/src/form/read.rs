//! Reading what the person typed for a field.
//!
//! People need not know how a value is written: a choice goes by its number or its name too, and a
//! yes or no by its first letter.

use serde_json::Value;

use super::{FieldKind, FieldOption, FormField, TextFormat, number_value};

impl FormField {
    /// Reads what the person typed: a value, or none for a field that stays empty. Nothing at all
    /// means the default.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and what would be right.
    pub fn read(&self, typed: &str) -> Result<Option<Value>, String> {
        let typed = typed.trim();
        if typed.is_empty() {
            return match self.default_value() {
                None if self.required => Err("this field must be filled in".to_owned()),
                // The default is the server's word, and that may break the server's own rule.
                Some(default) if !self.fits(&default) => Err(self.wanted()),
                default => Ok(default),
            };
        }
        let value = match &self.kind {
            FieldKind::Text { .. } => Value::from(typed),
            FieldKind::Number { whole, .. } => {
                let number = typed.parse().map_err(|_| self.wanted())?;
                number_value(number, *whole)
            }
            FieldKind::Boolean { .. } => match typed.to_lowercase().as_str() {
                "y" | "yes" | "true" => Value::Bool(true),
                "n" | "no" | "false" => Value::Bool(false),
                _ => return Err(self.wanted()),
            },
            FieldKind::Choice { options, .. } => {
                Value::from(chosen(options, typed).ok_or_else(|| self.wanted())?)
            }
            FieldKind::Choices { options, .. } => {
                // Numbers need no commas; values and names may hold blanks.
                let is_numbers = typed
                    .chars()
                    .all(|c| c.is_ascii_digit() || c.is_whitespace() || c == ',');
                let pieces = typed.split(|c: char| c == ',' || (is_numbers && c.is_whitespace()));
                let pieces = pieces.map(str::trim).filter(|piece| !piece.is_empty());
                let values = pieces.map(|piece| chosen(options, piece));
                let values: Option<Vec<String>> = values.collect();
                Value::from(values.ok_or_else(|| self.wanted())?)
            }
        };
        match self.fits(&value) {
            true => Ok(Some(value)),
            false => Err(self.wanted()),
        }
    }

    /// Says what the person is to type.
    pub fn wanted(&self) -> String {
        match &self.kind {
            FieldKind::Text {
                format,
                min_length,
                max_length,
                ..
            } => {
                let what = match format {
                    None => "a text",
                    Some(TextFormat::Email) => "an e-mail address",
                    Some(TextFormat::Uri) => "an address such as https://example.com",
                    Some(TextFormat::Date) => "a day such as 2026-03-01",
                    Some(TextFormat::DateTime) => "a time such as 2026-03-01T12:00:00Z",
                };
                format!("{what}{}", range(*min_length, *max_length, " characters"))
            }
            FieldKind::Number {
                whole,
                minimum,
                maximum,
                ..
            } => {
                let what = if *whole { "a whole number" } else { "a number" };
                format!("{what}{}", range(*minimum, *maximum, ""))
            }
            FieldKind::Boolean { .. } => "yes or no".to_owned(),
            FieldKind::Choice { options, .. } => format!("a number from 1 to {}", options.len()),
            FieldKind::Choices {
                options,
                min_items,
                max_items,
                ..
            } => format!(
                "numbers from 1 to {}{}",
                options.len(),
                range(*min_items, *max_items, " of them")
            ),
        }
    }
}

/// Finds what is chosen by its number, its value or its name.
fn chosen(options: &[FieldOption], typed: &str) -> Option<String> {
    let exact = options.iter().find(|option| option.value == typed);
    let by_number = || {
        let number: usize = typed.parse().ok()?;
        options.get(number.checked_sub(1)?)
    };
    let by_name = || {
        let is_meant = |name: &str| name.to_lowercase() == typed.to_lowercase();
        let mut options = options.iter();
        options.find(|option| is_meant(&option.label) || is_meant(&option.value))
    };
    let option = exact.or_else(by_number).or_else(by_name)?;
    Some(option.value.clone())
}

/// Renders bounds, as they stand behind what they are about.
pub(super) fn range<T: std::fmt::Display>(least: Option<T>, most: Option<T>, of: &str) -> String {
    match (least, most) {
        (Some(least), Some(most)) => format!(", {least} to {most}{of}"),
        (Some(least), None) => format!(", {least}{of} at least"),
        (None, Some(most)) => format!(", {most}{of} at most"),
        (None, None) => String::new(),
    }
}
