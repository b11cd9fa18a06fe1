//! The client of the Model Context Protocol: servers, and their tools, resources and prompts.
//!
//! # Types
//!
//! [`McpConfig`] is which servers there are: the person's own and the project's, from files of the
//! form that other agents and editors read. [`McpServers`] are those of a session, each with a task
//! of its own that connects to it, follows it, and connects anew when it fails. An [`McpOffering`]
//! brings their tools into a [`ToolRegistry`](loom_cli_tools::ToolRegistry). [`TrustStore`]
//! remembers which servers of projects the person trusts, and holds them to the files that they
//! name; [`Login`] makes a login.
//!
//! # Flow
//!
//! ```text
//! mcp.json, .mcp.json ──> McpConfig ──> McpServers::start ──> supervise, one task for each server
//!                          (trusted?)                          │ process ── stdio ─┐
//!                                                              │ service ── http ──┴─ guard ── rmcp
//!                                                              └> inventory: tools, prompts, …
//! before each request:  McpOffering::update(&registry)  <──────── inventory
//! a call:               ToolRegistry ──> tool ──> ready? ──> ask ──> content ──> ToolOutput
//! ```
//!
//! Starting returns at once; tools appear when their server is ready, and
//! [`McpOffering::update`] brings them into the registry before the next request. Within a budget
//! the model is told of each; beyond it they are deferred, and the tool `tool_search` finds them.
//! What the model was told stays as it was told, whatever a server changes later.
//!
//! # Failure
//!
//! A server is a stranger's program. Whatever it does stays with its own tools:
//!
//! - *It does not start, crashes, hangs*: it is tried again with growing pauses, and given up after
//!   some attempts in a row. A call waits for a server that is starting, and fails with what the
//!   server wrote to its standard error output when that does not help.
//! - *It does not answer a call*: after a silence it is told that nobody waits any more, and asked
//!   whether it is alive at all. Dropping a call tells it the same.
//! - *It floods*: messages have a largest size, notifications a rate, lists a length, texts and
//!   pictures limits; what is too long for the model goes to a file.
//! - *It talks nonsense*: lines that are not the protocol are counted, and shown when it fails.
//! - *It changes its tools*: new ones appear, those that are gone say so when called.
//! - *It asks for something*: the workspace is its root; questions to the person (forms, addresses)
//!   are looked at, bounded, and go to an [`ElicitationHandler`], or are declined without one; it
//!   gets no use of the model.
//!
//! A server ends with the session, with all that it started. Others run tools without asking for a
//! project's servers, or take a server's word that a tool only reads; here both are the person's
//! decision, and neither changes with the next commit.

mod client;
mod config;
mod connection;
mod content;
mod elicitation;
mod endpoint;
mod error;
mod guard;
mod http;
mod inventory;
mod log;
mod name;
mod oauth;
mod offering;
mod process;
mod prompt;
mod resource;
mod schema;
mod search;
mod server;
mod servers;
mod stdio;
mod tool;
mod trust;

pub use config::{
    ConfigFiles, Fingerprint, McpConfig, OAuthDefinition, Scope, ServerDefinition, ServerEntry,
    ToolFilter, TransportDefinition,
};
pub use elicitation::ElicitationHandler;
pub use error::McpError;
pub use oauth::{Login, LoginSetup, logout};
pub use offering::{McpOffering, ServerInstructions};
pub use prompt::{PromptArgument, PromptCommand};
pub use server::ServerState;
pub use servers::{McpLimits, McpServers, McpSetup, ServerStatus};
pub use trust::{Distrust, TrustStore, UntrustedServer};
