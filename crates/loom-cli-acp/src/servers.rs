//! Servers of tools that an editor hands over.

use std::collections::BTreeMap;

use agent_client_protocol::v1::schema::{HttpHeader, McpServer};
use loom_cli_mcp::{OAuthDefinition, ServerEntry, TransportDefinition};

/// Reads the servers. Returns with them what is wrong with others, for the person.
pub(crate) fn read(servers: Vec<McpServer>) -> (Vec<ServerEntry>, Vec<String>) {
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    for server in servers {
        let (name, transport) = match server {
            McpServer::Stdio(server) => {
                let env = server.env.into_iter();
                let Ok(command) = server.command.into_os_string().into_string() else {
                    problems.push(format!(
                        "the server of tools {} does not start: its program's path is not UTF-8",
                        server.name
                    ));
                    continue;
                };
                let transport = TransportDefinition::Stdio {
                    command,
                    args: server.args,
                    env: env
                        .map(|variable| (variable.name, variable.value))
                        .collect(),
                    cwd: None,
                };
                (server.name, transport)
            }
            McpServer::Http(server) => (server.name, http(server.url, server.headers)),
            // The transport that was called so is given up; many servers answer at the same address.
            McpServer::Sse(server) => (server.name, http(server.url, server.headers)),
            _ => {
                problems.push("a server of tools of an unknown kind does not start".to_owned());
                continue;
            }
        };
        entries.push(ServerEntry::handed_over(name, transport));
    }
    (entries, problems)
}

fn http(url: String, headers: Vec<HttpHeader>) -> TransportDefinition {
    let headers = headers.into_iter();
    let headers: BTreeMap<_, _> = headers.map(|header| (header.name, header.value)).collect();
    TransportDefinition::Http {
        url,
        headers,
        oauth: OAuthDefinition::default(),
    }
}
