//! The calls to a server that all clients of it share.

use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, StatusCode};
use loom_common_core::{LlmError, LlmErrorKind};
use loom_common_secret::SecretString;
use loom_llm_core::{BaseUrl, ConfigError, Failure, Peer, bearer_header};
use loom_search_core::{SearchRequest, SearchResults};
use reqwest::{RequestBuilder, Response};
use serde::de::DeserializeOwned;
use url::Url;

use crate::error::{HINTS, refusal};
use crate::wire::{CheckResult, Health, ModelInfo, ProviderInfo, ProviderList};

/// How long a short call may take; a person waits for it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a check may take: the server asks the provider.
const CHECK_PATIENCE: Duration = Duration::from_secs(30);
/// How long a search may take. The server gives up after 20 s, unless its settings say otherwise,
/// so that its error, which says more, mostly comes first.
const SEARCH_PATIENCE: Duration = Duration::from_secs(60);

/// Client of the server's small calls.
#[derive(Clone, Debug)]
pub struct ServerClient {
    http: reqwest::Client,
    peer: Peer,
    headers: HeaderMap,
}

impl ServerClient {
    /// Makes a client of the server at `server_url`, which may have a path when the server stands
    /// behind a proxy.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the address is not one of HTTP, or the token does not fit a header.
    pub fn new(
        server_url: Url,
        token: SecretString,
        http: reqwest::Client,
    ) -> Result<Self, ConfigError> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, bearer_header(&token, "access token")?);
        Ok(Self {
            http,
            peer: Peer {
                name: "Loom's server",
                base: BaseUrl::new(server_url)?,
                unreachable: LlmErrorKind::ServerUnreachable,
                hints: HINTS,
                secret: Some(token),
            },
            headers,
        })
    }

    /// Asks how the server is. A server that is not well answers too; it is an error only when no
    /// server of Loom answers. Needs no token.
    ///
    /// # Errors
    ///
    /// [`LlmErrorKind::ServerUnreachable`] and [`LlmErrorKind::Timeout`] when no answer came,
    /// otherwise the kind that the answer stands for.
    pub async fn health(&self) -> Result<Health, LlmError> {
        let request = self.http.get(self.peer.base.join("health"));
        let response = self.peer.send(request, PATIENCE).await?;
        if response.status() == StatusCode::OK {
            return self.json(response, PATIENCE).await;
        }
        let failure = Failure::read(&self.peer, response).await;
        // A proxy in front of the server has the same status for a server that is not there.
        let unwell = match failure.status {
            StatusCode::SERVICE_UNAVAILABLE => failure.json(),
            _ => None,
        };
        unwell.ok_or_else(|| self.refusal(&failure))
    }

    /// Lists the providers that the server knows.
    ///
    /// # Errors
    ///
    /// As [`ServerClient::health`], and [`LlmErrorKind::Unauthorized`].
    pub async fn providers(&self) -> Result<Vec<ProviderInfo>, LlmError> {
        Ok(self.offer().await?.providers)
    }

    /// Asks what the server offers: its providers of models, and whether it searches the web.
    ///
    /// # Errors
    ///
    /// As [`ServerClient::providers`].
    pub async fn offer(&self) -> Result<ProviderList, LlmError> {
        let request = self.request(Method::GET, "api/v1/llm/providers");
        let response = self.ask(request, PATIENCE).await?;
        self.json(response, PATIENCE).await
    }

    /// Asks what is known about a provider's model: how much it takes and what it costs. An empty
    /// name stands for the provider's default model.
    ///
    /// # Errors
    ///
    /// As [`ServerClient::providers`], and [`LlmErrorKind::ProviderNotConfigured`]. A model that
    /// the server does not know is no error; it has no figures.
    pub async fn model(&self, provider: &str, name: &str) -> Result<ModelInfo, LlmError> {
        let mut url = self.peer.base.join(&format!("api/v1/llm/{provider}/model"));
        url.query_pairs_mut().append_pair("name", name);
        let request = self.http.get(url).headers(self.headers.clone());
        let response = self.ask(request, PATIENCE).await?;
        self.json(response, PATIENCE).await
    }

    /// Has the server search the web.
    ///
    /// # Errors
    ///
    /// As [`ServerClient::providers`]; [`LlmErrorKind::ProviderNotConfigured`] when the server has
    /// no web search, which [`ServerClient::offer`] tells beforehand; and all that can go wrong
    /// between server and search engine.
    pub async fn search(&self, search: &SearchRequest) -> Result<SearchResults, LlmError> {
        let request = self.request(Method::POST, "api/v1/search").json(search);
        let response = self.ask(request, SEARCH_PATIENCE).await?;
        self.json(response, SEARCH_PATIENCE).await
    }

    /// Has the server ask a provider for its models: tells whether it can be reached and takes the
    /// key. Returns the names of the models.
    ///
    /// # Errors
    ///
    /// As [`ServerClient::providers`], and all that can go wrong between server and provider.
    pub async fn check(&self, provider: &str) -> Result<Vec<String>, LlmError> {
        let request = self.request(Method::POST, &format!("api/v1/llm/{provider}/check"));
        let response = self.ask(request, CHECK_PATIENCE).await?;
        let result: CheckResult = self.json(response, CHECK_PATIENCE).await?;
        Ok(result.models)
    }

    pub(crate) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Starts a request with the token in it.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, self.peer.base.join(path))
            .headers(self.headers.clone())
    }

    /// Sends a request and waits for the head of an answer that is no failure.
    pub(crate) async fn ask(
        &self,
        request: RequestBuilder,
        patience: Duration,
    ) -> Result<Response, LlmError> {
        let refusal = |failure: &Failure| self.refusal(failure);
        self.peer.ask(request, patience, refusal).await
    }

    /// Reads a JSON answer.
    pub(crate) async fn json<T: DeserializeOwned>(
        &self,
        response: Response,
        patience: Duration,
    ) -> Result<T, LlmError> {
        let body = self.peer.body(response, patience).await?;
        serde_json::from_slice(&body).map_err(|error| self.peer.malformed(&error.to_string()))
    }

    /// Makes the error for an answer that is a failure.
    pub(crate) fn refusal(&self, failure: &Failure) -> LlmError {
        refusal(failure, &self.peer)
    }
}
