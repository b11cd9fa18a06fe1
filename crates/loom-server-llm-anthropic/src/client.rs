//! The client: settings, routes, and one request from its start to its answer.

use std::fmt;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use loom_common_core::{LlmClient, LlmError, LlmErrorKind, LlmRequest, LlmResponse, LlmStream};
use loom_common_secret::SecretString;
use loom_llm_core::{BaseUrl, ConfigError, Delivery, Failure, Hints, Peer, answer, secret_header};
use reqwest::RequestBuilder;
use serde::Deserialize;
use url::Url;

use crate::decoder::MessageDecoder;
use crate::error::refusal;
use crate::request::body;

const API_VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");
/// How long listing the models may take; a person waits for it.
const LIST_PATIENCE: Duration = Duration::from_secs(15);

const HINTS: Hints = Hints {
    unreachable: "check the network of the machine that runs loom-server, and \
                  LOOM_SERVER_ANTHROPIC_BASE_URL",
    silence: "try again; LOOM_SERVER_LLM_IDLE_TIMEOUT_MS raises the limit",
    key: "set LOOM_SERVER_ANTHROPIC_API_KEY where loom-server runs to a valid key and start it again",
    address: "check LOOM_SERVER_ANTHROPIC_BASE_URL: it must be the address of an Anthropic Messages \
              API",
};

/// Settings of [`AnthropicClient`].
#[derive(Clone)]
pub struct AnthropicConfig {
    /// The key. A gateway in between may do without.
    pub api_key: Option<SecretString>,
    /// Where the API is, with or without `/v1` and a trailing slash.
    pub base_url: Url,
    /// Limit of tokens of an answer when the request has none; the API demands one.
    pub max_tokens: u32,
    /// How long the provider may be silent: before the head of an answer, and in a stream.
    pub idle_timeout: Duration,
    /// How long an unstreamed answer may take.
    pub answer_timeout: Duration,
}

impl AnthropicConfig {
    /// Makes the settings for the API at `base_url`, without a key.
    pub fn new(base_url: Url) -> Self {
        Self {
            api_key: None,
            base_url,
            max_tokens: 32_000,
            idle_timeout: Duration::from_secs(120),
            answer_timeout: Duration::from_secs(600),
        }
    }
}

/// Client of the Anthropic Messages API.
#[derive(Clone)]
pub struct AnthropicClient {
    http: reqwest::Client,
    peer: Peer,
    messages_url: Url,
    models_url: Url,
    headers: HeaderMap,
    max_tokens: u32,
    idle_timeout: Duration,
    answer_timeout: Duration,
}

impl AnthropicClient {
    /// Makes a client. `http` must not follow redirects: the key would go where they point.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the address is not one of HTTP, or the key does not fit a header.
    pub fn new(config: AnthropicConfig, http: reqwest::Client) -> Result<Self, ConfigError> {
        let base = BaseUrl::new(config.base_url)?;
        let api = if base.ends_with("v1") {
            base.clone()
        } else {
            base.child("v1")
        };
        let mut headers = HeaderMap::new();
        headers.insert("anthropic-version", API_VERSION);
        if let Some(key) = &config.api_key {
            headers.insert("x-api-key", secret_header(key, "Anthropic API key")?);
        }
        let mut models_url = api.join("models");
        // The longest page there is; no key has more models.
        models_url.query_pairs_mut().append_pair("limit", "1000");
        Ok(Self {
            http,
            messages_url: api.join("messages"),
            models_url,
            peer: Peer {
                name: "Anthropic",
                base,
                unreachable: LlmErrorKind::ProviderUnreachable,
                hints: HINTS,
                secret: config.api_key,
            },
            headers,
            max_tokens: config.max_tokens,
            idle_timeout: config.idle_timeout,
            answer_timeout: config.answer_timeout,
        })
    }

    /// Lists the names of the models that the key may use. Tells at the same time whether the
    /// provider is there and takes the key.
    ///
    /// # Errors
    ///
    /// As [`LlmClient::complete`].
    pub async fn list_models(&self) -> Result<Vec<String>, LlmError> {
        let question = self.http.get(self.models_url.clone());
        let question = question.headers(self.headers.clone());
        let refusal = |failure: &Failure| refusal(failure, &self.peer, "");
        let response = self.peer.ask(question, LIST_PATIENCE, refusal).await?;
        let body = self.peer.body(response, LIST_PATIENCE).await?;
        let list: ModelList = serde_json::from_slice(&body)
            .map_err(|error| self.peer.malformed(&error.to_string()))?;
        Ok(list.data.into_iter().map(|model| model.id).collect())
    }

    async fn start(&self, request: &LlmRequest) -> Result<LlmStream, LlmError> {
        let refusal = |failure: &Failure| refusal(failure, &self.peer, &request.model);
        let question = self.question(request, Delivery::Streamed);
        let patience = self.idle_timeout;
        let response = self.peer.ask(question, patience, refusal).await?;
        let events = self.peer.events(response, patience, refusal).await?;
        Ok(answer(events, MessageDecoder::new(self.peer.clone())))
    }

    async fn ask(&self, request: &LlmRequest) -> Result<LlmResponse, LlmError> {
        let refusal = |failure: &Failure| refusal(failure, &self.peer, &request.model);
        let question = self.question(request, Delivery::Whole);
        let patience = self.answer_timeout;
        let response = self.peer.ask(question, patience, refusal).await?;
        let body = self.peer.body(response, patience).await?;
        MessageDecoder::new(self.peer.clone()).whole(&body)
    }

    fn question(&self, request: &LlmRequest, delivery: Delivery) -> RequestBuilder {
        self.http
            .post(self.messages_url.clone())
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, delivery.media_type())
            .body(body(request, self.max_tokens, delivery))
    }
}

impl fmt::Debug for AnthropicClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AnthropicClient")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

impl LlmClient for AnthropicClient {
    fn stream<'a>(&'a self, request: &'a LlmRequest) -> BoxFuture<'a, Result<LlmStream, LlmError>> {
        self.start(request).boxed()
    }

    fn complete<'a>(
        &'a self,
        request: &'a LlmRequest,
    ) -> BoxFuture<'a, Result<LlmResponse, LlmError>> {
        self.ask(request).boxed()
    }
}

#[derive(Deserialize)]
struct ModelList {
    data: Vec<ModelEntry>,
}

#[derive(Deserialize)]
struct ModelEntry {
    id: String,
}
