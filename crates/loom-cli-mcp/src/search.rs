//! The tool `tool_search`: finds tools that the model was not told of.
//!
//! Each word of the question counts for a tool when one of the tool's words begins with it: most in
//! the tool's name, less in the server's name and in the description, and the more, the fewer tools
//! have it. What is found can be called from the next request on.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_cli_tools::{Tool, answer, definition};
use loom_common_core::{ToolAccess, ToolContext, ToolDefinition, ToolOutput};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::content::first_line;
use crate::inventory::KnownTool;
use crate::offering::Found;
use crate::servers::Shared;

/// How many tools are found when the call does not say.
const DEFAULT_LIMIT: usize = 5;

/// How many are found at most.
const MAX_LIMIT: usize = 20;

/// How much a word counts in a tool's name, in its server's, and in the rest.
const WEIGHTS: [f64; 3] = [4.0, 2.0, 1.0];

/// Finds tools that the model was not told of.
pub(crate) struct ToolSearchTool {
    definition: ToolDefinition,
    shared: Arc<Shared>,
    found: Arc<Found>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// What the tool should do, in a few words, or the names of tools.
    query: String,
    /// How many tools to find: 5 by default, 20 at most.
    #[schemars(range(min = 1))]
    limit: Option<usize>,
}

impl ToolSearchTool {
    pub(crate) const NAME: &str = "tool_search";

    pub(crate) fn new(shared: Arc<Shared>, found: Arc<Found>) -> Self {
        let names: Vec<&str> = shared.servers.iter().map(|server| server.name()).collect();
        let description = format!(
            "{}\n\nThe servers are: {}.",
            include_str!("search.md").trim(),
            names.join(", ")
        );
        Self {
            definition: definition::<Arguments>(Self::NAME, &description, ToolAccess::Read),
            shared,
            found,
        }
    }

    fn search(&self, arguments: &Arguments) -> ToolOutput {
        let candidates = self.candidates();
        let limit = arguments.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
        let best = rank(&candidates, &arguments.query, limit);
        if best.is_empty() {
            return ToolOutput::completed(format!(
                "No tool matches {:?}. There are {} tools; try other words, or the name of a \
                 server alone.",
                arguments.query,
                candidates.len()
            ));
        }
        let mut text = String::from("These tools can be called from now on, by these names:\n");
        for candidate in &best {
            let definition = &candidate.tool.definition;
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "- {}: {}",
                definition.name,
                first_line(&definition.description)
            );
        }
        let names = best.iter().map(|best| best.tool.definition.name.clone());
        self.found.add(names);
        ToolOutput::completed(text)
    }

    fn candidates(&self) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for server in &self.shared.servers {
            let inventory = server.inventory();
            for tool in inventory.tools() {
                if inventory.schema(&tool.remote).is_some() {
                    candidates.push(Candidate::new(server.name(), Arc::clone(tool)));
                }
            }
        }
        candidates
    }
}

impl Tool for ToolSearchTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    fn run<'a>(
        &'a self,
        arguments: Map<String, Value>,
        _context: &'a ToolContext,
    ) -> BoxFuture<'a, ToolOutput> {
        answer(&self.definition, arguments, async |arguments: Arguments| {
            Ok(self.search(&arguments))
        })
        .boxed()
    }
}

/// A tool that may be found.
struct Candidate {
    tool: Arc<KnownTool>,
    /// The words of its name, of its server's name, and of the rest.
    words: [Vec<String>; 3],
}

impl Candidate {
    fn new(server: &str, tool: Arc<KnownTool>) -> Self {
        let mut rest = words(&tool.definition.description);
        let properties = tool.definition.input_schema["properties"].as_object();
        for name in properties
            .into_iter()
            .flat_map(|properties| properties.keys())
        {
            rest.extend(words(name));
        }
        Self {
            words: [words(&tool.remote), words(server), rest],
            tool,
        }
    }

    /// Returns how much a word counts here.
    fn weight(&self, word: &str) -> f64 {
        self.words
            .iter()
            .zip(WEIGHTS)
            .map(|(words, weight)| {
                let best = words.iter().map(|own| likeness(own, word));
                weight * best.fold(0.0, f64::max)
            })
            .fold(0.0, f64::max)
    }
}

/// Returns how like two words are: one is the other, or begins with it.
fn likeness(own: &str, asked: &str) -> f64 {
    /// Shorter words begin too many others.
    const SHORTEST: usize = 4;
    if own == asked {
        1.0
    } else if own.starts_with(asked) || (own.len() >= SHORTEST && asked.starts_with(own)) {
        0.75
    } else {
        0.0
    }
}

/// Returns the best candidates, the best first; equal ones stay in order.
fn rank<'a>(candidates: &'a [Candidate], query: &str, limit: usize) -> Vec<&'a Candidate> {
    let asked = words(query);
    let mut rarity: HashMap<&str, f64> = HashMap::new();
    for word in &asked {
        let having = candidates
            .iter()
            .filter(|candidate| candidate.weight(word) > 0.0)
            .count();
        rarity.insert(
            word,
            (1.0 + candidates.len() as f64 / (1.0 + having as f64)).ln(),
        );
    }
    let score = |candidate: &Candidate| {
        let is_named = query
            .split(|character: char| character.is_whitespace() || character == ',')
            .any(|word| word == candidate.tool.definition.name || word == candidate.tool.remote);
        let by_words: f64 = asked
            .iter()
            .map(|word| candidate.weight(word) * rarity[word.as_str()])
            .sum();
        by_words + if is_named { 1000.0 } else { 0.0 }
    };
    let mut scored: Vec<(f64, &Candidate)> = candidates
        .iter()
        .map(|candidate| (score(candidate), candidate))
        .filter(|(score, _)| *score > 0.0)
        .collect();
    scored.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    scored
        .into_iter()
        .take(limit)
        .map(|(_, candidate)| candidate)
        .collect()
}

/// Returns the words of a text in lower case, those of `camelCase` and `snake_case` names too.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    for character in text.chars() {
        let starts_word = character.is_uppercase() && was_lower;
        if !character.is_alphanumeric() || starts_word {
            words.push(std::mem::take(&mut word));
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        }
        was_lower = character.is_lowercase();
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests;
