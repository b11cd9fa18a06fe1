//! From what the model wrote to a tool's typed arguments, and from the types to the schema.
//!
//! The schema comes from the arguments' struct, cut down to what models read: flat, without
//! titles and number formats. The same schema then checks a call, before serde does, because it
//! can name every wrong argument at once and show the expected shape. Two slips are mended, as
//! their meaning is plain: a number or a boolean inside a string, and a whole number written with
//! a fraction (`10.0`). An argument that the tool does not have is ignored, and the model is told.

use std::fmt::Write as _;

use loom_common_core::{ToolAccess, ToolDefinition, ToolOutput, ToolResultContent};
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform as _};
use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::ToolError;

/// Makes the definition of a tool whose arguments are `A`: the doc comments of its fields are what
/// the model is told of them.
pub fn definition<A: JsonSchema>(
    name: &str,
    description: &str,
    access: ToolAccess,
) -> ToolDefinition {
    let mut schema = SchemaSettings::draft2020_12()
        .for_deserialize()
        .with(|settings| {
            settings.meta_schema = None;
            settings.inline_subschemas = true;
        })
        .into_generator()
        .into_root_schema_for::<A>();
    RecursiveTransform(simplify).transform(&mut schema);
    schema.remove("description");
    ToolDefinition {
        name: name.to_owned(),
        description: description.trim().to_owned(),
        input_schema: schema.to_value(),
        access,
    }
}

/// Removes what says nothing to a model: titles, number formats, and `null` as another way to
/// leave an argument out.
fn simplify(schema: &mut Schema) {
    schema.remove("title");
    schema.remove("format");
    schema.remove("default");
    if let Some(Value::Array(kinds)) = schema.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
}

/// Reads the arguments, runs `work` with them, and turns a failure into a failed output.
pub async fn answer<A: DeserializeOwned>(
    definition: &ToolDefinition,
    mut arguments: Map<String, Value>,
    work: impl AsyncFnOnce(A) -> Result<ToolOutput, ToolError>,
) -> ToolOutput {
    let ignored = take_unknown(definition, &mut arguments);
    let arguments = match parse(definition, arguments, &ignored) {
        Ok(arguments) => arguments,
        Err(error) => return ToolOutput::failed(error.to_string()),
    };
    match work(arguments).await {
        Ok(mut output) => {
            if !ignored.is_empty() {
                output.content.push(ToolResultContent::text(format!(
                    "(ignored: {} has no argument {})",
                    definition.name,
                    quoted(&ignored)
                )));
            }
            output
        }
        Err(error) => ToolOutput::failed(error.to_string()),
    }
}

/// Removes the arguments that the tool does not have, and returns their names.
fn take_unknown(definition: &ToolDefinition, arguments: &mut Map<String, Value>) -> Vec<String> {
    let known = &definition.input_schema["properties"];
    let unknown: Vec<String> = arguments
        .keys()
        .filter(|name| known.get(name.as_str()).is_none())
        .cloned()
        .collect();
    arguments.retain(|name, _| known.get(name).is_some());
    unknown
}

/// Reads the arguments.
fn parse<A: DeserializeOwned>(
    definition: &ToolDefinition,
    mut arguments: Map<String, Value>,
    ignored: &[String],
) -> Result<A, ToolError> {
    let mut problems = Vec::new();
    for (name, schema) in properties(definition) {
        let is_required = is_required(definition, name);
        match arguments.get_mut(name) {
            None if is_required => problems.push(format!("`{name}` is missing")),
            Some(Value::Null) if is_required => {
                problems.push(format!("`{name}` must be {}, got null", expected(schema)));
            }
            None | Some(Value::Null) => {}
            Some(value) => {
                mend(schema, value);
                if !fits(schema, value) {
                    let got = got(value);
                    problems.push(format!("`{name}` must be {}, got {got}", expected(schema)));
                }
            }
        }
    }
    if problems.is_empty() {
        match serde_json::from_value(Value::Object(arguments)) {
            Ok(arguments) => return Ok(arguments),
            Err(error) => problems.push(error.to_string()),
        }
    }
    if !ignored.is_empty() {
        problems.push(format!("there is no argument {}", quoted(ignored)));
    }
    Err(ToolError::Arguments(format!(
        "The arguments do not fit {}: {}.\nExpected: {}",
        definition.name,
        problems.join("; "),
        shape(definition)
    )))
}

/// Returns the shape of the arguments in a few words, such as `{"path": string, "depth"?: integer}`.
pub(crate) fn shape(definition: &ToolDefinition) -> String {
    let mut shape = String::from("{");
    for (index, (name, schema)) in properties(definition).enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let mark = if is_required(definition, name) {
            ""
        } else {
            "?"
        };
        let _ = write!(shape, "{comma}\"{name}\"{mark}: {}", kind(schema));
    }
    shape.push('}');
    shape
}

fn properties(definition: &ToolDefinition) -> impl Iterator<Item = (&String, &Value)> {
    definition.input_schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
}

fn is_required(definition: &ToolDefinition, name: &str) -> bool {
    definition.input_schema["required"]
        .as_array()
        .is_some_and(|required| required.iter().any(|required| required == name))
}

/// Returns the type of a property, or its values when they are few and fixed.
fn kind(schema: &Value) -> String {
    match schema["enum"].as_array() {
        Some(values) => values
            .iter()
            .map(Value::to_string)
            .collect::<Vec<_>>()
            .join(" | "),
        None => schema["type"].as_str().unwrap_or("any").to_owned(),
    }
}

/// Returns what a property must be, for a sentence.
fn expected(schema: &Value) -> String {
    let kind = kind(schema);
    if schema["enum"].is_array() {
        return format!("one of {kind}");
    }
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    match schema["minimum"].as_u64() {
        Some(minimum) => format!("{article} {kind} of at least {minimum}"),
        None => format!("{article} {kind}"),
    }
}

/// Reads a number or a boolean out of a string, and a whole number out of a fraction.
fn mend(schema: &Value, value: &mut Value) {
    let kind = schema["type"].as_str();
    let mended = match (kind, &*value) {
        (Some("integer"), Value::String(text)) => text.trim().parse::<i64>().ok().map(Value::from),
        (Some("integer"), Value::Number(number)) => whole(number),
        (Some("boolean"), Value::String(text)) => text
            .trim()
            .to_ascii_lowercase()
            .parse::<bool>()
            .ok()
            .map(Value::from),
        _ => None,
    };
    if let Some(mended) = mended {
        *value = mended;
    }
}

/// Returns a number that is written with a fraction and has none as an integer.
fn whole(number: &serde_json::Number) -> Option<Value> {
    /// Up to here every whole number has a float of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = number.as_f64().filter(|_| number.is_f64())?;
    (float.fract() == 0.0 && float.abs() <= EXACT).then(|| Value::from(float as i64))
}

fn fits(schema: &Value, value: &Value) -> bool {
    if let Some(values) = schema["enum"].as_array() {
        return values.contains(value);
    }
    match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => match (value.as_i64(), schema["minimum"].as_i64()) {
            (Some(number), Some(minimum)) => number >= minimum,
            (number, _) => number.is_some(),
        },
        _ => true,
    }
}

/// Returns a value for an error message, cut when it is long.
fn got(value: &Value) -> String {
    const SHOWN: usize = 60;
    let text = value.to_string();
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    let kind = match value {
        Value::Null => return "null".to_owned(),
        Value::Bool(_) => "the boolean",
        Value::Number(_) => "the number",
        Value::String(_) => "the string",
        Value::Array(_) => "the array",
        Value::Object(_) => "the object",
    };
    format!("{kind} {shown}")
}

fn quoted(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
