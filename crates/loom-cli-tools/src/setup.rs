//! What Loom's own tools are made with.

use std::sync::Arc;
use std::time::Duration;

use loom_cli_sandbox::Sandbox;

use crate::bash::CommandEnvironment;
use crate::outputs::OutputStore;

/// How much a tool may take and give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToolLimits {
    /// How long a command is waited for when its call does not say. It goes on in the background
    /// after that.
    pub bash_timeout: Duration,
    /// How many bytes of text one call may give to the model.
    pub max_output_bytes: usize,
}

impl Default for ToolLimits {
    /// Two minutes, and 30,000 bytes: below ten thousand tokens.
    fn default() -> Self {
        Self {
            bash_timeout: Duration::from_secs(120),
            max_output_bytes: 30_000,
        }
    }
}

/// What Loom's own tools are made with. Clones share the store of outputs and the sandbox.
#[derive(Clone, Debug, Default)]
pub struct ToolSetup {
    /// How much a tool may take and give.
    pub limits: ToolLimits,
    /// What commands inherit.
    pub environment: CommandEnvironment,
    /// Where outputs go that are too long for the model.
    pub outputs: OutputStore,
    /// Where commands are confined. Without it they run free, whatever a call is permitted.
    pub sandbox: Option<Arc<Sandbox>>,
    /// Which of the tools that edit files are offered.
    pub edit_style: EditStyle,
}

/// The way in which a model edits files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EditStyle {
    /// By replacing text: `edit_file` and `write_file`.
    #[default]
    Replace,
    /// By patches: `apply_patch`.
    Patch,
}

impl EditStyle {
    /// Returns the style that a model does better with, by its name: OpenAI's models are trained
    /// on patches, all others on replacing text. A vendor before a slash does not count, as in
    /// `openai/gpt-5`.
    pub fn of_model(model: &str) -> Self {
        let name = model.rsplit('/').next().unwrap_or(model);
        let is_numbered_o = name
            .strip_prefix('o')
            .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
        // The open weights were trained on another tool of this name.
        let is_gpt = name.starts_with("gpt-") && !name.starts_with("gpt-oss");
        if is_gpt || name.starts_with("codex") || is_numbered_o {
            Self::Patch
        } else {
            Self::Replace
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_follows_the_family_of_the_model() {
        for model in [
            "gpt-5.1-codex",
            "openai/gpt-5",
            "o4-mini",
            "codex-mini-latest",
        ] {
            assert_eq!(EditStyle::of_model(model), EditStyle::Patch, "{model}");
        }
        for model in [
            "claude-opus-4-5",
            "glm-4.7",
            "gemini-3-pro",
            "olmo-3",
            "gpt-oss-120b",
            "",
        ] {
            assert_eq!(EditStyle::of_model(model), EditStyle::Replace, "{model}");
        }
    }
}
