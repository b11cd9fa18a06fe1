//! The files of commands: which there are, and what each may allow itself.
//!
//! A file of the person's own, or of a project that they have trusted as it is, can allow itself
//! tools for its turn (`allowed-tools`).

use std::collections::BTreeMap;

use loom_cli_hooks::TrustStore;
use loom_cli_instructions::{CommandSetup, Commands};
use loom_cli_permission::Rule;

use super::allowed_tools::rules_of;
use crate::commands::session::definition_files::{folders, is_trusted};
use crate::commands::session::equipment::not_trusted;
use crate::commands::session::repl::commands::NAMES;
use crate::error::CliError;
use crate::setting::Setting;

/// The commands of files, and what remembers which of a project's are trusted.
pub(crate) struct LoadedCommands {
    pub(crate) commands: Commands,
    pub(crate) trust: TrustStore,
}

/// Reads the commands.
pub(crate) fn load(setting: &Setting) -> Result<LoadedCommands, CliError> {
    let setup = CommandSetup {
        folders: folders(setting, "commands")?,
        workspace: setting.workspace.clone(),
        built_in: NAMES.map(str::to_owned).to_vec(),
    };
    let trust = TrustStore::new(&setting.directories().state()?);
    let commands = Commands::load(&setup, |command| {
        is_trusted(&trust, &command.path, &command.content)
    });
    Ok(LoadedCommands { commands, trust })
}

impl LoadedCommands {
    /// Returns the commands with what each may allow itself, and tells of what is wrong with them.
    pub(super) fn report(
        self,
        warnings: &mut Vec<String>,
    ) -> (Commands, BTreeMap<String, Vec<Rule>>) {
        warnings.extend(self.commands.problems().iter().map(ToString::to_string));
        for command in self.commands.untrusted() {
            let what = format!("tools that /{} allows itself", command.name);
            warnings.push(not_trusted(&what, &command.path));
        }
        let mut allowed = BTreeMap::new();
        for command in self.commands.iter() {
            let mut rules = Vec::new();
            for written in &command.allowed_tools {
                match rules_of(written) {
                    Ok(more) => rules.extend(more),
                    Err(problem) => warnings.push(format!(
                        "{}: it does not allow itself {written:?}: {problem}",
                        command.path.display()
                    )),
                }
            }
            if !rules.is_empty() {
                allowed.insert(command.name.clone(), rules);
            }
        }
        (self.commands, allowed)
    }
}
