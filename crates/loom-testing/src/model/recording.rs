//! A recorded conversation: the replies of a model, in a JSON file.
//!
//! ```json
//! {
//!   "replies": [
//!     {
//!       "content": [
//!         {"type": "thinking", "thinking": "The test fails …", "signature": "c2lnbmF0dXJl"},
//!         {"type": "text", "text": "I read the file first."},
//!         {"type": "tool_call", "name": "read_file", "input": {"file_path": "a.rs"}}
//!       ],
//!       "usage": {"input_tokens": 1200, "output_tokens": 80}
//!     },
//!     {"error": {"status": 429}, "headers": {"retry-after": "1"}},
//!     {"content": [{"type": "text", "text": "Done."}], "delivery": {"delta_chars": 4}}
//!   ]
//! }
//! ```
//!
//! Everything but `replies` may be left out. A reply has
//!
//! - `content`: blocks `text` (`text`), `thinking` (`thinking`, `signature`), `tool_call` (`name`,
//!   `input`, and `id`, which is made up where missing), `raw_tool_call` (`name`, `arguments` as
//!   text, `id`), `opaque` (`block`: sent as it stands);
//! - `stop_reason`, in the words of the Messages API;
//! - `usage`: `input_tokens`, `output_tokens`, `cache_read_tokens`, `cache_write_tokens`;
//! - `error` in place of content: `{"status": N}`, `"overloaded"` or `"spend_limit"`;
//! - `headers` of the response;
//! - `delivery`: `delta_chars`, `write_sizes`, `pace_ms`, `line_ending` (`lf`, `cr_lf`, `cr`),
//!   `comments`, `pings`, `no_space_after_colon`, `anthropic_usage` (`input_at_start`,
//!   `output_twice`, `all_at_end`), `openai_usage` (`empty_choices`, `null_choices`, `no_choices`,
//!   `with_finish`, `absent`), and one `fault`: `"no_response"`, `{"cut_after_events": N}`,
//!   `{"hang_after": N}`, `{"malformed_json_at": N}`, `{"error_event_after": N}`,
//!   `{"end_after_events": N}` or `"end_without_stop"`. The methods of [`Reply`] tell what each of
//!   these does.
//!
//! A conversation gets the replies in their order. One that begins with a first user message starts
//! them over, so that one server can replay a recording many times; the repetition of a first
//! request whose answer was an error or broke off is a new try, not a new conversation.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::reply::Reply;

/// The replies of one conversation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    replies: Vec<Reply>,
}

impl Recording {
    /// A recording of these replies.
    #[must_use]
    pub fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self {
            replies: replies.into_iter().collect(),
        }
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    ///
    /// When the text is no JSON or not of this form; the error says where.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// Sets the pace of every reply that has none of its own.
    #[must_use]
    pub fn paced(mut self, pace: Duration) -> Self {
        for reply in &mut self.replies {
            if reply.delivery.pace_ms == 0 {
                *reply = std::mem::take(reply).pace(pace);
            }
        }
        self
    }

    /// The reply at a place in the conversation.
    pub(super) fn reply(&self, place: usize) -> Option<Reply> {
        self.replies.get(place).cloned()
    }
}
