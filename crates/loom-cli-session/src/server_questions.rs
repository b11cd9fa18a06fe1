//! Questions of servers of tools to the person.
//!
//! Servers start before the session and serve it; [`ServerQuestions`] is what they ask by, and leads to
//! the session's task once there is one. A server is a stranger, so it may only ask
//! while a turn runs, and only so often. Its question is taken back with the turn, or when the server
//! does not want the answer any more; in both cases the server is told that nobody said anything.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_cli_mcp::ElicitationHandler;
use loom_common_core::inquiry::{Answer, Inquiry};
use loom_common_core::stream::NoticeLevel;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::inquiries::Person;
use crate::operations::Report;
use crate::runner::Runner;

/// How often a server may ask in one turn.
const MAX_PER_TURN: u32 = 10;

/// Takes the questions of servers to the session that they serve. Clones lead to the same session.
#[derive(Clone, Debug, Default)]
pub struct ServerQuestions {
    /// Where the session's task hears of them.
    session: Arc<OnceLock<mpsc::Sender<Report>>>,
}

impl ServerQuestions {
    /// Leads the questions to a session.
    pub(crate) fn lead_to(&self, session: mpsc::Sender<Report>) {
        // A second session would have servers of its own.
        let _ = self.session.set(session);
    }
}

impl ElicitationHandler for ServerQuestions {
    fn elicit(&self, inquiry: Inquiry) -> BoxFuture<'_, Answer> {
        async move {
            let (answer, answered) = oneshot::channel();
            let waits = CancellationToken::new();
            let question = ServerQuestion {
                inquiry,
                answer,
                unwanted: waits.clone(),
            };
            // Dropped with this future, by which the question is taken back.
            let _waits = waits.drop_guard();
            let sent = match self.session.get() {
                Some(session) => session.send(Report::ServerAsks(question)).await.is_ok(),
                None => false,
            };
            match sent {
                true => answered.await.unwrap_or(Answer::Dismiss),
                false => Answer::Dismiss,
            }
        }
        .boxed()
    }
}

/// A question of a server, on its way to the person.
#[derive(Debug)]
pub(crate) struct ServerQuestion {
    pub(crate) inquiry: Inquiry,
    pub(crate) answer: oneshot::Sender<Answer>,
    /// Cancelled when nobody waits for the answer any more.
    pub(crate) unwanted: CancellationToken,
}

/// How often servers have asked in this turn.
#[derive(Debug, Default)]
pub(crate) struct AskedInTurn(HashMap<String, u32>);

impl AskedInTurn {
    /// Counts a question; returns how many there were before it.
    fn count(&mut self, server: &str) -> u32 {
        let count = self.0.entry(server.to_owned()).or_default();
        *count += 1;
        *count - 1
    }

    /// Begins to count anew.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Runner {
    /// Puts a server's question to the person, or answers it at once when it cannot be.
    pub(crate) async fn server_asks(&mut self, question: ServerQuestion) {
        let refusal = match (&question.inquiry, self.tools.person.get()) {
            (_, Person::Absent { .. }) => Some(Answer::Deny { instead: None }),
            _ if self.is_idle() => Some(Answer::Dismiss),
            (Inquiry::Form { server, .. } | Inquiry::Link { server, .. }, Person::Present) => {
                let server = server.clone();
                match self.asked.count(&server) {
                    0..MAX_PER_TURN => None,
                    before => {
                        if before == MAX_PER_TURN {
                            let notice = format!(
                                "the server of tools {server} asks too much; for the rest of the \
                                 turn its questions are declined"
                            );
                            self.notice(NoticeLevel::Warning, notice).await;
                        }
                        Some(Answer::Deny { instead: None })
                    }
                }
            }
            // Servers ask nothing else.
            _ => Some(Answer::Deny { instead: None }),
        };
        match refusal {
            Some(answer) => {
                // A server that does not wait any more need not know.
                let _ = question.answer.send(answer);
            }
            None => {
                let opened = self.inquiries.open_for_server(question);
                self.show([opened]).await;
            }
        }
    }
}
