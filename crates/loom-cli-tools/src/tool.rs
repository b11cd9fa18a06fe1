//! What every tool is to the registry.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_common_core::{ToolContext, ToolDefinition, ToolOutput};
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

    /// Waits until nothing of a cancelled call is under way any more. Writing a file, once begun,
    /// is not broken off.
    fn settled(&self) -> BoxFuture<'_, ()> {
        futures::future::ready(()).boxed()
    }
}
