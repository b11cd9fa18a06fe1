//! A session with the agent: on a terminal, or for one prompt.

pub(crate) mod agents;
pub(crate) mod assembly;
mod definition_files;
pub(crate) mod equipment;
mod keepers;
mod line_editor;
mod mentions;
pub(crate) mod own_commands;
pub(crate) mod points;
mod print;
mod prompt_input;
pub(crate) mod repl;
pub(crate) mod selection;
mod stream_input;
mod type_ahead;

use crate::arguments::SessionArguments;
use crate::error::CliError;
use crate::setting::Setting;
pub(crate) use selection::no_provider;

pub(crate) async fn run(setting: &Setting, arguments: SessionArguments) -> Result<(), CliError> {
    match &arguments.print {
        Some(prompt) => print::run(setting, &arguments, prompt).await,
        None => repl::run(setting, &arguments).await,
    }
}
