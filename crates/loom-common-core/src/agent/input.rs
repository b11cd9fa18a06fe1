//! What the person says, and what of it waits.

use std::mem;
use std::sync::Arc;

use super::Agent;
use crate::limits::CallWatch;
use crate::log::Entry;
use crate::message::Message;
use crate::state::{AgentAction, AgentState, InputId, WaitingInput};

impl Agent {
    pub(super) fn take_input(&mut self, message: Message, actions: &mut Vec<AgentAction>) {
        self.last_input = InputId(self.last_input.0 + 1);
        self.waiting.push(WaitingInput {
            id: self.last_input,
            message: Arc::new(message),
        });
        if self.state == AgentState::WaitingForUserInput {
            self.begin_turn(actions);
            self.call_llm(actions);
        }
    }

    pub(super) fn replace_input(&mut self, id: InputId, message: Message) {
        if let Some(input) = self.waiting.iter_mut().find(|input| input.id == id) {
            input.message = Arc::new(message);
        }
    }

    /// What waits becomes part of the conversation.
    pub(super) fn append_waiting_input(&mut self, actions: &mut Vec<AgentAction>) {
        for WaitingInput { message, .. } in mem::take(&mut self.waiting) {
            // Whoever has just been told something new may try again what led nowhere before.
            self.turn.watch = CallWatch::default();
            self.conversation.push(Arc::clone(&message));
            self.log.push_message(Arc::clone(&message));
            actions.push(AgentAction::Append(Entry::Message(message)));
        }
    }
}
