//! A value that one thread changes and another waits on: output as it arrives, a screen as it is
//! drawn.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The value with its announcements.
#[derive(Debug, Default)]
pub(crate) struct Watched<T> {
    value: Mutex<T>,
    changed: Condvar,
}

impl<T> Watched<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            value: Mutex::new(value),
            changed: Condvar::new(),
        }
    }

    /// Looks at the value as it is.
    pub(crate) fn get(&self) -> MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the value and wakes whoever waits.
    pub(crate) fn change(&self, change: impl FnOnce(&mut T)) {
        change(&mut self.get());
        self.changed.notify_all();
    }

    /// Waits until the value yields something; none when it did not within the limit.
    pub(crate) fn wait<R>(
        &self,
        limit: Duration,
        mut look: impl FnMut(&mut T) -> Option<R>,
    ) -> Option<R> {
        let mut found = None;
        let waiting = |value: &mut T| {
            found = look(value);
            found.is_none()
        };
        drop(self.changed.wait_timeout_while(self.get(), limit, waiting));
        found
    }
}
