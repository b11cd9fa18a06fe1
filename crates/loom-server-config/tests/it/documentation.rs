//! What the documentation is generated from; a change here is one that users see.

use loom_common_config::{file_schema, reference};
use loom_server_config::{KEYS, ServerConfig};

#[test]
fn the_reference_lists_every_key() {
    insta::assert_snapshot!(reference::<ServerConfig>(KEYS).unwrap());
}

#[test]
fn the_schema_describes_the_file() {
    insta::assert_json_snapshot!(file_schema::<ServerConfig>());
}
