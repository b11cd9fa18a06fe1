//! A table of keys that does not match the structs is a defect that the first run shows.

use loom_common_config::{Arguments, Key, Sources, reference, resolve};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Small {
    a: u8,
    map: Nested,
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Nested {
    b: bool,
}

const A: Key = Key::new("a");
const B: Key = Key::new("map.b");
const C: Key = Key::new("c");
const MAP: Key = Key::new("map");

fn complaint(keys: &'static [Key]) -> String {
    let error = resolve::<Small>(keys, &Sources::default())
        .unwrap_err()
        .to_string();
    assert_eq!(reference::<Small>(keys).unwrap_err().to_string(), error);
    error.replace("the declared configuration keys are wrong: ", "")
}

#[test]
fn every_field_has_one_key_and_every_key_a_field() {
    assert_eq!(complaint(&[A]), "`map.b` has no key");
    assert_eq!(
        complaint(&[A, B, C]),
        "`c` is no field, or is declared twice"
    );
    assert_eq!(
        complaint(&[A, B, A]),
        "`a` is no field, or is declared twice"
    );
    assert_eq!(
        complaint(&[A, B, MAP]),
        "`map` is no field, or is declared twice"
    );
}

#[test]
fn an_argument_that_belongs_to_no_key_is_a_defect() {
    let arguments = Arguments::new().with("--c", Some(1));
    let sources = Sources {
        arguments: &arguments,
        ..Sources::default()
    };
    let error = resolve::<Small>(&[A, B], &sources).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the declared configuration keys are wrong: no key has the flag --c"
    );
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Open {
    anything: std::collections::BTreeMap<String, u8>,
}

#[test]
fn a_field_that_text_cannot_carry_is_a_defect() {
    const KEYS: &[Key] = &[Key::new("anything")];
    let error = resolve::<Open>(KEYS, &Sources::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the declared configuration keys are wrong: `anything` is of a type that a variable \
         cannot carry"
    );
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct WithoutDefault {
    a: u8,
    b: u8,
}

#[test]
fn a_struct_without_defaults_is_a_defect_and_no_fault_of_a_value() {
    const KEYS: &[Key] = &[A, Key::new("b").flag("--b")];
    let arguments = Arguments::new().with("--b", Some(1));
    let sources = Sources {
        arguments: &arguments,
        ..Sources::default()
    };
    let error = resolve::<WithoutDefault>(KEYS, &sources)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("the declared configuration keys are wrong: "),
        "{error}"
    );
}
