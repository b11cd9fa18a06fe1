//! The service: which providers there are, and how they are asked.

use std::time::Duration;

use loom_common_core::{
    LlmClient, LlmError, LlmErrorKind, LlmRequest, LlmResponse, LlmStream, ModelFigures,
};
use loom_llm_core::ConfigError;
use loom_server_config::{
    AnthropicSettings, LlmSettings, ModelEntry, OpenAiSettings, ServerConfig,
};
use loom_server_llm_anthropic::{AnthropicClient, AnthropicConfig};
use loom_server_llm_openai::{OpenAiClient, OpenAiConfig};
use tokio::time::Instant;

use crate::figures;
use crate::provider::{Adapter, Provider};

const ANTHROPIC: &str = loom_server_llm_anthropic::PROVIDER;
const OPENAI: &str = loom_server_llm_openai::PROVIDER;

const CONFIGURE_HINT: &str = "set LOOM_SERVER_ANTHROPIC_API_KEY or LOOM_SERVER_OPENAI_API_KEY \
                              where loom-server runs, or LOOM_SERVER_OPENAI_BASE_URL for a local \
                              server such as Ollama, and start it again";

/// Why the service cannot be made from the settings. Trying again does not help.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The settings of a provider cannot work.
    #[error("the settings of the provider `{provider}` cannot work: {error}")]
    Provider {
        /// Name of the provider.
        provider: &'static str,
        /// What is wrong.
        #[source]
        error: ConfigError,
    },
    /// The HTTP client cannot be made, as when the system's certificates cannot be read.
    #[error("the HTTP client cannot be made")]
    Http(#[source] reqwest::Error),
}

/// A provider that the server knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderStatus {
    /// Name, as it stands in routes and settings.
    pub name: &'static str,
    /// Whether the server can use it.
    pub configured: bool,
    /// The model that answers a request which names none.
    pub default_model: Option<String>,
}

/// What checking a provider came to.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderCheck {
    /// How long it took.
    pub duration: Duration,
    /// Names of the models that the key may use, or why they cannot be listed.
    pub models: Result<Vec<String>, LlmError>,
}

/// All providers of models, and their keys.
#[derive(Debug)]
pub struct LlmService {
    anthropic: Option<Provider>,
    openai: Option<Provider>,
    statuses: Vec<ProviderStatus>,
    models: Vec<ModelEntry>,
}

/// A model and what is known about it.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownModel {
    /// Name, as the provider knows it.
    pub name: String,
    /// What it takes and costs.
    pub figures: ModelFigures,
}

impl LlmService {
    /// Makes the clients of the providers that are configured.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] when settings cannot work; a provider that is merely not configured, or
    /// cannot be reached, is none.
    pub fn new(config: &ServerConfig) -> Result<Self, SettingsError> {
        let llm = &config.llm;
        let http = loom_common_http::builder()
            .connect_timeout(Duration::from_millis(llm.connect_timeout_ms))
            .build()
            .map_err(SettingsError::Http)?;
        let anthropic = anthropic(&llm.anthropic, llm, &http)?;
        let openai = openai(&llm.openai, llm, &http)?;
        Ok(Self {
            statuses: vec![
                ProviderStatus {
                    name: ANTHROPIC,
                    configured: anthropic.is_some(),
                    default_model: Some(llm.anthropic.default_model.clone()),
                },
                ProviderStatus {
                    name: OPENAI,
                    configured: openai.is_some(),
                    default_model: llm.openai.model_when_unnamed().map(str::to_owned),
                },
            ],
            anthropic,
            openai,
            models: llm.models.clone(),
        })
    }

    /// Tells whether Anthropic is configured.
    pub fn has_anthropic(&self) -> bool {
        self.anthropic.is_some()
    }

    /// Tells whether OpenAI, or a server in its place, is configured.
    pub fn has_openai(&self) -> bool {
        self.openai.is_some()
    }

    /// Asks an Anthropic model and returns the answer when it is whole.
    ///
    /// # Errors
    ///
    /// As [`LlmClient::complete`] and [`LlmService::client`].
    pub async fn complete_anthropic(&self, request: &LlmRequest) -> Result<LlmResponse, LlmError> {
        self.client(ANTHROPIC)?.complete(request).await
    }

    /// Asks an Anthropic model and returns the answer piece by piece.
    ///
    /// # Errors
    ///
    /// As [`LlmClient::stream`] and [`LlmService::client`].
    pub async fn stream_anthropic(&self, request: &LlmRequest) -> Result<LlmStream, LlmError> {
        self.client(ANTHROPIC)?.stream(request).await
    }

    /// Asks an OpenAI model and returns the answer when it is whole.
    ///
    /// # Errors
    ///
    /// As [`LlmClient::complete`] and [`LlmService::client`].
    pub async fn complete_openai(&self, request: &LlmRequest) -> Result<LlmResponse, LlmError> {
        self.client(OPENAI)?.complete(request).await
    }

    /// Asks an OpenAI model and returns the answer piece by piece.
    ///
    /// # Errors
    ///
    /// As [`LlmClient::stream`] and [`LlmService::client`].
    pub async fn stream_openai(&self, request: &LlmRequest) -> Result<LlmStream, LlmError> {
        self.client(OPENAI)?.stream(request).await
    }

    /// Returns the client of a provider.
    ///
    /// # Errors
    ///
    /// [`LlmErrorKind::ProviderNotConfigured`] when the server has none of this name.
    pub fn client(&self, provider: &str) -> Result<&dyn LlmClient, LlmError> {
        Ok(self.provider(provider)?)
    }

    /// Tells what is known about a provider's model; an empty name stands for the default. A model
    /// that nobody has figures for, and even one that does not exist, has none: the provider is not
    /// asked.
    ///
    /// # Errors
    ///
    /// As [`LlmService::client`], and [`LlmErrorKind::InvalidRequest`] when there is no default.
    pub fn model(&self, provider: &str, name: &str) -> Result<KnownModel, LlmError> {
        let name = self.provider(provider)?.model(name)?;
        Ok(KnownModel {
            name: name.to_owned(),
            figures: figures::of_model(&self.models, name),
        })
    }

    /// Lists the providers that the server knows, configured or not, in a fixed order.
    pub fn providers(&self) -> Vec<ProviderStatus> {
        self.statuses.clone()
    }

    /// Asks a provider for its models: tells whether it can be reached and takes the key.
    pub async fn check(&self, provider: &str) -> ProviderCheck {
        let started = Instant::now();
        let models = match self.provider(provider) {
            Ok(provider) => provider.list_models().await,
            Err(error) => Err(error),
        };
        ProviderCheck {
            duration: started.elapsed(),
            models,
        }
    }

    fn provider(&self, name: &str) -> Result<&Provider, LlmError> {
        let found = self.configured().find(|provider| provider.name() == name);
        found.ok_or_else(|| {
            let names: Vec<_> = self.configured().map(Provider::name).collect();
            not_configured(name, &names)
        })
    }

    fn configured(&self) -> impl Iterator<Item = &Provider> {
        self.anthropic.iter().chain(&self.openai)
    }
}

fn not_configured(name: &str, configured: &[&str]) -> LlmError {
    let known = [ANTHROPIC, OPENAI];
    let message = if known.contains(&name) {
        format!("the server has no key for the provider `{name}`")
    } else {
        format!("the server knows no provider `{name}`")
    };
    let hint = if configured.is_empty() {
        CONFIGURE_HINT.to_owned()
    } else {
        let names = configured.join(", ");
        format!("configured: {names}; to use another, {CONFIGURE_HINT}")
    };
    LlmError::new(LlmErrorKind::ProviderNotConfigured, message).with_hint(hint)
}

fn anthropic(
    settings: &AnthropicSettings,
    llm: &LlmSettings,
    http: &reqwest::Client,
) -> Result<Option<Provider>, SettingsError> {
    if !settings.is_configured() {
        return Ok(None);
    }
    let config = AnthropicConfig {
        api_key: settings.api_key.clone(),
        max_tokens: settings.max_tokens,
        idle_timeout: Duration::from_millis(llm.idle_timeout_ms),
        ..AnthropicConfig::new(settings.base_url.as_url().clone())
    };
    let client =
        AnthropicClient::new(config, http.clone()).map_err(|error| SettingsError::Provider {
            provider: ANTHROPIC,
            error,
        })?;
    Ok(Some(Provider::new(
        ANTHROPIC,
        Adapter::Anthropic(client),
        Some(settings.default_model.clone()),
    )))
}

fn openai(
    settings: &OpenAiSettings,
    llm: &LlmSettings,
    http: &reqwest::Client,
) -> Result<Option<Provider>, SettingsError> {
    if !settings.is_configured() {
        return Ok(None);
    }
    let config = OpenAiConfig {
        api_key: settings.api_key.clone(),
        organization: settings.organization.clone(),
        idle_timeout: Duration::from_millis(llm.idle_timeout_ms),
        ..OpenAiConfig::new(settings.base_url.as_url().clone())
    };
    let client =
        OpenAiClient::new(config, http.clone()).map_err(|error| SettingsError::Provider {
            provider: OPENAI,
            error,
        })?;
    Ok(Some(Provider::new(
        OPENAI,
        Adapter::OpenAi(client),
        settings.model_when_unnamed().map(str::to_owned),
    )))
}
