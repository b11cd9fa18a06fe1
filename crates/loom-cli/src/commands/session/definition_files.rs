//! The Markdown files by which people define commands and agents: where they lie, and whether those
//! that came with a project count.

use std::path::Path;

use loom_cli_hooks::TrustStore;
use loom_cli_instructions::{Folder, Scope};

use crate::error::CliError;
use crate::setting::Setting;

/// Returns the folders of a kind of definitions, the one that counts first ahead: those of the
/// project, then the person's own.
pub(super) fn folders(setting: &Setting, kind: &str) -> Result<Vec<Folder>, CliError> {
    let project = |beside: &str| Folder {
        path: setting.workspace.join(beside).join(kind),
        scope: Scope::Project,
    };
    let user = Folder {
        path: setting.directories().config()?.join(kind),
        scope: Scope::User,
    };
    Ok(vec![project(".loom"), project(".claude"), user])
}

/// Tells whether the person has trusted a file of the project as it is.
pub(super) fn is_trusted(trust: &TrustStore, path: &Path, content: &str) -> bool {
    // What cannot be read is as good as nothing: then the person is asked again.
    trust.is_content_trusted(path, content).unwrap_or(false)
}
