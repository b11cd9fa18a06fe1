//! What happens to a prompt before the agent sees it.
//!
//! Hooks of the person look at each prompt, and may take their time; meanwhile the session goes on,
//! and a stop is heeded. Prompts pass one after the other, so they arrive in the order in which they
//! were said.

use loom_cli_hooks::{Decision, Event, EventKind, Outcome, SessionSource};
use loom_common_core::Message;
use tokio::sync::mpsc;

use crate::calls::ToolRunner;
use crate::operations::Report;
use crate::prompt::add_note;

/// How many prompts may wait for hooks.
const QUEUE: usize = 64;

/// The way of prompts through the hooks.
pub(crate) struct Prompts {
    waiting: Option<mpsc::Sender<Message>>,
    /// How many are between here and the agent.
    under_way: usize,
}

impl Prompts {
    /// Makes the way, and a task for it if there are hooks on it.
    pub(crate) fn new(
        tools: &ToolRunner,
        source: SessionSource,
        model: String,
        reports: mpsc::Sender<Report>,
    ) -> Self {
        let hooked = [EventKind::SessionStart, EventKind::UserPromptSubmit];
        if !hooked.into_iter().any(|kind| tools.hooks.handles(kind)) {
            return Self::straight();
        }
        let (sender, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(pass(tools.clone(), source, model, waiting, reports));
        Self {
            waiting: Some(sender),
            under_way: 0,
        }
    }

    /// Makes a way with nothing on it.
    pub(crate) fn straight() -> Self {
        Self {
            waiting: None,
            under_way: 0,
        }
    }

    /// Sends a prompt on its way; gives it back when nothing is in the way.
    pub(crate) async fn send(&mut self, prompt: Message) -> Option<Message> {
        let Some(waiting) = &self.waiting else {
            return Some(prompt);
        };
        match waiting.send(prompt).await {
            Ok(()) => {
                self.under_way += 1;
                None
            }
            Err(unsent) => Some(unsent.0),
        }
    }

    /// A prompt has come to the end of its way.
    pub(crate) fn one_arrived(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// Tells whether prompts are on their way.
    pub(crate) fn are_under_way(&self) -> bool {
        self.under_way > 0
    }
}

async fn pass(
    tools: ToolRunner,
    source: SessionSource,
    model: String,
    mut waiting: mpsc::Receiver<Message>,
    reports: mpsc::Sender<Report>,
) {
    let start = Event::SessionStart {
        source,
        model: &model,
    };
    let started = tools.hooks.run(&tools.facts(), &start).await;
    tell(&started, &reports).await;
    let mut context = started.context;
    while let Some(mut prompt) = waiting.recv().await {
        let text = prompt.text();
        let event = Event::UserPromptSubmit { prompt: &text };
        let mut outcome = tools.hooks.run(&tools.facts(), &event).await;
        tell(&outcome, &reports).await;
        let blocked = match outcome.decision {
            Decision::Block { reason } => Some(reason),
            _ => outcome.halt.take(),
        };
        let report = match blocked {
            Some(reason) => Report::PromptBlocked { reason },
            None => {
                for note in context.drain(..).chain(outcome.context) {
                    add_note(&mut prompt, &note);
                }
                Report::Prompt(prompt)
            }
        };
        if reports.send(report).await.is_err() {
            return;
        }
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
