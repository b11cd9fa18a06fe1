//! Carries the events of a session to the editor, in their order.
//!
//! Events that wait are taken together, and pieces of one text are joined: an editor that reads slowly
//! gets fewer, longer updates. What the person is asked has a task of its own, which is dropped when
//! nobody wants the answer any more; the editor is then told to put the question away.

use std::collections::HashMap;
use std::sync::Arc;

use agent_client_protocol::v1::schema::{
    ConfigOptionUpdate, CurrentModeUpdate, SessionUpdate, ToolCallStatus, ToolCallUpdate,
    ToolCallUpdateFields,
};
use loom_common_core::inquiry::{Answer, Inquiry};
use loom_common_core::stream::{ItemDelta, NoticeLevel, ThreadEvent};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use crate::asking::{self, Meant, Place, Question};
use crate::choices::{self, Settings};
use crate::drawing::Drawing;
use crate::program::ModelId;
use crate::session::{EditorSession, Turn, TurnEnd};

/// Events that are taken together.
const BATCH: usize = 64;

/// Carries events until the session has ended. Goes on, and sends nothing, when the editor is gone.
pub(crate) async fn run(
    session: Arc<EditorSession>,
    mut events: mpsc::Receiver<ThreadEvent>,
    drawing: Drawing,
) {
    let mut pump = Pump {
        session,
        drawing,
        asking: JoinSet::new(),
        open: HashMap::new(),
    };
    let mut batch = Vec::with_capacity(BATCH);
    while events.recv_many(&mut batch, BATCH).await > 0 {
        for event in joined(batch.drain(..)) {
            pump.take(event).await;
        }
    }
    pump.session.ended();
}

struct Pump {
    session: Arc<EditorSession>,
    drawing: Drawing,
    asking: JoinSet<()>,
    /// The questions that are open.
    open: HashMap<String, AbortHandle>,
}

impl Pump {
    async fn take(&mut self, event: ThreadEvent) {
        match event {
            ThreadEvent::SettingsChanged {
                provider,
                model,
                effort,
                permission_mode,
            } => {
                let model = ModelId {
                    provider,
                    name: model,
                };
                self.changed(Settings {
                    model,
                    effort,
                    mode: permission_mode,
                })
                .await;
            }
            ThreadEvent::InquiryOpened { id, inquiry } => self.ask(id, inquiry).await,
            ThreadEvent::InquiryClosed { id, .. } => {
                if let Some(asking) = self.open.remove(&id) {
                    asking.abort();
                }
                while self.asking.try_join_next().is_some() {}
            }
            ThreadEvent::TurnCompleted { stop_reason, .. } => {
                self.session.tell_title().await;
                self.session.turn_ended(TurnEnd::Completed(stop_reason));
            }
            ThreadEvent::TurnFailed { error } => {
                self.session.tell_title().await;
                self.session.turn_ended(TurnEnd::Failed(error));
            }
            event => {
                for update in self.drawing.draw(event) {
                    self.session.update(update).await;
                }
            }
        }
    }

    async fn changed(&self, settings: Settings) {
        let session = &self.session;
        let former = session.settings.borrow().clone();
        if former.mode != settings.mode {
            let update = CurrentModeUpdate::new(settings.mode.to_string());
            session
                .update(SessionUpdate::CurrentModeUpdate(update))
                .await;
        }
        if former != settings {
            let options = choices::options(&settings, &session.offer);
            let update = ConfigOptionUpdate::new(options);
            session
                .update(SessionUpdate::ConfigOptionUpdate(update))
                .await;
        }
        session.settings.send_replace(settings);
    }

    async fn ask(&mut self, id: String, inquiry: Inquiry) {
        if self.session.refused.holds(&inquiry) {
            let answer = Answer::Deny { instead: None };
            // A session that has ended asks nothing.
            let _ = self.session.handle.answer(id, answer).await;
            return;
        }
        let call = match &inquiry {
            Inquiry::Question { .. } => self.drawing.running("ask_user"),
            Inquiry::Plan { .. } => self.drawing.running("present_plan"),
            _ => None,
        };
        let question = asking::question(
            &inquiry,
            &Place {
                session: &self.session.id,
                features: self.session.features,
                folder: &self.session.folder,
                modes: &self.session.offer.modes,
                id: &id,
                call,
            },
        );
        let session = Arc::clone(&self.session);
        let turn = session.running();
        let asking = self
            .asking
            .spawn(ask(session, turn, id.clone(), inquiry, question));
        self.open.insert(id, asking);
    }
}

/// Asks in a turn, or between turns, and hands the answer to the session.
async fn ask(
    session: Arc<EditorSession>,
    turn: Option<Turn>,
    id: String,
    inquiry: Inquiry,
    question: Question,
) {
    let answer = match question {
        Question::Unaskable { answer, note } => {
            session.note(NoticeLevel::Warning, &note).await;
            answer
        }
        Question::Choice { request, answers } => {
            let call = request.tool_call.tool_call_id.clone();
            let response = session.connection.send_request(*request).block_task().await;
            match response.map(|response| asking::chosen(&response, &answers)) {
                Ok(Ok(Some(Meant::Once(answer)))) => {
                    if matches!(answer, Answer::Allow { .. }) && is_of_call(&inquiry) {
                        let fields = ToolCallUpdateFields::new()
                            .status(ToolCallStatus::InProgress)
                            .content(Vec::new());
                        let update = ToolCallUpdate::new(call, fields);
                        session.update(SessionUpdate::ToolCallUpdate(update)).await;
                    }
                    answer
                }
                Ok(Ok(Some(Meant::Never))) => {
                    session.refused.add(&inquiry);
                    Answer::Deny { instead: None }
                }
                // To close a question without an answer means what it means on a terminal: a stop. The
                // next prompt may be under way by the time at which the answer is here.
                Ok(Ok(None)) => match turn {
                    Some(turn) if session.stop_turn(&turn) => return,
                    _ => asking::unanswered(&inquiry),
                },
                Ok(Err(problem)) => unusable(&session, &inquiry, &problem).await,
                Err(error) => unusable(&session, &inquiry, &error.message).await,
            }
        }
        Question::Elicitation { request, kind } => {
            let response = session.connection.send_request(*request).block_task().await;
            match response {
                Ok(response) => asking::elicited(response, kind),
                Err(error) => unusable(&session, &inquiry, &error.message).await,
            }
        }
    };
    // A session that has ended, or that was stopped, wants no answer.
    let _ = session.handle.answer(id, answer).await;
}

fn is_of_call(inquiry: &Inquiry) -> bool {
    matches!(inquiry, Inquiry::Permission { .. })
}

/// Takes an answer that makes no sense for no, and says so.
async fn unusable(session: &EditorSession, inquiry: &Inquiry, problem: &str) -> Answer {
    let note = format!("the editor did not answer a question, which counts as no: {problem}");
    session.note(NoticeLevel::Warning, &note).await;
    asking::unanswered(inquiry)
}

/// Joins pieces of one text that follow each other.
fn joined(events: impl Iterator<Item = ThreadEvent>) -> Vec<ThreadEvent> {
    let mut joined: Vec<ThreadEvent> = Vec::new();
    for event in events {
        if let (
            Some(ThreadEvent::ItemUpdated { item: last }),
            ThreadEvent::ItemUpdated { item: next },
        ) = (joined.last_mut(), &event)
            && last.id == next.id
        {
            match (&mut last.delta, &next.delta) {
                (
                    ItemDelta::AgentMessage { delta: last },
                    ItemDelta::AgentMessage { delta: next },
                )
                | (ItemDelta::Reasoning { delta: last }, ItemDelta::Reasoning { delta: next })
                | (ItemDelta::ToolCall { delta: last }, ItemDelta::ToolCall { delta: next }) => {
                    last.push_str(next);
                    continue;
                }
                _ => {}
            }
        }
        joined.push(event);
    }
    joined
}

#[cfg(test)]
mod tests {
    use loom_common_core::stream::ItemUpdate;

    use super::*;

    fn update(id: &str, delta: ItemDelta) -> ThreadEvent {
        ThreadEvent::ItemUpdated {
            item: ItemUpdate {
                id: id.to_owned(),
                delta,
            },
        }
    }

    fn said(id: &str, text: &str) -> ThreadEvent {
        let delta = text.to_owned();
        update(id, ItemDelta::AgentMessage { delta })
    }

    #[test]
    fn pieces_of_one_text_are_joined_and_nothing_changes_its_place() {
        let thought = || {
            let delta = "hm".to_owned();
            update("2", ItemDelta::Reasoning { delta })
        };
        let events = [
            said("1", "a"),
            said("1", "b"),
            thought(),
            said("1", "c"),
            ThreadEvent::TurnStarted,
            said("1", "d"),
            said("1", "e"),
        ];
        let expected = [
            said("1", "ab"),
            thought(),
            said("1", "c"),
            ThreadEvent::TurnStarted,
            said("1", "de"),
        ];
        assert_eq!(joined(events.into_iter()), expected);
    }
}
