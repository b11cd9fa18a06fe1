//! A tool of a server, as the registry sees it.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_cli_tools::Tool;
use loom_common_core::{ToolContext, ToolDefinition, ToolOutput};
use rmcp::model::{CallToolRequest, CallToolRequestParams, ClientRequest, ServerResult};
use serde_json::{Map, Value};

use crate::content;
use crate::inventory::KnownTool;
use crate::server::Server;

/// A tool of a server.
pub(crate) struct McpTool {
    server: Arc<Server>,
    known: Arc<KnownTool>,
}

impl McpTool {
    pub(crate) fn new(server: Arc<Server>, known: Arc<KnownTool>) -> Self {
        Self { server, known }
    }

    async fn call(&self, arguments: Map<String, Value>, context: &ToolContext) -> ToolOutput {
        // Until it is ready, what the server offers may be what it offered before it failed.
        if let Err(error) = self.server.ready().await {
            return ToolOutput::failed(error.to_string());
        }
        if self.server.inventory().schema(&self.known.remote).is_none() {
            return ToolOutput::failed(format!(
                "The server `{}` does not offer the tool `{}` any more. Go on without it.",
                self.server.name(),
                self.known.remote
            ));
        }
        let params =
            CallToolRequestParams::new(self.known.remote.clone()).with_arguments(arguments);
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
        let name = &self.known.definition.name;
        match self.server.ask(request, &context.progress).await {
            Ok(ServerResult::CallToolResult(result)) => {
                let (name, outputs) = (name.clone(), self.server.outputs.clone());
                // Keeping a long output writes a file.
                tokio::task::spawn_blocking(move || content::output(result, &name, &outputs))
                    .await
                    .unwrap_or_else(|error| {
                        ToolOutput::failed(format!("The output is lost: {error}"))
                    })
            }
            Ok(ServerResult::EmptyResult(_)) => ToolOutput::completed("(no output)"),
            Ok(ServerResult::InputRequiredResult(_)) => ToolOutput::failed(
                "The server wants input from the person before it goes on, which it cannot get here.",
            ),
            Ok(_) => ToolOutput::failed(format!(
                "The server `{}` answered with something that is no result of a tool.",
                self.server.name()
            )),
            Err(error) => ToolOutput::failed(format!("{error}{}", self.changed_arguments())),
        }
    }

    /// Says what arguments the tool takes now, if these are not those that the model was told.
    fn changed_arguments(&self) -> String {
        let inventory = self.server.inventory();
        match inventory.schema(&self.known.remote) {
            Some(schema) if *schema != self.known.definition.input_schema => {
                format!(
                    "\nThe tool takes other arguments than before. Their schema is now: {schema}"
                )
            }
            _ => String::new(),
        }
    }
}

impl Tool for McpTool {
    fn definition(&self) -> &ToolDefinition {
        &self.known.definition
    }

    fn run<'a>(
        &'a self,
        arguments: Map<String, Value>,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, ToolOutput> {
        self.call(arguments, context).boxed()
    }
}
