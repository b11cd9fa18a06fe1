//! What every client of a model API shares: addresses, event streams, failures.
//!
//! The adapters of the providers and the client of Loom's own server all do the same four things
//! around a wire format that differs: compose an address ([`BaseUrl`]), send and wait with a limit
//! ([`Peer`]), read server-sent events and turn each into [`LlmEvent`]s at once ([`EventStream`],
//! [`Decoder`], [`answer`]), and make sense of an answer that is a failure ([`Failure`]). An
//! adapter adds its request format, its decoder and its table of error codes. The clients of search
//! engines do the same, but for the events.
//!
//! # Flow
//!
//! ```text
//! LlmRequest ── adapter ──> Peer::ask ──> 200 ──> Peer::events ──> answer(Decoder) ──> LlmEvents
//!                              │           └────> Peer::body  (an unstreamed answer)
//!                              └─ any other ────> Failure ── adapter ──> LlmError
//! ```
//!
//! # Failure
//!
//! Every wait has a limit: for the head of an answer, for each piece of a stream (any byte counts
//! as life, so comments and pings do), for a whole body. Sizes have limits too, so that a broken
//! server cannot fill the memory. Errors name the peer by its address without user name, password
//! and query, and text that the peer sent has the key blotted out before it goes anywhere.
//! Nothing here asks twice: the agent decides about that.
//!
//! [`LlmEvent`]: loom_common_core::LlmEvent

mod address;
mod answer;
mod delivery;
mod events;
mod failure;
mod names;
mod peer;

pub use address::{BaseUrl, ConfigError, bearer_header, secret_header};
pub use answer::{BadEvent, Decoder, answer};
pub use delivery::Delivery;
pub use events::EventStream;
pub use failure::{Failure, kind_of_status};
pub use names::wire_name;
pub use peer::{Hints, Peer};
