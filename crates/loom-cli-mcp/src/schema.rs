//! From the schema that a server gives for a tool's arguments to one that all providers take.
//!
//! Servers write any JSON Schema. Providers want an object with properties at the top, without
//! alternatives there, with usable property names, and an `items` for each array; and one schema
//! that they refuse makes the whole request fail. What is lost in cleaning is only advice to the
//! model: the server still checks the arguments by its own schema.

use serde_json::{Map, Value, json};

/// The largest schema that is kept whole, in bytes of JSON.
const MAX_BYTES: usize = 16 * 1024;

/// The longest name of a property that providers take.
const MAX_PROPERTY: usize = 64;

/// How deep a schema is looked at; below that nothing is said.
const MAX_DEPTH: usize = 16;

/// Keys that say nothing to a model, and that some providers refuse.
const NOISE: [&str; 6] = [
    "$schema",
    "$id",
    "$comment",
    "$anchor",
    "$vocabulary",
    "title",
];

/// Keys under which alternatives stand.
const ALTERNATIVES: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// Returns a schema that all providers take.
pub(crate) fn clean(schema: &Map<String, Value>) -> Value {
    let mut schema = flattened(schema);
    schema.insert("type".to_owned(), json!("object"));
    let properties = match schema.remove("properties") {
        Some(Value::Object(properties)) => properties,
        _ => Map::new(),
    };
    let properties: Map<String, Value> = properties
        .into_iter()
        .filter(|(name, _)| is_usable(name))
        .collect();
    let required: Vec<Value> = names(schema.remove("required").as_ref())
        .filter(|name| properties.contains_key(*name))
        .map(Value::from)
        .collect();
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), Value::Array(required));
    }
    let mut schema = Value::Object(schema);
    mend(&mut schema, 0);
    if schema.to_string().len() > MAX_BYTES {
        strip_descriptions(&mut schema, 0);
    }
    if schema.to_string().len() > MAX_BYTES {
        return outline(&schema);
    }
    schema
}

/// Puts what stands in alternatives at the top into the top itself, as optional properties where
/// only one of several alternatives needs them.
fn flattened(schema: &Map<String, Value>) -> Map<String, Value> {
    let mut top = schema.clone();
    if let Some(reference) = top.remove("$ref")
        && let Value::Array(parts) = top.entry("allOf").or_insert_with(|| json!([]))
    {
        parts.push(json!({"$ref": reference}));
    }
    for key in ALTERNATIVES {
        let Some(Value::Array(variants)) = top.remove(key) else {
            continue;
        };
        let variants: Vec<Map<String, Value>> = variants
            .into_iter()
            .filter_map(|variant| match resolve(&variant, schema) {
                Value::Object(variant) => Some(variant),
                _ => None,
            })
            .collect();
        let mut required: Vec<Value> = names(top.get("required")).map(Value::from).collect();
        for variant in &variants {
            let properties = variant.get("properties").and_then(Value::as_object);
            for (name, property) in properties.into_iter().flatten() {
                if let Value::Object(known) = top.entry("properties").or_insert_with(|| json!({})) {
                    known.entry(name).or_insert_with(|| property.clone());
                }
            }
            let is_required_of_all = |name: &str| {
                key == "allOf"
                    || variants
                        .iter()
                        .all(|other| names(other.get("required")).any(|other| other == name))
            };
            for name in names(variant.get("required")) {
                if is_required_of_all(name) && !required.iter().any(|known| known == name) {
                    required.push(Value::from(name));
                }
            }
        }
        top.insert("required".to_owned(), Value::Array(required));
    }
    for key in [
        "not",
        "if",
        "then",
        "else",
        "enum",
        "const",
        "dependentSchemas",
    ] {
        top.remove(key);
    }
    top
}

/// Follows a reference into the definitions of `root`.
fn resolve(schema: &Value, root: &Map<String, Value>) -> Value {
    let target = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| reference.strip_prefix("#/"))
        .and_then(|path| {
            let (folder, name) = path.split_once('/')?;
            root.get(folder)?.get(name)
        });
    target.unwrap_or(schema).clone()
}

fn names(required: Option<&Value>) -> impl Iterator<Item = &str> {
    required
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn is_usable(property: &str) -> bool {
    (1..=MAX_PROPERTY).contains(&property.len())
        && property
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "_-.".contains(character))
}

/// Removes noise, gives arrays their `items`, and ends what is too deep.
fn mend(schema: &mut Value, depth: usize) {
    let Value::Object(object) = schema else {
        return;
    };
    if depth >= MAX_DEPTH {
        object.clear();
        return;
    }
    for key in NOISE {
        object.remove(key);
    }
    let is_array = match object.get("type") {
        Some(Value::String(kind)) => kind == "array",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "array"),
        _ => false,
    };
    if is_array && !object.get("items").is_some_and(Value::is_object) {
        object.remove("items");
        object.insert("items".to_owned(), json!({}));
    }
    for_each_child(object, |child| mend(child, depth + 1));
}

fn strip_descriptions(schema: &mut Value, depth: usize) {
    if let Value::Object(object) = schema {
        if depth > 1 {
            object.remove("description");
        }
        object.remove("examples");
        for_each_child(object, |child| strip_descriptions(child, depth + 1));
    }
}

/// Visits the schemas that stand in a schema. A property may have the name of a keyword, so where
/// schemas stand is told by the keyword above them.
fn for_each_child(object: &mut Map<String, Value>, mut visit: impl FnMut(&mut Value)) {
    for (key, value) in object {
        match (key.as_str(), value) {
            (
                "properties" | "patternProperties" | "$defs" | "definitions",
                Value::Object(children),
            ) => children.values_mut().for_each(&mut visit),
            ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(children)) => {
                children.iter_mut().for_each(&mut visit);
            }
            ("items" | "additionalProperties" | "not", child @ Value::Object(_)) => visit(child),
            _ => {}
        }
    }
}

/// Returns what can be said of a schema that is too large: names and types of the first properties.
fn outline(schema: &Value) -> Value {
    const MOST: usize = 100;
    let types: Map<String, Value> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .take(MOST)
        .map(|(name, property)| {
            let outline = match property.get("type") {
                Some(Value::String(kind)) if kind != "array" => json!({"type": kind}),
                Some(Value::String(_)) => json!({"type": "array", "items": {}}),
                _ => json!({}),
            };
            (name.clone(), outline)
        })
        .collect();
    let required: Vec<&str> = names(schema.get("required"))
        .filter(|name| types.contains_key(*name))
        .collect();
    json!({"type": "object", "required": required, "properties": types})
}

#[cfg(test)]
mod tests;
