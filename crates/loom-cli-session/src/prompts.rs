//! What happens to a prompt before the agent sees it.
//!
//! Hooks of the person look at each prompt, and may take their time; meanwhile the session goes on,
//! and a stop is heeded: the hooks are ended, and the prompts that they have not let through are
//! dropped. Prompts pass one after the other, so they arrive in the order in which they were said.
//!
//! One task is the pass. A stop ends it, and the next prompt begins another one. What a pass has
//! reported before its end may come after it; so each has a number, and of those that have ended
//! nothing is taken any more.

use std::mem;
use std::sync::Arc;

use loom_cli_hooks::{Decision, Event, EventKind, Outcome, SessionSource};
use loom_common_core::stream::StreamError;
use loom_common_core::{AgentEvent, Message};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::JoinSet;

use crate::calls::{Shared, ToolRunner};
use crate::operations::Report;
use crate::prompt::add_note;
use crate::runner::Runner;

/// How many prompts may wait for hooks.
const QUEUE: usize = 64;

/// The way of prompts through the hooks.
pub(crate) struct Prompts {
    /// None when nothing is on the way.
    hooked: Option<Hooked>,
    /// Leads to the pass that runs.
    waiting: Option<mpsc::Sender<Message>>,
    pass: JoinSet<()>,
    /// Number of the pass.
    number: u64,
    /// How many are between here and the agent.
    under_way: usize,
}

/// What became of a prompt that was sent on its way.
pub(crate) enum Sent {
    /// It comes as a report.
    UnderWay,
    /// Nothing was in the way.
    Through(Message),
    /// Too many wait already.
    Refused,
}

/// What a pass works with.
#[derive(Clone)]
struct Hooked {
    tools: ToolRunner,
    source: SessionSource,
    model: String,
    reports: mpsc::Sender<Report>,
    /// What the hooks at the start of the session have to say to the model, until a prompt has taken it
    /// along; none when they have not ended. A stop in the midst of them has the next pass run them.
    start: Arc<Shared<Option<Vec<String>>>>,
}

impl Prompts {
    /// Makes the way, and begins a pass if there are hooks on it.
    pub(crate) fn new(
        tools: &ToolRunner,
        source: SessionSource,
        model: String,
        reports: mpsc::Sender<Report>,
    ) -> Self {
        let mut prompts = Self::straight();
        let hooked = [EventKind::SessionStart, EventKind::UserPromptSubmit];
        if hooked.into_iter().any(|kind| tools.hooks.handles(kind)) {
            let hooked = prompts.hooked.insert(Hooked {
                tools: tools.clone(),
                source,
                model,
                reports,
                start: Arc::new(Shared::new(None)),
            });
            prompts.waiting = Some(hooked.begin(&mut prompts.pass, prompts.number));
        }
        prompts
    }

    /// Makes a way with nothing on it.
    pub(crate) fn straight() -> Self {
        Self {
            hooked: None,
            waiting: None,
            pass: JoinSet::new(),
            number: 0,
            under_way: 0,
        }
    }

    /// Sends a prompt on its way, without waiting: the pass may itself wait for the session.
    pub(crate) fn send(&mut self, prompt: Message) -> Sent {
        let Some(hooked) = &self.hooked else {
            return Sent::Through(prompt);
        };
        let waiting = self
            .waiting
            .get_or_insert_with(|| hooked.begin(&mut self.pass, self.number));
        match waiting.try_send(prompt) {
            Ok(()) => {
                self.under_way += 1;
                Sent::UnderWay
            }
            Err(TrySendError::Full(_)) => Sent::Refused,
            Err(TrySendError::Closed(prompt)) => Sent::Through(prompt),
        }
    }

    /// A prompt has come to the end of a pass; tells whether that is the one that runs, so that
    /// the prompt counts.
    pub(crate) fn one_arrived(&mut self, pass: u64) -> bool {
        let counts = pass == self.number;
        self.under_way -= usize::from(counts && self.under_way > 0);
        counts
    }

    /// Tells whether prompts are on their way.
    pub(crate) fn are_under_way(&self) -> bool {
        self.under_way > 0
    }

    /// Ends the pass with the hooks that it runs, and drops what is on its way; tells whether that was
    /// anything.
    async fn stop(&mut self) -> bool {
        if !self.are_under_way() {
            return false;
        }
        self.pass.shutdown().await;
        self.waiting = None;
        self.number += 1;
        mem::take(&mut self.under_way) > 0
    }
}

impl Runner {
    /// Sends a prompt on its way to the agent, and returns what the agent must know at once.
    pub(crate) async fn send_prompt(&mut self, prompt: Message) -> Option<AgentEvent> {
        match self.prompts.send(prompt) {
            Sent::UnderWay => None,
            Sent::Through(prompt) => Some(self.user_input(prompt)),
            Sent::Refused => {
                let error = StreamError {
                    code: "too_many_prompts".to_owned(),
                    message: format!("{QUEUE} prompts wait for a hook; this one was not taken"),
                    hint: Some("say it again when the hook is done, or stop it".to_owned()),
                };
                self.refuse(error).await;
                None
            }
        }
    }

    /// Ends the hooks that look at prompts. What they have not let through is dropped.
    pub(crate) async fn stop_prompts(&mut self) {
        if !self.prompts.stop().await {
            return;
        }
        // A command's turn that has begun for such a prompt has nothing to go on with.
        self.turns.give_up();
        let hint = "the agent has not seen what you said, because hooks still looked at it; say it \
                    again if it still counts";
        let dropped = StreamError {
            hint: Some(hint.to_owned()),
            ..self.stopped()
        };
        self.refuse(dropped).await;
    }
}

impl Hooked {
    /// Begins a pass, and returns where prompts go in.
    fn begin(&self, pass: &mut JoinSet<()>, number: u64) -> mpsc::Sender<Message> {
        let (sender, waiting) = mpsc::channel(QUEUE);
        pass.spawn(self.clone().run(number, waiting));
        sender
    }

    async fn run(self, number: u64, mut waiting: mpsc::Receiver<Message>) {
        if self.start.get().is_none() {
            let event = Event::SessionStart {
                source: self.source,
                model: &self.model,
            };
            let started = self.tools.hooks.run(&self.tools.facts(), &event).await;
            tell(&started, &self.reports).await;
            self.start.set(Some(started.context));
        }
        while let Some(prompt) = waiting.recv().await {
            let text = prompt.text();
            let event = Event::UserPromptSubmit { prompt: &text };
            let outcome = self.tools.hooks.run(&self.tools.facts(), &event).await;
            tell(&outcome, &self.reports).await;
            let Ok(report) = self.reports.reserve().await else {
                return;
            };
            report.send(self.judged(number, prompt, outcome));
        }
    }

    /// Returns what comes of a prompt by the hooks' word.
    fn judged(&self, pass: u64, mut prompt: Message, mut outcome: Outcome) -> Report {
        let blocked = match outcome.decision {
            Decision::Block { reason } => Some(reason),
            _ => outcome.halt.take(),
        };
        if let Some(reason) = blocked {
            return Report::PromptBlocked { pass, reason };
        }
        let at_start = self.start.get().unwrap_or_default();
        self.start.set(Some(Vec::new()));
        for note in at_start.into_iter().chain(outcome.context) {
            add_note(&mut prompt, &note);
        }
        Report::Prompt { pass, prompt }
    }
}

/// Passes on what hooks have to say to the person.
pub(crate) async fn tell(outcome: &Outcome, reports: &mpsc::Sender<Report>) {
    for message in &outcome.messages {
        let notice = Report::Notice {
            level: message.level,
            text: message.text.clone(),
        };
        let _ = reports.send(notice).await;
    }
}
