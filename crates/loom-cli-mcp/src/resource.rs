//! Resources: what servers have to read. Two tools for the model, and mentions by the person.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_cli_tools::{Tool, answer, definition};
use loom_common_core::{
    ContentBlock, ProgressSink, ToolAccess, ToolContext, ToolDefinition, ToolOutput,
    ToolResultContent, ToolStatus,
};
use rmcp::model::{
    ClientRequest, ListResourceTemplatesRequest, ListResourcesRequest, PaginatedRequestParams,
    ReadResourceRequest, ReadResourceRequestParams, ServerResult,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::content;
use crate::error::McpError;
use crate::server::{Server, ServerState};
use crate::servers::{McpServers, Shared};

/// The most resources that are listed of one server.
const MAX_LISTED: usize = 200;

/// Lists resources for the model.
pub(crate) struct ListResourcesTool {
    definition: ToolDefinition,
    shared: Arc<Shared>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct ListArguments {
    /// The server; all servers by default.
    server: Option<String>,
}

impl ListResourcesTool {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            definition: definition::<ListArguments>(
                "list_mcp_resources",
                "Lists the resources that connected servers have to read: documents, tables, \
                 records. read_mcp_resource reads one.",
                ToolAccess::Network,
            ),
            shared,
        }
    }

    async fn list(&self, arguments: ListArguments, progress: &ProgressSink) -> ToolOutput {
        let servers: Vec<&Arc<Server>> = match &arguments.server {
            Some(name) => match self.shared.server(name) {
                Ok(server) => vec![server],
                Err(error) => return ToolOutput::failed(error.to_string()),
            },
            None => self
                .shared
                .servers
                .iter()
                .filter(|server| server.inventory().has_resources())
                .collect(),
        };
        let mut text = String::new();
        let mut failed = 0;
        for server in &servers {
            let listed = list(server, progress).await.unwrap_or_else(|error| {
                failed += 1;
                error.to_string()
            });
            text.push_str(&format!("Server {}:\n{listed}\n", server.name()));
        }
        let text = self.shared.outputs.shorten("resources", text);
        match failed {
            0 => ToolOutput::completed(text),
            failed if failed < servers.len() => ToolOutput::completed(text),
            _ => ToolOutput::failed(text),
        }
    }
}

impl Tool for ListResourcesTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    fn run<'a>(
        &'a self,
        arguments: Map<String, Value>,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, ToolOutput> {
        answer(&self.definition, arguments, async |arguments| {
            Ok(self.list(arguments, &context.progress).await)
        })
        .boxed()
    }
}

/// Reads a resource for the model.
pub(crate) struct ReadResourceTool {
    definition: ToolDefinition,
    shared: Arc<Shared>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct ReadArguments {
    /// The server that has the resource.
    server: String,
    /// The address of the resource.
    uri: String,
}

impl ReadResourceTool {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            definition: definition::<ReadArguments>(
                "read_mcp_resource",
                "Reads a resource of a connected server: one that list_mcp_resources lists, or \
                 whose address fits one of its templates.",
                ToolAccess::Network,
            ),
            shared,
        }
    }
}

impl Tool for ReadResourceTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    fn run<'a>(
        &'a self,
        arguments: Map<String, Value>,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, ToolOutput> {
        answer(
            &self.definition,
            arguments,
            async |arguments: ReadArguments| {
                let read = read(
                    &self.shared,
                    &arguments.server,
                    &arguments.uri,
                    &context.progress,
                );
                Ok(match read.await {
                    Ok(content) => ToolOutput {
                        status: ToolStatus::Completed,
                        content,
                        changes: Vec::new(),
                    },
                    Err(error) => ToolOutput::failed(error.to_string()),
                })
            },
        )
        .boxed()
    }
}

impl McpServers {
    /// Finds what a mention such as `@server:uri`, given without its `@`, means: the server and the
    /// resource's address. Returns `None` when there is no server of that name.
    pub fn resolve_mention<'a>(&self, mention: &'a str) -> Option<(&'a str, &'a str)> {
        let (server, uri) = mention.split_once(':')?;
        self.shared.server(server).ok()?;
        (!uri.is_empty()).then_some((server, uri))
    }

    /// Reads a resource, for a message of the person.
    ///
    /// # Errors
    ///
    /// When the server is not there, or does not give it.
    pub async fn read_resource(
        &self,
        server: &str,
        uri: &str,
    ) -> Result<Vec<ContentBlock>, McpError> {
        let content = read(&self.shared, server, uri, &ProgressSink::discard()).await?;
        Ok(content
            .into_iter()
            .map(|part| match part {
                ToolResultContent::Text { text } => ContentBlock::text(text),
                ToolResultContent::Image(image) => ContentBlock::Image(image),
            })
            .collect())
    }

    /// Returns the addresses of the resources that servers have, as mentions, for completion. A
    /// server that is not ready counts as having none.
    pub async fn resource_mentions(&self) -> Vec<String> {
        let mut mentions = Vec::new();
        for server in &self.shared.servers {
            let is_ready = server.standing().state == ServerState::Ready;
            if is_ready && server.inventory().has_resources() {
                let request = list_request();
                let answer = server.ask(request, &ProgressSink::discard()).await;
                if let Ok(ServerResult::ListResourcesResult(page)) = answer {
                    let uris = page.resources.into_iter().take(MAX_LISTED);
                    mentions.extend(
                        uris.map(|resource| format!("@{}:{}", server.name(), resource.uri)),
                    );
                }
            }
        }
        mentions
    }
}

async fn read(
    shared: &Shared,
    server: &str,
    uri: &str,
    progress: &ProgressSink,
) -> Result<Vec<ToolResultContent>, McpError> {
    let server = shared.server(server)?;
    let params = ReadResourceRequestParams::new(uri);
    let request = ClientRequest::ReadResourceRequest(ReadResourceRequest::new(params));
    match server.ask(request, progress).await? {
        ServerResult::ReadResourceResult(result) => {
            let outputs = shared.outputs.clone();
            // Keeping a long output writes a file.
            tokio::task::spawn_blocking(move || content::resource(result.contents, &outputs))
                .await
                .map_err(|error| server.refused(format!("gave content that is lost: {error}")))
        }
        _ => Err(server.refused("answered with something that is no resource".to_owned())),
    }
}

/// Lists what a server has, in lines.
async fn list(server: &Server, progress: &ProgressSink) -> Result<String, McpError> {
    let mut lines = Vec::new();
    match server.ask(list_request(), progress).await? {
        ServerResult::ListResourcesResult(page) => {
            let more = page.next_cursor.is_some() || page.resources.len() > MAX_LISTED;
            let shown = page.resources.iter().take(MAX_LISTED);
            lines.extend(shown.map(|resource| format!("- {}", content::describe(resource))));
            if more {
                lines.push("(there are more)".to_owned());
            }
        }
        _ => {
            let problem = "answered with something that is no list of resources";
            return Err(server.refused(problem.to_owned()));
        }
    }
    let request = ListResourceTemplatesRequest::with_param(PaginatedRequestParams::default());
    let request = ClientRequest::ListResourceTemplatesRequest(request);
    // Not every server has templates, and not every one without them says so.
    if let Ok(ServerResult::ListResourceTemplatesResult(page)) = server.ask(request, progress).await
    {
        for template in page.resource_templates.iter().take(MAX_LISTED) {
            let description = template.description.as_deref().unwrap_or(&template.name);
            lines.push(format!(
                "- template {}: {}",
                template.uri_template,
                content::first_line(description)
            ));
        }
    }
    if lines.is_empty() {
        lines.push("(none)".to_owned());
    }
    Ok(lines.join("\n"))
}

fn list_request() -> ClientRequest {
    let params = PaginatedRequestParams::default();
    ClientRequest::ListResourcesRequest(ListResourcesRequest::with_param(params))
}
