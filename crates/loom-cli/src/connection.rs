//! The way to the server: the configured one, or the one on this machine.

use std::sync::Arc;

use loom_common_core::LlmClient;
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
                other_version: None,
            });
        }
        let local = LocalServer::new(setting)?;
        let state = match server.auto_start {
            true => local.ensure_running().await?,
            false => local.running()?.ok_or_else(|| {
                CliError::failed("no server runs on this machine")
                    .hint("start one with `loom server start`, or name one with --server-url")
            })?,
        };
        Ok(Self {
            url: state.url,
            token: state.token,
            http,
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
        Ok(Arc::new(ProxyLlmClient::new(
            provider,
            self.url.clone(),
            self.token.clone(),
            self.http.clone(),
        )?))
    }
}
