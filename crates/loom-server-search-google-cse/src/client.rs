//! The client: settings, the call, and its answer.

use std::fmt;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::header::ACCEPT;
use loom_common_core::{LlmError, LlmErrorKind};
use loom_common_secret::SecretString;
use loom_llm_core::{BaseUrl, ConfigError, Failure, Hints, Peer};
use loom_search_core::{SearchProvider, SearchRequest, SearchResult};
use serde::Deserialize;
use url::Url;

use crate::error::refusal;

/// Name of the provider, as it stands in settings.
pub const PROVIDER: &str = "google_cse";

/// What the answer to a search says it is.
const ANSWER_KIND: &str = "customsearch#search";

/// The most bytes of an answer. Ten results take about 40 KB, with all that is not read.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

const HINTS: Hints = Hints {
    unreachable: "check the network of the machine that runs loom-server, and \
                  LOOM_SERVER_GOOGLE_CSE_BASE_URL",
    silence: "try again; LOOM_SERVER_SEARCH_TIMEOUT_MS raises the limit",
    key: "set LOOM_SERVER_GOOGLE_CSE_API_KEY where loom-server runs to a valid key and start it \
          again",
    address: "check LOOM_SERVER_GOOGLE_CSE_BASE_URL: it must be the address of Google's APIs",
};

/// Settings of [`GoogleCseClient`].
#[derive(Clone)]
pub struct GoogleCseConfig {
    /// The key.
    pub api_key: SecretString,
    /// Id of the engine (`cx`).
    pub engine_id: String,
    /// Where the API is: `https://www.googleapis.com`, or a gateway to it.
    pub base_url: Url,
    /// How long the head of an answer, and again its body, may take.
    pub timeout: Duration,
}

/// Client of a Programmable Search Engine.
#[derive(Clone)]
pub struct GoogleCseClient {
    http: reqwest::Client,
    peer: Peer,
    url: Url,
    api_key: SecretString,
    engine_id: String,
    timeout: Duration,
}

impl GoogleCseClient {
    /// Makes a client. `http` must not follow redirects: the key would go where they point.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the address is not one of HTTP.
    pub fn new(config: GoogleCseConfig, http: reqwest::Client) -> Result<Self, ConfigError> {
        let base = BaseUrl::new(config.base_url)?;
        Ok(Self {
            http,
            url: base.join("customsearch/v1"),
            peer: Peer {
                name: "Google's Programmable Search",
                base,
                unreachable: LlmErrorKind::ProviderUnreachable,
                hints: HINTS,
                secret: Some(config.api_key.clone()),
            },
            api_key: config.api_key,
            engine_id: config.engine_id,
            timeout: config.timeout,
        })
    }

    async fn ask(&self, request: &SearchRequest) -> Result<Vec<SearchResult>, LlmError> {
        let mut url = self.url.clone();
        url.query_pairs_mut()
            .append_pair("key", self.api_key.expose())
            .append_pair("cx", &self.engine_id)
            .append_pair("q", &request.query)
            .append_pair("num", &request.wanted().to_string());
        let question = self.http.get(url).header(ACCEPT, "application/json");
        let refusal = |failure: &Failure| refusal(failure, &self.peer);
        let response = self.peer.ask(question, self.timeout, refusal).await?;
        let body = self
            .peer
            .body_within(response, self.timeout, LONGEST_ANSWER)
            .await?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|error| self.peer.malformed(&error.to_string()))?;
        if answer.kind != ANSWER_KIND {
            let what = format!("it is of the kind {:?}", answer.kind);
            return Err(self.peer.malformed(&what));
        }
        Ok(answer.items.into_iter().map(SearchResult::from).collect())
    }
}

impl fmt::Debug for GoogleCseClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("GoogleCseClient")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

impl SearchProvider for GoogleCseClient {
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

#[derive(Deserialize)]
struct Answer {
    kind: String,
    /// Missing when nothing was found.
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    title: String,
    #[serde(default)]
    link: String,
    #[serde(default)]
    snippet: String,
}

impl From<Item> for SearchResult {
    fn from(item: Item) -> Self {
        Self {
            title: item.title,
            url: item.link,
            snippet: item.snippet,
            date: None,
        }
    }
}
