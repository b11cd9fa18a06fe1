//! The instructions ahead of a conversation.

use std::path::Path;

const TEMPLATE: &str = include_str!("system_prompt.md");

/// Renders the instructions for a session in `workspace` on `platform` (such as `linux`).
///
/// The text depends on nothing else (no time, no state of the repository), so that a resumed
/// thread sends the same prefix and the provider's prompt cache holds.
pub fn system_prompt(workspace: &Path, platform: &str) -> String {
    TEMPLATE
        .trim_end()
        .replace("{{workspace}}", &workspace.display().to_string())
        .replace("{{platform}}", platform)
}
