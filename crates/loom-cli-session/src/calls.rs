//! One tool call, from permission to result.
//!
//! A call passes, in this order: hooks that run before it, the rules of permission, the person, the
//! tool, hooks that run after it. Each step can end it, and what the model then gets says which one
//! did, and why.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use loom_cli_hooks::{Decision, Event, EventKind, Hooks, Outcome, SessionFacts, ToolUse};
use loom_cli_instructions::Instructions;
use loom_cli_lsp::Diagnostics;
use loom_cli_tools::ToolRegistry;
use loom_common_core::stream::NoticeLevel;
use loom_common_core::{
    AgentEvent, Confinement, PermissionMode, ProgressSink, ReadFilter, Resource, ToolAccess,
    ToolCall, ToolContext, ToolDefinition, ToolOutput, ToolResultContent, ToolStatus,
};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::gate::Gate;
use crate::hosts::Hosts;
use crate::inquiries::{CallSite, Person};
use crate::operations::Report;
use crate::redaction::Veil;
use crate::subagents::SubagentPool;
use crate::tools;
use crate::undo::Undo;

/// A value that the session's task sets and its calls read.
#[derive(Debug)]
pub(crate) struct Shared<T>(Mutex<T>);

impl<T: Clone> Shared<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub(crate) fn get(&self) -> T {
        let value = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        value.clone()
    }

    pub(crate) fn set(&self, new: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = new;
    }
}

/// What tool calls need. Clones share everything.
#[derive(Clone)]
pub(crate) struct ToolRunner {
    pub(crate) registry: Arc<ToolRegistry>,
    /// The session's own tools.
    pub(crate) own: Arc<[ToolDefinition]>,
    /// Id of the thread, for hooks.
    pub(crate) thread_id: String,
    pub(crate) workspace: PathBuf,
    /// What the agent may do without asking, as it is now.
    pub(crate) mode: Arc<Shared<PermissionMode>>,
    pub(crate) gate: Gate,
    pub(crate) hosts: Option<Hosts>,
    pub(crate) person: Arc<Shared<Person>>,
    pub(crate) undo: Option<Undo>,
    pub(crate) diagnostics: Option<Arc<Diagnostics>>,
    pub(crate) veil: Veil,
    pub(crate) hooks: Arc<Hooks>,
    pub(crate) instructions: Option<Arc<Instructions>>,
    pub(crate) subagents: Option<Arc<SubagentPool>>,
    /// What subagents have running, so that a stop can wait for its end.
    pub(crate) below: TaskTracker,
}

impl ToolRunner {
    /// Runs a call to its end. Whatever goes wrong becomes the call's output.
    pub(crate) async fn run(&self, site: &CallSite, call: &ToolCall) -> ToolOutput {
        let own = self.own.iter().find(|own| own.name == call.name);
        let access = match own {
            Some(own) => Some(own.access),
            None => self.registry.access(&call.name),
        };
        // A call that cannot run is answered with how to mend it; there is nothing in it for hooks
        // or a person to decide about.
        let Some(access) = access.filter(|_| call.parse_arguments().is_ok()) else {
            return self.registry.run(call, &self.context(site)).await;
        };
        if let Some(why) = self.veil.refuse(call, access) {
            return ToolOutput::denied(why);
        }
        let before = self.hooks_before(call).await;
        self.tell(site, &before).await;
        if let Some(reason) = &before.halt {
            return ToolOutput::denied(format!("A hook of the user stops the turn: {reason}"));
        }
        let call = match &before.updated_input {
            None => Cow::Borrowed(call),
            Some(arguments) => Cow::Owned(ToolCall {
                arguments: serde_json::Value::Object(arguments.clone()).to_string(),
                ..call.clone()
            }),
        };
        let resources = self.registry.resources(&call, &self.workspace);
        let permitted = self
            .permit(site, &call, access, &resources, before.decision)
            .await;
        let mut output = match permitted {
            Err(denial) => ToolOutput::denied(denial),
            Ok(confinement) => {
                self.announce(site).await;
                match own {
                    Some(own) => self.run_own(own, site, &call).await,
                    None => {
                        let context = ToolContext {
                            confinement,
                            permitted: Some(resources.clone()),
                            readable: self.readable(&call, access, &resources),
                            ..self.context(site)
                        };
                        let edited = edited_files(access, &resources);
                        let open = match &self.undo {
                            Some(undo) => {
                                let tools = &self.registry;
                                undo.before_call(&call, access, &resources, tools).await
                            }
                            None => None,
                        };
                        if let Some(diagnostics) = self.diagnostics() {
                            diagnostics.before_edit(&edited).await;
                        }
                        self.before_command(&resources);
                        let ran = self.registry.begin(&call, &context).await;
                        if let Some(open) = open {
                            open.returned(ran.background).await;
                        }
                        let mut output = ran.output;
                        self.add_diagnostics(&edited, &mut output).await;
                        self.ask_for_hosts(site, &call, &resources, &mut output)
                            .await;
                        output
                    }
                }
            }
        };
        append(&mut output, before.context);
        self.add_instructions(site, &resources, &mut output).await;
        self.hooks_after(site, &call, &mut output).await;
        self.cover_secrets(site, &mut output).await;
        output
    }

    /// Keeps secrets in a result from the model, and tells the person of each kind once.
    async fn cover_secrets(&self, site: &CallSite, output: &mut ToolOutput) {
        for placeholder in self.veil.cover(output) {
            let notice = Report::Notice {
                level: NoticeLevel::Info,
                text: format!("the model is shown {placeholder} in the place of a secret"),
            };
            let _ = site.reports.send(notice).await;
        }
    }

    async fn announce(&self, site: &CallSite) {
        let runs = Report::ToolRuns {
            operation: site.operation,
            call_id: site.call_id.clone(),
            since: Instant::now(),
        };
        let _ = site.reports.send(runs).await;
    }

    fn context(&self, site: &CallSite) -> ToolContext {
        ToolContext {
            workspace: self.workspace.clone(),
            progress: progress_of(site),
            confinement: Confinement::default(),
            permitted: None,
            readable: ReadFilter::everything(),
        }
    }

    async fn run_own(
        &self,
        definition: &ToolDefinition,
        site: &CallSite,
        call: &ToolCall,
    ) -> ToolOutput {
        let ran = tools::run(definition, call, self, site).await;
        if let Some(mode) = ran.mode {
            if let Some(text) = self.set_mode(mode) {
                let level = NoticeLevel::Warning;
                let _ = site.reports.send(Report::Notice { level, text }).await;
            }
            let _ = site.reports.send(Report::ModeSet).await;
        }
        ran.output
    }

    /// Returns what tells language servers of edits; none while they may not be told. They run code
    /// of the project, so without a sandbox they do what a command does that nobody was asked about.
    fn diagnostics(&self) -> Option<&Diagnostics> {
        let may_run = |diagnostics: &&Arc<Diagnostics>| {
            diagnostics.is_confined() || self.mode.get() == PermissionMode::Full
        };
        self.diagnostics.as_ref().filter(may_run).map(Arc::as_ref)
    }

    /// Adds what language servers find wrong with files after an edit.
    async fn add_diagnostics(&self, edited: &[PathBuf], output: &mut ToolOutput) {
        if let Some(diagnostics) = self.diagnostics()
            && output.status == ToolStatus::Completed
            && !edited.is_empty()
        {
            append(output, diagnostics.after_edit(edited).await);
        }
    }

    /// Adds what people wrote down for the folders that the call has touched for the first time.
    async fn add_instructions(
        &self,
        site: &CallSite,
        resources: &[Resource],
        output: &mut ToolOutput,
    ) {
        let Some(instructions) = &self.instructions else {
            return;
        };
        if output.status != ToolStatus::Completed {
            return;
        }
        for resource in resources {
            let (Resource::Read(path) | Resource::Write(path)) = resource else {
                continue;
            };
            let Some(found) = instructions.for_path(path) else {
                continue;
            };
            append(output, [found.text]);
            for problem in found.problems {
                let notice = Report::Notice {
                    level: NoticeLevel::Warning,
                    text: problem.to_string(),
                };
                let _ = site.reports.send(notice).await;
            }
        }
    }

    async fn hooks_before(&self, call: &ToolCall) -> Outcome {
        if !self.hooks.handles(EventKind::PreToolUse) {
            return Outcome::default();
        }
        let arguments = call.parse_arguments().unwrap_or_default();
        let event = Event::PreToolUse {
            call: tool_use(call, &arguments),
        };
        self.hooks.run(&self.facts(), &event).await
    }

    async fn hooks_after(&self, site: &CallSite, call: &ToolCall, output: &mut ToolOutput) {
        let handled = [EventKind::PostToolUse, EventKind::PostToolUseFailure];
        if !handled.into_iter().any(|kind| self.hooks.handles(kind)) {
            return;
        }
        let arguments = call.parse_arguments().unwrap_or_default();
        let event = Event::PostToolUse {
            call: tool_use(call, &arguments),
            output,
        };
        let after = self.hooks.run(&self.facts(), &event).await;
        self.tell(site, &after).await;
        if let Decision::Block { reason } = after.decision {
            append(output, [format!("A hook of the user says: {reason}")]);
        }
        append(output, after.context);
    }

    /// Passes on what hooks have to say to the person and to the session.
    async fn tell(&self, site: &CallSite, outcome: &Outcome) {
        for message in &outcome.messages {
            let notice = Report::Notice {
                level: message.level,
                text: message.text.clone(),
            };
            let _ = site.reports.send(notice).await;
        }
        if let Some(reason) = &outcome.halt {
            let halt = Report::Halt {
                reason: reason.clone(),
            };
            let _ = site.reports.send(halt).await;
        }
    }

    /// Returns what hooks are told of the session.
    pub(crate) fn facts(&self) -> SessionFacts {
        SessionFacts {
            session_id: self.thread_id.clone(),
            transcript_path: None,
            cwd: self.workspace.clone(),
            permission_mode: self.mode.get(),
        }
    }
}

fn tool_use<'a>(
    call: &'a ToolCall,
    arguments: &'a serde_json::Map<String, serde_json::Value>,
) -> ToolUse<'a> {
    ToolUse {
        id: &call.id,
        name: &call.name,
        arguments,
    }
}

/// Returns the files that a call edits.
fn edited_files(access: ToolAccess, resources: &[Resource]) -> Vec<PathBuf> {
    let written = resources.iter().filter_map(|resource| match resource {
        Resource::Write(path) => Some(path.clone()),
        _ => None,
    });
    match access {
        ToolAccess::Write => written.collect(),
        _ => Vec::new(),
    }
}

/// Adds to what the model sees of a call.
pub(crate) fn append(output: &mut ToolOutput, texts: impl IntoIterator<Item = String>) {
    let texts = texts.into_iter().filter(|text| !text.trim().is_empty());
    output.content.extend(texts.map(ToolResultContent::text));
}

/// Passes a tool's output on while it runs. It is a preview, so what does not fit is dropped.
fn progress_of(site: &CallSite) -> ProgressSink {
    let site = site.clone();
    ProgressSink::new(move |piece| {
        let progress = AgentEvent::ToolProgress {
            operation: site.operation,
            call_id: site.call_id.clone(),
            output: piece.to_owned(),
        };
        let _ = site.reports.try_send(Report::Event(progress));
    })
}
