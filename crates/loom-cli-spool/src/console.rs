//! What a command is handed of the world: where to write, whom to ask, who and when it is.

use std::io::{Read, Write};

use loom_common_config::Environment;
use loom_common_spool::repository::Surroundings;

use crate::arguments::{ColorChoice, GlobalArguments};
use crate::error::SpoolCommandError;
use crate::page::{Looks, Page};
use crate::palette;

/// Where a command runs.
pub struct Console<'a> {
    /// What the repository is told: folders, time, identity.
    pub surroundings: Surroundings,
    /// The variables that the person set: editors, NO_COLOR.
    pub environment: &'a Environment,
    /// Standard input.
    pub input: &'a mut dyn Read,
    /// Standard output: what was asked for, and nothing else.
    pub output: &'a mut dyn Write,
    /// Standard error: what else the person should know.
    pub messages: &'a mut dyn Write,
    /// What of these is a terminal.
    pub terminal: Terminal,
}

/// What of a command's streams is a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Whether a person can be asked: standard input and output are terminals.
    pub interactive: bool,
    /// Whether standard output is one.
    pub output: bool,
    /// Whether standard error is one.
    pub messages: bool,
    /// How many columns it has.
    pub width: usize,
}

/// Writes for one command, the way that its arguments ask for.
pub(crate) struct Voice<'c, 'a> {
    pub(crate) console: &'c mut Console<'a>,
    looks: Looks,
    message_looks: Looks,
    json: bool,
    quiet: bool,
}

impl<'c, 'a> Voice<'c, 'a> {
    pub(crate) fn new(console: &'c mut Console<'a>, arguments: &GlobalArguments) -> Self {
        let unwanted = console.environment.get("NO_COLOR").is_some();
        let dumb = console
            .environment
            .get("TERM")
            .is_some_and(|name| name == "dumb");
        let looks = |terminal| Looks {
            colored: match arguments.color {
                ColorChoice::Always => true,
                ColorChoice::Never => false,
                ColorChoice::Auto => terminal && !unwanted && !dumb,
            },
            terminal,
            width: console.terminal.width,
        };
        Self {
            looks: looks(console.terminal.output),
            message_looks: looks(console.terminal.messages),
            json: arguments.json,
            quiet: arguments.quiet,
            console,
        }
    }

    /// Tells whether programs read the output.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Begins a page for standard output.
    pub(crate) fn page(&self) -> Page {
        Page::new(self.looks)
    }

    /// Begins a page for standard error.
    pub(crate) fn message(&self) -> Page {
        Page::new(self.message_looks)
    }

    /// Writes a page to standard output.
    pub(crate) fn print(&mut self, page: Page) -> Result<(), SpoolCommandError> {
        self.console
            .output
            .write_all(&page.into_bytes())
            .map_err(SpoolCommandError::io("write to standard output"))
    }

    /// Writes a document as one line of JSON to standard output.
    pub(crate) fn print_json(
        &mut self,
        document: &impl serde::Serialize,
    ) -> Result<(), SpoolCommandError> {
        let text = serde_json::to_string(document)
            .map_err(|error| SpoolCommandError::io("write a document")(error.into()))?;
        let mut page = self.page();
        page.say(&escaped(&text)).say("\n");
        self.print(page)
    }

    /// Writes a schema, which people read too, to standard output.
    pub(crate) fn print_schema(
        &mut self,
        schema: &schemars::Schema,
    ) -> Result<(), SpoolCommandError> {
        let text = serde_json::to_string_pretty(schema)
            .map_err(|error| SpoolCommandError::io("write the schema")(error.into()))?;
        let mut page = self.page();
        page.say(&text).say("\n");
        self.print(page)
    }

    /// Writes a page to standard error, unless the person wants to know of errors only.
    pub(crate) fn tell(&mut self, page: Page) {
        if !self.quiet {
            // There is nowhere left to say that standard error is gone.
            let _ = self.console.messages.write_all(&page.into_bytes());
        }
    }

    /// Warns of something on standard error.
    pub(crate) fn warn(&mut self, text: &str) {
        let mut page = self.message();
        page.say_in(palette::WARNING, "warning: ")
            .show(text)
            .say("\n");
        self.tell(page);
    }

    /// Says on standard error what the person could do.
    pub(crate) fn hint(&mut self, text: &str) {
        let mut page = self.message();
        page.say_in(palette::HINT, "hint: ").show(text).say("\n");
        self.tell(page);
    }
}

/// Escapes in JSON what a terminal would act on and JSON may hold as it is. It means the same.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        let harmful = character.is_control()
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if harmful {
            text += &format!("\\u{:04x}", u32::from(character));
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_cannot_talk_to_the_terminal_and_means_the_same() {
        let value = "a\u{9b}2J\u{202e}\u{7f}\n\u{1b}żółw";
        let json = escaped(&serde_json::to_string(value).unwrap());
        assert_eq!(json, r#""a\u009b2J\u202e\u007f\n\u001bżółw""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), value);
    }
}
