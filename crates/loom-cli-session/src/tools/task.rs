//! `task`: a subagent with its own conversation, tools and budget, under the person's same rules.
//!
//! A subagent is a session like any other whose front end is the call: its items are drawn below the
//! call, its questions are asked as the call's, its last message is the call's output. It is driven
//! inside the call's own future, so what stops the call stops the subagent with all that it runs.

use std::fmt;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::{self, BoxFuture};
use futures::stream::{FuturesUnordered, StreamExt};
use loom_cli_tools::{ToolError, answer, definition};
use loom_common_core::inquiry::Answer;
use loom_common_core::stream::{StreamError, ThreadEvent};
use loom_common_core::{Message, ToolAccess, ToolDefinition, ToolOutput};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::TASK;
use crate::inquiries::CallSite;
use crate::operations::Report;
use crate::session::Session;
use crate::subagents::SubagentDefinition;

/// The most of a report that the model gets, in bytes: below ten thousand tokens.
const MAX_REPORT: usize = 30_000;

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Arguments {
    /// What it is about, in three to six words.
    #[expect(dead_code, reason = "for the person, who sees the arguments")]
    description: String,
    /// The task, with all that the subagent must know.
    prompt: String,
    /// Which subagent: explore (the default) only reads and searches, general does all that you may.
    kind: Option<String>,
}

/// Which subagent it is.
#[derive(Clone)]
pub(crate) enum SubagentKind {
    /// Read and search only.
    Explore,
    /// All that the agent itself may.
    General,
    /// What somebody defined.
    Defined(Arc<SubagentDefinition>),
}

const EXPLORE: &str = "explore";
const GENERAL: &str = "general";

/// The kinds of subagents that there are always. No definition can have the name of one.
pub const SUBAGENT_KINDS: [&str; 2] = [EXPLORE, GENERAL];

impl SubagentKind {
    /// Finds a kind by its name.
    ///
    /// # Errors
    ///
    /// What the model is told when there is none.
    pub(crate) fn find(
        name: &str,
        definitions: &[Arc<SubagentDefinition>],
    ) -> Result<Self, String> {
        match name {
            EXPLORE => return Ok(Self::Explore),
            GENERAL => return Ok(Self::General),
            _ => {}
        }
        let defined = definitions.iter().find(|known| known.name == name);
        defined
            .map(|known| Self::Defined(Arc::clone(known)))
            .ok_or_else(|| {
                let known: Vec<&str> = definitions
                    .iter()
                    .map(|known| known.name.as_str())
                    .collect();
                let known = [&SUBAGENT_KINDS, known.as_slice()].concat().join(", ");
                format!("There is no subagent of the kind {name:?}. The kinds are: {known}.")
            })
    }

    /// Returns the name by which the model and hooks know it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Explore => EXPLORE,
            Self::General => GENERAL,
            Self::Defined(definition) => &definition.name,
        }
    }

    /// Returns what somebody defined.
    pub(crate) fn definition(&self) -> Option<&SubagentDefinition> {
        match self {
            Self::Explore | Self::General => None,
            Self::Defined(definition) => Some(definition),
        }
    }

    /// Tells whether it has a tool.
    pub(crate) fn has(&self, tool: &ToolDefinition) -> bool {
        match self {
            Self::Explore => tool.access.changes_nothing(),
            Self::General => true,
            Self::Defined(definition) => definition.has(&tool.name),
        }
    }
}

impl fmt::Debug for SubagentKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Makes the tool, with those that people defined among its kinds.
///
/// What a subagent does is judged call by call, so the task itself touches nothing, and several run
/// side by side.
pub(super) fn tool(definitions: &[SubagentDefinition]) -> ToolDefinition {
    let mut tool = definition::<Arguments>(TASK, include_str!("task.md"), ToolAccess::Read);
    let names = definitions.iter().map(|known| known.name.as_str());
    let names: Vec<&str> = SUBAGENT_KINDS.into_iter().chain(names).collect();
    tool.input_schema["properties"]["kind"]["enum"] = json!(names);
    if !definitions.is_empty() {
        tool.description
            .push_str("\n\nOther kinds, defined by the user, for the work that they name:");
        for known in definitions {
            let line = format!("\n- {}: {}", known.name, known.description);
            tool.description.push_str(&line);
        }
    }
    tool
}

/// A subagent's session, and what drives it.
pub(crate) struct Subagent {
    pub(crate) session: Session,
    pub(crate) work: BoxFuture<'static, ()>,
}

/// Runs a subagent to its end and returns its report.
pub(super) async fn run(
    definition: &ToolDefinition,
    arguments: Map<String, Value>,
    site: &CallSite,
    start: impl AsyncFnOnce(String) -> Result<Subagent, String>,
) -> ToolOutput {
    answer(definition, arguments, async |arguments: Arguments| {
        let kind = arguments.kind.unwrap_or_else(|| EXPLORE.to_owned());
        let Subagent { session, work } = start(kind).await.map_err(ToolError::Failed)?;
        let attended = attend(session, Message::user(arguments.prompt), site);
        let ((), end) = future::join(work, attended).await;
        Ok(end.into_output())
    })
    .await
}

/// How a subagent ended.
#[derive(Default)]
struct End {
    report: String,
    failure: Option<StreamError>,
}

/// Is the subagent's front end until it has ended.
async fn attend(mut session: Session, prompt: Message, site: &CallSite) -> End {
    let mut end = End::default();
    // A session that takes no prompt has ended, and says so by its events.
    let _ = session.handle.prompt(prompt).await;
    let mut questions: FuturesUnordered<BoxFuture<'_, (String, Option<Answer>)>> =
        FuturesUnordered::new();
    loop {
        let event = tokio::select! {
            Some((id, answer)) = questions.next() => {
                // Nobody there to answer is a no.
                let answer = answer.unwrap_or(Answer::Deny { instead: None });
                let _ = session.handle.answer(id, answer).await;
                continue;
            }
            event = session.events.recv() => event,
        };
        match event {
            None => return end,
            Some(ThreadEvent::InquiryOpened { id, inquiry }) => {
                questions.push(async move { (id, site.ask(inquiry).await) }.boxed());
            }
            Some(ThreadEvent::TurnFailed { error }) => {
                end.failure = Some(error);
                let _ = session.handle.shutdown().await;
            }
            Some(ThreadEvent::TurnCompleted { .. }) => {
                let _ = session.handle.shutdown().await;
            }
            Some(ThreadEvent::Result { text, .. }) => end.report = text,
            Some(
                event @ (ThreadEvent::ItemStarted { .. }
                | ThreadEvent::ItemUpdated { .. }
                | ThreadEvent::ItemCompleted { .. }),
            ) => {
                let below = Report::Below {
                    operation: site.operation,
                    call_id: site.call_id.clone(),
                    event,
                };
                let _ = site.reports.send(below).await;
            }
            Some(_) => {}
        }
    }
}

impl End {
    fn into_output(self) -> ToolOutput {
        let mut report = self.report.trim().to_owned();
        if report.len() > MAX_REPORT {
            report.truncate(report.floor_char_boundary(MAX_REPORT));
            report.push_str("\n[the rest of the report is left out: it is too long]");
        }
        match self.failure {
            None if report.is_empty() => ToolOutput::failed("The subagent ended without a report."),
            None => ToolOutput::completed(report),
            Some(failure) => {
                let mut text = format!("The subagent did not get to its end: {}.", failure.message);
                if !report.is_empty() {
                    text.push_str("\nIts last words were:\n");
                    text.push_str(&report);
                }
                ToolOutput::failed(text)
            }
        }
    }
}
