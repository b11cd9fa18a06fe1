//! How a session's task begins: the agent, its tools and its thread put together.

use std::sync::Arc;

use loom_cli_hooks::SessionSource;
use loom_cli_mcp::McpServers;
use loom_common_core::stream::{NoticeLevel, StreamError, ThreadEvent};
use loom_common_core::{Agent, AgentConfig, CompactionPolicy, ToolDefinition, TurnLimits};
use loom_common_http::RetryConfig;
use loom_common_thread::Continuation;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::calls::{Shared, ToolRunner};
use crate::command_prompt::CommandTurns;
use crate::inquiries::Inquiries;
use crate::keeping::Keepers;
use crate::meter::{Budget, Meter};
use crate::model::ModelChoice;
use crate::operations::{Operations, Report};
use crate::presenter::Presenter;
use crate::prompt::{subagent_prompt, system_prompt};
use crate::prompts::Prompts;
use crate::redaction::Veil;
use crate::runner::{Role, Runner};
use crate::server_questions::AskedInTurn;
use crate::session::{Command, QUEUE, Session, SessionHandle, SessionSetup, ThreadStart};
use crate::subagents::SubagentPool;
use crate::tools::{self, Subagent, SubagentKind};
use crate::transcript::Transcript;
use crate::turn::Turns;
use crate::undo::Undo;

/// The ends of a session's queues that its task holds.
struct Queues {
    commands: mpsc::Receiver<Command>,
    reports: mpsc::Receiver<Report>,
    report_sender: mpsc::Sender<Report>,
    events: mpsc::Sender<ThreadEvent>,
}

fn queues() -> (Session, Queues) {
    let (command_sender, commands) = mpsc::channel(QUEUE);
    let (events, event_queue) = mpsc::channel(QUEUE);
    let (report_sender, reports) = mpsc::channel(QUEUE);
    let session = Session {
        handle: SessionHandle {
            commands: command_sender,
        },
        events: event_queue,
    };
    let queues = Queues {
        commands,
        reports,
        report_sender,
        events,
    };
    (session, queues)
}

/// Puts a session together, and returns it with the work that drives it.
pub(crate) fn session(setup: SessionSetup) -> (Session, impl Future<Output = ()> + Send) {
    let (session, queues) = queues();
    let budget = Budget::new(setup.limits.max_cost_micros);
    let (permission_mode, switched_off) = setup.gate.permitted(setup.permission_mode);
    let own = tools::definitions(setup.subagents.as_ref());
    let offered = Offered::new(setup.tools.definitions(), &own);
    let system = system_prompt(&setup.workspace, std::env::consts::OS, &setup.instructions);
    let policy = CompactionPolicy {
        automatic: setup.compact_at_percent.is_some(),
        threshold_percent: setup
            .compact_at_percent
            .unwrap_or(CompactionPolicy::default().threshold_percent),
        ..CompactionPolicy::default()
    };
    let base = agent_config(
        system,
        &setup.retry,
        turn_limits(setup.limits.max_model_calls),
        policy,
    );
    let config = for_model(base, &setup.model, &offered);
    let conversation = match &setup.thread {
        ThreadStart::New(_) => &[][..],
        ThreadStart::Resume(stored) => stored.log.entries(),
    };
    let veil = Veil::new(setup.redaction.shown, conversation);
    let (thread_id, log_len, source, transcript, (agent, first_actions)) = match setup.thread {
        ThreadStart::New(mut thread) => {
            thread.permission_mode = permission_mode;
            (
                thread.id,
                0,
                SessionSource::Startup,
                Transcript::begin(setup.store, setup.clock, *thread),
                (Agent::new(config.clone()), Vec::new()),
            )
        }
        ThreadStart::Resume(stored) => {
            let id = stored.thread.id;
            let with = Continuation {
                cwd: setup.workspace.clone(),
                provider: setup.model.provider.clone(),
                model: setup.model.name.clone(),
                permission_mode,
            };
            let length = stored.log.len();
            (
                id,
                length,
                SessionSource::Resume,
                Transcript::resume(setup.store, setup.clock, id, length, with),
                Agent::resume(config.clone(), stored.log),
            )
        }
    };
    let subagents = setup.subagents.map(|subagents| {
        let system = subagent_prompt(&setup.workspace, std::env::consts::OS, &setup.instructions);
        let retry = setup.retry.clone();
        Arc::new(SubagentPool::new(
            subagents,
            system,
            retry,
            setup.servers.clone(),
            Arc::clone(&budget),
        ))
    });
    let models =
        std::iter::once(&setup.model).chain(subagents.iter().flat_map(|pool| pool.models()));
    let unlimited = models.filter_map(|model| budget.unlimited(model));
    for text in switched_off.into_iter().chain(unlimited) {
        let level = NoticeLevel::Warning;
        // The queue is empty yet.
        let _ = queues
            .report_sender
            .try_send(Report::Notice { level, text });
    }
    let tools = ToolRunner {
        registry: Arc::new(setup.tools),
        own: own.into(),
        thread_id: thread_id.to_string(),
        workspace: setup.workspace.clone(),
        mode: Arc::new(Shared::new(permission_mode)),
        person: Arc::new(Shared::new(setup.person)),
        gate: setup.gate,
        hosts: setup.hosts,
        undo: setup.rewind.map(|rewind| {
            Undo::new(
                rewind,
                thread_id,
                setup.workspace.clone(),
                log_len,
                queues.report_sender.clone(),
            )
        }),
        diagnostics: setup.diagnostics,
        veil,
        hooks: setup.hooks,
        instructions: setup.nested_instructions,
        subagents,
        below: TaskTracker::new(),
    };
    if let Some(questions) = setup.server_questions {
        questions.lead_to(queues.report_sender.clone());
    }
    let prompts = Prompts::new(
        &tools,
        source,
        setup.model.name.clone(),
        queues.report_sender.clone(),
    );
    let runner = Runner {
        role: Role::Main,
        agent,
        config,
        meter: Meter::new(setup.model.figures.prices, budget),
        model: setup.model,
        offered,
        tools,
        transcript: transcript.redacted_by(setup.redaction.stored),
        operations: Operations::new(queues.report_sender.clone(), TaskTracker::new()),
        presenter: Presenter::default(),
        inquiries: Inquiries::new(queues.report_sender.clone()),
        asked: AskedInTurn::default(),
        keepers: Keepers::new(setup.keepers, &queues.report_sender),
        turns: Turns::new(queues.report_sender),
        prompts,
        commands: CommandTurns::default(),
        events: queues.events,
        retry: setup.retry,
        rng: setup.rng,
        offering: setup.servers.as_ref().map(McpServers::offering),
        servers: setup.servers,
        notes: Vec::new(),
        told_mode: None,
        shown_context: None,
        finishing: false,
    };
    let work = runner.run(first_actions, queues.commands, queues.reports);
    (session, work)
}

/// Puts a subagent's session together.
///
/// # Errors
///
/// What the model is told when there can be none.
pub(crate) async fn subagent(parent: &ToolRunner, kind: &str) -> Result<Subagent, String> {
    let Some(pool) = &parent.subagents else {
        return Err("There are no subagents here. Do the task yourself.".to_owned());
    };
    let kind = SubagentKind::find(kind, &pool.definitions)?;
    // Held until the subagent has ended; the pool is never closed.
    let slot = Arc::clone(&pool.slots).acquire_owned().await.ok();
    if let Some(cause) = pool.budget.used_up() {
        return Err(StreamError::from(&cause).message);
    }
    let number = pool.next_number();
    let (session, queues) = queues();
    let defined = kind.definition();
    let model = defined.and_then(|definition| definition.model.clone());
    let model = model.unwrap_or_else(|| pool.model.clone());
    let mut registry = (pool.tools)(&model);
    registry.retain(|definition| kind.has(definition));
    let mut own = tools::of_subagents();
    own.retain(|definition| kind.has(definition));
    let offered = Offered::new(registry.definitions(), &own);
    let max_model_calls = defined.and_then(|definition| definition.max_model_calls);
    let base = agent_config(
        pool.system_of(&kind),
        &pool.retry,
        turn_limits(Some(max_model_calls.unwrap_or(pool.max_model_calls))),
        CompactionPolicy::default(),
    );
    let config = for_model(base, &model, &offered);
    let tools = ToolRunner {
        registry: Arc::new(registry),
        own: own.into(),
        subagents: None,
        ..parent.clone()
    };
    let prompts = Prompts::straight();
    let runner = Runner {
        role: Role::Subagent {
            kind: kind.clone(),
            number,
        },
        agent: Agent::new(config.clone()),
        config,
        meter: Meter::of_subagent(model.figures.prices, Arc::clone(&pool.budget)),
        model,
        offered,
        transcript: Transcript::none(),
        operations: Operations::new(queues.report_sender.clone(), parent.below.clone()),
        tools,
        presenter: Presenter::default(),
        inquiries: Inquiries::new(queues.report_sender.clone()),
        asked: AskedInTurn::default(),
        keepers: Keepers::none(),
        turns: Turns::new(queues.report_sender),
        prompts,
        commands: CommandTurns::default(),
        events: queues.events,
        retry: pool.retry.clone(),
        // Only the jitter of waiting times comes from it.
        rng: StdRng::seed_from_u64(number),
        // Whether a tool of a server only reads is the server's word, so exploring goes without.
        servers: None,
        offering: match (&kind, &pool.servers) {
            (SubagentKind::Explore, _) | (_, None) => None,
            (SubagentKind::General, Some(servers)) => Some(servers.offering()),
            (SubagentKind::Defined(definition), Some(servers)) => {
                let definition = Arc::clone(definition);
                Some(servers.offering().only(move |tool| definition.has(tool)))
            }
        },
        notes: Vec::new(),
        // It is told nothing of modes: what may not run is denied with a reason.
        told_mode: Some(parent.mode.get()),
        shown_context: None,
        finishing: false,
    };
    let work = runner.run(Vec::new(), queues.commands, queues.reports);
    let work = Box::pin(async move {
        work.await;
        drop(slot);
    });
    Ok(Subagent { session, work })
}

/// Makes what the agent goes on with, but for the model and the tools.
fn agent_config(
    system: String,
    retry: &RetryConfig,
    limits: TurnLimits,
    compaction: CompactionPolicy,
) -> AgentConfig {
    AgentConfig {
        model: String::new(),
        system: Some(system),
        tools: Vec::new(),
        max_tokens: None,
        effort: None,
        max_retries: retry.max_attempts.saturating_sub(1),
        limits,
        compaction,
    }
}

/// Returns `config` for a model and the tools that it is told of.
pub(crate) fn for_model(
    config: AgentConfig,
    model: &ModelChoice,
    offered: &Offered,
) -> AgentConfig {
    AgentConfig {
        model: model.name.clone(),
        tools: offered.definitions.clone(),
        max_tokens: model.max_tokens,
        effort: model.effort,
        compaction: CompactionPolicy {
            context_window: model.figures.context_window,
            ..config.compaction
        },
        ..config
    }
}

fn turn_limits(max_model_calls: Option<u32>) -> TurnLimits {
    TurnLimits {
        max_model_calls,
        polling_tools: ["command_output".to_owned()].into(),
        ..TurnLimits::default()
    }
}

/// The tools that the model is told of. The list only grows at its end, so that the provider's
/// prompt cache holds.
pub(crate) struct Offered {
    pub(crate) definitions: Vec<ToolDefinition>,
    /// How many of the registry's definitions are among them.
    known: usize,
}

impl Offered {
    pub(crate) fn new(registry: Vec<ToolDefinition>, own: &[ToolDefinition]) -> Self {
        Self {
            known: registry.len(),
            definitions: registry.into_iter().chain(own.iter().cloned()).collect(),
        }
    }

    /// Takes in what the registry has more by now; tells whether there was anything.
    pub(crate) fn grow(&mut self, registry: Vec<ToolDefinition>) -> bool {
        let new = registry.get(self.known..).unwrap_or_default();
        self.definitions.extend(new.iter().cloned());
        self.known = self.known.max(registry.len());
        !new.is_empty()
    }

    /// Returns the names, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let name = |definition: &ToolDefinition| definition.name.clone();
        self.definitions.iter().map(name).collect()
    }
}
