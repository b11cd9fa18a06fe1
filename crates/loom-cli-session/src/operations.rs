//! What runs on the agent's behalf, by operation, and how it is stopped.
//!
//! Each operation is a set of tasks that report as agent events into one bounded queue. Stopping
//! an operation drops its tasks and waits until they are gone, so that when a turn is reported as
//! over nothing of it runs any more.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use loom_cli_hooks::Outcome;
use loom_common_core::inquiry::{Answer, Inquiry};
use loom_common_core::stream::{NoticeLevel, ThreadEvent};
use loom_common_core::{
    AgentEvent, LlmClient, LlmRequest, Message, OperationId, ToolCall, ToolOutput,
};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::calls::ToolRunner;
use crate::inquiries::CallSite;
use crate::keeping::Kept;
use crate::server_questions::ServerQuestion;

/// What an operation reports.
#[derive(Debug)]
pub(crate) enum Report {
    /// Something that the agent must know.
    Event(AgentEvent),
    /// A tool call has its permission and begins to run.
    ToolRuns {
        operation: OperationId,
        call_id: String,
        since: Instant,
    },
    /// The person has set the mode by what they answered.
    ModeSet,
    /// A line of the command with this turn begins.
    LineRuns { turn: u32, call: ToolCall },
    /// The lines of the command with this turn have run, and this is its text.
    CommandReady { turn: u32, text: String },
    /// A prompt has passed its hooks.
    Prompt { pass: u64, prompt: Message },
    /// A hook keeps a prompt from the agent.
    PromptBlocked { pass: u64, reason: String },
    /// The hooks at the end of a turn have ended.
    TurnEndHooks(Outcome),
    /// The person should know something.
    Notice { level: NoticeLevel, text: String },
    /// A keeper has done something with the agent's work.
    Kept(Kept),
    /// A hook wants the turn to stop.
    Halt { reason: String },
    /// A subagent did something, as the call that it works for shows it.
    Below {
        operation: OperationId,
        call_id: String,
        event: ThreadEvent,
    },
    /// A server of tools asks the person and waits.
    ServerAsks(ServerQuestion),
    /// Nobody waits for the answer to a question any more, or it has come.
    NoLongerAsked { number: u64 },
    /// A tool call asks the person and waits.
    Asks {
        operation: OperationId,
        call_id: String,
        inquiry: Inquiry,
        answer: oneshot::Sender<Answer>,
    },
}

/// All that runs.
pub(crate) struct Operations {
    reports: mpsc::Sender<Report>,
    running: HashMap<OperationId, JoinSet<()>>,
    /// Counts the tasks, for whoever waits for the end of all.
    tracker: TaskTracker,
}

impl Operations {
    pub(crate) fn new(reports: mpsc::Sender<Report>, tracker: TaskTracker) -> Self {
        Self {
            reports,
            running: HashMap::new(),
            tracker,
        }
    }

    /// Asks the model and reports its answer event by event.
    pub(crate) fn call_llm(
        &mut self,
        operation: OperationId,
        client: Arc<dyn LlmClient>,
        request: LlmRequest,
    ) {
        let reports = self.reports.clone();
        self.spawn(operation, async move {
            let mut stream = match client.stream(&request).await {
                Ok(stream) => stream,
                Err(error) => {
                    let failed = AgentEvent::LlmFailed { operation, error };
                    let _ = reports.send(Report::Event(failed)).await;
                    return;
                }
            };
            // The request holds the whole conversation; the answer may take minutes.
            drop(request);
            while let Some(event) = stream.next().await {
                let (report, last) = match event {
                    Ok(event) => (AgentEvent::Llm { operation, event }, false),
                    Err(error) => (AgentEvent::LlmFailed { operation, error }, true),
                };
                if reports.send(Report::Event(report)).await.is_err() || last {
                    return;
                }
            }
            let ended = AgentEvent::LlmStreamEnded { operation };
            let _ = reports.send(Report::Event(ended)).await;
        });
    }

    /// Runs tool calls side by side and reports each.
    pub(crate) fn execute_tools(
        &mut self,
        operation: OperationId,
        runner: &ToolRunner,
        calls: Vec<ToolCall>,
    ) {
        for call in calls {
            let reports = self.reports.clone();
            let runner = runner.clone();
            self.spawn(operation, async move {
                let output = run_call(&runner, operation, &call, &reports).await;
                let report = AgentEvent::ToolCompleted {
                    operation,
                    call_id: call.id,
                    output,
                };
                let _ = reports.send(Report::Event(report)).await;
            });
        }
    }

    /// Does what comes ahead of a turn; it reports by itself.
    pub(crate) fn run_ahead<Work>(&mut self, work: impl FnOnce(mpsc::Sender<Report>) -> Work)
    where
        Work: Future<Output = ()> + Send + 'static,
    {
        self.spawn(OperationId::AHEAD, work(self.reports.clone()));
    }

    /// Waits and then reports.
    pub(crate) fn wait(&mut self, operation: OperationId, delay: Duration) {
        let reports = self.reports.clone();
        self.spawn(operation, async move {
            tokio::time::sleep(delay).await;
            let elapsed = AgentEvent::RetryTimeoutElapsed { operation };
            let _ = reports.send(Report::Event(elapsed)).await;
        });
    }

    /// Does what is hooked in between two steps of the agent, and reports the event that it ends
    /// with. Also what is done at once reports through the queue, and a cancellation can come first.
    pub(crate) fn run_hook<Hook>(
        &mut self,
        operation: OperationId,
        hook: impl FnOnce(mpsc::Sender<Report>) -> Hook,
    ) where
        Hook: Future<Output = AgentEvent> + Send + 'static,
    {
        let reports = self.reports.clone();
        let hook = hook(reports.clone());
        self.spawn(operation, async move {
            let done = hook.await;
            let _ = reports.send(Report::Event(done)).await;
        });
    }

    /// Stops an operation; it is gone when this returns.
    pub(crate) async fn cancel(&mut self, operation: OperationId) {
        if let Some(mut tasks) = self.running.remove(&operation) {
            tasks.shutdown().await;
        }
    }

    /// Stops everything.
    pub(crate) async fn cancel_all(&mut self) {
        for (_, mut tasks) in self.running.drain() {
            tasks.shutdown().await;
        }
    }

    fn spawn(&mut self, operation: OperationId, task: impl Future<Output = ()> + Send + 'static) {
        self.running.retain(|_, tasks| {
            while tasks.try_join_next().is_some() {}
            !tasks.is_empty()
        });
        let task = self.tracker.track_future(task);
        self.running.entry(operation).or_default().spawn(task);
    }
}

/// Runs a call to its end. A defect in one tool must not take the session with it.
pub(crate) async fn run_call(
    runner: &ToolRunner,
    operation: OperationId,
    call: &ToolCall,
    reports: &mpsc::Sender<Report>,
) -> ToolOutput {
    let site = CallSite {
        operation,
        call_id: call.id.clone(),
        reports: reports.clone(),
    };
    AssertUnwindSafe(runner.run(&site, call))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| {
            ToolOutput::failed(format!("{} failed inside; this is a defect", call.name))
        })
}
