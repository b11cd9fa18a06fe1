//! Server-sent events from the body of an answer.
//!
//! The limit of silence is kept below the event parser, on the bytes: a server that only sends
//! comments while its model thinks is alive, though no event comes of it. The same place counts
//! the bytes since the last event, so that an event without an end cannot fill the memory.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, BoxStream, Stream, StreamExt};
use loom_common_core::LlmError;
use sse_stream::{Sse, SseByteStream};
use tokio::time::timeout;

use crate::peer::{Peer, cause};

/// The most bytes that may come without an event being whole.
const EVENT_LIMIT: usize = 16 * 1024 * 1024;

/// Server-sent events as they come.
pub struct EventStream {
    peer: Peer,
    request_id: Option<String>,
    events: SseByteStream<BoxStream<'static, Result<Bytes, Broken>>>,
    /// Bytes since the last event.
    pending: Arc<AtomicUsize>,
}

/// Why the bytes ended; carries the finished error through the event parser.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Broken(LlmError);

impl EventStream {
    pub(crate) fn new(
        peer: Peer,
        request_id: Option<String>,
        bytes: impl Stream<Item = reqwest::Result<Bytes>> + Send + 'static,
        patience: Duration,
    ) -> Self {
        let pending = Arc::new(AtomicUsize::new(0));
        Self {
            events: SseByteStream::new(watched(
                peer.clone(),
                bytes.boxed(),
                patience,
                Arc::clone(&pending),
            )),
            peer,
            request_id,
            pending,
        }
    }

    /// Waits for the next event; `None` when the body has ended. After an error there is no more.
    ///
    /// # Errors
    ///
    /// [`Timeout`] after too long a silence, [`StreamInterrupted`] when the connection broke,
    /// [`MalformedResponse`] when the bytes are no events.
    ///
    /// [`Timeout`]: loom_common_core::LlmErrorKind::Timeout
    /// [`StreamInterrupted`]: loom_common_core::LlmErrorKind::StreamInterrupted
    /// [`MalformedResponse`]: loom_common_core::LlmErrorKind::MalformedResponse
    pub async fn next(&mut self) -> Option<Result<Sse, LlmError>> {
        let event = self.events.next().await?;
        self.pending.store(0, Ordering::Relaxed);
        Some(event.map_err(|error| self.read_error(error)))
    }

    /// Returns the peer that sends the events.
    pub(crate) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Returns the peer's name for the request.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    fn read_error(&self, error: sse_stream::Error) -> LlmError {
        match error {
            sse_stream::Error::Body(broken) => match broken.downcast::<Broken>() {
                Ok(broken) => broken.0,
                Err(other) => self.peer.interrupted(&other.to_string()),
            },
            other => self.peer.malformed(&other.to_string()),
        }
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EventStream")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

fn watched(
    peer: Peer,
    bytes: BoxStream<'static, reqwest::Result<Bytes>>,
    patience: Duration,
    pending: Arc<AtomicUsize>,
) -> BoxStream<'static, Result<Bytes, Broken>> {
    stream::unfold(Some((bytes, peer, pending)), move |state| async move {
        let (mut bytes, peer, pending) = state?;
        let broken = match timeout(patience, bytes.next()).await {
            Ok(Some(Ok(piece))) => {
                let length = piece.len();
                if pending.fetch_add(length, Ordering::Relaxed) + length <= EVENT_LIMIT {
                    return Some((Ok(piece), Some((bytes, peer, pending))));
                }
                peer.malformed("an event is longer than 16 MiB")
            }
            Ok(Some(Err(error))) => peer.interrupted(&cause(&error)),
            Ok(None) => return None,
            Err(_) => peer.silent(patience),
        };
        Some((Err(Broken(broken)), None))
    })
    .boxed()
}
