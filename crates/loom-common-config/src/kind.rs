//! Types of values, as far as a configuration file and an environment variable can carry them.
//!
//! A file knows types of its own, a variable only text. A [`Kind`], taken from the JSON schema of a
//! field, checks the one and reads the other, so that both end as the same JSON value.

use std::fmt;

use serde_json::Value;

/// The type of a key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Boolean,
    /// A whole number within bounds, both included.
    Integer {
        minimum: i128,
        maximum: i128,
    },
    Number,
    Text,
    /// One of a few words.
    Choice(Vec<String>),
    List(Box<Kind>),
}

impl Kind {
    /// Recognises the type from a schema; `None` when a single setting cannot be of this type.
    ///
    /// `resolve` follows a `$ref`.
    pub(crate) fn of<'a>(
        schema: &'a Value,
        resolve: &impl Fn(&'a Value) -> &'a Value,
    ) -> Option<Self> {
        let schema = resolve(schema);
        if let Some(alternatives) = schema.get("anyOf").and_then(Value::as_array) {
            // An optional value whose type has a schema of its own: that one, or null.
            let mut present = alternatives
                .iter()
                .filter(|schema| schema["type"] != "null");
            return match (present.next(), present.next()) {
                (Some(only), None) => Self::of(only, resolve),
                _ => None,
            };
        }
        if let Some(words) = words(schema) {
            return Some(Self::Choice(words));
        }
        match type_name(&schema["type"])? {
            "boolean" => Some(Self::Boolean),
            "integer" => Some(integer(schema)),
            "number" => Some(Self::Number),
            "string" => Some(Self::Text),
            "array" => Some(Self::List(Box::new(Self::of(
                schema.get("items")?,
                resolve,
            )?))),
            _ => None,
        }
    }

    /// Reads a value from text; `None` when the text is not of this type.
    pub(crate) fn read(&self, text: &str) -> Option<Value> {
        let trimmed = text.trim();
        let value = match self {
            Self::Boolean => match trimmed.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => true.into(),
                "false" | "0" | "no" | "off" => false.into(),
                _ => return None,
            },
            Self::Integer { .. } => integer_value(trimmed.parse().ok()?)?,
            Self::Number => trimmed.parse::<f64>().ok()?.into(),
            Self::Text => text.into(),
            Self::Choice(_) => trimmed.into(),
            Self::List(item) => trimmed
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| item.read(part))
                .collect::<Option<Vec<Value>>>()?
                .into(),
        };
        self.accepts(&value).then_some(value)
    }

    /// Tells whether a value is of this type.
    pub(crate) fn accepts(&self, value: &Value) -> bool {
        match self {
            Self::Boolean => value.is_boolean(),
            Self::Integer { minimum, maximum } => {
                let number = value
                    .as_i64()
                    .map(i128::from)
                    .or(value.as_u64().map(i128::from));
                number.is_some_and(|number| (*minimum..=*maximum).contains(&number))
            }
            Self::Number => value.is_number(),
            Self::Text => value.is_string(),
            Self::Choice(words) => value
                .as_str()
                .is_some_and(|value| words.iter().any(|word| word == value)),
            Self::List(item) => value
                .as_array()
                .is_some_and(|items| items.iter().all(|value| item.accepts(value))),
        }
    }

    /// Names the type in the reference.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Boolean => "boolean".to_owned(),
            Self::Integer { .. } => "integer".to_owned(),
            Self::Number => "number".to_owned(),
            Self::Text => "string".to_owned(),
            Self::Choice(words) => words
                .iter()
                .map(|word| format!("`{word}`"))
                .collect::<Vec<_>>()
                .join(", "),
            Self::List(item) => format!("list of {}", item.name()),
        }
    }
}

impl fmt::Display for Kind {
    /// Writes what a value must be, for an error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("true or false"),
            Self::Integer { minimum, maximum } if *maximum >= i128::from(i64::MAX) => {
                match *minimum {
                    0.. => write!(f, "a whole number from {minimum}"),
                    _ => f.write_str("a whole number"),
                }
            }
            Self::Integer { minimum, maximum } => {
                write!(f, "a whole number from {minimum} to {maximum}")
            }
            Self::Number => f.write_str("a number"),
            Self::Text => f.write_str("a string"),
            Self::Choice(words) => write!(f, "one of {}", words.join(", ")),
            Self::List(item) => write!(f, "a list, each item {item}"),
        }
    }
}

/// Writes what was given instead, for an error.
pub(crate) fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => format!("\"{}\"", text.escape_debug()),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a table".to_owned(),
    }
}

/// Writes only the type of what was given instead, for an error about a secret.
pub(crate) fn describe_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

/// Reads the one type of a schema, leaving out `null`, which marks an optional value.
fn type_name(value: &Value) -> Option<&str> {
    match value {
        Value::String(name) => Some(name),
        Value::Array(names) => {
            let mut names = names
                .iter()
                .filter_map(Value::as_str)
                .filter(|name| *name != "null");
            names.next().filter(|_| names.next().is_none())
        }
        _ => None,
    }
}

/// Reads the words of an enumeration: `enum`, or `oneOf` constants when its words are documented.
fn words(schema: &Value) -> Option<Vec<String>> {
    if let Some(listed) = schema.get("enum").and_then(Value::as_array) {
        return listed
            .iter()
            .filter(|word| !word.is_null())
            .map(|word| word.as_str().map(str::to_owned))
            .collect();
    }
    let mut words = Vec::new();
    for variant in schema.get("oneOf")?.as_array()? {
        match variant.get("const") {
            Some(word) => words.push(word.as_str()?.to_owned()),
            None => words.extend(self::words(variant)?),
        }
    }
    Some(words)
}

fn integer(schema: &Value) -> Kind {
    let bound = |name: &str| {
        let bound = schema.get(name)?;
        bound
            .as_i64()
            .map(i128::from)
            .or(bound.as_u64().map(i128::from))
    };
    let (lowest, highest) = match schema["format"].as_str() {
        Some("int32") => (i32::MIN.into(), i32::MAX.into()),
        Some("uint32") => (0, u32::MAX.into()),
        Some("uint64" | "uint") => (0, u64::MAX.into()),
        _ => (i64::MIN.into(), i64::MAX.into()),
    };
    Kind::Integer {
        minimum: bound("minimum").unwrap_or(lowest),
        maximum: bound("maximum").unwrap_or(highest),
    }
}

/// Makes a JSON number of a whole number; `None` beyond 64 bits.
pub(crate) fn integer_value(number: i128) -> Option<Value> {
    i64::try_from(number)
        .map(Value::from)
        .or_else(|_| u64::try_from(number).map(Value::from))
        .ok()
}
