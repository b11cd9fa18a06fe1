//! Keeps the stored thread in step with the conversation.
//!
//! Messages are stored in order and one by one. One that could not be stored (a full disk, say)
//! stays in the queue and goes first the next time, so the stored thread never has a gap.

use std::collections::VecDeque;
use std::sync::Arc;

use loom_common_core::{Message, Usage};
use loom_common_thread::{NewThread, ThreadId, ThreadStore, ThreadStoreError};

use crate::session::Clock;

pub(crate) struct Transcript {
    store: ThreadStore,
    clock: Clock,
    id: ThreadId,
    /// Set until the thread is stored: a session in which nothing was said leaves none behind.
    unborn: Option<NewThread>,
    /// Number of messages in the store.
    stored: u64,
    unsaved: VecDeque<Arc<Message>>,
    unsaved_usage: Usage,
}

impl Transcript {
    /// Begins a thread that is not stored yet.
    pub(crate) fn begin(store: ThreadStore, clock: Clock, thread: NewThread) -> Self {
        let id = thread.id;
        Self {
            unborn: Some(thread),
            ..Self::resume(store, clock, id, 0)
        }
    }

    /// Continues a stored thread of `stored` messages.
    pub(crate) fn resume(store: ThreadStore, clock: Clock, id: ThreadId, stored: u64) -> Self {
        Self {
            store,
            clock,
            id,
            unborn: None,
            stored,
            unsaved: VecDeque::new(),
            unsaved_usage: Usage::default(),
        }
    }

    /// Takes `message` as the next one, to be stored by [`Transcript::save`].
    pub(crate) fn queue(&mut self, message: Arc<Message>) {
        self.unsaved.push_back(message);
    }

    /// Adds to the tokens that the thread has used.
    ///
    /// # Errors
    ///
    /// As the store says. The tokens are kept and counted with the next ones.
    pub(crate) async fn add_usage(&mut self, usage: Usage) -> Result<(), ThreadStoreError> {
        self.unsaved_usage += usage;
        if self.unborn.is_none() && self.unsaved_usage != Usage::default() {
            self.store.add_usage(self.id, self.unsaved_usage).await?;
            self.unsaved_usage = Usage::default();
        }
        Ok(())
    }

    /// Stores what waits.
    ///
    /// # Errors
    ///
    /// As the store says. What could not be stored goes on waiting.
    pub(crate) async fn save(&mut self) -> Result<(), ThreadStoreError> {
        if self.unsaved.is_empty() {
            return Ok(());
        }
        if let Some(thread) = &self.unborn {
            self.store.create(thread.clone()).await?;
            self.unborn = None;
        }
        while let Some(message) = self.unsaved.front() {
            let now = (self.clock)();
            self.store
                .append(self.id, self.stored, message, now)
                .await?;
            self.stored += 1;
            self.unsaved.pop_front();
        }
        Ok(())
    }
}
