//! What a server offers, as far as it was told.
//!
//! A tool that was ever seen stays known under its name and with its first definition: what a model
//! was told must not change under it. What the server offers now is kept beside, so that a call of
//! a tool that is gone, or that takes other arguments by now, is explained.

use std::collections::HashSet;
use std::sync::Arc;

use loom_common_core::{ToolAccess, ToolDefinition};
use rmcp::model::{Prompt, Tool as RemoteTool};
use serde_json::Value;

use crate::config::ToolFilter;
use crate::content::cut;
use crate::name::full_name;
use crate::schema::clean;

/// The longest description that the model is told, in bytes.
const MAX_DESCRIPTION: usize = 4096;

/// The most tools of one server.
pub(crate) const MAX_TOOLS: usize = 1000;

/// A tool that was seen.
#[derive(Debug, PartialEq)]
pub(crate) struct KnownTool {
    /// Its name on the server.
    pub(crate) remote: String,
    /// What the model is told.
    pub(crate) definition: ToolDefinition,
}

/// What a server offers, as far as it was told.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    /// All tools that were ever seen, in the order of their appearance.
    tools: Vec<Arc<KnownTool>>,
    /// Those that are there now, by their names on the server, with their cleaned schemas.
    present: Vec<(String, Value)>,
    /// Names of tools that have been given away.
    names: HashSet<String>,
    prompts: Vec<Prompt>,
    has_resources: bool,
    instructions: Option<String>,
    /// What the server calls itself, with its version.
    identity: Option<String>,
}

/// How to read what a server says of its tools.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading<'a> {
    /// The server's part of names.
    pub(crate) server_part: &'a str,
    pub(crate) filter: &'a ToolFilter,
    pub(crate) trust_annotations: bool,
}

impl Inventory {
    /// Takes the tools that a server offers now.
    pub(crate) fn set_tools(&mut self, tools: Vec<RemoteTool>, reading: Reading<'_>) {
        self.present.clear();
        for tool in tools.into_iter().take(MAX_TOOLS) {
            let is_admitted = reading.filter.admits(&tool.name);
            let is_twice = self.present.iter().any(|(name, _)| *name == tool.name);
            if !is_admitted || is_twice {
                continue;
            }
            let schema = clean(&tool.input_schema);
            self.present.push((tool.name.to_string(), schema.clone()));
            if self.tools.iter().all(|known| known.remote != tool.name) {
                let name = full_name(reading.server_part, &tool.name, |name| {
                    self.names.contains(name)
                });
                self.names.insert(name.clone());
                self.tools.push(Arc::new(KnownTool {
                    remote: tool.name.to_string(),
                    definition: ToolDefinition {
                        name,
                        description: description(&tool),
                        input_schema: schema,
                        access: access(&tool, reading.trust_annotations),
                    },
                }));
            }
        }
    }

    pub(crate) fn set_prompts(&mut self, prompts: Vec<Prompt>) {
        self.prompts = prompts;
    }

    pub(crate) fn set_server(
        &mut self,
        identity: Option<String>,
        instructions: Option<String>,
        has_resources: bool,
    ) {
        self.identity = identity;
        self.instructions = instructions;
        self.has_resources = has_resources;
    }

    /// Returns all tools that were ever seen, in the order of their appearance.
    pub(crate) fn tools(&self) -> &[Arc<KnownTool>] {
        &self.tools
    }

    /// Returns how many tools are there now.
    pub(crate) fn present(&self) -> usize {
        self.present.len()
    }

    /// Returns the present schema of a tool, or `None` when it is gone.
    pub(crate) fn schema(&self, remote: &str) -> Option<&Value> {
        self.present
            .iter()
            .find(|(name, _)| name == remote)
            .map(|(_, schema)| schema)
    }

    pub(crate) fn prompts(&self) -> &[Prompt] {
        &self.prompts
    }

    pub(crate) fn has_resources(&self) -> bool {
        self.has_resources
    }

    pub(crate) fn instructions(&self) -> Option<&str> {
        self.instructions.as_deref()
    }

    pub(crate) fn identity(&self) -> Option<&str> {
        self.identity.as_deref()
    }
}

/// Returns what the model is told of a tool.
fn description(tool: &RemoteTool) -> String {
    let title = tool
        .title
        .as_deref()
        .or_else(|| tool.annotations.as_ref()?.title.as_deref());
    let text = match (tool.description.as_deref().map(str::trim), title) {
        (Some(description), _) if !description.is_empty() => description,
        (_, Some(title)) => title,
        _ => &tool.name,
    };
    cut(text, MAX_DESCRIPTION)
}

/// Returns what a tool can touch. What a server says of itself counts only if it is believed.
fn access(tool: &RemoteTool, trust_annotations: bool) -> ToolAccess {
    let annotations = tool.annotations.as_ref().filter(|_| trust_annotations);
    match annotations {
        Some(annotations) if annotations.read_only_hint == Some(true) => {
            match annotations.open_world_hint {
                Some(false) => ToolAccess::Read,
                // By default a tool reaches out into the open.
                _ => ToolAccess::Network,
            }
        }
        _ => ToolAccess::Execute,
    }
}

#[cfg(test)]
mod tests;
