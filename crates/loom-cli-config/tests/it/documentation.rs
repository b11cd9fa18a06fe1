//! What the documentation is generated from; a change here is one that users see.

use loom_cli_config::{CliConfig, KEYS};
use loom_common_config::{file_schema, reference};

#[test]
fn the_reference_lists_every_key() {
    insta::assert_snapshot!(reference::<CliConfig>(KEYS).unwrap());
}

#[test]
fn the_schema_describes_the_file() {
    insta::assert_json_snapshot!(file_schema::<CliConfig>());
}
