//! What every tool is to the registry.

use std::fmt;
use std::path::Path;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_common_core::{Resource, ToolContext, ToolDefinition, ToolOutput};
use serde_json::{Map, Value};

/// What came of a call.
pub struct CallOutcome {
    /// What the model gets.
    pub output: ToolOutput,
    /// Waits for what goes on in the background; none when all that the call has started is over.
    /// Holds nothing that runs: dropping it changes nothing.
    pub background: Option<BoxFuture<'static, BackgroundEnd>>,
}

/// How something in the background has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackgroundEnd {
    /// It came to its own end.
    ByItself,
    /// It was ended: somebody wanted that, its time was up, or the session was over.
    Stopped,
}

impl From<ToolOutput> for CallOutcome {
    fn from(output: ToolOutput) -> Self {
        Self {
            output,
            background: None,
        }
    }
}

impl fmt::Debug for CallOutcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CallOutcome")
            .field("output", &self.output)
            .field("goes_on", &self.background.is_some())
            .finish()
    }
}

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

    /// Does what [`run`](Self::run) does, and returns besides the output what goes on in the background
    /// of what the call has started.
    fn begin<'a>(
        &'a self,
        arguments: Map<String, Value>,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, CallOutcome> {
        self.run(arguments, context).map(CallOutcome::from).boxed()
    }

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
