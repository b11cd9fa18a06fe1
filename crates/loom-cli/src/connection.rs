//! The way to the server: the configured one, or the one on this machine.

use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use loom_common_core::{LlmClient, LlmError, LlmErrorKind, LlmRequest, LlmResponse, LlmStream};
use loom_common_secret::SecretString;
use loom_common_version::VERSION;
use loom_server_llm_proxy::{ProxyLlmClient, ServerClient};
use url::Url;

use crate::error::CliError;
use crate::local_server::LocalServer;
use crate::setting::Setting;

/// Where the server is, and what opens it.
pub(crate) struct Connection {
    pub(crate) url: Url,
    token: SecretString,
    http: reqwest::Client,
    /// The server on this machine, when it is that one.
    local: Option<LocalServer>,
    /// Set when the server on this machine is of another version than this program.
    pub(crate) other_version: Option<String>,
}

impl Connection {
    /// Finds the server; starts one on this machine if none is configured.
    pub(crate) async fn open(setting: &Setting) -> Result<Self, CliError> {
        let server = &setting.config.value.server;
        let http = loom_common_http::new_client();
        if let Some(url) = &server.url {
            let token = server.token.clone().ok_or_else(|| {
                CliError::usage(format!("there is no access token for the server {url}")).hint(
                    "make one on the server with `loom-server token create NAME` and hand it over \
                     in LOOM_TOKEN",
                )
            })?;
            return Ok(Self {
                url: url.as_url().clone(),
                token,
                http,
                local: None,
                other_version: None,
            });
        }
        let local = LocalServer::new(setting)?;
        let state = local.find_or_start().await?;
        Ok(Self {
            url: state.url,
            token: state.token,
            http,
            local: Some(local),
            other_version: Some(state.version).filter(|version| version != VERSION),
        })
    }

    /// Returns the client for the server's own routes.
    pub(crate) fn server(&self) -> Result<ServerClient, CliError> {
        Ok(ServerClient::new(
            self.url.clone(),
            self.token.clone(),
            self.http.clone(),
        )?)
    }

    /// Returns the client for the models of a provider.
    pub(crate) fn model(&self, provider: &str) -> Result<Arc<dyn LlmClient>, CliError> {
        let client = ProxyLlmClient::new(
            provider,
            self.url.clone(),
            self.token.clone(),
            self.http.clone(),
        )?;
        Ok(match &self.local {
            Some(server) => Arc::new(LocalModel {
                server: server.clone(),
                provider: provider.to_owned(),
                http: self.http.clone(),
                client: Mutex::new(client),
            }),
            None => Arc::new(client),
        })
    }
}

/// A model behind the server on this machine. That server may be stopped and started anew while a
/// session is open, to take up another key for instance; the session then follows it.
struct LocalModel {
    server: LocalServer,
    provider: String,
    http: reqwest::Client,
    client: Mutex<ProxyLlmClient>,
}

impl LocalModel {
    fn client(&self) -> ProxyLlmClient {
        let client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        client.clone()
    }

    /// Returns a client of the server that runs now, started if need be; or `error`, which made
    /// this necessary, when that does not work out.
    async fn reconnect(&self, error: LlmError) -> Result<ProxyLlmClient, LlmError> {
        if error.kind != LlmErrorKind::ServerUnreachable {
            return Err(error);
        }
        let state = self
            .server
            .ensure_running()
            .await
            .map_err(|failure| LlmError {
                message: failure.message().to_owned(),
                hint: failure.hint_text().map(str::to_owned),
                ..error.clone()
            })?;
        let http = self.http.clone();
        let client =
            ProxyLlmClient::new(&self.provider, state.url, state.token, http).map_err(|_| error)?;
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = client.clone();
        Ok(client)
    }
}

impl LlmClient for LocalModel {
    fn stream<'a>(&'a self, request: &'a LlmRequest) -> BoxFuture<'a, Result<LlmStream, LlmError>> {
        async move {
            match self.client().stream(request).await {
                Err(error) => self.reconnect(error).await?.stream(request).await,
                answer => answer,
            }
        }
        .boxed()
    }

    fn complete<'a>(
        &'a self,
        request: &'a LlmRequest,
    ) -> BoxFuture<'a, Result<LlmResponse, LlmError>> {
        async move {
            match self.client().complete(request).await {
                Err(error) => self.reconnect(error).await?.complete(request).await,
                answer => answer,
            }
        }
        .boxed()
    }
}
