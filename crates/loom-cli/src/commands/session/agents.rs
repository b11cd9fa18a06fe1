//! Subagents that people defined: which of their files count, and what is made of one.

use loom_cli_hooks::{TrustStore, tools_known_as};
use loom_cli_instructions::{AgentDefinition, AgentSetup, Agents};
use loom_cli_session::{ModelChoice, SUBAGENT_KINDS, SubagentDefinition};

use super::assembly::Models;
use super::definition_files::{folders, is_trusted};
use super::equipment::not_trusted;
use crate::error::CliError;
use crate::setting::Setting;

/// The tools beside Loom's own and those of servers: they come with the servers.
const BESIDE_SERVERS: [&str; 3] = ["list_mcp_resources", "read_mcp_resource", "tool_search"];

/// The definitions, and what remembers which of a project's are trusted.
pub(crate) struct LoadedAgents {
    pub(crate) agents: Agents,
    pub(crate) trust: TrustStore,
}

/// Reads the definitions.
pub(crate) fn load(setting: &Setting) -> Result<LoadedAgents, CliError> {
    let setup = AgentSetup {
        folders: folders(setting, "agents")?,
        workspace: setting.workspace.clone(),
        built_in: SUBAGENT_KINDS.map(str::to_owned).to_vec(),
    };
    let trust = TrustStore::new(&setting.directories().state()?);
    let agents = Agents::load(&setup, |agent| {
        is_trusted(&trust, &agent.path, &agent.content)
    });
    Ok(LoadedAgents { agents, trust })
}

impl LoadedAgents {
    /// Returns those that count, and tells of what is wrong with others.
    pub(super) fn report(self, warnings: &mut Vec<String>) -> Agents {
        warnings.extend(self.agents.problems().iter().map(ToString::to_string));
        let mut folders: Vec<_> = self.agents.untrusted().iter().collect();
        folders.dedup_by_key(|agent| agent.path.parent());
        for agent in folders {
            let folder = agent.path.parent().unwrap_or(&agent.path);
            warnings.push(not_trusted("agents", folder));
        }
        self.agents
    }
}

/// Makes a kind of subagent of a definition. `usual` is the model that other subagents ask.
pub(super) async fn definition(
    agent: &AgentDefinition,
    models: &Models,
    usual: &ModelChoice,
    warnings: &mut Vec<String>,
) -> SubagentDefinition {
    let mut warn = |problem: String| {
        warnings.push(format!("{}: {problem}", agent.path.display()));
    };
    let mut model = None;
    if let Some(written) = &agent.model {
        match models.find_written(written, &usual.provider).await {
            Ok(found) => model = Some(found),
            Err(problem) => warn(format!(
                "{problem}; this agent asks {}, as others do",
                usual.name
            )),
        }
    }
    if let Some(effort) = agent.effort {
        let model = model.get_or_insert_with(|| usual.clone());
        model.effort = Some(effort);
    }
    let tools = agent.tools.as_ref().map(|written| {
        let mut tools = Vec::new();
        for name in written {
            if name.starts_with("mcp__") || BESIDE_SERVERS.contains(&name.as_str()) {
                tools.push(name.clone());
                continue;
            }
            let known = tools_known_as(name);
            if known.is_empty() {
                warn(format!(
                    "there is no tool {name:?}, so this agent does without"
                ));
            }
            tools.extend(known.into_iter().map(str::to_owned));
        }
        tools
    });
    SubagentDefinition {
        name: agent.name.clone(),
        description: agent.description.clone(),
        instructions: agent.instructions.clone(),
        tools,
        model,
        max_model_calls: agent.max_model_calls,
    }
}
