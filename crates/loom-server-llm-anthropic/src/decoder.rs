//! From the wire events of the Messages API to the events of an answer.
//!
//! The order on the wire is `message_start`; for each block `content_block_start`, any number of
//! `content_block_delta`, `content_block_stop`; one or more `message_delta`; `message_stop`. A
//! `ping` may stand anywhere, and so may events that did not exist when this was written: an event
//! is first read only as far as its type, so that what an unknown one holds cannot do harm.

use std::borrow::Cow;

use loom_common_core::{LlmError, LlmEvent, LlmResponse, ResponseBuilder, StopReason};
use loom_llm_core::{BadEvent, Decoder, Peer};
use serde::Deserialize;
use serde_json::value::RawValue;
use sse_stream::Sse;

use crate::block::OpenBlock;
use crate::error::{ErrorBody, interruption};
use crate::usage::WireUsage;

/// Reads one answer.
#[derive(Debug)]
pub(crate) struct MessageDecoder {
    peer: Peer,
    open: Vec<(u32, OpenBlock)>,
    usage: WireUsage,
    stop_reason: Option<StopReason>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    index: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content_block: Option<&'a RawValue>,
    #[serde(borrow, default)]
    delta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct MessageHead {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct MessageDelta {
    #[serde(default)]
    stop_reason: Option<String>,
}

#[derive(Deserialize)]
struct WholeMessage<'a> {
    #[serde(borrow)]
    content: Vec<&'a RawValue>,
}

impl MessageDecoder {
    pub(crate) fn new(peer: Peer) -> Self {
        Self {
            peer,
            open: Vec::new(),
            usage: WireUsage::default(),
            stop_reason: None,
        }
    }

    /// Reads an unstreamed answer: each of its blocks begins whole and stops.
    pub(crate) fn whole(mut self, body: &[u8]) -> Result<LlmResponse, LlmError> {
        let mut events = Vec::new();
        if let Err(bad) = self.whole_events(body, &mut events) {
            return Err(self.peer.unreadable(bad));
        }
        let mut builder = ResponseBuilder::default();
        for event in events {
            builder.apply(event)?;
        }
        builder.finish()
    }

    fn whole_events(&mut self, body: &[u8], out: &mut Vec<LlmEvent>) -> Result<(), BadEvent> {
        let text =
            std::str::from_utf8(body).map_err(|error| BadEvent::Malformed(error.to_string()))?;
        let raw: &RawValue = serde_json::from_str(text)?;
        if let Ok(error) = serde_json::from_str::<ErrorBody>(text) {
            return Err(self.reported(error));
        }
        self.start(raw, out)?;
        let message: WholeMessage<'_> = serde_json::from_str(text)?;
        for (index, block) in (0..).zip(message.content) {
            OpenBlock::begin(index, block, out)?.stop(index, out)?;
        }
        self.stop_reason(raw)?;
        self.finish(out)
    }

    fn take(&mut self, data: &str, out: &mut Vec<LlmEvent>) -> Result<(), BadEvent> {
        let event: Envelope<'_> = serde_json::from_str(data)?;
        match &*event.kind {
            "message_start" => self.start(part(event.message, "message")?, out)?,
            "content_block_start" => {
                let index = block_index(event.index)?;
                let block = part(event.content_block, "content_block")?;
                if self.open.iter().any(|(open, _)| *open == index) {
                    return Err(BadEvent::Malformed(format!("block {index} begins twice")));
                }
                self.open
                    .push((index, OpenBlock::begin(index, block, out)?));
            }
            "content_block_delta" => {
                let index = block_index(event.index)?;
                let place = self.place(index)?;
                let delta = part(event.delta, "delta")?;
                self.open[place].1.grow(index, delta, out)?;
            }
            "content_block_stop" => {
                let index = block_index(event.index)?;
                let place = self.place(index)?;
                self.open.remove(place).1.stop(index, out)?;
            }
            "message_delta" => {
                if let Some(usage) = event.usage {
                    let usage: Option<WireUsage> = serde_json::from_str(usage.get())?;
                    self.count(usage, out);
                }
                if let Some(delta) = event.delta {
                    self.stop_reason(delta)?;
                }
            }
            "message_stop" => self.finish(out)?,
            "ping" => out.push(LlmEvent::Ping),
            "error" => return Err(self.reported(serde_json::from_str(data)?)),
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, message: &RawValue, out: &mut Vec<LlmEvent>) -> Result<(), BadEvent> {
        let MessageHead { id, model, usage } = serde_json::from_str(message.get())?;
        out.push(LlmEvent::Started { id, model });
        self.count(usage, out);
        Ok(())
    }

    fn count(&mut self, usage: Option<WireUsage>, out: &mut Vec<LlmEvent>) {
        if let Some(usage) = usage {
            self.usage.merge(usage);
            out.push(LlmEvent::Usage {
                usage: self.usage.total(),
            });
        }
    }

    fn stop_reason(&mut self, source: &RawValue) -> Result<(), BadEvent> {
        let MessageDelta { stop_reason } = serde_json::from_str(source.get())?;
        if let Some(reason) = stop_reason {
            self.stop_reason = Some(named_reason(reason));
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<LlmEvent>) -> Result<(), BadEvent> {
        // Some servers that imitate the API leave out the ends of blocks.
        for (index, block) in self.open.drain(..) {
            block.stop(index, out)?;
        }
        let Some(stop_reason) = self.stop_reason.take() else {
            return Err(BadEvent::Malformed(
                "it ends without a stop reason".to_owned(),
            ));
        };
        out.push(LlmEvent::Finished { stop_reason });
        Ok(())
    }

    fn place(&self, index: u32) -> Result<usize, BadEvent> {
        let place = self.open.iter().position(|(open, _)| *open == index);
        place.ok_or_else(|| BadEvent::Malformed(format!("block {index} has not begun")))
    }

    fn reported(&self, body: ErrorBody) -> BadEvent {
        BadEvent::Reported(interruption(body, &self.peer))
    }
}

impl Decoder for MessageDecoder {
    fn decode(&mut self, event: Sse, out: &mut Vec<LlmEvent>) -> Result<(), LlmError> {
        let Some(data) = event.data else {
            return Ok(());
        };
        self.take(&data, out)
            .map_err(|bad| self.peer.unreadable(bad))
    }

    fn end(&mut self, _out: &mut Vec<LlmEvent>) {
        // Only `message_stop` makes an answer whole, and after it nobody asks for more.
    }
}

fn part<'a>(part: Option<&'a RawValue>, name: &str) -> Result<&'a RawValue, BadEvent> {
    part.ok_or_else(|| BadEvent::Malformed(format!("an event lacks `{name}`")))
}

fn block_index(raw: Option<&RawValue>) -> Result<u32, BadEvent> {
    Ok(serde_json::from_str(part(raw, "index")?.get())?)
}

fn named_reason(reason: String) -> StopReason {
    match reason.as_str() {
        "end_turn" => StopReason::EndTurn,
        "max_tokens" => StopReason::MaxTokens,
        "stop_sequence" => StopReason::StopSequence,
        "tool_use" => StopReason::ToolUse,
        "pause_turn" => StopReason::PauseTurn,
        "refusal" => StopReason::Refusal,
        "model_context_window_exceeded" => StopReason::ContextExceeded,
        _ => StopReason::Other(reason),
    }
}

#[cfg(test)]
mod tests;
