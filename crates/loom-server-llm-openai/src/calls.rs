//! Tool calls whose pieces come in any order.
//!
//! By the book a piece names its call by `index`, and the first piece of a call has id and name.
//! Compatible servers leave the index out, repeat id and name, give every call the index 0, or
//! leave the id out. The rule here: a piece with an id that is not the id of the call under its
//! index, and with a name, begins a new call; a piece without an index belongs to the call of its
//! id, or else to the last one. Ids are passed on as they are, missing or used twice: the agent, which
//! sees the whole conversation, makes them unique.

use loom_common_core::{BlockKind, Extra, LlmEvent};
use serde_json::{Map, Value};

use crate::PROVIDER;
use crate::chunk::{CallDelta, arguments_of};

/// The tool calls of one answer.
#[derive(Debug, Default)]
pub(crate) struct Calls(Vec<Call>);

#[derive(Debug)]
struct Call {
    wire_index: Option<u32>,
    /// Empty as long as the server gave none.
    id: String,
    /// Index of the block.
    block: u32,
    /// Whether the block has begun: it needs a name.
    begun: bool,
    /// Arguments that came ahead of the name.
    waiting: String,
    extra: Map<String, Value>,
}

impl Calls {
    /// Tells whether the answer has any.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
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
                self.0.push(Call {
                    wire_index: piece.index,
                    id: String::new(),
                    block: new_block(),
                    begun: false,
                    waiting: String::new(),
                    extra: Map::new(),
                });
                self.0.len() - 1
            }
        };
        if self.0[place].id.is_empty() {
            self.0[place].id = id;
        }
        let arguments = function.and_then(|function| function.arguments);
        let json = arguments.map(arguments_of).transpose()?.unwrap_or_default();
        let call = &mut self.0[place];
        call.waiting.push_str(&json);
        call.keep(piece.extra);
        if !call.begun && !name.is_empty() {
            call.begun = true;
            out.push(LlmEvent::BlockStarted {
                index: call.block,
                block: BlockKind::ToolUse {
                    id: call.id.clone(),
                    name,
                },
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
        for call in &mut self.0 {
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
        let by_id = |call: &Call| !id.is_empty() && call.id == id;
        let Some(index) = index else {
            let known = self.0.iter().rposition(by_id);
            let begins = !name.is_empty();
            return known.or_else(|| (!begins).then(|| self.0.len().checked_sub(1)).flatten());
        };
        let place = self
            .0
            .iter()
            .rposition(|call| call.wire_index == Some(index))?;
        let call = &self.0[place];
        let other = !id.is_empty() && !call.id.is_empty() && call.id != id;
        if other && !name.is_empty() {
            return self.0.iter().rposition(by_id);
        }
        Some(place)
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
