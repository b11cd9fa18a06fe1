//! The tool `grep`: searches files with a regular expression.
//!
//! The files are walked and searched on all cores, so they come in any order, and there may be
//! more than fits. [`findings`] keeps what comes first by path within the limits and counts the
//! rest: the same search gives the same answer, in bounded memory. [`search`] searches one file.

mod findings;
mod search;

use std::num::NonZeroUsize;
use std::path::Path;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use ignore::WalkState;
use loom_common_core::{Resource, ToolAccess, ToolContext, ToolDefinition, ToolOutput};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::arguments::{answer, definition};
use crate::blocking::{Cancellation, run_blocking};
use crate::error::ToolError;
use crate::missing::require;
use crate::outputs::OutputStore;
use crate::setup::ToolLimits;
use crate::tool::Tool;
use crate::walk::{PathPattern, Withheld, walk};
use crate::workspace::{Touch, Workspace, WorkspacePath, resource};
use findings::{Findings, Limits};
use search::FileSearch;

/// Results when the call does not say.
const DEFAULT_HEAD_LIMIT: usize = 200;

/// The most lines of context on either side.
const MAX_CONTEXT: usize = 50;

/// Searches files for the model.
pub(crate) struct GrepTool {
    definition: ToolDefinition,
    max_output_bytes: usize,
    outputs: OutputStore,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// The regular expression.
    pattern: String,
    /// Folder or file to search, relative to the workspace or absolute. The workspace by default.
    path: Option<String>,
    /// Search only files whose path matches, such as `*.rs` or `src/**/*.{ts,tsx}`.
    glob: Option<String>,
    /// What to return. `content` by default.
    output_mode: Option<OutputMode>,
    /// Lines to show before and after each match.
    context: Option<usize>,
    /// Lines to show before each match.
    before_context: Option<usize>,
    /// Lines to show after each match.
    after_context: Option<usize>,
    /// Take upper and lower case for the same. False by default.
    case_insensitive: Option<bool>,
    /// Let a match span lines, and `.` match line ends. False by default.
    multiline: Option<bool>,
    /// The most results to return: matching lines, or files. 200 by default.
    #[schemars(range(min = 1))]
    head_limit: Option<NonZeroUsize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum OutputMode {
    Content,
    FilesWithMatches,
    Count,
}

impl GrepTool {
    /// Makes the tool.
    pub(crate) fn new(limits: ToolLimits, outputs: OutputStore) -> Self {
        Self {
            definition: definition::<Arguments>("grep", include_str!("grep.md"), ToolAccess::Read),
            max_output_bytes: limits.max_output_bytes,
            outputs,
        }
    }
}

impl Tool for GrepTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    fn run<'a>(
        &'a self,
        arguments: Map<String, Value>,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, ToolOutput> {
        answer(&self.definition, arguments, async |arguments: Arguments| {
            let workspace = Workspace::of(context, &self.outputs);
            let max_bytes = self.max_output_bytes;
            run_blocking(move |cancellation| grep(&workspace, &arguments, max_bytes, cancellation))
                .await
                .map(ToolOutput::completed)
        })
        .boxed()
    }

    fn resources(&self, arguments: &Map<String, Value>, workspace: &Path) -> Vec<Resource> {
        let path = arguments.get("path").and_then(Value::as_str).unwrap_or(".");
        resource(path, workspace, &self.outputs, Touch::Read)
            .into_iter()
            .collect()
    }
}

fn grep(
    workspace: &Workspace,
    arguments: &Arguments,
    max_bytes: usize,
    cancellation: &Cancellation,
) -> Result<String, ToolError> {
    let start = workspace.resolve(arguments.path.as_deref().unwrap_or("."), Touch::Read)?;
    require(workspace, &start, "search")?;
    let matcher = matcher(arguments)?;
    let pattern = arguments
        .glob
        .as_deref()
        .map(|glob| PathPattern::parse("glob", glob, workspace))
        .transpose()?;
    let mode = arguments.output_mode.unwrap_or(OutputMode::Content);
    let findings = Findings::new(
        mode,
        Limits {
            results: arguments
                .head_limit
                .map_or(DEFAULT_HEAD_LIMIT, NonZeroUsize::get),
            bytes: max_bytes,
        },
    );
    let withheld = Withheld::default();
    let walk = walk(workspace, &start, &withheld);
    walk.build_parallel().run(|| {
        let mut search = FileSearch::new(matcher.clone(), arguments, mode, &findings, cancellation);
        let (findings, pattern, start, withheld) = (&findings, &pattern, &start, &withheld);
        Box::new(move |entry| {
            if cancellation.is_cancelled() {
                return WalkState::Quit;
            }
            let Ok(entry) = entry else {
                findings.add_unreadable();
                return WalkState::Continue;
            };
            if !entry.file_type().is_some_and(|kind| kind.is_file()) {
                return WalkState::Continue;
            }
            let path = entry.path();
            let from_workspace = path.strip_prefix(workspace.root()).unwrap_or(path);
            // The start itself is what the call was permitted.
            if is_wanted(pattern.as_ref(), start, path, from_workspace)
                && (entry.depth() == 0 || withheld.admits(workspace, path))
            {
                search.search(path, from_workspace);
            }
            WalkState::Continue
        })
    });
    let mut report = findings.report();
    withheld.append_to(&mut report);
    Ok(report)
}

/// Tells whether the file matches the pattern, if there is one.
fn is_wanted(
    pattern: Option<&PathPattern>,
    start: &WorkspacePath,
    path: &Path,
    from_workspace: &Path,
) -> bool {
    pattern.is_none_or(|pattern| {
        let from_start = path.strip_prefix(&start.absolute).unwrap_or(path);
        pattern.matches(from_start, from_workspace)
    })
}

/// Compiles the regular expression.
fn matcher(arguments: &Arguments) -> Result<RegexMatcher, ToolError> {
    let is_multiline = arguments.multiline.unwrap_or(false);
    let mut builder = RegexMatcherBuilder::new();
    builder
        .multi_line(true)
        .case_insensitive(arguments.case_insensitive.unwrap_or(false))
        .dot_matches_new_line(is_multiline);
    if !is_multiline {
        // Without line ends in a match the searcher need not look at one line after the other.
        builder.line_terminator(Some(b'\n'));
    }
    builder.build(&arguments.pattern).map_err(|error| {
        if let grep_regex::ErrorKind::NotAllowed(_) = error.kind() {
            return ToolError::Arguments(
                "`pattern` holds a line end, and a match lies within one line. Set `multiline` to \
                 match across lines."
                    .to_owned(),
            );
        }
        // The searcher wraps the pattern before it compiles it; the places of errors in the
        // pattern itself come from parsing it alone.
        let error = match regex_syntax::parse(&arguments.pattern) {
            Err(error) => error.to_string(),
            Ok(_) => error.to_string(),
        };
        ToolError::Arguments(format!(
            "`pattern` is not a regular expression that can be searched for: {error}\n\
             To find special characters as they are, escape each with a backslash, as in `foo\\(` \
             or `\\{{\\}}`."
        ))
    })
}
