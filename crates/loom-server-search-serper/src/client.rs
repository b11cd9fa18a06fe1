//! The client: settings, the call, and what its answers mean.

use std::fmt;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};
use loom_common_core::{LlmError, LlmErrorKind};
use loom_common_secret::SecretString;
use loom_llm_core::{BaseUrl, ConfigError, Failure, Hints, Peer, kind_of_status, secret_header};
use loom_search_core::{SearchProvider, SearchRequest, SearchResult};
use serde::{Deserialize, Serialize};
use url::Url;

/// Name of the provider, as it stands in settings.
pub const PROVIDER: &str = "serper";

/// The most bytes of an answer. Ten results take about 20 KB.
const LONGEST_ANSWER: usize = 2 * 1024 * 1024;

const HINTS: Hints = Hints {
    unreachable: "check the network of the machine that runs loom-server, and \
                  LOOM_SERVER_SERPER_BASE_URL",
    silence: "try again; LOOM_SERVER_SEARCH_TIMEOUT_MS raises the limit",
    key: "set LOOM_SERVER_SERPER_API_KEY where loom-server runs to a valid key and start it again",
    address: "check LOOM_SERVER_SERPER_BASE_URL: it must be the address of serper.dev's API",
};

/// Settings of [`SerperClient`].
#[derive(Clone)]
pub struct SerperConfig {
    /// The key.
    pub api_key: SecretString,
    /// Where the API is: `https://google.serper.dev`, or a gateway to it.
    pub base_url: Url,
    /// How long the head of an answer, and again its body, may take.
    pub timeout: Duration,
}

/// Client of serper.dev's search.
#[derive(Clone)]
pub struct SerperClient {
    http: reqwest::Client,
    peer: Peer,
    url: Url,
    headers: HeaderMap,
    timeout: Duration,
}

impl SerperClient {
    /// Makes a client. `http` must not follow redirects: the key would go where they point.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the address is not one of HTTP, or the key does not fit a header.
    pub fn new(config: SerperConfig, http: reqwest::Client) -> Result<Self, ConfigError> {
        let base = BaseUrl::new(config.base_url)?;
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-api-key",
            secret_header(&config.api_key, "serper.dev API key")?,
        );
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Ok(Self {
            http,
            url: base.join("search"),
            peer: Peer {
                name: "serper.dev",
                base,
                unreachable: LlmErrorKind::ProviderUnreachable,
                hints: HINTS,
                secret: Some(config.api_key),
            },
            headers,
            timeout: config.timeout,
        })
    }

    async fn ask(&self, request: &SearchRequest) -> Result<Vec<SearchResult>, LlmError> {
        let question = self
            .http
            .post(self.url.clone())
            .headers(self.headers.clone())
            .json(&Question {
                q: &request.query,
                num: request.wanted(),
            });
        let refusal = |failure: &Failure| refusal(failure, &self.peer);
        let response = self.peer.ask(question, self.timeout, refusal).await?;
        let body = self
            .peer
            .body_within(response, self.timeout, LONGEST_ANSWER)
            .await?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|error| self.peer.malformed(&error.to_string()))?;
        Ok(answer.organic.into_iter().map(SearchResult::from).collect())
    }
}

impl fmt::Debug for SerperClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SerperClient")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

impl SearchProvider for SerperClient {
    fn name(&self) -> &'static str {
        PROVIDER
    }

    fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
    ) -> BoxFuture<'a, Result<Vec<SearchResult>, LlmError>> {
        self.ask(request).boxed()
    }
}

#[derive(Serialize)]
struct Question<'a> {
    q: &'a str,
    num: u8,
}

#[derive(Deserialize)]
struct Answer {
    organic: Vec<Organic>,
}

/// A result that is no advertisement. Fields may be missing: not every page has a description.
#[derive(Deserialize)]
struct Organic {
    #[serde(default)]
    title: String,
    #[serde(default)]
    link: String,
    #[serde(default)]
    snippet: String,
    date: Option<String>,
}

impl From<Organic> for SearchResult {
    fn from(organic: Organic) -> Self {
        Self {
            title: organic.title,
            url: organic.link,
            snippet: organic.snippet,
            date: organic.date,
        }
    }
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

/// Makes the error for an answer that is a failure.
fn refusal(failure: &Failure, peer: &Peer) -> LlmError {
    let Some(Refusal { message }) = failure.json() else {
        return failure.unexplained(peer, kind(failure, ""));
    };
    failure.explained(peer, kind(failure, &message), "", &message)
}

fn kind(failure: &Failure, message: &str) -> LlmErrorKind {
    if message.to_ascii_lowercase().contains("credit") {
        return LlmErrorKind::SpendLimit;
    }
    match failure.status.as_u16() {
        401 | 403 => LlmErrorKind::KeyRefused,
        _ => kind_of_status(failure.status),
    }
}
