//! Web search: what is asked and answered, and what every provider of it shares.
//!
//! # Types
//!
//! [`SearchRequest`] and [`SearchResults`] go over the wire between `loom` and its server as they
//! are. A [`SearchProvider`] turns the one into the other by asking a search engine; each is a
//! crate of its own on the server, where the keys are. [`WebSearch`] is the one provider that a
//! server has, with all that holds for every provider around it.
//!
//! # Flow
//!
//! ```text
//! SearchRequest ──> WebSearch::search ──> SearchProvider::search ──> found
//!                    (is it a question?)   (again, if that helps)      │
//! SearchResults <── only what can be opened, cut to size <─────────────┘
//! ```
//!
//! # Failure
//!
//! Errors are [`LlmError`]s, because a search engine fails in the ways that a model provider does:
//! refused keys, used-up credit, limits, garbage, silence. So they also have the same codes and
//! statuses on the wire. A search has one deadline. Within it a failure that tends to pass is asked
//! again, at most [`ATTEMPTS`] times in all; when the engine wants a longer pause than a person
//! would wait, its error goes up at once, with the time it named.
//!
//! What comes back from the web is data from strangers: addresses that are not of HTTP are left
//! out, and texts are put on one line and cut.
//!
//! [`LlmError`]: loom_common_core::LlmError

mod search;
mod tidy;
mod wire;

pub use search::{ATTEMPTS, SearchProvider, WebSearch};
pub use wire::{MAX_RESULTS, SearchRequest, SearchResult, SearchResults};
