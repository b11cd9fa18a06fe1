//! `loom version` and `loom --version`.

use loom_common_version::build_info;

use super::{print, print_json};
use crate::error::CliError;

/// How to print the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Json,
}

impl From<bool> for Form {
    fn from(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }
}

pub(crate) fn print_version(form: Form) -> Result<(), CliError> {
    let build = build_info();
    match form {
        Form::Text => print(&format!("loom {build}\n")),
        Form::Json => print_json(&build),
    }
}
