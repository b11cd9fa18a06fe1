//! `loom schema`: the contract of `--output-format stream-json`.

use loom_common_core::stream::ThreadEvent;

use super::print_json;
use crate::error::CliError;

pub(crate) fn print_schema() -> Result<(), CliError> {
    print_json(&schemars::schema_for!(ThreadEvent))
}
