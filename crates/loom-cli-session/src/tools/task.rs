//! `task`: a subagent with its own conversation, tools and budget, under the person's same rules.
//!
//! A subagent is a session like any other whose front end is the call: its items are drawn below the
//! call, its questions are asked as the call's, its last message is the call's output. It is driven
//! inside the call's own future, so what stops the call stops the subagent with all that it runs.

use futures::FutureExt as _;
use futures::future::{self, BoxFuture};
use futures::stream::{FuturesUnordered, StreamExt};
use loom_cli_tools::{ToolError, answer};
use loom_common_core::inquiry::Answer;
use loom_common_core::stream::{StreamError, ThreadEvent};
use loom_common_core::{Message, ToolDefinition, ToolOutput};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::inquiries::CallSite;
use crate::operations::Report;
use crate::session::Session;

/// The most of a report that the model gets, in bytes: below ten thousand tokens.
const MAX_REPORT: usize = 30_000;

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Arguments {
    /// What it is about, in three to six words.
    #[expect(dead_code, reason = "for the person, who sees the arguments")]
    description: String,
    /// The task, with all that the subagent must know.
    prompt: String,
    /// What the subagent may do: explore only reads and searches, general does all that you may.
    #[serde(default)]
    kind: SubagentKind,
}

/// What a subagent may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SubagentKind {
    /// Read and search only.
    #[default]
    Explore,
    /// All that the agent itself may.
    General,
}

impl SubagentKind {
    /// Returns the name by which the model and hooks know it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Explore => "explore",
            Self::General => "general",
        }
    }
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
    start: impl AsyncFnOnce(SubagentKind) -> Result<Subagent, String>,
) -> ToolOutput {
    answer(definition, arguments, async |arguments: Arguments| {
        let Subagent { session, work } = start(arguments.kind).await.map_err(ToolError::Failed)?;
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
            Some(ThreadEvent::Result {
                text,
                usage,
                cost_micros,
                ..
            }) => {
                end.report = text;
                let spent = Report::Spent { usage, cost_micros };
                let _ = site.reports.send(spent).await;
            }
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
