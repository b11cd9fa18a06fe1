//! Tool calls whose pieces come in any order.
//!
//! By the book a piece names its call by `index`, and the first piece of a call has id and name.
//! Compatible servers leave the index out, repeat id and name, give every call the index 0, or
//! leave the id out. The rule here: a piece with an id that is not the id of the call under its
//! index, and with a name, begins a new call; a piece without an index belongs to the call of its
//! id, or else to the last one.

use loom_common_core::{BlockKind, Extra, LlmEvent};
use serde_json::{Map, Value};

use crate::PROVIDER;
use crate::chunk::{CallDelta, arguments_of};

/// The tool calls of one answer.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    calls: Vec<Call>,
    /// Id of the answer, for calls without an id of their own.
    answer_id: String,
}

#[derive(Debug)]
struct Call {
    wire_index: Option<u32>,
    /// The id on the wire; empty when the server gave none.
    wire_id: String,
    /// Index of the block.
    block: u32,
    /// Whether the block has begun: it needs a name.
    begun: bool,
    /// Arguments that came ahead of the name.
    waiting: String,
    extra: Map<String, Value>,
}

impl Calls {
    /// Takes the id of the answer.
    pub(crate) fn set_answer_id(&mut self, id: &str) {
        id.clone_into(&mut self.answer_id);
    }

    /// Tells whether the answer has any.
    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Takes a piece. `new_block` hands out the index of a new block.
    pub(crate) fn take(
        &mut self,
        piece: CallDelta<'_>,
        new_block: impl FnOnce() -> u32,
        out: &mut Vec<LlmEvent>,
    ) -> Result<(), serde_json::Error> {
        let id = piece.id.unwrap_or_default();
        let function = piece.function;
        let name = function.as_ref().and_then(|function| function.name.clone());
        let name = name.unwrap_or_default();
        let place = match self.place(piece.index, &id, &name) {
            Some(place) => place,
            None => {
                self.calls.push(Call {
                    wire_index: piece.index,
                    wire_id: String::new(),
                    block: new_block(),
                    begun: false,
                    waiting: String::new(),
                    extra: Map::new(),
                });
                self.calls.len() - 1
            }
        };
        if self.calls[place].wire_id.is_empty() {
            self.calls[place].wire_id = id;
        }
        let arguments = function.and_then(|function| function.arguments);
        let json = arguments.map(arguments_of).transpose()?.unwrap_or_default();
        let begins = !self.calls[place].begun && !name.is_empty();
        let own_id = begins.then(|| self.own_id(place));
        let call = &mut self.calls[place];
        call.waiting.push_str(&json);
        call.keep(piece.extra);
        if let Some(id) = own_id {
            call.begun = true;
            out.push(LlmEvent::BlockStarted {
                index: call.block,
                block: BlockKind::ToolUse { id, name },
            });
        }
        if call.begun && !call.waiting.is_empty() {
            out.push(LlmEvent::ArgumentsDelta {
                index: call.block,
                json: std::mem::take(&mut call.waiting),
            });
        }
        Ok(())
    }

    /// Ends all calls. False when one never got a name.
    pub(crate) fn stop(&mut self, out: &mut Vec<LlmEvent>) -> bool {
        for call in &mut self.calls {
            if !call.begun {
                return false;
            }
            if !call.extra.is_empty() {
                let fields = Value::Object(std::mem::take(&mut call.extra));
                out.push(LlmEvent::ExtraFields {
                    index: call.block,
                    fields: Extra([(PROVIDER.to_owned(), fields)].into_iter().collect()),
                });
            }
            out.push(LlmEvent::BlockStopped { index: call.block });
        }
        true
    }

    fn place(&self, index: Option<u32>, id: &str, name: &str) -> Option<usize> {
        let by_id = |call: &Call| !id.is_empty() && call.wire_id == id;
        let Some(index) = index else {
            let known = self.calls.iter().rposition(by_id);
            let begins = !name.is_empty();
            return known.or_else(|| (!begins).then(|| self.calls.len().checked_sub(1)).flatten());
        };
        let place = self
            .calls
            .iter()
            .rposition(|call| call.wire_index == Some(index))?;
        let call = &self.calls[place];
        let other = !id.is_empty() && !call.wire_id.is_empty() && call.wire_id != id;
        if other && !name.is_empty() {
            return self.calls.iter().rposition(by_id);
        }
        Some(place)
    }

    /// Returns an id that no other call of this answer has, and as far as possible no other at all:
    /// some providers want that when the conversation goes on with them.
    fn own_id(&self, place: usize) -> String {
        let call = &self.calls[place];
        let taken = self.calls[..place]
            .iter()
            .any(|other| other.wire_id == call.wire_id);
        match (call.wire_id.as_str(), taken) {
            ("", _) => format!("call_{}_{}", self.answer_id, call.block),
            (id, true) => format!("{id}_{}", call.block),
            (id, false) => id.to_owned(),
        }
    }
}

impl Call {
    /// Keeps the fields that Loom has no name for, but for those that say nothing.
    fn keep(&mut self, extra: Map<String, Value>) {
        let telling = extra
            .into_iter()
            .filter(|(name, value)| name != "type" && !value.is_null());
        self.extra.extend(telling);
    }
}
