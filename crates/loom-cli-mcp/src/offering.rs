//! How the tools of servers come into a registry, and when the model is told of them.
//!
//! Seven servers can have more text in their definitions than the task itself has. So as long as
//! all tools together stay within a budget the model is told of them as they appear. Once they pass
//! it, what comes from then on is deferred: it is in the registry, and the tool `tool_search` finds
//! it. What the model was told of stays, in its place; what was found goes to the end. So the
//! beginning of a request, which providers cache, never changes.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loom_cli_tools::{Tool, ToolRegistry};
use loom_common_core::ToolDefinition;

use crate::content::cut;
use crate::resource::{ListResourcesTool, ReadResourceTool};
use crate::search::ToolSearchTool;
use crate::servers::Shared;
use crate::tool::McpTool;

/// The longest instructions of a server that the model is told, in bytes.
const MAX_INSTRUCTIONS: usize = 2048;

/// Bytes of JSON for a token, about.
const BYTES_PER_TOKEN: usize = 4;

/// What a server wants the model to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerInstructions {
    /// The server.
    pub server: String,
    /// What it says, cut when it is long.
    pub text: String,
}

/// Brings the tools of servers into a registry.
pub struct McpOffering {
    shared: Arc<Shared>,
    state: Mutex<State>,
    found: Arc<Found>,
    /// Tells which tools are wanted, by name.
    is_wanted: Box<dyn Fn(&str) -> bool + Send + Sync>,
}

/// Names of tools that were found and that the model is not told of yet.
#[derive(Debug, Default)]
pub(crate) struct Found(Mutex<Vec<String>>);

impl Found {
    pub(crate) fn add(&self, names: impl IntoIterator<Item = String>) {
        self.names().extend(names);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.names())
    }

    fn names(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct State {
    /// Names that the registry was given.
    added: HashSet<String>,
    /// How many tools the model was told of, without those that it found.
    offered: usize,
    /// How long their definitions are, in bytes.
    offered_bytes: usize,
    /// Whether what comes from now on is deferred.
    is_deferring: bool,
    has_resource_tools: bool,
    /// Servers whose instructions were returned.
    instructed: HashSet<String>,
}

impl McpOffering {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            state: Mutex::default(),
            found: Arc::default(),
            is_wanted: Box::new(|_| true),
        }
    }

    /// Brings only the tools of which `is_wanted` holds, by the names that the model knows.
    #[must_use]
    pub fn only(mut self, is_wanted: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.is_wanted = Box::new(is_wanted);
        self
    }

    /// Brings what has come up since the last time into `registry`: to be called before each
    /// request. Returns the instructions of servers that became ready since, for the model.
    pub fn update(&self, registry: &ToolRegistry) -> Vec<ServerInstructions> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let new = self.new_tools(&state);
        let bytes: usize = new.iter().map(|tool| length(tool.definition())).sum();
        let limits = &self.shared.limits;
        state.is_deferring |= state.offered + new.len() > limits.offered_tools
            || state.offered_bytes + bytes > limits.offered_tokens * BYTES_PER_TOKEN;
        if state.is_deferring && state.added.insert(ToolSearchTool::NAME.to_owned()) {
            let search = ToolSearchTool::new(Arc::clone(&self.shared), Arc::clone(&self.found));
            add(registry, Arc::new(search), Offer::Now);
        }
        if !state.is_deferring {
            state.offered += new.len();
            state.offered_bytes += bytes;
        }
        for tool in new {
            state.added.insert(tool.definition().name.clone());
            let offer = match state.is_deferring {
                true => Offer::WhenFound,
                false => Offer::Now,
            };
            add(registry, Arc::new(tool), offer);
        }
        let found = self.found.take();
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        registry.reveal(&found);
        self.add_resource_tools(&mut state, registry);
        self.new_instructions(&mut state)
    }

    /// Returns the tools that the registry was not given yet, in an order that does not depend on
    /// which server was ready first.
    fn new_tools(&self, state: &State) -> Vec<McpTool> {
        let mut new = Vec::new();
        for server in &self.shared.servers {
            for known in server.inventory().tools() {
                let name = &known.definition.name;
                if !state.added.contains(name) && (self.is_wanted)(name) {
                    new.push(McpTool::new(Arc::clone(server), Arc::clone(known)));
                }
            }
        }
        new
    }

    fn add_resource_tools(&self, state: &mut State, registry: &ToolRegistry) {
        let has_resources =
            |server: &Arc<crate::server::Server>| server.inventory().has_resources();
        if !state.has_resource_tools && self.shared.servers.iter().any(has_resources) {
            state.has_resource_tools = true;
            let list = ListResourcesTool::new(Arc::clone(&self.shared));
            let read = ReadResourceTool::new(Arc::clone(&self.shared));
            let tools: [Arc<dyn Tool>; 2] = [Arc::new(list), Arc::new(read)];
            for tool in tools {
                if (self.is_wanted)(&tool.definition().name) {
                    add(registry, tool, Offer::Now);
                }
            }
        }
    }

    fn new_instructions(&self, state: &mut State) -> Vec<ServerInstructions> {
        let mut instructions = Vec::new();
        for server in &self.shared.servers {
            let inventory = server.inventory();
            let text = inventory.instructions().map(str::trim);
            let Some(text) = text.filter(|text| !text.is_empty()) else {
                continue;
            };
            if state.instructed.insert(server.name().to_owned()) {
                instructions.push(ServerInstructions {
                    server: server.name().to_owned(),
                    text: cut(text, MAX_INSTRUCTIONS),
                });
            }
        }
        instructions
    }
}

/// When the model is told of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Offer {
    Now,
    WhenFound,
}

fn add(registry: &ToolRegistry, tool: Arc<dyn Tool>, offer: Offer) {
    let added = match offer {
        Offer::Now => registry.add(tool),
        Offer::WhenFound => registry.add_deferred(tool),
    };
    if let Err(error) = added {
        tracing::warn!(%error, "a tool of a server is left out");
    }
}

/// Returns how long a definition is on the wire, about.
fn length(definition: &ToolDefinition) -> usize {
    definition.name.len() + definition.description.len() + definition.input_schema.to_string().len()
}
