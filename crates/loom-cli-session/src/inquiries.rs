//! Questions to the person in the middle of a turn, and the way of each answer back.
//!
//! A tool call asks through its [`CallSite`] and waits. The session's task gives the question an id,
//! shows it, and keeps the way back until an answer names the id. A call that is stopped meanwhile
//! takes its question with it, and the front end is told so. Servers of tools ask as well, by another
//! way in ([`ServerQuestions`](crate::ServerQuestions)); what they get fits what they asked for.

use std::collections::BTreeMap;

use loom_common_core::OperationId;
use loom_common_core::form::{FormField, check_form};
use loom_common_core::inquiry::{Answer, Inquiry, InquiryOutcome};
use loom_common_core::stream::ThreadEvent;
use tokio::sync::{mpsc, oneshot};

use crate::operations::Report;
use crate::server_questions::ServerQuestion;

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
pub(crate) struct Inquiries {
    last: u64,
    /// By number, so that they are closed in the order in which they were opened.
    open: BTreeMap<u64, Open>,
    reports: mpsc::Sender<Report>,
}

struct Open {
    asker: Asker,
    answer: oneshot::Sender<Answer>,
    /// What an answer must fit.
    wanted: Wanted,
}

/// Who waits for an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asker {
    Call(OperationId),
    Server,
}

/// What an answer must fit.
enum Wanted {
    /// Whoever asked makes the best of it.
    Anything,
    Form(Vec<FormField>),
    /// Yes, no, or neither.
    Consent,
}

/// What becomes of an answer.
pub(crate) enum Answered {
    /// It closes the question.
    Closed(ThreadEvent),
    /// It does not fit, and the question stays open.
    Unfit(String),
    /// The question is closed, or was never asked.
    TooLate,
}

const PREFIX: &str = "inquiry_";

impl Inquiries {
    pub(crate) fn new(reports: mpsc::Sender<Report>) -> Self {
        Self {
            last: 0,
            open: BTreeMap::new(),
            reports,
        }
    }

    /// Opens a question of a call, and returns the event that shows it.
    pub(crate) fn open(
        &mut self,
        operation: OperationId,
        inquiry: Inquiry,
        answer: oneshot::Sender<Answer>,
    ) -> ThreadEvent {
        self.add(Asker::Call(operation), inquiry, answer)
    }

    /// Opens a question of a server, and returns the event that shows it.
    pub(crate) fn open_for_server(&mut self, question: ServerQuestion) -> ThreadEvent {
        let ServerQuestion {
            inquiry,
            answer,
            unwanted,
        } = question;
        let opened = self.add(Asker::Server, inquiry, answer);
        let (number, reports) = (self.last, self.reports.clone());
        tokio::spawn(async move {
            unwanted.cancelled().await;
            let _ = reports.send(Report::NoLongerAsked { number }).await;
        });
        opened
    }

    fn add(
        &mut self,
        asker: Asker,
        inquiry: Inquiry,
        answer: oneshot::Sender<Answer>,
    ) -> ThreadEvent {
        self.last += 1;
        let wanted = match &inquiry {
            Inquiry::Form { fields, .. } => Wanted::Form(fields.clone()),
            Inquiry::Link { .. } => Wanted::Consent,
            _ => Wanted::Anything,
        };
        let open = Open {
            asker,
            answer,
            wanted,
        };
        self.open.insert(self.last, open);
        ThreadEvent::InquiryOpened {
            id: format!("{PREFIX}{}", self.last),
            inquiry,
        }
    }

    /// Takes an answer.
    pub(crate) fn answer(&mut self, id: &str, answer: Answer) -> Answered {
        let number = id
            .strip_prefix(PREFIX)
            .and_then(|number| number.parse().ok());
        let Some((number, open)) = number.and_then(|number| self.open.get_key_value(&number))
        else {
            return Answered::TooLate;
        };
        if let Err(problem) = open.wanted.check(&answer) {
            return Answered::Unfit(format!("the answer to {id} is not taken: {problem}"));
        }
        let number = *number;
        let outcome = match &answer {
            Answer::Allow { .. }
            | Answer::Reply { .. }
            | Answer::Approve { .. }
            | Answer::Submit { .. } => InquiryOutcome::Accepted,
            Answer::Deny { .. } => InquiryOutcome::Declined,
            Answer::Dismiss => InquiryOutcome::Dismissed,
        };
        if let Some(open) = self.open.remove(&number) {
            // The call may have been stopped a moment ago; the question is closed all the same.
            let _ = open.answer.send(answer);
        }
        Answered::Closed(closed(number, outcome))
    }

    /// Closes the questions of an operation that has ended.
    pub(crate) fn withdraw(&mut self, operation: OperationId) -> Vec<ThreadEvent> {
        self.withdraw_if(|_, open| open.asker == Asker::Call(operation))
    }

    /// Closes the questions of servers.
    pub(crate) fn withdraw_of_servers(&mut self) -> Vec<ThreadEvent> {
        self.withdraw_if(|_, open| open.asker == Asker::Server)
    }

    /// Closes a question whose answer nobody wants any more, if it is still open.
    pub(crate) fn withdraw_one(&mut self, number: u64) -> Vec<ThreadEvent> {
        self.withdraw_if(|open_number, _| open_number == number)
    }

    /// Closes all questions.
    pub(crate) fn withdraw_all(&mut self) -> Vec<ThreadEvent> {
        self.withdraw_if(|_, _| true)
    }

    fn withdraw_if(&mut self, is_over: impl Fn(u64, &Open) -> bool) -> Vec<ThreadEvent> {
        self.open
            .extract_if(.., |number, open| is_over(*number, open))
            .map(|(number, _)| closed(number, InquiryOutcome::Withdrawn))
            .collect()
    }
}

impl Wanted {
    fn check(&self, answer: &Answer) -> Result<(), String> {
        match (self, answer) {
            (Self::Anything, _) | (_, Answer::Deny { .. } | Answer::Dismiss) => Ok(()),
            (Self::Form(fields), Answer::Submit { values }) => check_form(fields, values),
            (Self::Form(_), _) => Err("a form wants submit, deny or dismiss".to_owned()),
            (Self::Consent, Answer::Allow { .. }) => Ok(()),
            (Self::Consent, _) => Err("an address wants allow, deny or dismiss".to_owned()),
        }
    }
}

fn closed(number: u64, outcome: InquiryOutcome) -> ThreadEvent {
    ThreadEvent::InquiryClosed {
        id: format!("{PREFIX}{number}"),
        outcome,
    }
}
