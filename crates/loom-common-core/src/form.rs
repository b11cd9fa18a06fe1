//! Forms: a few fields that a server of tools asks the person to fill in.
//!
//! The fields are those of the Model Context Protocol (revision 2025-11-25, "Elicitation"): flat, each a
//! text, a number, a yes or no, or a choice. What is typed for a field and what a program sends for it
//! pass the same check, so a server gets what it asked for or nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One field of a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FormField {
    /// Its name: the key of its value.
    pub name: String,
    /// What it is called for people, where that is something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether the form cannot go without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Whether it seems to be about a password, a key or the like, which no server may ask for in a
    /// form: the person is to be warned.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub seems_secret: bool,
    /// What goes into it.
    #[serde(flatten)]
    pub kind: FieldKind,
}

/// What goes into a field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FieldKind {
    /// A text.
    Text {
        /// Its form, if it must have one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<TextFormat>,
        /// The fewest characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min_length: Option<u64>,
        /// The most characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_length: Option<u64>,
        /// What it is unless the person says otherwise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        default: Option<String>,
    },
    /// A number.
    Number {
        /// Whether it must be whole.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        whole: bool,
        /// The least.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minimum: Option<f64>,
        /// The greatest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        maximum: Option<f64>,
        /// What it is unless the person says otherwise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        default: Option<f64>,
    },
    /// Yes or no.
    Boolean {
        /// What it is unless the person says otherwise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        default: Option<bool>,
    },
    /// One of several.
    Choice {
        /// What can be chosen.
        options: Vec<FieldOption>,
        /// What it is unless the person says otherwise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        default: Option<String>,
    },
    /// Some of several.
    Choices {
        /// What can be chosen.
        options: Vec<FieldOption>,
        /// How many at least.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min_items: Option<u64>,
        /// How many at most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_items: Option<u64>,
        /// What they are unless the person says otherwise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        default: Option<Vec<String>>,
    },
}

/// What a text looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TextFormat {
    /// The address of a mailbox.
    Email,
    /// An address on the network or elsewhere.
    Uri,
    /// A day, such as 2026-03-01.
    Date,
    /// A day and a time, such as 2026-03-01T12:00:00Z.
    DateTime,
}

/// Something that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldOption {
    /// The value.
    pub value: String,
    /// What it is called for people.
    pub label: String,
}

impl FormField {
    /// Returns what the field is unless the person says otherwise.
    pub fn default_value(&self) -> Option<Value> {
        match &self.kind {
            FieldKind::Text { default, .. } | FieldKind::Choice { default, .. } => {
                default.clone().map(Value::from)
            }
            FieldKind::Number { whole, default, .. } => default.map(|number| value(number, *whole)),
            FieldKind::Boolean { default } => default.map(Value::from),
            FieldKind::Choices { default, .. } => default.clone().map(Value::from),
        }
    }

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
                default => Ok(default),
            };
        }
        let value = match &self.kind {
            FieldKind::Text { .. } => Value::from(typed),
            FieldKind::Number { whole, .. } => {
                let number = typed.parse().map_err(|_| self.wanted())?;
                value(number, *whole)
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
        self.check(&value)?;
        Ok(Some(value))
    }

    /// Looks whether a value fits the field.
    ///
    /// # Errors
    ///
    /// What would be right.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let fits = match (&self.kind, value) {
            (
                FieldKind::Text {
                    format,
                    min_length,
                    max_length,
                    ..
                },
                Value::String(text),
            ) => {
                within(text.chars().count(), *min_length, *max_length)
                    && format.is_none_or(|format| format.fits(text))
            }
            (
                FieldKind::Number {
                    whole,
                    minimum,
                    maximum,
                    ..
                },
                Value::Number(number),
            ) => number.as_f64().is_some_and(|number| {
                (!whole || number.fract() == 0.0)
                    && minimum.is_none_or(|minimum| number >= minimum)
                    && maximum.is_none_or(|maximum| number <= maximum)
            }),
            (FieldKind::Boolean { .. }, Value::Bool(_)) => true,
            (FieldKind::Choice { options, .. }, Value::String(text)) => is_option(options, text),
            (
                FieldKind::Choices {
                    options,
                    min_items,
                    max_items,
                    ..
                },
                Value::Array(values),
            ) => {
                within(values.len(), *min_items, *max_items)
                    && values.iter().enumerate().all(|(index, value)| {
                        let is_first = !values[..index].contains(value);
                        is_first && value.as_str().is_some_and(|text| is_option(options, text))
                    })
            }
            _ => false,
        };
        match fits {
            true => Ok(()),
            false => Err(self.wanted()),
        }
    }

    /// Says what would be right.
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

impl TextFormat {
    /// Looks whether a text has the form, as far as a person would mistype it.
    fn fits(self, text: &str) -> bool {
        match self {
            Self::Email => text.split_once('@').is_some_and(|(name, host)| {
                let is_part = |part: &str| !part.is_empty() && !part.contains([' ', '@']);
                is_part(name) && is_part(host)
            }),
            Self::Uri => text.split_once(':').is_some_and(|(scheme, rest)| {
                scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                    && scheme
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
                    && !rest.is_empty()
                    && !text.contains(char::is_whitespace)
            }),
            Self::Date => is_date(text),
            Self::DateTime => text
                .split_once(['T', 't', ' '])
                .is_some_and(|(date, time)| is_date(date) && is_time(time)),
        }
    }
}

/// Looks whether the values of a form fit its fields.
///
/// # Errors
///
/// What is wrong with the first that does not.
pub fn check_form(fields: &[FormField], values: &Map<String, Value>) -> Result<(), String> {
    for name in values.keys() {
        if !fields.iter().any(|field| field.name == *name) {
            return Err(format!("the form has no field {name:?}"));
        }
    }
    for field in fields {
        match values.get(&field.name) {
            Some(value) => field
                .check(value)
                .map_err(|wanted| format!("the field {:?} wants {wanted}", field.name))?,
            None if field.required => {
                return Err(format!("the field {:?} must be filled in", field.name));
            }
            None => {}
        }
    }
    Ok(())
}

/// Returns a number as JSON has it: a whole one without a point.
fn value(number: f64, whole: bool) -> Value {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "only where the whole number is the same"
    )]
    let integer = number as i64;
    #[expect(clippy::cast_precision_loss, reason = "the loss is what is looked for")]
    let is_same = integer as f64 == number;
    match whole && is_same {
        true => Value::from(integer),
        false => Value::from(number),
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

fn is_option(options: &[FieldOption], value: &str) -> bool {
    options.iter().any(|option| option.value == value)
}

fn within(count: usize, least: Option<u64>, most: Option<u64>) -> bool {
    let count = count as u64;
    least.is_none_or(|least| count >= least) && most.is_none_or(|most| count <= most)
}

fn range<T: std::fmt::Display>(least: Option<T>, most: Option<T>, of: &str) -> String {
    match (least, most) {
        (Some(least), Some(most)) => format!(", {least} to {most}{of}"),
        (Some(least), None) => format!(", {least}{of} at least"),
        (None, Some(most)) => format!(", {most}{of} at most"),
        (None, None) => String::new(),
    }
}

/// Looks whether a text is `YYYY-MM-DD`.
fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut part = |digits: usize| {
        let part = parts.next().filter(|part| part.len() == digits)?;
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u32>().ok().filter(|_| is_number)
    };
    let (Some(year), Some(month), Some(day)) = (part(4), part(2), part(2)) else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day) && parts.next().is_none()
}

/// Looks whether a text is `HH:MM:SS` with a fraction and a zone, as RFC 3339 has it.
fn is_time(text: &str) -> bool {
    let (time, zone) = match text.find(['Z', 'z', '+', '-']) {
        Some(at) => text.split_at(at),
        None => return false,
    };
    let clock = |text: &str, limits: &[u32]| {
        let parts: Vec<&str> = text.split(':').collect();
        parts.len() == limits.len()
            && parts.iter().zip(limits).all(|(part, limit)| {
                part.len() == 2
                    && part.bytes().all(|byte| byte.is_ascii_digit())
                    && part.parse::<u32>().is_ok_and(|number| number <= *limit)
            })
    };
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let is_zone = match zone.split_at(1) {
        ("Z" | "z", rest) => rest.is_empty(),
        (_, rest) => clock(rest, &[23, 59]),
    };
    clock(time, &[23, 59, 60]) && is_fraction && is_zone
}

#[cfg(test)]
mod tests;
