//! Forms: a few fields that a server of tools asks the person to fill in.
//!
//! The fields are those of the Model Context Protocol (revision 2025-11-25, "Elicitation"): flat, each a
//! text, a number, a yes or no, or a choice. What is typed for a field and what a program sends for it
//! pass the same check, so a server gets what it asked for or nothing. They differ in what is said when
//! something does not fit: a person may type the number of a choice, a program sends its value.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

mod check;
mod read;

pub use check::check_form;

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
            FieldKind::Number { whole, default, .. } => {
                default.map(|number| number_value(number, *whole))
            }
            FieldKind::Boolean { default } => default.map(Value::from),
            FieldKind::Choices { default, .. } => default.clone().map(Value::from),
        }
    }
}

/// Returns a number as JSON has it: a whole one without a point.
fn number_value(number: f64, whole: bool) -> Value {
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

#[cfg(test)]
mod tests;
