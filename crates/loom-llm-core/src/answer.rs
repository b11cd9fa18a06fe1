//! From server-sent events to the events of an answer.

use futures::StreamExt;
use loom_common_core::{LlmError, LlmEvent, LlmStream};
use sse_stream::Sse;

use crate::events::EventStream;

/// Reads one provider's events. Plain and synchronous: what it makes depends on what came only.
pub trait Decoder: Send + 'static {
    /// Takes the next event of the wire and appends what it means to `out`: nothing, or several.
    ///
    /// # Errors
    ///
    /// What the provider reports in the middle of its answer, and
    /// [`MalformedResponse`](loom_common_core::LlmErrorKind::MalformedResponse) for what cannot be
    /// read. The answer is over then.
    fn decode(&mut self, event: Sse, out: &mut Vec<LlmEvent>) -> Result<(), LlmError>;

    /// Takes notice that nothing more comes. Appends what is left, with [`LlmEvent::Finished`] if
    /// the answer is whole.
    fn end(&mut self, out: &mut Vec<LlmEvent>);
}

/// Why a decoder cannot take an event.
#[derive(Clone, Debug, PartialEq)]
pub enum BadEvent {
    /// It is not what the protocol says; the text tells how.
    Malformed(String),
    /// It reports an error of the peer.
    Reported(LlmError),
}

impl From<serde_json::Error> for BadEvent {
    fn from(error: serde_json::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// Turns the events of the wire into those of an answer, each as soon as it is there.
///
/// The answer ends with [`LlmEvent::Finished`] or with exactly one error; whatever the peer sends
/// after either is not read.
pub fn answer(mut events: EventStream, mut decoder: impl Decoder) -> LlmStream {
    async_stream::stream! {
        let mut out = Vec::new();
        loop {
            let failure = match events.next().await {
                Some(Ok(event)) => decoder.decode(event, &mut out).err(),
                Some(Err(error)) => {
                    decoder.end(&mut out);
                    Some(error)
                }
                None => {
                    decoder.end(&mut out);
                    Some(events.peer().interrupted("it ended before it was whole"))
                }
            };
            for event in out.drain(..) {
                let finished = matches!(event, LlmEvent::Finished { .. });
                yield Ok(event);
                if finished {
                    return;
                }
            }
            if let Some(mut error) = failure {
                error.request_id = error.request_id.or(events.request_id().map(str::to_owned));
                yield Err(error);
                return;
            }
        }
    }
    .boxed()
}
