//! The web search, as the settings want it.

use std::time::Duration;

use loom_llm_core::ConfigError;
use loom_search_core::{SearchProvider, WebSearch};
use loom_server_auth::Entropy;
use loom_server_config::{SearchProviderName, SearchSettings};
use loom_server_search_google_cse::{GoogleCseClient, GoogleCseConfig};
use loom_server_search_serper::{SerperClient, SerperConfig};
use rand::Rng as _;

/// Why there can be no web search as the settings want it. Trying again does not help.
#[derive(Debug, thiserror::Error)]
pub enum SearchSettingsError {
    /// A setting that the provider cannot do without is missing.
    #[error("the web search by `{provider}` needs `{key}`")]
    Missing {
        /// Name of the provider.
        provider: &'static str,
        /// The setting.
        key: &'static str,
    },
    /// A setting of the provider cannot work.
    #[error("the settings of the web search by `{provider}` cannot work: {error}")]
    Provider {
        /// Name of the provider.
        provider: &'static str,
        /// What is wrong.
        #[source]
        error: ConfigError,
    },
}

/// Makes the web search; `None` when the settings want none.
pub(crate) fn web_search(
    settings: &SearchSettings,
    entropy: &mut Entropy,
) -> Result<Option<WebSearch>, SearchSettingsError> {
    let timeout = Duration::from_millis(settings.timeout_ms);
    let provider = match settings.provider_in_use() {
        None => return Ok(None),
        Some(SearchProviderName::Serper) => serper(settings, timeout)?,
        Some(SearchProviderName::GoogleCse) => google_cse(settings, timeout)?,
    };
    let mut seed = [0; 32];
    entropy.fill_bytes(&mut seed);
    Ok(Some(WebSearch::new(provider, timeout, seed)))
}

fn serper(
    settings: &SearchSettings,
    timeout: Duration,
) -> Result<Box<dyn SearchProvider>, SearchSettingsError> {
    let provider = loom_server_search_serper::PROVIDER;
    let settings = &settings.serper;
    let config = SerperConfig {
        api_key: required(settings.api_key.as_ref(), provider, "search.serper.api_key")?,
        base_url: settings.base_url.as_url().clone(),
        timeout,
    };
    let client = SerperClient::new(config, loom_common_http::new_client())
        .map_err(|error| SearchSettingsError::Provider { provider, error })?;
    Ok(Box::new(client))
}

fn google_cse(
    settings: &SearchSettings,
    timeout: Duration,
) -> Result<Box<dyn SearchProvider>, SearchSettingsError> {
    let provider = loom_server_search_google_cse::PROVIDER;
    let settings = &settings.google_cse;
    let config = GoogleCseConfig {
        api_key: required(
            settings.api_key.as_ref(),
            provider,
            "search.google_cse.api_key",
        )?,
        engine_id: required(
            settings.engine_id.as_ref(),
            provider,
            "search.google_cse.engine_id",
        )?,
        base_url: settings.base_url.as_url().clone(),
        timeout,
    };
    let client = GoogleCseClient::new(config, loom_common_http::new_client())
        .map_err(|error| SearchSettingsError::Provider { provider, error })?;
    Ok(Box::new(client))
}

fn required<T: Clone>(
    value: Option<&T>,
    provider: &'static str,
    key: &'static str,
) -> Result<T, SearchSettingsError> {
    value
        .cloned()
        .ok_or(SearchSettingsError::Missing { provider, key })
}
