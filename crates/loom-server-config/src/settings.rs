//! The tree of settings: types, defaults and meanings. The doc comments are the reference.

mod model_entry;
mod search;

use std::path::PathBuf;

use loom_common_config::HttpUrl;
use loom_common_secret::SecretString;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use model_entry::{ModelEntry, ModelEntryError};
pub use search::{GoogleCseSettings, SearchProviderName, SearchSettings, SerperSettings};

const ANTHROPIC_BASE_URL: &str = "https://api.anthropic.com";
const OPENAI_BASE_URL: &str = "https://api.openai.com/v1";
const OPENAI_DEFAULT_MODEL: &str = "gpt-5.5";

/// Settings of `loom-server`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ServerConfig {
    /// Folder for all that the server stores; it is made when missing.
    // Empty until `load` fills it in: the default depends on the environment.
    pub data_dir: PathBuf,
    /// Where and how the server listens.
    pub http: HttpSettings,
    /// Where the server stores its data.
    pub database: DatabaseSettings,
    /// What is logged, and how.
    pub log: LogSettings,
    /// The providers of models.
    pub llm: LlmSettings,
    /// The web search that the server offers to its clients.
    pub search: SearchSettings,
}

impl ServerConfig {
    /// Returns the values that nobody may see, each with what it is.
    pub fn secrets(&self) -> impl Iterator<Item = (&'static str, &SecretString)> {
        [
            ("database-url", &self.database.url),
            ("anthropic-api-key", &self.llm.anthropic.api_key),
            ("openai-api-key", &self.llm.openai.api_key),
            ("serper-api-key", &self.search.serper.api_key),
            ("google-cse-api-key", &self.search.google_cse.api_key),
        ]
        .into_iter()
        .filter_map(|(name, secret)| Some((name, secret.as_ref()?)))
    }
}

/// Where and how the server listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HttpSettings {
    /// Address or host name to listen on.
    pub host: String,
    /// Port to listen on; 0 picks a free one, which the server prints.
    pub port: u16,
    /// Time that running requests are given to finish at shutdown, in milliseconds.
    pub shutdown_timeout_ms: u64,
    /// Upper bound of a request's body, in bytes.
    #[schemars(range(min = 1))]
    pub max_body_bytes: usize,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 8080,
            shutdown_timeout_ms: 30_000,
            max_body_bytes: 64 * 1024 * 1024,
        }
    }
}

/// Where the server stores its data.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DatabaseSettings {
    /// Address of the database, such as `postgres://user:password@host/loom`.
    pub url: Option<SecretString>,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LogSettings {
    /// What is logged: a level, or levels by module, such as `info,sqlx=warn`.
    pub filter: String,
    /// How a line of the log looks.
    pub format: LogFormat,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: LogFormat::default(),
        }
    }
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// The providers of models.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LlmSettings {
    /// Time in which a connection to a provider must be made, in milliseconds.
    #[schemars(range(min = 1))]
    pub connect_timeout_ms: u64,
    /// Longest silence of a provider: an answer of which nothing comes for so long is cut, in
    /// milliseconds.
    #[schemars(range(min = 1))]
    pub idle_timeout_ms: u64,
    /// Figures of models, over those that are built in: a name, then any of `context_window`,
    /// `max_output_tokens` (in tokens), `input`, `output`, `cache_read` and `cache_write` (in US
    /// dollars for a million tokens), such as `qwen3-coder context_window=262144 input=0.2
    /// output=0.8`.
    pub models: Vec<ModelEntry>,
    /// Anthropic, or a server that speaks its Messages API.
    pub anthropic: AnthropicSettings,
    /// OpenAI, or a server that speaks its API, such as Ollama.
    pub openai: OpenAiSettings,
}

impl Default for LlmSettings {
    fn default() -> Self {
        Self {
            connect_timeout_ms: 10_000,
            idle_timeout_ms: 300_000,
            models: Vec::new(),
            anthropic: AnthropicSettings::default(),
            openai: OpenAiSettings::default(),
        }
    }
}

/// Anthropic, or a server that speaks its Messages API.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AnthropicSettings {
    /// API key for Anthropic.
    pub api_key: Option<SecretString>,
    /// Address of the API, without `/v1`.
    pub base_url: HttpUrl,
    /// Model that answers a request that names none.
    pub default_model: String,
    /// Upper bound of an answer in tokens, for a request that names none; the API demands one.
    #[schemars(range(min = 1))]
    pub max_tokens: u32,
}

impl Default for AnthropicSettings {
    fn default() -> Self {
        Self {
            api_key: None,
            base_url: HttpUrl::from_static(ANTHROPIC_BASE_URL),
            default_model: "claude-sonnet-5-5".to_owned(),
            max_tokens: 32_000,
        }
    }
}

impl AnthropicSettings {
    /// Tells whether the server can use this provider: a key is set, or another address, since a
    /// compatible server may need no key.
    pub fn is_configured(&self) -> bool {
        self.api_key.is_some() || !is_at(&self.base_url, "api.anthropic.com")
    }
}

/// OpenAI, or a server that speaks its API, such as Ollama.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OpenAiSettings {
    /// API key for OpenAI.
    pub api_key: Option<SecretString>,
    /// Address of the API, with its `/v1`.
    pub base_url: HttpUrl,
    /// Model that answers a request that names none.
    pub default_model: Option<String>,
    /// Organization that OpenAI bills, for keys that belong to several.
    pub organization: Option<String>,
}

impl Default for OpenAiSettings {
    fn default() -> Self {
        Self {
            api_key: None,
            base_url: HttpUrl::from_static(OPENAI_BASE_URL),
            default_model: None,
            organization: None,
        }
    }
}

impl OpenAiSettings {
    /// Tells whether the server can use this provider: a key is set, or another address, since a
    /// compatible server on one's own machine needs no key.
    pub fn is_configured(&self) -> bool {
        self.api_key.is_some() || !self.is_openai()
    }

    /// Gives the model for a request that names none: the configured one, and at OpenAI's own address
    /// a default. Which models another server has cannot be known.
    pub fn model_when_unnamed(&self) -> Option<&str> {
        let default = self.is_openai().then_some(OPENAI_DEFAULT_MODEL);
        self.default_model.as_deref().or(default)
    }

    fn is_openai(&self) -> bool {
        is_at(&self.base_url, "api.openai.com")
    }
}

/// Tells whether an address is one of the provider at `host`, which may have hosts for regions below
/// it. The path does not matter: it may be spelled with and without `/v1`.
fn is_at(address: &HttpUrl, host: &str) -> bool {
    let named = address.as_url().host_str().unwrap_or_default();
    let region = named.strip_suffix(host);
    region.is_some_and(|region| region.is_empty() || region.ends_with('.'))
}
