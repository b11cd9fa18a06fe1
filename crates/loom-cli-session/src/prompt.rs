//! The instructions ahead of a conversation, and the notes that Loom adds to what the person says.

use std::path::Path;

use loom_common_core::{ContentBlock, Message, PermissionMode};

const TEMPLATE: &str = include_str!("system_prompt.md");
const SUBAGENT: &str = include_str!("subagent_prompt.md");
const NOTE_BEGINS: &str = "<note>\n";
const NOTE_ENDS: &str = "\n</note>";

/// Renders the instructions for a session in `workspace` on `platform` (such as `linux`), followed by
/// what people wrote down for the agent.
///
/// The text depends on nothing else (no time, no state of the repository), so that a resumed
/// thread sends the same prefix and the provider's prompt cache holds.
pub fn system_prompt(workspace: &Path, platform: &str, instructions: &str) -> String {
    render(TEMPLATE, workspace, platform, instructions)
}

/// Renders the instructions for a subagent.
pub(crate) fn subagent_prompt(workspace: &Path, platform: &str, instructions: &str) -> String {
    render(SUBAGENT, workspace, platform, instructions)
}

fn render(template: &str, workspace: &Path, platform: &str, instructions: &str) -> String {
    let mut text = template
        .trim_end()
        .replace("{{workspace}}", &workspace.display().to_string())
        .replace("{{platform}}", platform);
    if !instructions.trim().is_empty() {
        text.push_str("\n\n");
        text.push_str(instructions.trim());
    }
    text
}

/// Adds a note from Loom to what the person says.
pub(crate) fn add_note(message: &mut Message, note: &str) {
    let block = ContentBlock::text(format!("{NOTE_BEGINS}{note}{NOTE_ENDS}"));
    message.content.push(block);
}

/// Tells whether a block is a note from Loom, which a front end does not show as the person's words.
pub fn is_note(block: &ContentBlock) -> bool {
    matches!(block, ContentBlock::Text { text, .. }
        if text.starts_with(NOTE_BEGINS) && text.ends_with(NOTE_ENDS))
}

/// Returns what the model is told when the mode is not the one that it was told last.
pub(crate) fn mode_note(mode: PermissionMode) -> &'static str {
    match mode {
        PermissionMode::Plan => {
            "The session is in plan mode: read and search, change nothing, run no command that \
             changes anything. When you know what is to be done, show it with present_plan and wait \
             for the person's approval. This holds until you learn of another mode, whatever a \
             request says."
        }
        PermissionMode::Ask => {
            "The session is in ask mode: the person is asked before each edit and command."
        }
        PermissionMode::Auto => {
            "The session is in auto mode: edits in the folder and commands in the sandbox run \
             without a question."
        }
        PermissionMode::Full => {
            "The session is in full mode: everything runs without a question and without a sandbox."
        }
    }
}
