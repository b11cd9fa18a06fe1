//! What every tool is to the registry.

use std::path::Path;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_common_core::{Resource, ToolContext, ToolDefinition, ToolOutput};
use serde_json::{Map, Value};

/// Something that the model can ask for.
pub trait Tool: Send + Sync {
    /// Returns what the model is told about the tool. Always the same: a definition that changes
    /// between two requests costs the provider's prompt cache.
    fn definition(&self) -> &ToolDefinition;

    /// Does what the model asks. Whatever goes wrong becomes a failed output that helps the model
    /// to mend its call. Dropping the future cancels the call.
    fn run<'a>(
        &'a self,
        arguments: Map<String, Value>,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, ToolOutput>;

    /// Returns what a call with these arguments touches outside the tool itself, for the rules of
    /// permission. Arguments that do not fit touch nothing: such a call fails anyway.
    fn resources(&self, _arguments: &Map<String, Value>, _workspace: &Path) -> Vec<Resource> {
        Vec::new()
    }

    /// Returns what the model ought to know of what the tool has started and that goes on by
    /// itself, such as that it has ended. Each is returned once.
    fn take_notices(&self) -> Vec<String> {
        Vec::new()
    }

    /// Waits until nothing of a cancelled call is under way any more. Writing a file, once begun,
    /// is not broken off.
    fn settled(&self) -> BoxFuture<'_, ()> {
        futures::future::ready(()).boxed()
    }

    /// Ends what the tool has started and that goes on by itself. Called at the end of the session.
    fn shutdown(&self) -> BoxFuture<'_, ()> {
        futures::future::ready(()).boxed()
    }
}
