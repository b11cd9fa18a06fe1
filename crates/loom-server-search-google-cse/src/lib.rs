//! Web search by Google's Programmable Search Engine (Custom Search JSON API).
//!
//! [`GoogleCseClient`] implements [`SearchProvider`](loom_search_core::SearchProvider) over one
//! call. It needs a key and the id of an engine, which decides what is searched: single sites or
//! the whole web. Google takes no new customers for this API and serves the old ones until
//! 1 January 2027; it is here for those who have it.
//!
//! ```text
//! GET {base}/customsearch/v1?key=…&cx=…&q=…&num=10
//! 200  {"kind": "customsearch#search", "items": [{"title": "…", "link": "…", "snippet": "…"}, …]}
//! 4xx  {"error": {"code": 429, "message": "…", "status": "RESOURCE_EXHAUSTED",
//!                 "errors": [{"reason": "…"}], "details": [{"reason": "…"}]}}
//! ```
//!
//! # Failure
//!
//! Google tells its errors by reasons, of which there are two lists, and by messages: the same
//! status 429 stands for a day's quota that is used up, where waiting is no use, and for too many
//! questions a minute. A search without results has no `items`, so an answer is known by its
//! `kind`. The key stands in the address, as this API wants it; errors name the address without
//! its query. Waits and sizes are bounded. Nothing is asked twice;
//! [`WebSearch`](loom_search_core::WebSearch) does that.

mod client;
mod error;

pub use client::{GoogleCseClient, GoogleCseConfig, PROVIDER};
