//! Forms of servers of tools, and questions of the agent, as the protocol's own forms.

use std::collections::BTreeMap;

use agent_client_protocol::v1::schema::{
    BooleanPropertySchema, ElicitationContentValue, ElicitationSchema, EnumOption,
    IntegerPropertySchema, MultiSelectPropertySchema, NumberPropertySchema, StringFormat,
    StringPropertySchema,
};
use loom_common_core::form::{FieldKind, FieldOption, FormField, TextFormat};
use loom_common_core::inquiry::Answer;
use serde_json::{Map, Value};

use super::is_text;

/// The field for an answer in the person's own words.
const ANSWER: &str = "answer";

/// The field for one of the answers that were proposed.
const CHOICE: &str = "choice";

/// Makes a form for a question.
pub(super) fn question(options: &[String]) -> ElicitationSchema {
    let schema = ElicitationSchema::new();
    if options.is_empty() {
        let words = StringPropertySchema::new().title("Answer");
        return schema.property(ANSWER, words, true);
    }
    let options = options.iter().map(|option| EnumOption::new(option, option));
    let choice = StringPropertySchema::new()
        .title("Choose")
        .one_of(options.collect::<Vec<_>>());
    let words = StringPropertySchema::new().title("Or answer in your own words");
    schema
        .property(CHOICE, choice, false)
        .property(ANSWER, words, false)
}

/// Reads the answer to a question: the person's own words count more than a choice.
pub(super) fn reply(values: &Map<String, Value>) -> Answer {
    let mut said = [ANSWER, CHOICE]
        .into_iter()
        .filter_map(|name| values.get(name));
    let text = said.find(|value| is_text(value)).and_then(Value::as_str);
    match text {
        Some(text) => Answer::Reply {
            text: text.trim().to_owned(),
        },
        None => Answer::Deny { instead: None },
    }
}

/// Makes a form of a server's fields.
pub(super) fn schema(fields: &[FormField]) -> ElicitationSchema {
    let mut schema = ElicitationSchema::new();
    for field in fields {
        let name = field.name.clone();
        let title = field.title.clone();
        let about = about(field);
        let required = field.required;
        schema = match &field.kind {
            FieldKind::Text {
                format,
                min_length,
                max_length,
                default,
            } => {
                let text = StringPropertySchema::new()
                    .title(title)
                    .description(about)
                    .format(format.map(string_format))
                    .min_length(min_length.and_then(|length| u32::try_from(length).ok()))
                    .max_length(max_length.and_then(|length| u32::try_from(length).ok()))
                    .default_value(default.clone());
                schema.property(name, text, required)
            }
            FieldKind::Number {
                whole: true,
                minimum,
                maximum,
                default,
            } => {
                let number = IntegerPropertySchema::new()
                    .title(title)
                    .description(about)
                    .minimum(minimum.map(|number| number.ceil() as i64))
                    .maximum(maximum.map(|number| number.floor() as i64))
                    .default_value(default.map(|number| number as i64));
                schema.property(name, number, required)
            }
            FieldKind::Number {
                minimum,
                maximum,
                default,
                ..
            } => {
                let number = NumberPropertySchema::new()
                    .title(title)
                    .description(about)
                    .minimum(*minimum)
                    .maximum(*maximum)
                    .default_value(*default);
                schema.property(name, number, required)
            }
            FieldKind::Boolean { default } => {
                let boolean = BooleanPropertySchema::new()
                    .title(title)
                    .description(about)
                    .default_value(*default);
                schema.property(name, boolean, required)
            }
            FieldKind::Choice { options, default } => {
                let choice = StringPropertySchema::new()
                    .title(title)
                    .description(about)
                    .one_of(enum_options(options))
                    .default_value(default.clone());
                schema.property(name, choice, required)
            }
            FieldKind::Choices {
                options,
                min_items,
                max_items,
                default,
            } => {
                let choices = MultiSelectPropertySchema::titled(enum_options(options))
                    .title(title)
                    .description(about)
                    .min_items(*min_items)
                    .max_items(*max_items)
                    .default_value(default.clone());
                schema.property(name, choices, required)
            }
        };
    }
    schema
}

/// Says what a field is about, with a warning where it seems to want a secret.
fn about(field: &FormField) -> Option<String> {
    const WARNING: &str = "This seems to be about a secret. What you fill in goes to the server.";
    match (&field.description, field.seems_secret) {
        (Some(description), true) => Some(format!("{description} {WARNING}")),
        (None, true) => Some(WARNING.to_owned()),
        (description, false) => description.clone(),
    }
}

fn string_format(format: TextFormat) -> StringFormat {
    match format {
        TextFormat::Email => StringFormat::Email,
        TextFormat::Uri => StringFormat::Uri,
        TextFormat::Date => StringFormat::Date,
        TextFormat::DateTime => StringFormat::DateTime,
    }
}

fn enum_options(options: &[FieldOption]) -> Vec<EnumOption> {
    let options = options.iter();
    options
        .map(|option| EnumOption::new(&option.value, &option.label))
        .collect()
}

/// Returns what was filled in. What was left empty is not there.
pub(super) fn values(content: BTreeMap<String, ElicitationContentValue>) -> Map<String, Value> {
    let values = content.into_iter().filter_map(|(name, value)| {
        let value = match value {
            ElicitationContentValue::String(text) => Value::from(text),
            ElicitationContentValue::Integer(number) => Value::from(number),
            ElicitationContentValue::Number(number) => Value::from(number),
            ElicitationContentValue::Boolean(boolean) => Value::from(boolean),
            ElicitationContentValue::StringArray(texts) => Value::from(texts),
            _ => return None,
        };
        Some((name, value))
    });
    values.collect()
}
