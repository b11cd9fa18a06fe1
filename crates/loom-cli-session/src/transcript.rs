//! Keeps the stored thread in step with the conversation.
//!
//! Entries are stored in order and one by one. One that could not be stored (a full disk, say)
//! stays in the queue and goes first the next time, so the stored thread never has a gap.

use std::collections::VecDeque;

use loom_common_core::{Entry, Usage};
use loom_common_thread::{Continuation, NewThread, ThreadId, ThreadStore, ThreadStoreError};
use loom_redact::Redactor;

use crate::redaction;
use crate::session::Clock;

pub(crate) struct Transcript {
    /// None for a conversation that is not kept.
    place: Option<Place>,
    /// What is to be stored ahead of the first entry: a session in which nothing was said
    /// leaves no trace.
    first: Option<First>,
    unsaved: VecDeque<Entry>,
    unsaved_usage: Usage,
    /// Finds the secrets that are not to be stored.
    redaction: Option<Redactor>,
}

struct Place {
    store: ThreadStore,
    clock: Clock,
    id: ThreadId,
    /// Number of entries in the store.
    stored: u64,
}

enum First {
    Create(NewThread),
    GoOn(Continuation),
}

impl Transcript {
    /// Begins a thread that is not stored yet.
    pub(crate) fn begin(store: ThreadStore, clock: Clock, thread: NewThread) -> Self {
        let place = Place {
            store,
            clock,
            id: thread.id,
            stored: 0,
        };
        Self::new(Some(place), Some(First::Create(thread)))
    }

    /// Continues a stored thread of `stored` entries.
    pub(crate) fn resume(
        store: ThreadStore,
        clock: Clock,
        id: ThreadId,
        stored: u64,
        with: Continuation,
    ) -> Self {
        let place = Place {
            store,
            clock,
            id,
            stored,
        };
        Self::new(Some(place), Some(First::GoOn(with)))
    }

    /// Keeps nothing.
    pub(crate) fn none() -> Self {
        Self::new(None, None)
    }

    fn new(place: Option<Place>, first: Option<First>) -> Self {
        Self {
            place,
            first,
            unsaved: VecDeque::new(),
            unsaved_usage: Usage::default(),
            redaction: None,
        }
    }

    /// Keeps the secrets that `redaction` finds out of what is stored.
    pub(crate) fn redacted_by(self, redaction: Option<Redactor>) -> Self {
        Self { redaction, ..self }
    }

    /// Takes `entry` as the next one, to be stored by [`Transcript::save`].
    pub(crate) fn queue(&mut self, entry: Entry) {
        if self.place.is_some() {
            self.unsaved.push_back(match &self.redaction {
                Some(redactor) => redaction::stored(redactor, entry),
                None => entry,
            });
        }
    }

    /// Takes tokens that the thread has used, to be counted by [`Transcript::save_usage`].
    pub(crate) fn queue_usage(&mut self, usage: Usage) {
        self.unsaved_usage += usage;
    }

    /// Notes with what the thread goes on, to be stored with the next entry.
    pub(crate) fn go_on(&mut self, with: Continuation) {
        match &mut self.first {
            Some(First::Create(thread)) => {
                thread.provider = with.provider;
                thread.model = with.model;
                thread.permission_mode = with.permission_mode;
            }
            first => *first = self.place.is_some().then_some(First::GoOn(with)),
        }
    }

    /// Counts the tokens that wait.
    ///
    /// # Errors
    ///
    /// As the store says. The tokens go on waiting.
    pub(crate) async fn save_usage(&mut self) -> Result<(), ThreadStoreError> {
        let is_stored = !matches!(self.first, Some(First::Create(_)));
        if let Some(place) = &self.place
            && is_stored
            && self.unsaved_usage != Usage::default()
        {
            place.store.add_usage(place.id, self.unsaved_usage).await?;
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
        let Some(place) = &mut self.place else {
            return Ok(());
        };
        if self.unsaved.is_empty() {
            return Ok(());
        }
        match &self.first {
            Some(First::Create(thread)) => {
                place.store.create(thread.clone()).await?;
            }
            Some(First::GoOn(with)) => place.store.go_on(place.id, with).await?,
            None => {}
        }
        self.first = None;
        while let Some(entry) = self.unsaved.front() {
            let now = (place.clock)();
            let stored = place.stored;
            place.store.append(place.id, stored, entry, now).await?;
            place.stored += 1;
            self.unsaved.pop_front();
        }
        Ok(())
    }
}
