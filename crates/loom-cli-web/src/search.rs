//! The tool `web_search`.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_cli_tools::{Tool, ToolError, answer, definition};
use loom_common_core::{LlmError, ToolAccess, ToolContext, ToolDefinition, ToolOutput};
use loom_search_core::{MAX_RESULTS, SearchRequest, SearchResults};
use loom_server_llm_proxy::ServerClient;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::marks::{Source, mark};

/// Searches the web for the model, through the person's own server.
///
/// It counts as reading: what goes out goes to the server, as every word of the conversation does.
/// [`ServerClient::offer`] tells whether the server can search; where it cannot the tool is not to
/// be offered.
#[derive(Debug)]
pub struct WebSearchTool {
    definition: ToolDefinition,
    server: ServerClient,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// What to search for.
    query: String,
    /// How many results to return, at most 10. 10 by default.
    #[schemars(range(min = 1))]
    count: Option<u64>,
}

impl WebSearchTool {
    /// Makes the tool.
    pub fn new(server: ServerClient) -> Self {
        Self {
            definition: definition::<Arguments>(
                "web_search",
                include_str!("web_search.md"),
                ToolAccess::Read,
            ),
            server,
        }
    }

    async fn search(&self, arguments: Arguments) -> Result<ToolOutput, ToolError> {
        let wanted = arguments.count.unwrap_or(u64::from(MAX_RESULTS));
        let request = SearchRequest {
            query: arguments.query,
            count: Some(u8::try_from(wanted).unwrap_or(MAX_RESULTS).min(MAX_RESULTS)),
        };
        let found = self
            .server
            .search(&request)
            .await
            .map_err(|error| ToolError::Failed(failure(&error)))?;
        Ok(ToolOutput::completed(listing(&request.query, &found)))
    }
}

impl Tool for WebSearchTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    fn run<'a>(
        &'a self,
        arguments: Map<String, Value>,
        _context: &'a ToolContext,
    ) -> BoxFuture<'a, ToolOutput> {
        answer(&self.definition, arguments, async |arguments: Arguments| {
            self.search(arguments).await
        })
        .boxed()
    }
}

/// Writes what was found for the model.
fn listing(query: &str, found: &SearchResults) -> String {
    if found.results.is_empty() {
        return format!("Nothing was found for {query:?}. Try other words, or fewer.");
    }
    let mut text = String::new();
    for (index, result) in found.results.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        text.push_str(&format!(
            "{}. {}\n   {}\n",
            index + 1,
            result.title,
            result.url
        ));
        let date = result.date.as_deref().map(|date| format!("{date}: "));
        let snippet = date.unwrap_or_default() + &result.snippet;
        if !snippet.is_empty() {
            text.push_str(&format!("   {snippet}\n"));
        }
    }
    let heading = format!("Web search for {query:?}");
    mark(Source::SearchResults, &heading, text.trim_end())
}

/// Says what went wrong, and what can be done about it.
fn failure(error: &LlmError) -> String {
    let again = if error.is_retryable() {
        " Searching once more later may help."
    } else {
        " Searching again does not help; go on without it."
    };
    let hint = match &error.hint {
        Some(hint) => format!(" What the user can do: {hint}."),
        None => String::new(),
    };
    format!("The search failed: {}.{again}{hint}", error.message)
}
