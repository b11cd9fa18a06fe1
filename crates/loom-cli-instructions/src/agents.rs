//! Agents that people define: Markdown files that say what a subagent is for and how it works.
//!
//! The form is Claude Code's, so that definitions which exist work. The text of a file becomes
//! instructions of a model that may do what the person allowed, so a project's files count only
//! once the person has trusted them as they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use loom_common_core::Effort;

use crate::error::InstructionError;
use crate::front_matter::{self, one_line};
use crate::text_file::{self, MAX_FILE_BYTES, Reach};
use crate::{Folder, Scope};

/// Agents that are read, and bytes of their descriptions together: the model sees them in each
/// request.
const MAX_AGENTS: usize = 50;
const MAX_DESCRIPTIONS: usize = 16_000;

/// Bytes of a description that are shown.
const MAX_DESCRIPTION: usize = 1024;

/// Characters of a name.
const MAX_NAME: usize = 64;

/// Where definitions of agents are looked for.
#[derive(Clone, Debug)]
pub struct AgentSetup {
    /// The folders. A name that stands in several means that of the first.
    pub folders: Vec<Folder>,
    /// The folder that the agent works in: absolute, with symbolic links resolved.
    pub workspace: PathBuf,
    /// The names of the kinds of subagents that Loom has itself.
    pub built_in: Vec<String>,
}

/// An agent that somebody defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentDefinition {
    /// Its name.
    pub name: String,
    /// When to use it, on one line.
    pub description: String,
    /// How it works: the text of the file.
    pub instructions: String,
    /// The tools that it has, as written; none where it has all.
    pub tools: Option<Vec<String>>,
    /// Name of the model that it asks, as written; none for that of other subagents.
    pub model: Option<String>,
    /// How much the model is to think.
    pub effort: Option<Effort>,
    /// How often it may ask its model.
    pub max_model_calls: Option<u32>,
    /// Whose it is.
    pub scope: Scope,
    /// Its file.
    pub path: PathBuf,
    /// The whole file: what trust is about.
    pub content: String,
}

/// The agents that people defined.
#[derive(Debug, Default)]
pub struct Agents {
    agents: BTreeMap<String, AgentDefinition>,
    untrusted: Vec<AgentDefinition>,
    problems: Vec<InstructionError>,
}

impl Agents {
    /// Reads the definitions. One of the project that is not trusted does not count, and hides none.
    pub fn load(setup: &AgentSetup, is_trusted: impl Fn(&AgentDefinition) -> bool) -> Self {
        let mut agents = Self::default();
        for folder in &setup.folders {
            let reach = Reach::of(folder.scope, &setup.workspace);
            for path in agents.find(&folder.path) {
                match read(&path, folder.scope, reach, &setup.built_in) {
                    Ok(Some(agent)) if agent.scope == Scope::User || is_trusted(&agent) => {
                        agents.add(agent);
                    }
                    Ok(Some(agent)) => agents.untrusted.push(agent),
                    Ok(None) => {}
                    Err(problem) => agents.problems.push(problem),
                }
            }
        }
        agents
    }

    /// Returns all agents by name.
    pub fn iter(&self) -> impl Iterator<Item = &AgentDefinition> {
        self.agents.values()
    }

    /// Returns those of the project that do not count, as the person has not trusted them.
    pub fn untrusted(&self) -> &[AgentDefinition] {
        &self.untrusted
    }

    /// Returns what is wrong with the files, for the person.
    pub fn problems(&self) -> &[InstructionError] {
        &self.problems
    }

    fn find(&mut self, folder: &Path) -> Vec<PathBuf> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                if error.kind() != std::io::ErrorKind::NotFound {
                    self.problems
                        .push(InstructionError::unreadable(folder, error));
                }
                return Vec::new();
            }
        };
        let paths = entries.flatten().map(|entry| entry.path());
        let mut paths: Vec<PathBuf> = paths
            .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
            .collect();
        paths.sort();
        paths
    }

    fn add(&mut self, agent: AgentDefinition) {
        let length: usize = self.iter().map(|known| known.description.len()).sum();
        let reason = if let Some(known) = self.agents.get(&agent.name) {
            format!(
                "the agent {} is that of {}",
                agent.name,
                known.path.display()
            )
        } else if self.agents.len() >= MAX_AGENTS {
            format!("there are more than {MAX_AGENTS} agents; left out")
        } else if length + agent.description.len() > MAX_DESCRIPTIONS {
            format!(
                "the descriptions of all agents are longer than {MAX_DESCRIPTIONS} bytes; left out"
            )
        } else {
            self.agents.insert(agent.name.clone(), agent);
            return;
        };
        self.problems.push(InstructionError::Entry {
            path: agent.path,
            reason,
        });
    }
}

/// Reads a definition; none when its file is gone meanwhile.
fn read(
    path: &Path,
    scope: Scope,
    reach: Reach<'_>,
    built_in: &[String],
) -> Result<Option<AgentDefinition>, InstructionError> {
    let Some(file) = text_file::read(path, reach, MAX_FILE_BYTES)? else {
        return Ok(None);
    };
    let entry = |reason: String| InstructionError::Entry {
        path: path.to_owned(),
        reason: format!("it is no agent: {reason}"),
    };
    if file.left_out > 0 {
        return Err(entry(format!("it is longer than {MAX_FILE_BYTES} bytes")));
    }
    let (fields, body) = front_matter::split(&file.text);
    let stem = || {
        path.file_stem()
            .and_then(|stem| stem.to_str())
            .map(str::to_owned)
    };
    let name = fields.text("name").or_else(stem).unwrap_or_default();
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || name.chars().count() > MAX_NAME || !name.chars().all(is_plain) {
        return Err(entry(
            "its name is made of letters, digits, `-` and `_`, 64 at most".to_owned(),
        ));
    }
    if built_in.contains(&name) {
        return Err(entry(format!(
            "{name} is a kind of subagent of Loom itself"
        )));
    }
    let Some(description) = fields.text("description") else {
        return Err(entry(
            "it needs a `description` between `---` lines at its start, which says when to use it"
                .to_owned(),
        ));
    };
    let instructions = body.trim().to_owned();
    if instructions.is_empty() {
        return Err(entry("it says nothing below the `---` lines".to_owned()));
    }
    let max_model_calls = match fields.text("max_model_calls") {
        None => None,
        Some(text) => Some(
            text.parse()
                .ok()
                .filter(|calls| *calls > 0)
                .ok_or_else(|| entry(format!("max_model_calls is {text:?}, and no number")))?,
        ),
    };
    let effort = fields.effort().map_err(entry)?;
    // All of them can be said in words, too.
    let tools = fields
        .text("tools")
        .filter(|tools| tools != "*")
        .map(|_| fields.list("tools"));
    Ok(Some(AgentDefinition {
        name,
        description: one_line(&description, MAX_DESCRIPTION),
        instructions,
        tools,
        model: fields.text("model").filter(|model| model != "inherit"),
        effort,
        max_model_calls,
        scope,
        path: path.to_owned(),
        content: file.text,
    }))
}
