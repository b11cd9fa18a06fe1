//! Prompts of servers as commands of the person: `/mcp__server__prompt arguments`.

use loom_common_core::{Message, ProgressSink, Role};
use rmcp::model::{
    ClientRequest, GetPromptRequest, GetPromptRequestParams, Prompt, Role as McpRole, ServerResult,
};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::content::{blocks, first_line};
use crate::error::McpError;
use crate::name::full_name;
use crate::server::{Server, ServerState};
use crate::servers::McpServers;

/// A prompt of a server, as a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PromptCommand {
    /// Its name, without the slash: `mcp__server__prompt`.
    pub name: String,
    /// The server.
    pub server: String,
    /// What it is for, in a line.
    pub description: String,
    /// What it takes, in order.
    pub arguments: Vec<PromptArgument>,
}

/// An argument of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PromptArgument {
    /// Its name.
    pub name: String,
    /// What it means, in a line.
    pub description: String,
    /// Whether the prompt needs it.
    pub required: bool,
}

impl McpServers {
    /// Returns the prompts of the servers that are ready.
    pub fn prompts(&self) -> Vec<PromptCommand> {
        let mut commands = Vec::new();
        for server in &self.shared.servers {
            if server.standing().state == ServerState::Ready {
                let inventory = server.inventory();
                commands.extend(
                    inventory
                        .prompts()
                        .iter()
                        .map(|prompt| command(server, prompt)),
                );
            }
        }
        commands
    }

    /// Turns the prompt `name` with the person's `arguments` into messages. The arguments are
    /// separated by white space, quotes keep some together, and the last one takes the rest.
    ///
    /// # Errors
    ///
    /// When there is no such prompt, an argument is missing, or the server does not give it.
    pub async fn render_prompt(
        &self,
        name: &str,
        arguments: &str,
    ) -> Result<Vec<Message>, McpError> {
        let (server, prompt) = self.find_prompt(name)?;
        let params = GetPromptRequestParams::new(prompt.name.clone())
            .with_arguments(assign(server, &prompt, arguments)?);
        let request = ClientRequest::GetPromptRequest(GetPromptRequest::new(params));
        match server.ask(request, &ProgressSink::discard()).await? {
            ServerResult::GetPromptResult(result) => Ok(result
                .messages
                .into_iter()
                .map(|message| Message {
                    role: match message.role {
                        McpRole::Assistant => Role::Assistant,
                        McpRole::User => Role::User,
                    },
                    content: blocks(message.content, &self.shared.outputs),
                })
                .collect()),
            _ => Err(server.refused("answered with something that is no prompt".to_owned())),
        }
    }

    fn find_prompt(&self, name: &str) -> Result<(&Server, Prompt), McpError> {
        for server in &self.shared.servers {
            let inventory = server.inventory();
            let prompt = inventory
                .prompts()
                .iter()
                .find(|prompt| prompt_name(server, prompt) == name);
            if let Some(prompt) = prompt {
                return Ok((server, prompt.clone()));
            }
        }
        Err(McpError::UnknownPrompt {
            name: name.to_owned(),
        })
    }
}

fn prompt_name(server: &Server, prompt: &Prompt) -> String {
    full_name(&server.part, &prompt.name, |_| false)
}

fn command(server: &Server, prompt: &Prompt) -> PromptCommand {
    let title = prompt.title.as_deref().unwrap_or(&prompt.name);
    let arguments = prompt.arguments.iter().flatten();
    PromptCommand {
        name: prompt_name(server, prompt),
        server: server.name().to_owned(),
        description: first_line(prompt.description.as_deref().unwrap_or(title)),
        arguments: arguments
            .map(|argument| PromptArgument {
                name: argument.name.clone(),
                description: first_line(argument.description.as_deref().unwrap_or_default()),
                required: argument.required == Some(true),
            })
            .collect(),
    }
}

/// Gives each argument of a prompt its value.
fn assign(server: &Server, prompt: &Prompt, text: &str) -> Result<Map<String, Value>, McpError> {
    let wanted: Vec<_> = prompt.arguments.iter().flatten().collect();
    let values = split(text, wanted.len());
    let missing: Vec<&str> = wanted
        .iter()
        .skip(values.len())
        .filter(|argument| argument.required == Some(true))
        .map(|argument| argument.name.as_str())
        .collect();
    if !missing.is_empty() {
        return Err(server.refused(format!(
            "needs more arguments for its prompt `{}`: {}",
            prompt.name,
            missing.join(", ")
        )));
    }
    Ok(wanted
        .iter()
        .zip(values)
        .map(|(argument, value)| (argument.name.clone(), Value::String(value)))
        .collect())
}

/// Splits a text at white space into at most `most` pieces, of which the last takes the rest.
fn split(text: &str, most: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() && pieces.len() < most {
        let is_last = pieces.len() + 1 == most;
        let quote = rest
            .chars()
            .next()
            .filter(|first| matches!(first, '"' | '\''));
        let closed = quote.and_then(|quote| rest[1..].split_once(quote));
        let (piece, after) = match closed {
            Some((piece, after))
                if after.trim().is_empty()
                    || (!is_last && after.starts_with(char::is_whitespace)) =>
            {
                (piece, after)
            }
            _ if is_last => (rest, ""),
            _ => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        pieces.push(piece.to_owned());
        rest = after.trim_start();
    }
    pieces
}

#[cfg(test)]
mod tests;
