//! Servers and their tools as text. All that a server says of itself is kept from the terminal's
//! controls.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use loom_cli_mcp::{Distrust, ServerState, ServerStatus, UntrustedServer};
use loom_common_core::{ToolAccess, ToolDefinition};

use crate::redaction;
use crate::render::sanitize;

/// Lists servers: how each stands, what it offers, and why it does not.
pub(crate) fn servers(servers: &[ServerStatus]) -> String {
    let width = width(servers.iter().map(|server| server.name.as_str()));
    let mut text = String::new();
    for server in servers {
        let (style, mark) = match server.state {
            ServerState::Ready => (AnsiColor::Green.on_default(), "✓"),
            ServerState::Failed | ServerState::Restarting => (AnsiColor::Red.on_default(), "✗"),
            ServerState::LoginRequired | ServerState::Untrusted => {
                (AnsiColor::Yellow.on_default(), "!")
            }
            _ => (Style::new(), "-"),
        };
        let name = sanitize(&server.name);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{style}{mark}{style:#} {name:width$}  {}",
            summary(server)
        );
        let _ = writeln!(text, "  {:width$}  {}", "", sanitize(&server.transport));
        if server.state != ServerState::Ready {
            for line in explain(server).lines() {
                let _ = writeln!(text, "  {:width$}  {}", "", sanitize(line));
            }
        }
    }
    text
}

/// Says in a few words how a server stands and what it offers.
fn summary(server: &ServerStatus) -> String {
    if server.state != ServerState::Ready {
        return server.state.to_string();
    }
    let mut offers = vec![count(server.tools, "tool")];
    if server.prompts > 0 {
        offers.push(count(server.prompts, "prompt"));
    }
    if server.resources {
        offers.push("resources".to_owned());
    }
    offers.join(", ")
}

fn count(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// Says why a server is not ready, and what to do about it.
pub(super) fn explain(server: &ServerStatus) -> String {
    let name = &server.name;
    match (&server.reason, server.state) {
        (Some(reason), _) => reason.clone(),
        (None, ServerState::Untrusted) => format!(
            "It comes from {}: read that, and let it start with `loom mcp trust {name}`.",
            server.file.display()
        ),
        (None, ServerState::Disabled) => {
            format!("It is switched off in {}.", server.file.display())
        }
        (None, _) => String::new(),
    }
}

/// Lists tools with whether they only read or are asked about, and what they do. One that reaches out
/// is asked about even where all that it does is to read.
pub(super) fn tools(tools: &[ToolDefinition]) -> String {
    let width = width(tools.iter().map(|tool| tool.name.as_str()));
    let mut text = String::new();
    for tool in tools {
        let access = match tool.access {
            ToolAccess::Read => "reads",
            ToolAccess::Network | ToolAccess::Write | ToolAccess::Execute => "asks",
        };
        let description = sanitize(&tool.description);
        let first_line = description.lines().next().unwrap_or_default();
        let _ = writeln!(text, "{:width$}  {access:5}  {first_line}", tool.name);
    }
    text
}

/// Lists servers that wait for the person's trust.
pub(super) fn untrusted(servers: &[UntrustedServer<'_>]) -> String {
    if servers.is_empty() {
        return "no server waits for your trust\n".to_owned();
    }
    let mut text = String::new();
    for server in servers {
        let _ = writeln!(text, "{}", sanitize(&server.entry.name));
        text.push_str(&deeds(server));
        let file = server.entry.file.display().to_string();
        let _ = writeln!(text, "  defined in {}", sanitize(&file));
    }
    text.push_str("\n`loom mcp trust NAME` lets one start.\n");
    text
}

/// Says all that a server would do that waits for the person's trust, and why it waits again. Secrets
/// that stand in its definition are left out; what stands for one is shown.
pub(crate) fn deeds(server: &UntrustedServer<'_>) -> String {
    let cover = |text: &str| redaction::redactor().redact(text).into_owned();
    let mut lines = server.entry.summary(cover);
    if server.why != Distrust::Unknown {
        lines.push(format!("not trusted: {}", server.why));
    }
    let lines = lines.iter().map(|line| format!("  {}\n", sanitize(line)));
    lines.collect()
}

fn width<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(|name| name.chars().count()).max().unwrap_or(0)
}
