//! What is said to the agent, wherever it is said: at the prompt, behind `-p`, or in a line of a
//! program's.
//!
//! A text that begins with a slash and the name of a command means what stands in the command's file,
//! or the prompt of a server of tools. A slash with any other name is told and not sent: a typing
//! error is not to become work that nobody wanted. But a path (`/tmp is full`) is no name.
//!
//! A file of the person's own, or of a project that they have trusted as it is, can allow itself
//! tools for its turn (`allowed-tools`). Such rules are written as for Claude Code: `Bash(git add:*)`
//! stands for Loom's `bash(git add *)`, `Edit` for all tools that edit.

use std::collections::BTreeMap;
use std::path::Path;

use loom_cli_hooks::{TrustStore, tools_known_as};
use loom_cli_instructions::{
    Command as CommandFile, CommandSetup, Commands, Folder, INIT_PROMPT, Scope, Segment,
};
use loom_cli_mcp::McpServers;
use loom_cli_permission::Rule;
use loom_cli_session::CommandPrompt;
use loom_common_core::stream::StreamError;
use loom_common_core::{Message, Role};

use super::assembly::{self, Models};
use super::equipment::not_trusted;
use super::mentions::{Mentioning, Mentions};
use super::repl::commands::{self, Command, Line, NAMES};
use super::selection::Model;
use crate::error::CliError;
use crate::setting::Setting;

/// The commands of files, and what remembers which of a project's are trusted.
pub(crate) struct LoadedCommands {
    pub(crate) commands: Commands,
    pub(crate) trust: TrustStore,
}

/// Reads the commands.
pub(crate) fn load(setting: &Setting) -> Result<LoadedCommands, CliError> {
    let directories = setting.directories();
    let project = |path: &str| Folder {
        path: setting.workspace.join(path),
        scope: Scope::Project,
    };
    let user = Folder {
        path: directories.config()?.join("commands"),
        scope: Scope::User,
    };
    Ok(LoadedCommands {
        commands: Commands::load(&CommandSetup {
            folders: vec![project(".loom/commands"), project(".claude/commands"), user],
            workspace: setting.workspace.clone(),
            built_in: NAMES.iter().map(ToString::to_string).collect(),
        }),
        trust: TrustStore::new(&directories.state()?),
    })
}

impl LoadedCommands {
    /// Returns those of the project that allow themselves tools and may not, as the person has not
    /// trusted them as they are.
    pub(crate) fn untrusted(&self) -> impl Iterator<Item = &CommandFile> {
        let wishing = |command: &&CommandFile| !command.allowed_tools.is_empty();
        let commands = self.commands.iter().filter(wishing);
        commands.filter(|command| !self.is_trusted(command))
    }

    fn is_trusted(&self, command: &CommandFile) -> bool {
        let trust = || {
            let trusted = self
                .trust
                .is_content_trusted(&command.path, &command.content);
            // What cannot be read is as good as nothing: then the person is asked again.
            trusted.unwrap_or(false)
        };
        command.scope == Scope::User || trust()
    }

    /// Returns the commands with what each may allow itself, and tells of what is wrong with them.
    fn report(self, warnings: &mut Vec<String>) -> (Commands, BTreeMap<String, Vec<Rule>>) {
        warnings.extend(self.commands.problems().iter().map(ToString::to_string));
        for command in self.untrusted() {
            let what = format!("tools that /{} allows itself", command.name);
            warnings.push(not_trusted(&what, &command.path));
        }
        let mut allowed = BTreeMap::new();
        for command in self
            .commands
            .iter()
            .filter(|command| self.is_trusted(command))
        {
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

/// Turns what a file writes under `allowed-tools` into rules.
fn rules_of(written: &str) -> Result<Vec<Rule>, String> {
    let rule = |text: String| text.parse::<Rule>().map_err(|error| error.to_string());
    let (name, pattern) = match written.split_once('(') {
        Some((name, rest)) => (name, Some(rest.strip_suffix(')').unwrap_or(rest))),
        None => (written, None),
    };
    let tools = tools_known_as(name);
    if tools.is_empty() || tools.contains(&name) {
        // Loom's own name, or that of a server's tool: written as Loom's rules are.
        return Ok(vec![rule(written.to_owned())?]);
    }
    let Some(pattern) = pattern else {
        return tools
            .into_iter()
            .map(|tool| rule(tool.to_owned()))
            .collect();
    };
    let pattern = match pattern.strip_suffix(":*") {
        Some(beginning) => format!("{beginning} *"),
        None => pattern
            .strip_prefix("domain:")
            .unwrap_or(pattern)
            .to_owned(),
    };
    let tools = tools.into_iter();
    tools
        .map(|tool| rule(format!("{tool}({pattern})")))
        .collect()
}

/// Understands what is said.
pub(super) struct OwnCommands {
    commands: Commands,
    /// What counts of that which commands allow themselves, by name.
    allowed: BTreeMap<String, Vec<Rule>>,
    servers: Option<McpServers>,
    mentions: Mentions,
}

/// What is to be handed to the session, and what is wrong with it.
pub(super) struct Heard {
    pub(super) said: Said,
    pub(super) problems: Vec<String>,
}

pub(super) enum Said {
    Prompt(Message),
    Command(Box<CommandPrompt>),
}

impl OwnCommands {
    /// Reads the commands. What is wrong with them goes to `warnings`.
    pub(super) fn load(
        setting: &Setting,
        mentions: Mentions,
        servers: Option<McpServers>,
        warnings: &mut Vec<String>,
    ) -> Result<Self, CliError> {
        let (commands, allowed) = load(setting)?.report(warnings);
        Ok(Self {
            commands,
            allowed,
            servers,
            mentions,
        })
    }

    /// Returns what `text` means to the session. A command that names a model means one of
    /// `provider` where it names none.
    ///
    /// # Errors
    ///
    /// Why the text is not handed to the session.
    pub(super) async fn hear(
        &self,
        text: &str,
        models: &Models,
        provider: &str,
    ) -> Result<Heard, String> {
        match commands::read(text) {
            Line::Prompt => Ok(self.prompt(text).await),
            Line::Command(Command::Init) => Ok(self.prompt(INIT_PROMPT).await),
            Line::Command(_) | Line::Wrong(_) => Err(format!(
                "{} is for the prompt of a terminal; elsewhere there are options, or other lines, \
                 for it",
                text.split_whitespace().next().unwrap_or_default()
            )),
            Line::Other { name, arguments } => {
                if name.starts_with("mcp__") {
                    assembly::settled(self.servers.as_ref()).await;
                }
                if let Some(prompt) = self.prompt_of_server(name, arguments).await? {
                    return Ok(prompt);
                }
                match self.commands.get(name) {
                    Some(command) => Ok(self.command(command, arguments, models, provider).await),
                    None if Path::new("/").join(name).exists() => Ok(self.prompt(text).await),
                    None => Err(self.unknown(name)),
                }
            }
        }
    }

    /// Returns a message of what is said, with what it mentions; a slash means nothing.
    pub(super) async fn message(&self, text: &str) -> Mentioning {
        self.mentions.message(text).await
    }

    async fn prompt(&self, text: &str) -> Heard {
        let mentioning = self.message(text).await;
        Heard {
            said: Said::Prompt(mentioning.message),
            problems: mentioning.problems,
        }
    }

    async fn prompt_of_server(&self, name: &str, arguments: &str) -> Result<Option<Heard>, String> {
        let Some(servers) = &self.servers else {
            return Ok(None);
        };
        if !servers.prompts().iter().any(|prompt| prompt.name == name) {
            return Ok(None);
        }
        let messages = servers.render_prompt(name, arguments).await;
        let messages = messages.map_err(|error| error.to_string())?;
        let content = messages.into_iter().flat_map(|message| message.content);
        let message = Message {
            role: Role::User,
            content: content.collect(),
        };
        Ok(Some(Heard {
            said: Said::Prompt(message),
            problems: Vec::new(),
        }))
    }

    async fn command(
        &self,
        command: &CommandFile,
        arguments: &str,
        models: &Models,
        provider: &str,
    ) -> Heard {
        let segments = command.expand(arguments);
        let texts = segments.iter().filter_map(|segment| match segment {
            Segment::Text(text) => Some(text.as_str()),
            Segment::Shell(_) => None,
        });
        let text = texts.collect::<Vec<_>>().join("\n");
        let mentions = &self.mentions;
        let (attachments, mut problems) =
            mentions.of_command(arguments, &text, command.scope).await;
        let mut model = None;
        if let Some(written) = &command.model {
            let found = match Model::written(written, provider) {
                Ok(model) => models.find(model).await.map_err(|error| error.to_string()),
                Err(problem) => Err(problem),
            };
            match found {
                Ok(found) => model = Some(found),
                Err(problem) => problems.push(format!(
                    "{}: {problem}; the session's model answers",
                    command.path.display()
                )),
            }
        }
        let typed = format!("/{} {arguments}", command.name);
        let said = Said::Command(Box::new(CommandPrompt {
            typed: typed.trim_end().to_owned(),
            file: command.path.clone(),
            segments,
            attachments,
            model,
            effort: command.effort,
            allow: self.allowed.get(&command.name).cloned().unwrap_or_default(),
        }));
        Heard { said, problems }
    }

    fn unknown(&self, name: &str) -> String {
        let mut near = self.commands.propose(name);
        let longer = NAMES.into_iter().filter(|known| known.starts_with(name));
        let longer: Vec<&str> = longer.filter(|known| !near.contains(known)).collect();
        near.extend(longer);
        match near.is_empty() {
            true => format!("no command /{name}"),
            false => format!("no command /{name}; perhaps /{}", near.join(", /")),
        }
    }

    /// Lists the commands and the prompts of servers, one a line.
    pub(super) fn listing(&self) -> String {
        let mut text = String::new();
        for command in self.commands.iter() {
            let hint = command.argument_hint.as_deref().unwrap_or_default();
            text.push_str(&format!(
                "/{} {hint}  {}\n",
                command.name, command.description
            ));
        }
        let servers = self.servers.as_ref();
        for prompt in servers.map(McpServers::prompts).unwrap_or_default() {
            text.push_str(&format!("/{}  {}\n", prompt.name, prompt.description));
        }
        text
    }
}

/// Says to a program why what it said was not handed to the session.
pub(super) fn unheard(why: String) -> StreamError {
    StreamError {
        code: "unknown_command".to_owned(),
        message: why,
        hint: Some(
            "a text that begins with a slash and a word names a command; begin it with another word \
             if none is meant"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::rules_of;

    #[test]
    fn tools_that_a_command_allows_itself_become_rules() {
        let rules = |written: &str| -> Result<Vec<String>, String> {
            Ok(rules_of(written)?.iter().map(ToString::to_string).collect())
        };
        let cases = [
            ("Bash(git status:*)", &["bash(git status *)"][..]),
            ("Bash(cargo test)", &["bash(cargo test)"]),
            ("Bash", &["bash"]),
            ("bash(npm run test:*)", &["bash(npm run test:*)"]),
            ("Read(src/**)", &["read_file(src/**)", "view_image(src/**)"]),
            ("Write", &["write_file", "apply_patch"]),
            ("WebFetch(domain:docs.rs)", &["web_fetch(docs.rs)"]),
            ("mcp__github__list_issues", &["mcp__github__list_issues"]),
        ];
        for (written, expected) in cases {
            let expected = expected.iter().map(ToString::to_string).collect();
            assert_eq!(rules(written), Ok(expected), "{written}");
        }
        for wrong in ["Bash(git log; rm *)", "Bash()", "(x)"] {
            assert!(rules(wrong).is_err(), "{wrong}");
        }
    }
}
