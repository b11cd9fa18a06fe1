//! What is generated from the declaration, for people and editors.

use loom_common_config::{file_schema, reference};

use crate::example::{Config, KEYS};

#[test]
fn the_reference_lists_every_key() {
    insta::assert_snapshot!(reference::<Config>(KEYS).unwrap());
}

#[test]
fn the_schema_describes_the_file_and_refuses_other_keys() {
    insta::assert_json_snapshot!(file_schema::<Config>());
}
