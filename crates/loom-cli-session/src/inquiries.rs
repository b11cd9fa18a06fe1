//! Questions to the person in the middle of a turn, and the way of each answer back.
//!
//! A tool call asks through its [`CallSite`] and waits. The session's task gives the question an id,
//! shows it, and keeps the way back until an answer names the id. A call that is stopped meanwhile
//! takes its question with it, and the front end is told so.

use std::collections::BTreeMap;

use loom_common_core::OperationId;
use loom_common_core::inquiry::{Answer, Inquiry, InquiryOutcome};
use loom_common_core::stream::ThreadEvent;
use tokio::sync::{mpsc, oneshot};

use crate::operations::Report;

/// Whether there is somebody to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Person {
    /// Questions are answered by [`SessionHandle::answer`](crate::SessionHandle::answer).
    Present,
    /// There is nobody to ask.
    Absent {
        /// Why, as the model is told.
        reason: String,
    },
}

/// A tool call as the session sees it: the place from which it asks.
#[derive(Clone)]
pub(crate) struct CallSite {
    pub(crate) operation: OperationId,
    pub(crate) call_id: String,
    pub(crate) reports: mpsc::Sender<Report>,
}

impl CallSite {
    /// Asks, and waits for the answer; none when it cannot come any more.
    pub(crate) async fn ask(&self, inquiry: Inquiry) -> Option<Answer> {
        let (answer, answered) = oneshot::channel();
        let report = Report::Asks {
            operation: self.operation,
            call_id: self.call_id.clone(),
            inquiry,
            answer,
        };
        self.reports.send(report).await.ok()?;
        answered.await.ok()
    }
}

/// The questions that are open.
#[derive(Default)]
pub(crate) struct Inquiries {
    last: u64,
    /// By number, so that they are closed in the order in which they were opened.
    open: BTreeMap<u64, Open>,
}

struct Open {
    operation: OperationId,
    answer: oneshot::Sender<Answer>,
}

const PREFIX: &str = "inquiry_";

impl Inquiries {
    /// Opens a question, and returns the event that shows it.
    pub(crate) fn open(
        &mut self,
        operation: OperationId,
        inquiry: Inquiry,
        answer: oneshot::Sender<Answer>,
    ) -> ThreadEvent {
        self.last += 1;
        self.open.insert(self.last, Open { operation, answer });
        ThreadEvent::InquiryOpened {
            id: format!("{PREFIX}{}", self.last),
            inquiry,
        }
    }

    /// Takes an answer. One to a question that is closed, or was never asked, is too late.
    pub(crate) fn answer(&mut self, id: &str, answer: Answer) -> Option<ThreadEvent> {
        let number = id.strip_prefix(PREFIX)?.parse().ok()?;
        let open = self.open.remove(&number)?;
        let outcome = match &answer {
            Answer::Allow { .. } | Answer::Reply { .. } | Answer::Approve { .. } => {
                InquiryOutcome::Accepted
            }
            Answer::Deny { .. } => InquiryOutcome::Declined,
        };
        // The call may have been stopped a moment ago; the question is closed all the same.
        let _ = open.answer.send(answer);
        Some(closed(number, outcome))
    }

    /// Closes the questions of an operation that has ended.
    pub(crate) fn withdraw(&mut self, operation: OperationId) -> Vec<ThreadEvent> {
        self.withdraw_if(|open| open.operation == operation)
    }

    /// Closes all questions.
    pub(crate) fn withdraw_all(&mut self) -> Vec<ThreadEvent> {
        self.withdraw_if(|_| true)
    }

    fn withdraw_if(&mut self, is_over: impl Fn(&Open) -> bool) -> Vec<ThreadEvent> {
        self.open
            .extract_if(.., |_, open| is_over(open))
            .map(|(number, _)| closed(number, InquiryOutcome::Withdrawn))
            .collect()
    }
}

fn closed(number: u64, outcome: InquiryOutcome) -> ThreadEvent {
    ThreadEvent::InquiryClosed {
        id: format!("{PREFIX}{number}"),
        outcome,
    }
}
