//! Checking values of fields, whoever they come from, and telling programs which would fit.

use jiff::civil::Date;
use jiff::fmt::temporal::DateTimeParser;
use serde_json::{Map, Value};

use super::read::range;
use super::{FieldKind, FieldOption, FormField, TextFormat};

/// The most values that a message names.
const MAX_NAMED: usize = 20;

/// Seconds. RFC 3339 has offsets from UTC of less than a day, the parser has longer ones.
const DAY: i32 = 24 * 60 * 60;

impl FormField {
    /// Looks whether a value fits the field.
    ///
    /// # Errors
    ///
    /// Which values would.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        match self.fits(value) {
            true => Ok(()),
            false => Err(self.fitting()),
        }
    }

    pub(super) fn fits(&self, value: &Value) -> bool {
        match (&self.kind, value) {
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
        }
    }

    /// Says which values fit: what a program is to send.
    fn fitting(&self) -> String {
        match &self.kind {
            FieldKind::Text { .. } | FieldKind::Number { .. } => self.wanted(),
            FieldKind::Boolean { .. } => "true or false".to_owned(),
            FieldKind::Choice { options, .. } => format!("one of {}", values_of(options)),
            FieldKind::Choices {
                options,
                min_items,
                max_items,
                ..
            } => format!(
                "an array, each at most once, of {}{}",
                values_of(options),
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
            Self::DateTime => is_date_time(text),
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

/// Names the values of options, the first of them where there are many.
fn values_of(options: &[FieldOption]) -> String {
    let named = options.iter().take(MAX_NAMED);
    let named: Vec<String> = named.map(|option| format!("{:?}", option.value)).collect();
    let more = match options.len().saturating_sub(MAX_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", named.join(", "))
}

fn is_option(options: &[FieldOption], value: &str) -> bool {
    options.iter().any(|option| option.value == value)
}

fn within(count: usize, least: Option<u64>, most: Option<u64>) -> bool {
    let count = count as u64;
    least.is_none_or(|least| count >= least) && most.is_none_or(|most| count <= most)
}

/// Looks whether a text is a `full-date` of RFC 3339, section 5.6.
fn is_date(text: &str) -> bool {
    is_written_like(text, "0000-00-00") && text.parse::<Date>().is_ok()
}

/// Looks whether a text is a `date-time` of RFC 3339, section 5.6, or has a blank for the `T`, as the
/// note there allows.
///
/// The parser takes all of ISO 8601, such as times without minutes, so the shape is looked at first.
fn is_date_time(text: &str) -> bool {
    let Some((start, rest)) = text.split_at_checked("0000-00-00T00:00:00".len()) else {
        return false;
    };
    let zone = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let is_shape = ["0000-00-00T00:00:00", "0000-00-00 00:00:00"]
        .into_iter()
        .any(|shape| is_written_like(start, shape))
        && ["Z", "+00:00", "-00:00"]
            .into_iter()
            .any(|shape| is_written_like(zone, shape));
    // Not as a point in time: the last day of the year 9999 is none everywhere.
    is_shape
        && DateTimeParser::new()
            .parse_pieces(text)
            .is_ok_and(|pieces| {
                let offset = pieces.to_numeric_offset();
                offset.is_some_and(|offset| offset.seconds().abs() < DAY)
            })
}

/// Looks whether a text has digits where the shape has zeros, and else the same letters and signs.
fn is_written_like(text: &str, shape: &str) -> bool {
    let mut bytes = text.bytes().zip(shape.bytes());
    text.len() == shape.len()
        && bytes.all(|(byte, like)| match like {
            b'0' => byte.is_ascii_digit(),
            _ => byte.eq_ignore_ascii_case(&like),
        })
}
