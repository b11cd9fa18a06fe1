//! Redaction inside JSON: only strings change.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::sample;

#[test]
fn what_the_key_says_counts() {
    let mut value = json!({
        "api_key": "Zk3vX9qLm2Rt7Yw",
        "comment": "Zk3vX9qLm2Rt7Yw",
        "tokens": ["Zk3vX9qLm2Rt7Yw", 5, null, { "id": "Zk3vX9qLm2Rt7Yw" }],
        "quoted": "say \"ghp_0aB1cD2eF3gH\"\nand go",
        "ghp_0aB1cD2eF3gH": true,
    });
    sample::detector().redact_json(&mut value);
    assert_eq!(
        value,
        json!({
            "api_key": "[REDACTED:generic]",
            "comment": "Zk3vX9qLm2Rt7Yw",
            "tokens": ["[REDACTED:generic]", 5, null, { "id": "Zk3vX9qLm2Rt7Yw" }],
            "quoted": "say \"[REDACTED:token]\"\nand go",
            "[REDACTED:token]": true,
        })
    );
}

#[test]
fn keys_that_become_equal_get_numbers() {
    let mut value = json!({ "ghp_0aB1cD2eF3gH": 1, "ghp_1aB1cD2eF3gH": 2, "other": 3 });
    sample::detector().redact_json(&mut value);
    assert_eq!(
        value,
        json!({ "[REDACTED:token]": 1, "[REDACTED:token]-2": 2, "other": 3 })
    );
}

#[test]
fn a_text_keeps_all_but_the_strings_that_held_a_secret() {
    let text = "{ \"n\": 1.50e+3,\n  \"api_key\" :\"Zk3vX9qLm2Rt7Yw\", \"a\": [ \"\\u0041\\/\", \"x ghp_0aB1c\\u00442eF3gH\" ] }\n";
    assert_eq!(
        sample::detector().redact_json_text(text).unwrap(),
        "{ \"n\": 1.50e+3,\n  \"api_key\" :\"[REDACTED:generic]\", \"a\": [ \"\\u0041\\/\", \"x [REDACTED:token]\" ] }\n"
    );
}

#[test]
fn what_is_no_json_is_said_to_be_none() {
    for text in ["", "{", "{\"a\": 'b'}", "[1,]", "\"a"] {
        assert_eq!(sample::detector().redact_json_text(text), None, "{text}");
    }
}

/// The shape of a value: all but its strings and keys.
fn shape(value: &Value) -> Value {
    match value {
        Value::String(_) => json!(""),
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::Object(fields) => fields.values().map(shape).collect(),
        other => other.clone(),
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        sample::text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("(api_key|password|name|ghp_[a-z0-9]{12})", inner), 0..4)
                .prop_map(|fields| fields.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_shape_stays_and_text_and_value_agree(value in value()) {
        let detector = sample::detector();
        let mut redacted = value.clone();
        detector.redact_json(&mut redacted);
        prop_assert_eq!(shape(&redacted), shape(&value));
        let mut twice = redacted.clone();
        detector.redact_json(&mut twice);
        prop_assert_eq!(&twice, &redacted);
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let text = detector.redact_json_text(&text).unwrap();
            let parsed: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(shape(&parsed), shape(&value));
        }
    }
}
