//! From the chunks of a chat completion to the events of an answer.

use loom_common_core::{
    BlockKind, LlmError, LlmEvent, LlmResponse, ResponseBuilder, StopReason, Usage,
};
use loom_llm_core::{BadEvent, Decoder, Peer};
use sse_stream::Sse;

use crate::calls::Calls;
use crate::chunk::{Chunk, Delta, named_reason, text_of};
use crate::error::interruption;

/// Reads one answer.
#[derive(Debug)]
pub(crate) struct ChatDecoder {
    peer: Peer,
    started: bool,
    /// The block of text or thoughts that is open.
    open: Option<(u32, Prose)>,
    next_block: u32,
    calls: Calls,
    refused: bool,
    usage: Option<Usage>,
    stop_reason: Option<StopReason>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prose {
    Text,
    Thinking,
}

impl ChatDecoder {
    pub(crate) fn new(peer: Peer) -> Self {
        Self {
            peer,
            started: false,
            open: None,
            next_block: 0,
            calls: Calls::default(),
            refused: false,
            usage: None,
            stop_reason: None,
        }
    }

    /// Reads an unstreamed answer: one chunk that holds all.
    pub(crate) fn whole(mut self, body: &[u8]) -> Result<LlmResponse, LlmError> {
        let mut events = Vec::new();
        let text =
            std::str::from_utf8(body).map_err(|error| self.peer.malformed(&error.to_string()))?;
        self.take(text, &mut events)
            .map_err(|bad| self.peer.unreadable(bad))?;
        self.end(&mut events);
        let mut builder = ResponseBuilder::default();
        for event in events {
            builder.apply(event)?;
        }
        if !builder.is_finished() {
            return Err(self.peer.malformed("it has no finish reason"));
        }
        builder.finish()
    }

    fn take(&mut self, data: &str, out: &mut Vec<LlmEvent>) -> Result<(), BadEvent> {
        let chunk: Chunk<'_> = serde_json::from_str(data)?;
        if let Some(error) = chunk.error {
            return Err(BadEvent::Reported(interruption(error.get(), &self.peer)));
        }
        if !self.started {
            self.started = true;
            out.push(LlmEvent::Started {
                id: chunk.id.filter(|id| !id.is_empty()),
                model: chunk.model.filter(|model| !model.is_empty()),
            });
        }
        // Only one choice is ever asked for.
        let choice = chunk.choices.into_iter().flatten().next();
        if let Some(choice) = choice {
            let delta = choice.delta.or(choice.message.map(Delta::of_whole));
            self.delta(delta.unwrap_or_default(), out)?;
            if let Some(reason) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
                self.stop(named_reason(reason), out)?;
            }
        }
        if let Some(usage) = chunk.usage {
            self.count(usage.into(), out);
        }
        Ok(())
    }

    fn delta(&mut self, delta: Delta<'_>, out: &mut Vec<LlmEvent>) -> Result<(), BadEvent> {
        let reasoning = match delta.reasoning_content {
            Some(reasoning) => reasoning,
            None => delta
                .reasoning
                .map(text_of)
                .transpose()?
                .unwrap_or_default(),
        };
        self.prose(Prose::Thinking, reasoning, out);
        let content = delta.content.map(text_of).transpose()?.unwrap_or_default();
        self.prose(Prose::Text, content, out);
        if let Some(refusal) = delta.refusal.filter(|refusal| !refusal.is_empty()) {
            self.refused = true;
            self.prose(Prose::Text, refusal, out);
        }
        for piece in delta.tool_calls.into_iter().flatten() {
            self.close(out);
            let next_block = &mut self.next_block;
            self.calls.take(piece, || new_block(next_block), out)?;
        }
        Ok(())
    }

    fn prose(&mut self, prose: Prose, text: String, out: &mut Vec<LlmEvent>) {
        if text.is_empty() {
            return;
        }
        let index = match self.open {
            Some((index, open)) if open == prose => index,
            _ => {
                self.close(out);
                let index = new_block(&mut self.next_block);
                self.open = Some((index, prose));
                let block = match prose {
                    Prose::Text => BlockKind::Text,
                    Prose::Thinking => BlockKind::Thinking,
                };
                out.push(LlmEvent::BlockStarted { index, block });
                index
            }
        };
        out.push(match prose {
            Prose::Text => LlmEvent::TextDelta { index, text },
            Prose::Thinking => LlmEvent::ThinkingDelta {
                index,
                thinking: text,
            },
        });
    }

    fn close(&mut self, out: &mut Vec<LlmEvent>) {
        if let Some((index, _)) = self.open.take() {
            out.push(LlmEvent::BlockStopped { index });
        }
    }

    /// Takes the finish reason. The usage may still come, so the end waits.
    fn stop(&mut self, reason: StopReason, out: &mut Vec<LlmEvent>) -> Result<(), BadEvent> {
        if self.stop_reason.is_some() {
            return Ok(());
        }
        self.close(out);
        if !self.calls.stop(out) {
            return Err(BadEvent::Malformed("a tool call has no name".to_owned()));
        }
        self.stop_reason = Some(match reason {
            // Several servers say `stop` whatever the model did.
            StopReason::EndTurn if !self.calls.is_empty() => StopReason::ToolUse,
            StopReason::EndTurn if self.refused => StopReason::Refusal,
            reason => reason,
        });
        Ok(())
    }

    fn count(&mut self, usage: Usage, out: &mut Vec<LlmEvent>) {
        if self.usage != Some(usage) {
            self.usage = Some(usage);
            out.push(LlmEvent::Usage { usage });
        }
    }
}

impl Decoder for ChatDecoder {
    fn decode(&mut self, event: Sse, out: &mut Vec<LlmEvent>) -> Result<(), LlmError> {
        let Some(data) = event.data else {
            return Ok(());
        };
        if data.trim() == "[DONE]" {
            if self.stop_reason.is_none() {
                return Err(self.peer.interrupted("it ended without a finish reason"));
            }
            self.end(out);
            return Ok(());
        }
        self.take(&data, out)
            .map_err(|bad| self.peer.unreadable(bad))
    }

    fn end(&mut self, out: &mut Vec<LlmEvent>) {
        if let Some(stop_reason) = self.stop_reason.take() {
            out.push(LlmEvent::Finished { stop_reason });
        }
    }
}

fn new_block(next_block: &mut u32) -> u32 {
    let index = *next_block;
    *next_block += 1;
    index
}

#[cfg(test)]
mod tests;
