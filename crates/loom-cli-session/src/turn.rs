//! How turns end, and what a run comes to.
//!
//! When the model is done, hooks of the person may want it to go on. Until they have spoken the turn
//! is not over for the front end, though it is for the agent; what they want done goes on as the same
//! turn.

use loom_cli_hooks::{Decision, Event, EventKind, Outcome};
use loom_common_core::{StopReason, Usage};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::calls::ToolRunner;
use crate::operations::Report;
use crate::runner::Role;

/// How often hooks can have the agent go on in one turn.
const MAX_CONTINUATIONS: u32 = 8;

/// What the run came to, and the turn that is about to end.
pub(crate) struct Turns {
    reports: mpsc::Sender<Report>,
    /// What the person asked for, or the beginning of the turn.
    pub(crate) prompt: String,
    /// Text of the last message of the agent.
    pub(crate) text: String,
    pub(crate) is_error: bool,
    pub(crate) stop_reason: Option<StopReason>,
    /// Number of turns.
    pub(crate) count: u32,
    /// Tokens of the run.
    pub(crate) usage: Usage,
    /// Tokens of the turn before hooks had it go on.
    carried: Option<Usage>,
    continuations: u32,
    /// Whether the turn has begun ahead of the agent's.
    begun_ahead: bool,
    ending: Option<EndingTurn>,
    hooks: JoinSet<()>,
}

/// A turn at whose end hooks run.
#[derive(Debug, PartialEq)]
pub(crate) struct EndingTurn {
    pub(crate) stop_reason: StopReason,
    pub(crate) usage: Usage,
}

/// What comes after the hooks at the end of a turn.
#[derive(Debug, PartialEq)]
pub(crate) enum AfterHooks {
    /// Nothing: the turn had ended already.
    Nothing,
    /// The turn is over.
    Over(EndingTurn),
    /// The turn goes on with what hooks want done.
    GoOn(String),
}

impl Turns {
    pub(crate) fn new(reports: mpsc::Sender<Report>) -> Self {
        Self {
            reports,
            prompt: String::new(),
            text: String::new(),
            is_error: false,
            stop_reason: None,
            count: 0,
            usage: Usage::default(),
            carried: None,
            continuations: 0,
            begun_ahead: false,
            ending: None,
            hooks: JoinSet::new(),
        }
    }

    /// A turn begins; false when it is one that goes on, or has begun already.
    pub(crate) fn begin(&mut self) -> bool {
        self.text.clear();
        if std::mem::take(&mut self.begun_ahead) || self.carried.is_some() {
            return false;
        }
        self.count += 1;
        self.continuations = 0;
        true
    }

    /// A turn begins ahead of the agent's, which is to be the same one.
    pub(crate) fn begin_ahead(&mut self) {
        self.begin();
        self.begun_ahead = true;
    }

    /// Tells whether a turn has begun of which the agent does not know yet.
    pub(crate) fn has_begun_ahead(&self) -> bool {
        self.begun_ahead
    }

    /// The turn that has begun ahead does not come to the agent.
    pub(crate) fn give_up(&mut self) {
        self.begun_ahead = false;
    }

    /// Returns the tokens of the whole turn, of which the last part has used `usage`.
    pub(crate) fn whole(&mut self, usage: Usage) -> Usage {
        let mut whole = self.carried.take().unwrap_or_default();
        whole += usage;
        whole
    }

    /// Lets hooks see the end of a turn; gives the turn back when there are none.
    pub(crate) fn ask_hooks(
        &mut self,
        turn: EndingTurn,
        tools: &ToolRunner,
        role: &Role,
    ) -> Option<EndingTurn> {
        let kind = match role {
            Role::Main => EventKind::Stop,
            Role::Subagent { .. } => EventKind::SubagentStop,
        };
        if !tools.hooks.handles(kind) {
            return Some(turn);
        }
        self.ending = Some(turn);
        let tools = tools.clone();
        let role = role.clone();
        let last_message = self.text.clone();
        let stop_hook_active = self.continuations > 0;
        let reports = self.reports.clone();
        self.hooks.spawn(async move {
            let facts = tools.facts();
            let outcome = match role {
                Role::Main => {
                    let event = Event::Stop {
                        stop_hook_active,
                        last_message: &last_message,
                    };
                    tools.hooks.run(&facts, &event).await
                }
                Role::Subagent { kind, number } => {
                    let event = Event::SubagentStop {
                        stop_hook_active,
                        agent_id: &number.to_string(),
                        agent_type: kind.name(),
                        last_message: &last_message,
                    };
                    tools.hooks.run(&facts, &event).await
                }
            };
            let _ = reports.send(Report::TurnEndHooks(outcome)).await;
        });
        None
    }

    /// Takes what the hooks at the end of a turn want.
    pub(crate) fn hooks_ended(&mut self, outcome: &Outcome) -> AfterHooks {
        let Some(turn) = self.ending.take() else {
            return AfterHooks::Nothing;
        };
        match &outcome.decision {
            Decision::Block { reason }
                if outcome.halt.is_none() && self.continuations < MAX_CONTINUATIONS =>
            {
                self.continuations += 1;
                self.carried = Some(turn.usage);
                AfterHooks::GoOn(reason.clone())
            }
            _ => AfterHooks::Over(turn),
        }
    }

    /// Tells whether hooks look at the end of a turn.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.is_some()
    }

    /// Stops the hooks at the end of a turn, and returns the turn, which is over.
    pub(crate) async fn stop_hooks(&mut self) -> Option<EndingTurn> {
        let ending = self.ending.take()?;
        self.hooks.shutdown().await;
        Some(ending)
    }
}
