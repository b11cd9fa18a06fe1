//! A provider, and what holds for all of them around it.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use loom_common_core::{LlmError, LlmErrorKind};
use loom_common_http::{RetryConfig, RetryableError, retry};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::tidy::tidy;
use crate::wire::{SearchRequest, SearchResult, SearchResults};

/// How often a provider is asked for one search, at most.
pub const ATTEMPTS: u32 = 3;

/// The longest question, in characters. Google's own limit is 2,048 for a whole address.
const MAX_QUERY: usize = 500;

/// The longest pause that is made because a provider asks for one.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Asks a search engine. Implementations ask once; [`WebSearch`] asks again.
pub trait SearchProvider: Send + Sync {
    /// Returns the provider's name, as it stands in settings.
    fn name(&self) -> &'static str;

    /// Returns the pages that the engine found, the best first.
    fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
    ) -> BoxFuture<'a, Result<Vec<SearchResult>, LlmError>>;
}

/// The search of a server: its provider, a deadline, and asking again.
pub struct WebSearch {
    provider: Box<dyn SearchProvider>,
    deadline: Duration,
    rng: Mutex<StdRng>,
}

impl WebSearch {
    /// Makes the search over `provider`. Each search is over after `deadline`; `seed` is random.
    pub fn new(provider: Box<dyn SearchProvider>, deadline: Duration, seed: [u8; 32]) -> Self {
        Self {
            provider,
            deadline,
            rng: Mutex::new(StdRng::from_seed(seed)),
        }
    }

    /// Returns the provider's name, as it stands in settings.
    pub fn provider(&self) -> &'static str {
        self.provider.name()
    }

    /// Searches the web.
    ///
    /// # Errors
    ///
    /// [`LlmErrorKind::InvalidRequest`] for a question that is none, [`LlmErrorKind::Timeout`] when
    /// the deadline passes, and what the provider's last answer says.
    pub async fn search(&self, request: &SearchRequest) -> Result<SearchResults, LlmError> {
        check(request)?;
        let config = RetryConfig {
            max_attempts: ATTEMPTS,
            base_delay: Duration::from_millis(250),
            ..RetryConfig::default()
        };
        let mut rng = {
            let mut shared = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
            StdRng::from_rng(&mut *shared)
        };
        let found = retry(&config, &mut rng, || async {
            self.provider.search(request).await.map_err(Attempt)
        });
        match tokio::time::timeout(self.deadline, found).await {
            Ok(Ok(found)) => Ok(SearchResults {
                results: tidy(found, request.wanted()),
            }),
            Ok(Err(Attempt(error))) => Err(error),
            Err(_) => Err(LlmError::new(
                LlmErrorKind::Timeout,
                format!("the web search was not answered within {:?}", self.deadline),
            )
            .with_hint("try again; LOOM_SERVER_SEARCH_TIMEOUT_MS raises the limit")),
        }
    }
}

impl fmt::Debug for WebSearch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WebSearch")
            .field("provider", &self.provider())
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// Why an attempt failed, as far as asking again goes.
struct Attempt(LlmError);

impl RetryableError for Attempt {
    fn is_retryable(&self) -> bool {
        let pause = self.0.retry_after().unwrap_or_default();
        self.0.is_retryable() && pause <= LONGEST_PAUSE
    }

    fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after()
    }
}

fn check(request: &SearchRequest) -> Result<(), LlmError> {
    let message = if request.query.trim().is_empty() {
        "the search has no words".to_owned()
    } else if request.query.chars().count() > MAX_QUERY {
        format!("the search is longer than {MAX_QUERY} characters")
    } else {
        return Ok(());
    };
    Err(LlmError::new(LlmErrorKind::InvalidRequest, message)
        .with_hint("search for a few words, as one would type them into a search engine"))
}
