//! The set of tools that a session works with.
//!
//! Providers cache what a request begins with, and the tools stand at the very beginning. So what
//! the model is told of them may only grow, and only at the end: a tool that was offered stays, in
//! its place. There are three ways for a tool to be here:
//!
//! - *offered*: its definition goes with each request ([`ToolRegistry::add`]);
//! - *deferred*: it is here and can be called, but the model is not told of it until it is revealed
//!   ([`ToolRegistry::add_deferred`], [`ToolRegistry::reveal`]). Its definition then goes to the
//!   end. That is for tools of servers with many, which a search tool finds. A call of a deferred
//!   tool by its name reveals it;
//! - *of an edit style*: the tools that edit files, of which those are offered that the model does
//!   best with. Another style is for another model, whose cache is another one anyway.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use loom_common_core::{
    Resource, ToolAccess, ToolCall, ToolContext, ToolDefinition, ToolOutput, ToolResultContent,
};
use serde_json::error::Category;

use crate::apply_patch::ApplyPatchTool;
use crate::arguments::shape;
use crate::bash::{BashTool, CommandOutputTool, CommandStopTool, Shell};
use crate::edit_file::EditFileTool;
use crate::edit_notebook::EditNotebookTool;
use crate::editing::Editor;
use crate::glob::GlobTool;
use crate::grep::GrepTool;
use crate::list_files::ListFilesTool;
use crate::read_file::ReadFileTool;
use crate::seen::SeenFiles;
use crate::setup::{EditStyle, ToolSetup};
use crate::tool::{CallOutcome, Tool};
use crate::view_image::ViewImageTool;
use crate::write_file::WriteFileTool;

/// A tool was not added, as there is one of its name already. Adding it again fails again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is a tool {0:?} already")]
pub struct NameTaken(
    /// The name.
    pub String,
);

/// The tools of a session, under their names.
pub struct ToolRegistry {
    tools: RwLock<Tools>,
}

#[derive(Default)]
struct Tools {
    /// In the order in which the model is told of them.
    entries: Vec<Entry>,
    edit_style: EditStyle,
}

#[derive(Clone)]
struct Entry {
    tool: Arc<dyn Tool>,
    offer: Offer,
}

/// When the model is told of a tool.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Offer {
    Always,
    /// Once it is revealed.
    Deferred,
    /// While it edits in this style.
    For(EditStyle),
}

impl ToolRegistry {
    /// Makes a registry that offers `tools`, in this order. Of two tools with the same name the
    /// first wins.
    pub fn new(tools: Vec<Box<dyn Tool>>) -> Self {
        let registry = Self {
            tools: RwLock::default(),
        };
        for tool in tools {
            // A name that is taken stays with the first, as promised.
            let _ = registry.add(Arc::from(tool));
        }
        registry
    }

    /// Makes the registry of Loom's own tools.
    ///
    /// It remembers the files that were read through it and the commands that were started, so each
    /// session has its own, and so has each agent that works for another.
    pub fn builtin(setup: ToolSetup) -> Self {
        let limits = setup.limits;
        let outputs = &setup.outputs;
        let seen = Arc::new(SeenFiles::default());
        let read_file = ReadFileTool::new(limits, outputs.clone(), Arc::clone(&seen));
        let editor = Editor::new(limits.max_output_bytes, outputs.clone(), seen);
        let list_files = ListFilesTool::new(limits, outputs.clone());
        let glob = GlobTool::new(limits, outputs.clone());
        let grep = GrepTool::new(limits, outputs.clone());
        let edit_file = EditFileTool::new(editor.clone());
        let write_file = WriteFileTool::new(editor.clone());
        let apply_patch = ApplyPatchTool::new(editor.clone());
        let shell = Arc::new(Shell::new(setup.environment, setup.sandbox));
        let bash = BashTool::new(limits, outputs.clone(), Arc::clone(&shell));
        let entries: Vec<(Offer, Arc<dyn Tool>)> = vec![
            (Offer::Always, Arc::new(read_file)),
            (Offer::Always, Arc::new(list_files)),
            (Offer::Always, Arc::new(glob)),
            (Offer::Always, Arc::new(grep)),
            (Offer::Always, Arc::new(ViewImageTool::new(outputs.clone()))),
            (Offer::For(EditStyle::Replace), Arc::new(edit_file)),
            (Offer::For(EditStyle::Replace), Arc::new(write_file)),
            (Offer::For(EditStyle::Patch), Arc::new(apply_patch)),
            (Offer::Always, Arc::new(EditNotebookTool::new(editor))),
            (Offer::Always, Arc::new(bash)),
            (
                Offer::Always,
                Arc::new(CommandOutputTool::new(Arc::clone(&shell))),
            ),
            (Offer::Always, Arc::new(CommandStopTool::new(shell))),
        ];
        let entries = entries
            .into_iter()
            .map(|(offer, tool)| Entry { tool, offer })
            .collect();
        Self {
            tools: RwLock::new(Tools {
                entries,
                edit_style: setup.edit_style,
            }),
        }
    }

    /// Adds a tool and offers it, after all others.
    ///
    /// # Errors
    ///
    /// [`NameTaken`] when there is a tool of its name, offered or not; the old one stays.
    pub fn add(&self, tool: Arc<dyn Tool>) -> Result<(), NameTaken> {
        self.write().add(tool, Offer::Always)
    }

    /// Adds a tool that the model is told of only when it is revealed.
    ///
    /// # Errors
    ///
    /// [`NameTaken`] when there is a tool of its name, offered or not; the old one stays.
    pub fn add_deferred(&self, tool: Arc<dyn Tool>) -> Result<(), NameTaken> {
        self.write().add(tool, Offer::Deferred)
    }

    /// Offers deferred tools from now on, after all others and in the order of `names`. Returns the
    /// definitions of those that were deferred until now; other names count for nothing.
    pub fn reveal(&self, names: &[&str]) -> Vec<ToolDefinition> {
        let mut tools = self.write();
        names.iter().filter_map(|name| tools.reveal(name)).collect()
    }

    /// Returns the definitions of the tools that are deferred, in the order in which they were
    /// added: what a search tool searches.
    pub fn deferred(&self) -> Vec<ToolDefinition> {
        self.read()
            .entries
            .iter()
            .filter(|entry| entry.offer == Offer::Deferred)
            .map(|entry| entry.tool.definition().clone())
            .collect()
    }

    /// Offers the tools of another edit style instead. For a change of the model only: what was
    /// cached for the old one is of no use afterwards.
    pub fn set_edit_style(&self, style: EditStyle) {
        self.write().edit_style = style;
    }

    /// Keeps only the tools that `keep` wants. For putting a set together, before the model was
    /// told of it.
    pub fn retain(&mut self, mut keep: impl FnMut(&ToolDefinition) -> bool) {
        self.tools
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .entries
            .retain(|entry| keep(entry.tool.definition()));
    }

    /// Returns what the model is told about the tools. What was returned before is the beginning of
    /// what is returned later, as long as the edit style stays.
    pub fn definitions(&self) -> Vec<ToolDefinition> {
        self.read()
            .offered()
            .map(|entry| entry.tool.definition().clone())
            .collect()
    }

    /// Returns the names of the tools that are offered, in the order of their definitions.
    pub fn names(&self) -> Vec<String> {
        self.read()
            .offered()
            .map(|entry| entry.tool.definition().name.clone())
            .collect()
    }

    /// Returns what the tool `name` can touch, or `None` when there is no such tool, offered or not.
    pub fn access(&self, name: &str) -> Option<ToolAccess> {
        self.get(name).map(|tool| tool.definition().access)
    }

    /// Returns what `call` touches outside its tool; nothing when it cannot run. It follows symbolic
    /// links, which blocks for a moment.
    ///
    /// What is permitted of it goes into [`ToolContext::permitted`]: the tool then touches that and
    /// nothing else.
    pub fn resources(&self, call: &ToolCall, workspace: &Path) -> Vec<Resource> {
        let tool = self.get(&call.name).zip(call.parse_arguments().ok());
        tool.map(|(tool, arguments)| tool.resources(&arguments, workspace))
            .unwrap_or_default()
    }

    /// Does what `call` asks. Whatever goes wrong becomes a failed output that helps the model to
    /// mend its call. Dropping the future cancels the call.
    ///
    /// What the tools have to tell meanwhile ([`ToolRegistry::take_notices`]) stands at the end of
    /// the output.
    pub fn run<'a>(
        &'a self,
        call: &ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, ToolOutput> {
        let outcome = self.begin(call, context);
        outcome.map(|outcome| outcome.output).boxed()
    }

    /// Does what [`run`](Self::run) does, and returns besides the output what goes on in the background
    /// of what the call has started.
    pub fn begin<'a>(
        &'a self,
        call: &ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, CallOutcome> {
        let Some(tool) = self.get(&call.name) else {
            let text = format!(
                "There is no tool {:?}. The tools are: {}.",
                call.name,
                self.names().join(", ")
            );
            return futures::future::ready(ToolOutput::failed(text).into()).boxed();
        };
        self.reveal(&[&call.name]);
        match call.parse_arguments() {
            Ok(arguments) => async move {
                let mut outcome = tool.begin(arguments, context).await;
                let notices = self.take_notices();
                let notices = notices.into_iter().map(ToolResultContent::text);
                outcome.output.content.extend(notices);
                outcome
            }
            .boxed(),
            Err(error) => {
                let output = unparsable(tool.definition(), &call.arguments, &error);
                futures::future::ready(output.into()).boxed()
            }
        }
    }

    /// Returns what the tools have to tell without being asked, such as that a command has ended
    /// which ran in the background. Each is told once: here, or at the end of an output.
    pub fn take_notices(&self) -> Vec<String> {
        self.all()
            .iter()
            .flat_map(|tool| tool.take_notices())
            .collect()
    }

    /// Waits until nothing of the calls that were cancelled is under way any more.
    pub async fn settled(&self) {
        for tool in self.all() {
            tool.settled().await;
        }
    }

    /// Ends all that the tools have started and that goes on by itself. For the end of the session.
    pub async fn shutdown(&self) {
        let tools = self.all();
        join_all(tools.iter().map(|tool| tool.shutdown())).await;
    }

    fn get(&self, name: &str) -> Option<Arc<dyn Tool>> {
        let tools = self.read();
        let index = tools.position(name)?;
        Some(Arc::clone(&tools.entries[index].tool))
    }

    fn all(&self) -> Vec<Arc<dyn Tool>> {
        let tools = self.read();
        tools
            .entries
            .iter()
            .map(|entry| Arc::clone(&entry.tool))
            .collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, Tools> {
        self.tools.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Tools> {
        self.tools.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tools {
    fn add(&mut self, tool: Arc<dyn Tool>, offer: Offer) -> Result<(), NameTaken> {
        let name = &tool.definition().name;
        if self.position(name).is_some() {
            return Err(NameTaken(name.clone()));
        }
        self.entries.push(Entry { tool, offer });
        Ok(())
    }

    fn reveal(&mut self, name: &str) -> Option<ToolDefinition> {
        let index = self
            .position(name)
            .filter(|&index| self.entries[index].offer == Offer::Deferred)?;
        let mut entry = self.entries.remove(index);
        entry.offer = Offer::Always;
        let definition = entry.tool.definition().clone();
        self.entries.push(entry);
        Some(definition)
    }

    fn offered(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| match entry.offer {
            Offer::Always => true,
            Offer::Deferred => false,
            Offer::For(style) => style == self.edit_style,
        })
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.entries
            .iter()
            .position(|entry| entry.tool.definition().name == name)
    }
}

impl std::fmt::Debug for ToolRegistry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("ToolRegistry")
            .field(&self.names())
            .finish()
    }
}

/// Makes the output for arguments that are not a JSON object.
fn unparsable(
    definition: &ToolDefinition,
    arguments: &str,
    error: &serde_json::Error,
) -> ToolOutput {
    let advice = match error.classify() {
        Category::Eof => {
            "The text ends too early: perhaps the answer was cut off. Make the call again, in \
             smaller pieces if it was long."
        }
        Category::Data => "The arguments go into an object, each under its name.",
        Category::Syntax | Category::Io => {
            "Inside strings, quotes and backslashes are escaped with a backslash and line ends \
             are written \\n. Make the call again."
        }
    };
    ToolOutput::failed(format!(
        "The arguments of {} are not a JSON object: {error}.\nNear the error: {}\n{advice}\nExpected: {}",
        definition.name,
        near(arguments, error.line(), error.column()),
        shape(definition)
    ))
}

/// Returns the text around a place given by line and column, both from 1, column in bytes.
fn near(text: &str, line: usize, column: usize) -> String {
    const AROUND: usize = 60;
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let start = line.floor_char_boundary(column.saturating_sub(AROUND));
    let end = line.ceil_char_boundary((column + AROUND).min(line.len()));
    line.get(start..end).unwrap_or_default().to_owned()
}
