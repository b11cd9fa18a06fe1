//! A model behind the server.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE};
use loom_common_core::{LlmClient, LlmError, LlmRequest, LlmResponse, LlmStream};
use loom_common_secret::SecretString;
use loom_llm_core::{ConfigError, Delivery, Failure, answer};
use reqwest::RequestBuilder;
use url::Url;

use crate::body::body;
use crate::decoder::ServerDecoder;
use crate::server::ServerClient;

/// How long the server may take to begin an answer, and again how long the rest of one that is not
/// streamed may take. The server waits for the provider for 5 minutes before a stream and for 10
/// before a whole answer, so that its error, which says more, mostly comes first; not so when its
/// idle timeout is set higher than this, or when a whole answer begins late and then stalls.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// How long a stream may be silent. The server sends a comment several times within this, so a
/// longer silence means that it is gone.
const STREAM_PATIENCE: Duration = Duration::from_secs(90);

/// Asks the models of one provider through the server.
#[derive(Clone, Debug)]
pub struct ProxyLlmClient {
    server: ServerClient,
    provider: String,
}

impl ProxyLlmClient {
    /// Makes a client of the provider that the server knows as `provider`.
    ///
    /// # Errors
    ///
    /// As [`ServerClient::new`].
    pub fn new(
        provider: impl Into<String>,
        server_url: Url,
        token: SecretString,
        http: reqwest::Client,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            server: ServerClient::new(server_url, token, http)?,
            provider: provider.into(),
        })
    }

    /// Makes a client of Anthropic's models.
    ///
    /// # Errors
    ///
    /// As [`ServerClient::new`].
    pub fn anthropic(
        server_url: Url,
        token: SecretString,
        http: reqwest::Client,
    ) -> Result<Self, ConfigError> {
        Self::new("anthropic", server_url, token, http)
    }

    /// Makes a client of OpenAI's models, or of those of the compatible server in its place.
    ///
    /// # Errors
    ///
    /// As [`ServerClient::new`].
    pub fn openai(
        server_url: Url,
        token: SecretString,
        http: reqwest::Client,
    ) -> Result<Self, ConfigError> {
        Self::new("openai", server_url, token, http)
    }

    /// Returns the client of the server's other calls.
    pub fn server(&self) -> &ServerClient {
        &self.server
    }

    async fn start(&self, request: &LlmRequest) -> Result<LlmStream, LlmError> {
        let question = self.question(Delivery::Streamed, request);
        let response = self.server.ask(question, PATIENCE).await?;
        let refusal = |failure: &Failure| self.server.refusal(failure);
        let peer = self.server.peer();
        let events = peer.events(response, STREAM_PATIENCE, refusal).await?;
        Ok(answer(events, ServerDecoder::new(peer.clone())))
    }

    async fn ask(&self, request: &LlmRequest) -> Result<LlmResponse, LlmError> {
        let question = self.question(Delivery::Whole, request);
        let response = self.server.ask(question, PATIENCE).await?;
        self.server.json(response, PATIENCE).await
    }

    fn question(&self, delivery: Delivery, request: &LlmRequest) -> RequestBuilder {
        let route = match delivery {
            Delivery::Streamed => "stream",
            Delivery::Whole => "complete",
        };
        let path = format!("api/v1/llm/{}/{route}", self.provider);
        self.server
            .request(Method::POST, &path)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, delivery.media_type())
            .body(body(request))
    }
}

impl LlmClient for ProxyLlmClient {
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
