//! What stands between a transport and the protocol: it keeps floods away.
//!
//! The protocol layer starts a task for each notification and each request of the server. So those
//! that mean nothing to us end here, those that come too fast are dropped and counted, and a server
//! that goes on and on is read more slowly, until its own pipe or connection is full.
#![expect(
    deprecated,
    reason = "the protocol of July 2026 drops log messages, and the servers that people have send them"
)]

use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::{JsonRpcMessage, ServerNotification};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::time::Instant;

use crate::log::ServerLog;

/// Notifications that may come at once.
const BURST: u32 = 200;

/// How often another one may come.
const INTERVAL: Duration = Duration::from_millis(20);

/// After how many dropped messages in a row there is a pause.
const DROPPED_PER_PAUSE: u32 = 500;

/// How long the pause is.
const PAUSE: Duration = Duration::from_millis(50);

/// Requests of the server that are answered at the same time.
const MAX_REQUESTS: u32 = 32;

/// A transport behind which there are no floods.
pub(crate) struct Guarded<T> {
    inner: T,
    log: Arc<ServerLog>,
    allowance: Allowance,
    dropped_in_a_row: u32,
    /// Requests of the server that were let through and not answered yet.
    requests: u32,
}

impl<T> Guarded<T> {
    pub(crate) fn new(inner: T, log: Arc<ServerLog>) -> Self {
        Self {
            inner,
            log,
            allowance: Allowance::new(),
            dropped_in_a_row: 0,
            requests: 0,
        }
    }

    /// Decides what becomes of a message.
    fn judge(&mut self, message: &RxJsonRpcMessage<RoleClient>) -> Verdict {
        match message {
            JsonRpcMessage::Notification(notification) => match &notification.notification {
                ServerNotification::CancelledNotification(_) => {
                    // A cancelled request is not answered any more.
                    self.requests = self.requests.saturating_sub(1);
                    Verdict::Pass
                }
                _ if !self.allowance.take() => Verdict::Drop,
                ServerNotification::LoggingMessageNotification(message) => {
                    self.log.line(&message.params.data.to_string());
                    Verdict::Done
                }
                ServerNotification::ProgressNotification(_)
                | ServerNotification::ToolListChangedNotification(_)
                | ServerNotification::PromptListChangedNotification(_) => Verdict::Pass,
                _ => Verdict::Done,
            },
            JsonRpcMessage::Request(_) if self.requests >= MAX_REQUESTS => Verdict::Drop,
            JsonRpcMessage::Request(_) => {
                self.requests += 1;
                Verdict::Pass
            }
            _ => Verdict::Pass,
        }
    }
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It goes on to the protocol layer.
    Pass,
    /// It has been dealt with.
    Done,
    /// There are too many.
    Drop,
}

impl<T: Transport<RoleClient>> Transport<RoleClient> for Guarded<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        if matches!(
            message,
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_)
        ) {
            self.requests = self.requests.saturating_sub(1);
        }
        self.inner.send(message)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            if self.dropped_in_a_row >= DROPPED_PER_PAUSE {
                tokio::time::sleep(PAUSE).await;
                self.dropped_in_a_row = 0;
            }
            let message = self.inner.receive().await?;
            match self.judge(&message) {
                Verdict::Pass => {
                    self.dropped_in_a_row = 0;
                    return Some(message);
                }
                Verdict::Done => {}
                Verdict::Drop => {
                    self.dropped_in_a_row += 1;
                    self.log.dropped();
                }
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}

/// A bucket of tokens that fills up with time.
struct Allowance {
    left: u32,
    /// Up to when the filling was counted.
    counted: Instant,
}

impl Allowance {
    fn new() -> Self {
        Self {
            left: BURST,
            counted: Instant::now(),
        }
    }

    fn take(&mut self) -> bool {
        let intervals = self.counted.elapsed().as_nanos() / INTERVAL.as_nanos();
        let new = u32::try_from(intervals).unwrap_or(u32::MAX);
        self.counted += INTERVAL * new.min(BURST);
        if new >= BURST {
            self.counted = Instant::now();
        }
        self.left = self.left.saturating_add(new).min(BURST);
        let has_left = self.left > 0;
        self.left = self.left.saturating_sub(1);
        has_left
    }
}

#[cfg(test)]
mod tests;
