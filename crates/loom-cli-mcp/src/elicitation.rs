//! What servers ask of the person: from the protocol's request to a question of the session.
//!
//! A server's words are a stranger's, so everything has a bound, and what cannot be shown whole is
//! refused and not cut: the person must see what they agree to. Addresses are for browsers, so
//! only `http` and `https` are shown, with the host as it will be looked up.

use futures::future::BoxFuture;
use loom_common_core::form::{FieldKind, FieldOption, FormField, TextFormat};
use loom_common_core::inquiry::{Answer, Inquiry};
use rmcp::model::{ElicitRequestParams, ElicitResult, ElicitationAction};
use serde_json::Value;
use url::Url;

/// The most fields of a form.
const MAX_FIELDS: usize = 50;

/// The most choices of a field.
const MAX_OPTIONS: usize = 200;

/// The longest message, in bytes.
const MAX_MESSAGE: usize = 8_000;

/// The longest name, title, description, choice or default, in bytes.
const MAX_TEXT: usize = 1_000;

/// The longest address, in bytes.
const MAX_URL: usize = 2_000;

/// Words that tell of what no server may ask for in a form (the protocol's "Elicitation", under
/// "Security Considerations").
const SECRETS: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "api key",
    "api_key",
    "apikey",
    "api-key",
    "token",
    "credential",
    "private key",
    "credit card",
];

/// Answers when a server asks the person for something.
pub trait ElicitationHandler: Send + Sync {
    /// Puts the question, an [`Inquiry::Form`] or [`Inquiry::Link`], to the person, and returns the
    /// answer. Dropping the future takes the question back.
    fn elicit(&self, question: Inquiry) -> BoxFuture<'_, Answer>;
}

/// Makes a question to the person of what a server asks.
///
/// # Errors
///
/// Why it is none that can be put to a person, as the server is told.
pub(crate) fn inquiry(server: &str, request: ElicitRequestParams) -> Result<Inquiry, String> {
    match request {
        ElicitRequestParams::FormElicitationParams {
            message,
            requested_schema,
            ..
        } => {
            let schema = serde_json::to_value(requested_schema)
                .map_err(|error| format!("the schema cannot be used: {error}"))?;
            Ok(Inquiry::Form {
                server: server.to_owned(),
                message: bounded("the message", message, MAX_MESSAGE)?,
                fields: fields(&schema)?,
            })
        }
        ElicitRequestParams::UrlElicitationParams { message, url, .. } => {
            let url = bounded("the URL", url, MAX_URL)?;
            let url: Url = url
                .parse()
                .map_err(|error| format!("the URL cannot be used: {error}"))?;
            let host = match (url.scheme(), url.host_str()) {
                ("http" | "https", Some(host)) => host.to_owned(),
                _ => return Err("the URL must be one of http or https".to_owned()),
            };
            if !url.username().is_empty() || url.password().is_some() {
                return Err("the URL must not hold a user".to_owned());
            }
            Ok(Inquiry::Link {
                server: server.to_owned(),
                message: bounded("the message", message, MAX_MESSAGE)?,
                url: url.into(),
                host,
            })
        }
        _ => Err("this mode of elicitation is not known here".to_owned()),
    }
}

/// Makes what the server is told of the answer.
pub(crate) fn result(answer: Answer) -> ElicitResult {
    match answer {
        Answer::Submit { values } => {
            ElicitResult::new(ElicitationAction::Accept).with_content(Value::Object(values))
        }
        Answer::Allow { .. } => ElicitResult::new(ElicitationAction::Accept),
        Answer::Dismiss => ElicitResult::new(ElicitationAction::Cancel),
        Answer::Deny { .. } | Answer::Reply { .. } | Answer::Approve { .. } => {
            ElicitResult::new(ElicitationAction::Decline)
        }
    }
}

fn fields(schema: &Value) -> Result<Vec<FormField>, String> {
    let required: Vec<&str> = texts(&schema["required"]).collect();
    let properties = schema["properties"].as_object();
    let properties = properties.ok_or("the schema has no properties")?;
    if properties.len() > MAX_FIELDS {
        return Err(format!("the form has more than {MAX_FIELDS} fields"));
    }
    properties
        .iter()
        .map(|(name, property)| {
            let kind = kind(property).map_err(|problem| format!("the field {name}: {problem}"))?;
            let text = |key: &str| match property[key].as_str() {
                Some(text) => bounded(key, text.to_owned(), MAX_TEXT).map(Some),
                None => Ok(None),
            };
            let (title, description) = (text("title")?, text("description")?);
            let seems_secret = [Some(name), title.as_ref(), description.as_ref()]
                .into_iter()
                .flatten()
                .any(|said| is_about_secrets(said));
            Ok(FormField {
                name: bounded("the name of a field", name.clone(), MAX_TEXT)?,
                required: required.contains(&name.as_str()),
                seems_secret,
                title,
                description,
                kind,
            })
        })
        .collect()
}

fn kind(property: &Value) -> Result<FieldKind, String> {
    let default = || match property["default"].as_str() {
        Some(text) => bounded("the default", text.to_owned(), MAX_TEXT).map(Some),
        None => Ok(None),
    };
    let count = |key: &str| property[key].as_u64();
    match property["type"].as_str().unwrap_or_default() {
        "boolean" => Ok(FieldKind::Boolean {
            default: property["default"].as_bool(),
        }),
        kind @ ("number" | "integer") => Ok(FieldKind::Number {
            whole: kind == "integer",
            minimum: property["minimum"].as_f64(),
            maximum: property["maximum"].as_f64(),
            default: property["default"].as_f64(),
        }),
        "array" => Ok(FieldKind::Choices {
            options: options(&property["items"])?,
            min_items: count("minItems"),
            max_items: count("maxItems"),
            default: match property["default"].as_array() {
                Some(values) => Some(defaults(values)?),
                None => None,
            },
        }),
        "string" if property["enum"].is_array() || property["oneOf"].is_array() => {
            Ok(FieldKind::Choice {
                options: options(property)?,
                default: default()?,
            })
        }
        "string" => Ok(FieldKind::Text {
            format: match property["format"].as_str() {
                Some("email") => Some(TextFormat::Email),
                Some("uri") => Some(TextFormat::Uri),
                Some("date") => Some(TextFormat::Date),
                Some("date-time") => Some(TextFormat::DateTime),
                _ => None,
            },
            min_length: count("minLength"),
            max_length: count("maxLength"),
            default: default()?,
        }),
        other => Err(format!("it is of the type {other:?}")),
    }
}

/// Reads what can be chosen, in any of the forms that the protocol has had.
fn options(schema: &Value) -> Result<Vec<FieldOption>, String> {
    let titled = ["oneOf", "anyOf"]
        .into_iter()
        .find_map(|key| schema[key].as_array());
    let options: Option<Vec<FieldOption>> = match titled {
        Some(titled) => titled
            .iter()
            .map(|choice| option(&choice["const"], &choice["title"]))
            .collect(),
        None => {
            let values = schema["enum"].as_array().into_iter().flatten();
            values
                .enumerate()
                .map(|(index, value)| option(value, &schema["enumNames"][index]))
                .collect()
        }
    };
    let options = options.ok_or("there is a choice whose value is not a text")?;
    let longest = options
        .iter()
        .map(|option| option.value.len().max(option.label.len()))
        .max();
    match (options.len(), longest) {
        (0, _) => Err("there is nothing to choose from".to_owned()),
        (1..=MAX_OPTIONS, Some(0..=MAX_TEXT)) => Ok(options),
        _ => Err("there is too much to choose from".to_owned()),
    }
}

fn option(value: &Value, title: &Value) -> Option<FieldOption> {
    let value = value.as_str()?;
    Some(FieldOption {
        value: value.to_owned(),
        label: title.as_str().unwrap_or(value).to_owned(),
    })
}

/// Reads what is chosen unless the person says otherwise.
fn defaults(values: &[Value]) -> Result<Vec<String>, String> {
    if values.len() > MAX_OPTIONS {
        return Err(format!("the default has more than {MAX_OPTIONS} choices"));
    }
    values
        .iter()
        .map(|value| match value.as_str() {
            Some(text) => bounded("the default", text.to_owned(), MAX_TEXT),
            None => Err("the default has a choice that is not a text".to_owned()),
        })
        .collect()
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn bounded(what: &str, text: String, limit: usize) -> Result<String, String> {
    match text.len() <= limit {
        true => Ok(text),
        false => Err(format!("{what} is longer than {limit} bytes")),
    }
}

fn is_about_secrets(said: &str) -> bool {
    let said = said.to_lowercase();
    SECRETS.iter().any(|word| said.contains(word))
}

#[cfg(test)]
mod tests;
