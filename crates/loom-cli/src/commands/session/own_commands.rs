//! What is said to the agent, wherever it is said: at the prompt, behind `-p`, or in a line of a
//! program's.
//!
//! A text that begins with a slash and the name of a command means what stands in the command's file,
//! or the prompt of a server of tools. A slash with any other name is told and not sent: a typing
//! error is not to become work that nobody wanted. But a path (`/tmp is full`) is no name.

mod allowed_tools;
mod files;
mod unheard;

use std::collections::BTreeMap;
use std::path::Path;

use loom_cli_acp::CommandEntry;
use loom_cli_instructions::{Command as CommandFile, Commands, INIT_PROMPT, Segment};
use loom_cli_mcp::McpServers;
use loom_cli_permission::Rule;
use loom_cli_session::CommandPrompt;
use loom_common_core::{Message, Role};

use super::assembly::{self, Models};
use super::mentions::{Mentioning, Mentions};
use super::repl::commands::{self, Command, Line, NAMES};
use crate::error::CliError;
use crate::setting::Setting;

pub(crate) use files::load;
pub(crate) use unheard::Unheard;

/// Understands what is said.
pub(crate) struct OwnCommands {
    commands: Commands,
    /// What counts of that which commands allow themselves, by name.
    allowed: BTreeMap<String, Vec<Rule>>,
    servers: Option<McpServers>,
    mentions: Mentions,
}

/// What is to be handed to the session, and what is wrong with it.
pub(crate) struct Heard {
    pub(crate) said: Said,
    pub(crate) problems: Vec<String>,
}

pub(crate) enum Said {
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
    pub(crate) async fn hear(
        &self,
        text: &str,
        models: &Models,
        provider: &str,
    ) -> Result<Heard, Unheard> {
        match commands::read(text) {
            Line::Prompt => Ok(self.prompt(text).await),
            Line::Command(Command::Init) => Ok(self.prompt(INIT_PROMPT).await),
            Line::Command(_) | Line::Wrong(_) => {
                let name = text.split_whitespace().next().unwrap_or_default();
                let name = name.trim_start_matches('/').to_owned();
                Err(Unheard::OfTerminal { name })
            }
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

    async fn prompt_of_server(
        &self,
        name: &str,
        arguments: &str,
    ) -> Result<Option<Heard>, Unheard> {
        let Some(servers) = &self.servers else {
            return Ok(None);
        };
        if !servers.prompts().iter().any(|prompt| prompt.name == name) {
            return Ok(None);
        }
        let messages = servers.render_prompt(name, arguments).await;
        let messages = messages.map_err(|error| Unheard::Prompt {
            name: name.to_owned(),
            error,
        })?;
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
            match models.find_written(written, provider).await {
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

    fn unknown(&self, name: &str) -> Unheard {
        let mut near = self.commands.propose(name);
        let longer = NAMES.into_iter().filter(|known| known.starts_with(name));
        let longer: Vec<&str> = longer.filter(|known| !near.contains(known)).collect();
        near.extend(longer);
        Unheard::Unknown {
            name: name.to_owned(),
            near: near.into_iter().map(str::to_owned).collect(),
        }
    }

    /// Returns the commands and the prompts of servers, as editors offer them.
    pub(crate) fn entries(&self) -> Vec<CommandEntry> {
        let commands = self.commands.iter().map(|command| CommandEntry {
            name: command.name.clone(),
            description: command.description.clone(),
            hint: command.argument_hint.clone(),
        });
        let prompts = self.servers.as_ref().map(McpServers::prompts);
        let prompts = prompts.unwrap_or_default().into_iter().map(|prompt| {
            let arguments = prompt.arguments.iter();
            let arguments: Vec<String> = arguments
                .map(|argument| format!("[{}]", argument.name))
                .collect();
            CommandEntry {
                name: prompt.name,
                description: prompt.description,
                hint: Some(arguments.join(" ")).filter(|hint| !hint.is_empty()),
            }
        });
        commands.chain(prompts).collect()
    }

    /// Lists the commands and the prompts of servers, one a line.
    pub(crate) fn listing(&self) -> String {
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
