//! `loom reference`: the command line as Markdown, from its own definition.

use std::fmt::Write;

use clap::{Arg, Command, CommandFactory};

use super::print;
use crate::arguments::Arguments;
use crate::error::CliError;

pub(crate) fn print_reference() -> Result<(), CliError> {
    let mut command = Arguments::command();
    command.build();
    let mut text = String::from("# Command line\n\nMade by `cargo xtask generate`.\n");
    describe(&command, None, &mut text);
    print(&text)
}

fn describe(command: &Command, parent: Option<&Command>, text: &mut String) {
    let path = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let about = command.get_long_about().or(command.get_about());
    // Writing to a string cannot fail.
    let _ = writeln!(text, "\n## `{path}`\n");
    if let Some(about) = about {
        let _ = writeln!(text, "{about}\n");
    }
    let aliases: Vec<_> = command.get_visible_aliases().collect();
    if !aliases.is_empty() {
        let _ = writeln!(text, "Also: `{}`.\n", aliases.join("`, `"));
    }
    let arguments: Vec<&Arg> = command
        .get_arguments()
        .filter(|argument| !argument.is_hide_set() && argument.get_id() != "help")
        // What all commands of a group take is said once.
        .filter(|argument| !is_inherited(argument, parent))
        .collect();
    if !arguments.is_empty() {
        text.push_str("| argument | meaning |\n| --- | --- |\n");
        for argument in arguments {
            let _ = writeln!(text, "| `{}` | {} |", spelling(argument), meaning(argument));
        }
    }
    if let Some(after) = command.get_after_help() {
        let _ = writeln!(text, "\n{after}");
    }
    for subcommand in command.get_subcommands() {
        if !subcommand.is_hide_set() && subcommand.get_name() != "help" {
            describe(subcommand, Some(command), text);
        }
    }
}

fn is_inherited(argument: &Arg, parent: Option<&Command>) -> bool {
    let of_parent = |parent: &Command| {
        let mut arguments = parent.get_arguments();
        arguments.any(|other| other.get_id() == argument.get_id())
    };
    argument.is_global_set() && parent.is_some_and(of_parent)
}

fn spelling(argument: &Arg) -> String {
    let names = [
        argument.get_short().map(|short| format!("-{short}")),
        argument.get_long().map(|long| format!("--{long}")),
    ];
    let mut spelling = names.into_iter().flatten().collect::<Vec<_>>().join("`, `");
    let takes_value = argument.get_action().takes_values();
    let value = argument.get_value_names().into_iter().flatten().next();
    if let Some(value) = value.filter(|_| takes_value) {
        let _ = match spelling.is_empty() {
            true => write!(spelling, "<{value}>"),
            false => write!(spelling, " <{value}>"),
        };
    }
    spelling
}

fn meaning(argument: &Arg) -> String {
    let help = argument.get_long_help().or(argument.get_help());
    let mut meaning = help.map(ToString::to_string).unwrap_or_default();
    if !argument.get_action().takes_values() {
        return escape(&meaning);
    }
    let values: Vec<String> = argument
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| match value.get_help() {
            Some(help) => format!("`{}`: {help}", value.get_name()),
            None => format!("`{}`", value.get_name()),
        })
        .collect();
    if !values.is_empty() {
        let _ = write!(meaning, " ({})", values.join("; "));
    }
    let default = argument.get_default_values().first();
    if let Some(default) = default.and_then(|value| value.to_str()) {
        let _ = write!(meaning, " Default: `{default}`.");
    }
    escape(&meaning)
}

/// Makes a text fit into a cell of a table.
fn escape(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
