//! From the server's events to the events of an answer: the same, but for the way they are packed.

use loom_common_core::{LlmError, LlmEvent};
use loom_llm_core::{Decoder, Peer};
use sse_stream::Sse;

use crate::error::reported;
use crate::wire::{ERROR_EVENT, EVENT_NAMES};

/// Reads one answer.
#[derive(Debug)]
pub(crate) struct ServerDecoder {
    peer: Peer,
}

impl ServerDecoder {
    pub(crate) fn new(peer: Peer) -> Self {
        Self { peer }
    }
}

impl Decoder for ServerDecoder {
    fn decode(&mut self, event: Sse, out: &mut Vec<LlmEvent>) -> Result<(), LlmError> {
        let (Some(name), Some(data)) = (event.event, event.data) else {
            return Ok(());
        };
        if name == ERROR_EVENT {
            return Err(reported(&data, &self.peer));
        }
        // An event that is not known is one of a newer server, and can be done without.
        if EVENT_NAMES.contains(&name.as_str()) {
            let event = serde_json::from_str(&data)
                .map_err(|error| self.peer.malformed(&error.to_string()))?;
            out.push(event);
        }
        Ok(())
    }

    fn end(&mut self, _out: &mut Vec<LlmEvent>) {
        // Only `finished` makes an answer whole, and after it nobody asks for more.
    }
}
