//! Keeps the stored thread in step with the conversation.
//!
//! Entries are stored in order and one by one. One that could not be stored (a full disk, say)
//! stays in the queue and goes first the next time, so the stored thread never has a gap.

use std::collections::VecDeque;

use loom_common_core::{Entry, Usage};
use loom_common_thread::{Continuation, NewThread, ThreadId, ThreadStore, ThreadStoreError};

use crate::session::Clock;

pub(crate) struct Transcript {
    store: ThreadStore,
    clock: Clock,
    id: ThreadId,
    /// What is to be stored ahead of the first entry: a session in which nothing was said
    /// leaves no trace.
    first: Option<First>,
    /// Number of entries in the store.
    stored: u64,
    unsaved: VecDeque<Entry>,
    unsaved_usage: Usage,
}

enum First {
    Create(NewThread),
    GoOn(Continuation),
}

impl Transcript {
    /// Begins a thread that is not stored yet.
    pub(crate) fn begin(store: ThreadStore, clock: Clock, thread: NewThread) -> Self {
        let id = thread.id;
        Self::new(store, clock, id, First::Create(thread), 0)
    }

    /// Continues a stored thread of `stored` entries.
    pub(crate) fn resume(
        store: ThreadStore,
        clock: Clock,
        id: ThreadId,
        stored: u64,
        with: Continuation,
    ) -> Self {
        Self::new(store, clock, id, First::GoOn(with), stored)
    }

    fn new(store: ThreadStore, clock: Clock, id: ThreadId, first: First, stored: u64) -> Self {
        Self {
            store,
            clock,
            id,
            first: Some(first),
            stored,
            unsaved: VecDeque::new(),
            unsaved_usage: Usage::default(),
        }
    }

    /// Takes `entry` as the next one, to be stored by [`Transcript::save`].
    pub(crate) fn queue(&mut self, entry: Entry) {
        self.unsaved.push_back(entry);
    }

    /// Takes tokens that the thread has used, to be counted by [`Transcript::save_usage`].
    pub(crate) fn queue_usage(&mut self, usage: Usage) {
        self.unsaved_usage += usage;
    }

    /// Counts the tokens that wait.
    ///
    /// # Errors
    ///
    /// As the store says. The tokens go on waiting.
    pub(crate) async fn save_usage(&mut self) -> Result<(), ThreadStoreError> {
        if self.first.is_none() && self.unsaved_usage != Usage::default() {
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
        match &self.first {
            Some(First::Create(thread)) => {
                self.store.create(thread.clone()).await?;
            }
            Some(First::GoOn(with)) => self.store.go_on(self.id, with).await?,
            None => {}
        }
        self.first = None;
        while let Some(entry) = self.unsaved.front() {
            let now = (self.clock)();
            self.store.append(self.id, self.stored, entry, now).await?;
            self.stored += 1;
            self.unsaved.pop_front();
        }
        Ok(())
    }
}
