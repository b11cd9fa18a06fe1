//! Settings of the web search.

use loom_common_config::HttpUrl;
use loom_common_secret::SecretString;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const SERPER_BASE_URL: &str = "https://google.serper.dev";
const GOOGLE_CSE_BASE_URL: &str = "https://www.googleapis.com";

/// The web search that the server offers to its clients.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SearchSettings {
    /// Who searches; without anybody, clients are not offered a search.
    pub provider: Option<SearchProviderName>,
    /// Time in which a search must be answered, in milliseconds.
    #[schemars(range(min = 1))]
    pub timeout_ms: u64,
    /// serper.dev, which searches Google.
    pub serper: SerperSettings,
    /// Google's Programmable Search Engine.
    pub google_cse: GoogleCseSettings,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
            provider: None,
            timeout_ms: 20_000,
            serper: SerperSettings::default(),
            google_cse: GoogleCseSettings::default(),
        }
    }
}

impl SearchSettings {
    /// Tells who searches: the provider that is named, else the first that has a key, else nobody.
    pub fn provider_in_use(&self) -> Option<SearchProviderName> {
        let serper = self.serper.api_key.as_ref();
        let google = self.google_cse.api_key.as_ref();
        self.provider
            .or(serper.map(|_| SearchProviderName::Serper))
            .or(google.map(|_| SearchProviderName::GoogleCse))
    }
}

/// A provider of web search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchProviderName {
    /// serper.dev.
    Serper,
    /// Google's Programmable Search Engine.
    GoogleCse,
}

/// serper.dev, which searches Google.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SerperSettings {
    /// API key for serper.dev.
    pub api_key: Option<SecretString>,
    /// Address of the API.
    pub base_url: HttpUrl,
}

impl Default for SerperSettings {
    fn default() -> Self {
        Self {
            api_key: None,
            base_url: HttpUrl::from_static(SERPER_BASE_URL),
        }
    }
}

/// Google's Programmable Search Engine.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GoogleCseSettings {
    /// API key for Google's Custom Search JSON API, which takes no new customers and ends on 1 January
    /// 2027.
    pub api_key: Option<SecretString>,
    /// Id of the search engine (`cx`).
    pub engine_id: Option<String>,
    /// Address of Google's APIs.
    pub base_url: HttpUrl,
}

impl Default for GoogleCseSettings {
    fn default() -> Self {
        Self {
            api_key: None,
            engine_id: None,
            base_url: HttpUrl::from_static(GOOGLE_CSE_BASE_URL),
        }
    }
}
