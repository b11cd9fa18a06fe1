//! A gate in a reply: the stream stops there until the test opens it, so that a test needs no
//! sleeps.

use std::sync::Arc;

use tokio::sync::watch;

use crate::deadline;

/// A handle on a place in a reply, made by the test and passed to
/// [`Reply::gate_after`](super::Reply::gate_after).
///
/// Clones are the same gate. It stays open once it was opened.
#[derive(Debug, Clone)]
pub struct Gate {
    open: Arc<watch::Sender<bool>>,
    reached: Arc<watch::Sender<bool>>,
}

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn new() -> Self {
        Self {
            open: Arc::new(watch::Sender::new(false)),
            reached: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Lets every stream that waits here, or comes here later, go on.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Waits until a stream stands at the gate: all events before it have been handed to the
    /// connection.
    ///
    /// # Panics
    ///
    /// When none came within [`deadline::LIMIT`].
    pub async fn reached(&self) {
        let mut reached = self.reached.subscribe();
        let arrival = async move { reached.wait_for(|reached| *reached).await.is_ok() };
        deadline::within("a reply to reach the gate", arrival).await;
    }

    /// Announces the arrival and waits for the opening.
    pub(super) async fn pass(&self) {
        self.reached.send_replace(true);
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}
