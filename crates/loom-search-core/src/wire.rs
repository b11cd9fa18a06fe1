//! What is asked and answered, as it goes over the wire.

use serde::{Deserialize, Serialize};

/// The most results of one search, and as many as there are when the request names no number. It is
/// the length of a page of Google's, which every provider has.
pub const MAX_RESULTS: u8 = 10;

/// What to search for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchRequest {
    /// The question or the words, as one would type them into a search engine.
    pub query: String,
    /// How many results are wanted: from 1 to 10, and 10 without it. More counts as 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u8>,
}

impl SearchRequest {
    /// Returns how many results are wanted.
    pub fn wanted(&self) -> u8 {
        self.count.unwrap_or(MAX_RESULTS).clamp(1, MAX_RESULTS)
    }
}

/// What was found, the best first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchResults {
    /// The results.
    pub results: Vec<SearchResult>,
}

/// A page that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchResult {
    /// Its title, on one line.
    pub title: String,
    /// Its address, of HTTP.
    pub url: String,
    /// What it says about the question, on one line. May be empty.
    #[serde(default)]
    pub snippet: String,
    /// When it was written, in the search engine's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}
