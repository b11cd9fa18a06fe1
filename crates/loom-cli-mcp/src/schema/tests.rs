use proptest::prelude::*;
use serde_json::json;

use super::*;

fn cleaned(schema: Value) -> Value {
    let Value::Object(schema) = schema else {
        panic!("no object");
    };
    clean(&schema)
}

#[test]
fn a_plain_schema_stays_as_it_is() {
    let schema = json!({
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "Where."},
            "depth": {"type": ["integer", "null"], "minimum": 1},
            "title": {"type": "string"},
        },
        "required": ["path"],
        "additionalProperties": false,
    });
    assert_eq!(cleaned(schema.clone()), schema);
}

#[test]
fn what_is_missing_is_filled_in() {
    assert_eq!(
        cleaned(json!({})),
        json!({"type": "object", "properties": {}})
    );
    assert_eq!(
        cleaned(json!({"type": "object", "properties": null, "required": "all"})),
        json!({"type": "object", "properties": {}})
    );
}

#[test]
fn noise_goes_and_arrays_get_items() {
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Arguments",
        "type": "object",
        "properties": {
            "tags": {"type": "array", "title": "Tags"},
            "pairs": {"type": "array", "items": [{"type": "string"}]},
        },
        "required": ["tags", "gone"],
    });
    assert_eq!(
        cleaned(schema),
        json!({
            "type": "object",
            "properties": {
                "tags": {"type": "array", "items": {}},
                "pairs": {"type": "array", "items": {}},
            },
            "required": ["tags"],
        })
    );
}

#[test]
fn properties_that_providers_refuse_are_left_out() {
    let long = "x".repeat(65);
    let schema = json!({
        "type": "object",
        "properties": {"good-1.x": {}, "bad key": {}, "$ref": {}, "": {}, long: {}},
        "required": ["bad key", "good-1.x"],
    });
    assert_eq!(
        cleaned(schema),
        json!({"type": "object", "properties": {"good-1.x": {}}, "required": ["good-1.x"]})
    );
}

#[test]
fn alternatives_at_the_top_become_optional_properties() {
    let schema = json!({
        "anyOf": [
            {"properties": {"id": {"type": "string"}, "kind": {"const": 1}}, "required": ["id", "kind"]},
            {"properties": {"name": {"type": "string"}, "kind": {"const": 2}}, "required": ["name", "kind"]},
        ],
    });
    assert_eq!(
        cleaned(schema),
        json!({
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "kind": {"const": 1},
                "name": {"type": "string"},
            },
            "required": ["kind"],
        })
    );
}

#[test]
fn parts_at_the_top_are_joined_and_references_followed() {
    let schema = json!({
        "$ref": "#/$defs/Base",
        "allOf": [{"properties": {"b": {"$ref": "#/$defs/B"}}, "required": ["b"]}],
        "$defs": {
            "Base": {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]},
            "B": {"type": "string", "title": "B"},
        },
    });
    let schema = cleaned(schema);
    assert_eq!(
        schema["properties"],
        json!({"a": {"type": "number"}, "b": {"$ref": "#/$defs/B"}})
            .as_object()
            .map(|properties| {
                // The parts come in the order in which they stand.
                let mut ordered = Map::new();
                for key in ["b", "a"] {
                    ordered.insert(key.to_owned(), properties[key].clone());
                }
                Value::Object(ordered)
            })
            .unwrap()
    );
    assert_eq!(schema["required"], json!(["b", "a"]));
    assert_eq!(schema["$defs"]["B"], json!({"type": "string"}));
}

#[test]
fn a_schema_that_is_too_large_keeps_names_and_types() {
    let properties: Map<String, Value> = (0..500)
        .map(|index| {
            let nested = json!({
                "type": if index == 0 { "array" } else { "string" },
                "enum": ["some", "choices", "that", "take", "space"],
                "description": "d".repeat(100),
            });
            (format!("property_{index}"), nested)
        })
        .collect();
    let schema =
        cleaned(json!({"properties": properties, "required": ["property_1", "property_400"]}));
    assert!(schema.to_string().len() < MAX_BYTES);
    assert_eq!(schema["properties"].as_object().unwrap().len(), 100);
    assert_eq!(
        schema["properties"]["property_0"],
        json!({"type": "array", "items": {}})
    );
    assert_eq!(
        schema["properties"]["property_1"],
        json!({"type": "string"})
    );
    assert_eq!(schema["required"], json!(["property_1"]));
}

#[test]
fn a_schema_that_is_too_deep_ends_somewhere() {
    let mut schema = json!({"type": "string", "description": "the bottom"});
    for _ in 0..100 {
        schema = json!({"type": "object", "properties": {"deeper": schema}});
    }
    let text = cleaned(schema).to_string();
    assert!(!text.contains("the bottom"));
    assert!(text.matches("deeper").count() < MAX_DEPTH + 2, "{text}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        Just("type".to_owned()),
        Just("properties".to_owned()),
        Just("items".to_owned()),
        Just("required".to_owned()),
        Just("anyOf".to_owned()),
        Just("allOf".to_owned()),
        Just("$ref".to_owned()),
        Just("$defs".to_owned()),
        "[a-z$ ]{0,6}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(json!("object")),
        Just(json!("array")),
        Just(json!("#/$defs/a")),
        "[a-z]{0,5}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_comes_in_providers_take_what_comes_out(schema in any_json()) {
        let schema = schema.as_object().cloned().unwrap_or_default();
        let cleaned = clean(&schema);
        prop_assert_eq!(&cleaned["type"], &json!("object"));
        let properties = cleaned["properties"].as_object().unwrap();
        prop_assert!(properties.keys().all(|name| is_usable(name)));
        for key in ALTERNATIVES {
            prop_assert!(cleaned.get(key).is_none());
        }
        for name in names(cleaned.get("required")) {
            prop_assert!(properties.contains_key(name));
        }
        prop_assert!(cleaned.to_string().len() <= MAX_BYTES);
        // Cleaning what is clean changes nothing.
        prop_assert_eq!(clean(cleaned.as_object().unwrap()), cleaned);
    }
}
