//! The client: settings, routes, and one request from its start to its answer.

use std::fmt;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use loom_common_core::{LlmClient, LlmError, LlmErrorKind, LlmRequest, LlmResponse, LlmStream};
use loom_common_secret::SecretString;
use loom_llm_core::{BaseUrl, ConfigError, Delivery, Failure, Hints, Peer, answer, bearer_header};
use reqwest::RequestBuilder;
use serde::Deserialize;
use url::Url;

use crate::decoder::ChatDecoder;
use crate::error::refusal;
use crate::request::{Dialect, body};

/// How long listing the models may take; a person waits for it.
const LIST_PATIENCE: Duration = Duration::from_secs(15);

const HINTS: Hints = Hints {
    unreachable: "check that the model server runs and can be reached from the machine of \
                  loom-server, and LOOM_SERVER_OPENAI_BASE_URL",
    silence: "try again; LOOM_SERVER_LLM_IDLE_TIMEOUT_MS raises the limit",
    key: "set LOOM_SERVER_OPENAI_API_KEY where loom-server runs to a valid key and start it again",
    address: "check LOOM_SERVER_OPENAI_BASE_URL: it must be the address of an OpenAI-compatible API, \
              mostly ending in /v1",
};

/// Settings of [`OpenAiClient`].
#[derive(Clone)]
pub struct OpenAiConfig {
    /// The key. Servers on one's own machine mostly do without.
    pub api_key: Option<SecretString>,
    /// Where the API is. Without any path, `/v1` is added.
    pub base_url: Url,
    /// The organization that is billed, for keys of several (`OpenAI-Organization`).
    pub organization: Option<String>,
    /// Limit of tokens of an answer when the request has none; without it the server decides.
    pub max_tokens: Option<u32>,
    /// How long the provider may be silent: before the head of an answer, and in a stream.
    pub idle_timeout: Duration,
    /// How long an unstreamed answer may take.
    pub answer_timeout: Duration,
}

impl OpenAiConfig {
    /// Makes the settings for the API at `base_url`, without a key.
    pub fn new(base_url: Url) -> Self {
        Self {
            api_key: None,
            base_url,
            organization: None,
            max_tokens: None,
            idle_timeout: Duration::from_secs(120),
            answer_timeout: Duration::from_secs(600),
        }
    }
}

/// Client of OpenAI's Chat Completions API, or of a server compatible with it.
#[derive(Clone)]
pub struct OpenAiClient {
    http: reqwest::Client,
    peer: Peer,
    dialect: Dialect,
    chat_url: Url,
    models_url: Url,
    headers: HeaderMap,
    max_tokens: Option<u32>,
    idle_timeout: Duration,
    answer_timeout: Duration,
}

impl OpenAiClient {
    /// Makes a client. `http` must not follow redirects: the key would go where they point.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the address is not one of HTTP, or a value does not fit a header.
    pub fn new(config: OpenAiConfig, http: reqwest::Client) -> Result<Self, ConfigError> {
        let base = BaseUrl::new(config.base_url)?;
        let api = if base.has_path() {
            base.clone()
        } else {
            base.child("v1")
        };
        let dialect = Dialect::of_host(base.host());
        let mut headers = HeaderMap::new();
        if let Some(key) = &config.api_key {
            headers.insert(AUTHORIZATION, bearer_header(key, "OpenAI API key")?);
        }
        if let Some(organization) = &config.organization {
            let value =
                HeaderValue::from_str(organization).map_err(|_| ConfigError::HeaderValue {
                    what: "OpenAI organization".to_owned(),
                })?;
            headers.insert("openai-organization", value);
        }
        Ok(Self {
            http,
            chat_url: api.join("chat/completions"),
            models_url: api.join("models"),
            peer: Peer {
                name: match dialect {
                    Dialect::OpenAi => "OpenAI",
                    Dialect::Groq | Dialect::Compatible => "the model server",
                },
                base,
                unreachable: LlmErrorKind::ProviderUnreachable,
                hints: HINTS,
                secret: config.api_key,
            },
            dialect,
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
        // Ollama without a model sends null.
        let models = list.data.unwrap_or_default();
        Ok(models.into_iter().map(|model| model.id).collect())
    }

    async fn start(&self, request: &LlmRequest) -> Result<LlmStream, LlmError> {
        let refusal = |failure: &Failure| refusal(failure, &self.peer, &request.model);
        let question = self.question(request, Delivery::Streamed);
        let patience = self.idle_timeout;
        let response = self.peer.ask(question, patience, refusal).await?;
        let events = self.peer.events(response, patience, refusal).await?;
        Ok(answer(events, ChatDecoder::new(self.peer.clone())))
    }

    async fn ask(&self, request: &LlmRequest) -> Result<LlmResponse, LlmError> {
        let refusal = |failure: &Failure| refusal(failure, &self.peer, &request.model);
        let question = self.question(request, Delivery::Whole);
        let patience = self.answer_timeout;
        let response = self.peer.ask(question, patience, refusal).await?;
        let body = self.peer.body(response, patience).await?;
        ChatDecoder::new(self.peer.clone()).whole(&body)
    }

    fn question(&self, request: &LlmRequest, delivery: Delivery) -> RequestBuilder {
        let max_tokens = request.max_tokens.or(self.max_tokens);
        self.http
            .post(self.chat_url.clone())
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, delivery.media_type())
            .body(body(request, max_tokens, self.dialect, delivery))
    }
}

impl fmt::Debug for OpenAiClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OpenAiClient")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

impl LlmClient for OpenAiClient {
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
    data: Option<Vec<ModelEntry>>,
}

#[derive(Deserialize)]
struct ModelEntry {
    id: String,
}
