//! What a line that begins with a slash means.

use loom_common_core::{Effort, PermissionMode};
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::Error;

use loom_cli_session::RestoreScope;

/// The commands and what they do, for the person.
pub(crate) const HELP: &str = "\
/mode [plan|ask|auto|full]  shows or sets what the agent may do without asking (Shift-Tab: the next)
/model [PROVIDER/]NAME      goes on with another model
/effort low|medium|high     sets how much the model thinks (default: the provider's choice)
/compact [WHAT MATTERS]     shortens the conversation to what matters
/context                    shows how full the model's context is, and the cost
/rewind                     lists the points of this thread and what was changed
/rewind N [files|conversation]
                            goes back to point N
/undo                       undoes the last turn, files and conversation
/init                       has the agent write an AGENTS.md for this folder
/mcp                        shows the servers of tools
/commands                   lists your own commands
/thread                     shows the id of this thread
/help                       shows this
/exit                       ends, as Ctrl-D does
@PATH in a prompt attaches a file or a picture. Ctrl-C stops the turn, or clears the line. The
thread is saved all along; `loom --continue` goes on with it.
";

/// The names of the commands, without the slash.
pub(crate) const NAMES: [&str; 14] = [
    "mode", "model", "effort", "compact", "context", "rewind", "undo", "init", "mcp", "commands",
    "thread", "help", "exit", "quit",
];

/// A command of Loom's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Mode(Option<PermissionMode>),
    Model {
        /// None for the present one.
        provider: Option<String>,
        name: String,
    },
    Effort(Option<Effort>),
    Compact(Option<String>),
    Context,
    Points,
    Rewind {
        to: u64,
        scope: RestoreScope,
    },
    Undo,
    Init,
    Servers,
    Own,
    Thread,
    Help,
    Exit,
}

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// Something to say to the agent.
    Prompt,
    /// A command of Loom's own.
    Command(Command),
    /// A command that cannot be carried out as it stands.
    Wrong(String),
    /// A command of another name, with its arguments.
    Other { name: &'a str, arguments: &'a str },
}

/// Reads a line. A word behind a slash is meant as a command; a path such as `/etc/hosts is odd` is
/// not.
pub(crate) fn read(line: &str) -> Line<'_> {
    let Some(rest) = line.trim().strip_prefix('/') else {
        return Line::Prompt;
    };
    let (name, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let arguments = arguments.trim();
    let is_name = |character: char| character.is_alphanumeric() || "-_:.".contains(character);
    if name.is_empty() || !name.chars().all(is_name) {
        return Line::Prompt;
    }
    let command = match name {
        "exit" | "quit" => Ok(Command::Exit),
        "help" => Ok(Command::Help),
        "thread" => Ok(Command::Thread),
        "context" => Ok(Command::Context),
        "init" => Ok(Command::Init),
        "mcp" => Ok(Command::Servers),
        "commands" => Ok(Command::Own),
        "undo" => Ok(Command::Undo),
        "compact" => Ok(Command::Compact(
            Some(arguments.to_owned()).filter(|text| !text.is_empty()),
        )),
        "mode" => mode(arguments),
        "model" => model(arguments),
        "effort" => effort(arguments),
        "rewind" => rewind(arguments),
        name => return Line::Other { name, arguments },
    };
    match command {
        Ok(command) => Line::Command(command),
        Err(wrong) => Line::Wrong(wrong),
    }
}

fn mode(arguments: &str) -> Result<Command, String> {
    if arguments.is_empty() {
        return Ok(Command::Mode(None));
    }
    let mode = PermissionMode::deserialize(named(arguments))
        .map_err(|_| format!("no mode {arguments:?}: plan, ask, auto or full"))?;
    Ok(Command::Mode(Some(mode)))
}

fn effort(arguments: &str) -> Result<Command, String> {
    if matches!(arguments, "" | "default") {
        return Ok(Command::Effort(None));
    }
    let effort = Effort::deserialize(named(arguments))
        .map_err(|_| format!("no effort {arguments:?}: low, medium, high or default"))?;
    Ok(Command::Effort(Some(effort)))
}

fn named(text: &str) -> serde::de::value::StrDeserializer<'_, Error> {
    text.into_deserializer()
}

fn model(arguments: &str) -> Result<Command, String> {
    let (provider, name) = match arguments.split_once('/') {
        Some((provider, name)) => (Some(provider.to_owned()), name),
        None => (None, arguments),
    };
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err(
            "name a model, as in /model claude-sonnet-5-5 or /model openai/gpt-5.5".to_owned(),
        );
    }
    Ok(Command::Model {
        provider,
        name: name.to_owned(),
    })
}

fn rewind(arguments: &str) -> Result<Command, String> {
    let mut words = arguments.split_whitespace();
    let Some(number) = words.next() else {
        return Ok(Command::Points);
    };
    let to = number
        .parse()
        .map_err(|_| format!("no point {number:?}; /rewind lists them by number"))?;
    let scope = match words.next() {
        None => RestoreScope::Everything,
        Some("files") => RestoreScope::Files,
        Some("conversation") => RestoreScope::Conversation,
        Some(other) => return Err(format!("{other:?} is neither files nor conversation")),
    };
    Ok(Command::Rewind { to, scope })
}

/// Returns the mode that Shift-Tab goes to. Full mode is for saying out loud.
pub(crate) fn next_mode(mode: PermissionMode) -> PermissionMode {
    match mode {
        PermissionMode::Plan => PermissionMode::Ask,
        PermissionMode::Ask => PermissionMode::Auto,
        PermissionMode::Auto | PermissionMode::Full => PermissionMode::Plan,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_prompts_commands_or_wrong() {
        let command = Line::Command;
        let cases = [
            ("hello /mode", Line::Prompt),
            ("/etc/hosts is odd", Line::Prompt),
            ("/", Line::Prompt),
            ("/exit", command(Command::Exit)),
            ("/mode", command(Command::Mode(None))),
            (
                "/mode plan",
                command(Command::Mode(Some(PermissionMode::Plan))),
            ),
            (
                "/mode yolo",
                Line::Wrong("no mode \"yolo\": plan, ask, auto or full".to_owned()),
            ),
            (
                "/model openai/gpt-5.5",
                command(Command::Model {
                    provider: Some("openai".to_owned()),
                    name: "gpt-5.5".to_owned(),
                }),
            ),
            ("/effort high", command(Command::Effort(Some(Effort::High)))),
            ("/effort default", command(Command::Effort(None))),
            ("/compact", command(Command::Compact(None))),
            (
                "/compact the numbers",
                command(Command::Compact(Some("the numbers".to_owned()))),
            ),
            ("/rewind", command(Command::Points)),
            (
                "/rewind 3 files",
                command(Command::Rewind {
                    to: 3,
                    scope: RestoreScope::Files,
                }),
            ),
            (
                "/rewind x",
                Line::Wrong("no point \"x\"; /rewind lists them by number".to_owned()),
            ),
            (
                "/git:review main  fast",
                Line::Other {
                    name: "git:review",
                    arguments: "main  fast",
                },
            ),
        ];
        for (line, expected) in cases {
            assert_eq!(read(line), expected, "{line}");
        }
    }

    #[test]
    fn every_command_is_known_by_its_name_and_helped_with() {
        for name in NAMES {
            let line = format!("/{name}");
            assert!(
                !matches!(read(&line), Line::Other { .. } | Line::Prompt),
                "{name}"
            );
            assert!(HELP.contains(&line) || name == "quit", "{name}");
        }
    }
}
