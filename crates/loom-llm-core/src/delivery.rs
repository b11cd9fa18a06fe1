//! How an answer is to come.

use http::HeaderValue;

/// How an answer is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Event by event.
    Streamed,
    /// In one piece.
    Whole,
}

impl Delivery {
    /// Tells whether the answer comes event by event.
    pub fn is_streamed(self) -> bool {
        self == Self::Streamed
    }

    /// Returns the value of the `Accept` header.
    pub fn media_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Streamed => "text/event-stream",
            Self::Whole => "application/json",
        })
    }
}
