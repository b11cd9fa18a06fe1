//! `loom trust`: what a folder brought along, and whether it counts.
//!
//! A cloned repository can hold hooks, rules that allow, servers of tools, agents, and commands that
//! allow themselves tools. None of them counts until the person has read it and said so, and each
//! counts only as long as it stays what it was.

use std::io::{self, BufRead, IsTerminal, Write};

use loom_cli_mcp::{ConfigFiles, Distrust, McpConfig};

use super::mcp::listing;
use super::print;
use crate::commands::session::equipment::{load_hooks, load_permissions};
use crate::commands::session::{agents, own_commands};
use crate::error::CliError;
use crate::render::sanitize;
use crate::setting::Setting;

pub(crate) fn run(setting: &Setting, yes: bool) -> Result<(), CliError> {
    let directories = setting.directories();
    let state = directories.state()?;
    let (hooks, hook_trust) = load_hooks(setting)?;
    let permissions = load_permissions(setting)?;
    let servers = McpConfig::load(
        ConfigFiles::find(&directories.config()?, &setting.workspace),
        &setting.workspace,
        &setting.environment,
    );
    let server_trust = loom_cli_mcp::TrustStore::new(&state);
    let untrusted_servers = server_trust.untrusted(&servers.servers);
    let rules = permissions.untrusted();
    let agents = agents::load(setting)?;
    let commands = own_commands::load(setting)?;

    let mut text = String::new();
    for hooks in hooks.untrusted() {
        text.push_str(&format!("hooks in {}:\n", hooks.path.display()));
        for command in &hooks.commands {
            text.push_str(&format!("  {command}\n"));
        }
    }
    if let Some(rules) = &rules {
        text.push_str(&format!("rules that allow, in {}:\n", rules.file.display()));
        for rule in &rules.rules {
            text.push_str(&format!("  {rule}\n"));
        }
    }
    for server in &untrusted_servers {
        text.push_str(&format!(
            "server of tools {} in {}:\n{}",
            server.entry.name,
            server.entry.file.display(),
            listing::deeds(server)
        ));
    }
    for agent in agents.agents.untrusted() {
        text.push_str(&format!(
            "agent {} in {}:\n",
            agent.name,
            agent.path.display()
        ));
        for line in agent.content.lines() {
            text.push_str(&format!("  {line}\n"));
        }
    }
    for command in commands.commands.untrusted() {
        text.push_str(&format!(
            "command /{} in {}, which allows itself {}:\n",
            command.name,
            command.path.display(),
            command.allowed_tools.join(", ")
        ));
        for line in command.content.lines() {
            text.push_str(&format!("  {line}\n"));
        }
    }
    if text.is_empty() {
        return print("nothing here waits for your trust\n");
    }
    print(&sanitize(&text))?;
    if !yes && !asks_for_trust()? {
        return print("nothing was trusted\n");
    }
    for hooks in hooks.untrusted() {
        hook_trust.trust(hooks)?;
    }
    if let Some(rules) = &rules {
        permissions.trust(rules)?;
    }
    for agent in agents.agents.untrusted() {
        agents.trust.trust_content(&agent.path, &agent.content)?;
    }
    for command in commands.commands.untrusted() {
        let trust = &commands.trust;
        trust.trust_content(&command.path, &command.content)?;
    }
    let mut trusted_servers = Vec::new();
    for server in &untrusted_servers {
        match &server.why {
            Distrust::Unpinned(_) => {
                let name = &server.entry.name;
                CliError::warn(&format!("the server {name} is not trusted: {}", server.why));
            }
            _ => trusted_servers.push(server.entry),
        }
    }
    server_trust.trust(&trusted_servers)?;
    print("trusted, as it is now\n")
}

fn asks_for_trust() -> Result<bool, CliError> {
    if !io::stdin().is_terminal() {
        return Err(CliError::usage("there is nobody to ask").hint("`loom trust --yes` trusts it"));
    }
    let mut output = anstream::stdout();
    write!(output, "Let all of this count, as it is now? [y/N] ")?;
    output.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
