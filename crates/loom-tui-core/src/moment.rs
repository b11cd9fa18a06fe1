//! Instants, as the interface counts them.

use std::ops::{Add, Sub};
use std::time::Duration;

/// An instant: how long after the interface started it is. It never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Duration);

impl Moment {
    /// When the interface started.
    pub const START: Self = Self(Duration::ZERO);

    /// Makes the instant that is this long after the start.
    pub const fn after_start(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// Returns how long after the start it is.
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// Returns how long after `earlier` it is; nothing if it is before.
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration))
    }
}
