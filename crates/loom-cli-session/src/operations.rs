//! What runs on the agent's behalf, by operation, and how it is stopped.
//!
//! Each operation is a set of tasks that report as agent events into one bounded queue. Stopping
//! an operation drops its tasks and waits until they are gone, so that when a turn is reported as
//! over nothing of it runs any more.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use loom_cli_tools::ToolRegistry;
use loom_common_core::inquiry::{Answer, Inquiry};
use loom_common_core::{
    AgentEvent, Confinement, LlmClient, LlmRequest, OperationId, PermissionMode, ProgressSink,
    ToolCall, ToolContext, ToolDefinition, ToolOutput,
};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::inquiries::{CallSite, Person};
use crate::permission::permit;
use crate::tools;

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
    ModeSet(PermissionMode),
    /// A tool call asks the person and waits.
    Asks {
        operation: OperationId,
        call_id: String,
        inquiry: Inquiry,
        answer: oneshot::Sender<Answer>,
    },
}

/// What the agent may do without asking, as it is now.
#[derive(Debug)]
pub(crate) struct SharedMode(Mutex<PermissionMode>);

impl SharedMode {
    pub(crate) fn new(mode: PermissionMode) -> Self {
        Self(Mutex::new(mode))
    }

    pub(crate) fn get(&self) -> PermissionMode {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, mode: PermissionMode) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = mode;
    }
}

/// What tool calls need.
#[derive(Clone)]
pub(crate) struct ToolRunner {
    pub(crate) registry: Arc<ToolRegistry>,
    pub(crate) workspace: PathBuf,
    /// The session's own tools.
    pub(crate) own: Arc<[ToolDefinition]>,
    pub(crate) mode: Arc<SharedMode>,
    pub(crate) person: Person,
}

/// All that runs.
pub(crate) struct Operations {
    reports: mpsc::Sender<Report>,
    running: HashMap<OperationId, JoinSet<()>>,
}

impl Operations {
    pub(crate) fn new(reports: mpsc::Sender<Report>) -> Self {
        Self {
            reports,
            running: HashMap::new(),
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
                // A defect in one tool must not take the session with it.
                let site = CallSite {
                    operation,
                    call_id: call.id.clone(),
                    reports: reports.clone(),
                };
                let output = AssertUnwindSafe(runner.run(&site, &call))
                    .catch_unwind()
                    .await
                    .unwrap_or_else(|_| {
                        ToolOutput::failed(format!("{} failed inside; this is a defect", call.name))
                    });
                let report = AgentEvent::ToolCompleted {
                    operation,
                    call_id: call.id,
                    output,
                };
                let _ = reports.send(Report::Event(report)).await;
            });
        }
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

    /// Does what comes after tools have run. Nothing is hooked in, so it is done at once; it reports
    /// through the queue all the same, and a cancellation can come first.
    pub(crate) fn run_post_tools_hook(&mut self, operation: OperationId) {
        let reports = self.reports.clone();
        self.spawn(operation, async move {
            let done = AgentEvent::PostToolsHookCompleted { operation };
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
        self.running.entry(operation).or_default().spawn(task);
    }
}

impl ToolRunner {
    async fn run(&self, site: &CallSite, call: &ToolCall) -> ToolOutput {
        if let Some(definition) = self.own.iter().find(|own| own.name == call.name) {
            return self.run_own(definition, site, call).await;
        }
        // The registry answers a call that cannot run with how to mend it; there is nothing in it
        // for a person to decide about.
        if let Some(access) = self.registry.access(&call.name)
            && call.parse_arguments().is_ok()
            && let Err(denial) = permit(self.mode.get(), access, call, &self.person, site).await
        {
            return ToolOutput::denied(denial);
        }
        let runs = Report::ToolRuns {
            operation: site.operation,
            call_id: call.id.clone(),
            since: Instant::now(),
        };
        let _ = site.reports.send(runs).await;
        let context = ToolContext {
            workspace: self.workspace.clone(),
            progress: progress_of(site),
            confinement: Confinement::default(),
            permitted: None,
        };
        self.registry.run(call, &context).await
    }
}

impl ToolRunner {
    async fn run_own(
        &self,
        definition: &ToolDefinition,
        site: &CallSite,
        call: &ToolCall,
    ) -> ToolOutput {
        let mode = self.mode.get();
        let ran = tools::run(definition, call, mode, &self.person, site).await;
        if let Some(mode) = ran.mode {
            self.mode.set(mode);
            let _ = site.reports.send(Report::ModeSet(mode)).await;
        }
        ran.output
    }
}

/// Passes a tool's output on while it runs. It is a preview, so what does not fit is dropped.
fn progress_of(site: &CallSite) -> ProgressSink {
    let site = site.clone();
    ProgressSink::new(move |piece| {
        let _ = site
            .reports
            .try_send(Report::Event(AgentEvent::ToolProgress {
                operation: site.operation,
                call_id: site.call_id.clone(),
                output: piece.to_owned(),
            }));
    })
}
