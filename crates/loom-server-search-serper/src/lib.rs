//! Web search by serper.dev, which answers with Google's results.
//!
//! [`SerperClient`] implements [`SearchProvider`](loom_search_core::SearchProvider) over one call:
//!
//! ```text
//! POST {base}/search    X-API-KEY: …    {"q": "…", "num": 10}
//! 200  {"organic": [{"title": "…", "link": "…", "snippet": "…", "date": "…"}, …], …}
//! 4xx  {"message": "…", "statusCode": 403}
//! ```
//!
//! # Failure
//!
//! serper.dev tells its errors by status and message, and not by the usual statuses: a bad key is
//! 403, used-up credit 400 with "Not enough credits". An answer without a list of results is
//! malformed, not empty: then something else answers. Waits and sizes are bounded, and what is
//! shown of an answer has the key blotted out. Nothing is asked twice;
//! [`WebSearch`](loom_search_core::WebSearch) does that.

mod client;

pub use client::{PROVIDER, SerperClient, SerperConfig};
