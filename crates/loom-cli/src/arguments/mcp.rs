//! `loom mcp`: servers of tools.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

/// What `loom mcp` does.
#[derive(Debug, Subcommand)]
pub(crate) enum McpCommand {
    /// List the servers and how they stand. They are started for that.
    List {
        /// Print a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// List the tools of a server. It is started for that.
    Tools {
        /// The server.
        name: String,
        /// Print a JSON array, with the schemas of the arguments.
        #[arg(long)]
        json: bool,
    },
    /// Add a server: a program, or a service that talks streamable HTTP.
    Add(McpAddArguments),
    /// Remove a server.
    Remove {
        /// The server.
        name: String,
        /// Remove it from the project's .mcp.json, also when you have one of the same name.
        #[arg(long)]
        project: bool,
    },
    /// Let servers of the project start, or say which ones wait for that.
    ///
    /// What is trusted is the definition as it is now: when it changes, you are asked anew.
    Trust {
        /// The servers.
        names: Vec<String>,
        /// Do not let them start any more.
        #[arg(long, requires = "names")]
        revoke: bool,
    },
    /// Log in to a service.
    Login {
        /// The server.
        name: String,
        /// Only print the address, and do not open a browser.
        #[arg(long)]
        no_browser: bool,
    },
    /// Forget the login to a service.
    Logout {
        /// The server.
        name: String,
    },
}

/// What `loom mcp add` adds.
#[derive(Debug, Args)]
#[command(
    after_help = "Values may hold variables of your environment: ${NAME}, or \
                        ${NAME:-default}. They are replaced when the server starts, so that no \
                        secret has to stand in a file.\n\n\
                        Examples:\n  \
                        loom mcp add files npx -y @modelcontextprotocol/server-filesystem .\n  \
                        loom mcp add issues https://example.com/mcp \
                        --header 'Authorization: Bearer ${TOKEN}'"
)]
pub(crate) struct McpAddArguments {
    /// Name of the server.
    pub(crate) name: String,
    /// Add it to the project's .mcp.json, for all who work on the project.
    #[arg(long)]
    pub(crate) project: bool,
    /// Give the program this variable: NAME=VALUE. Can be given several times.
    #[arg(short, long = "env", value_name = "NAME=VALUE")]
    pub(crate) variables: Vec<String>,
    /// Send this header with each request: 'Name: value'. Can be given several times.
    #[arg(long = "header", value_name = "HEADER")]
    pub(crate) headers: Vec<String>,
    /// Run the program in this folder, relative to the one that the agent works in.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) cwd: Option<PathBuf>,
    /// Log in as this client, for a service that lets none register itself.
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// The address of the service, or the program and its arguments.
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ADDRESS | COMMAND",
        value_hint = ValueHint::CommandWithArguments
    )]
    pub(crate) target: Vec<String>,
}
