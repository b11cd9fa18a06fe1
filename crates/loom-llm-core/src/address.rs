//! Where a model API is, and the header that opens it.

use std::fmt;

use http::HeaderValue;
use loom_common_secret::SecretString;
use url::Url;

/// Why a client cannot be made from its settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The base address is not that of an HTTP server. Trying again does not help.
    #[error("`{address}` is not the address of an HTTP server")]
    NotHttp {
        /// The address, without user name, password and query.
        address: String,
    },
    /// A key or token has characters that no HTTP header takes, often a line end from a file.
    /// Trying again does not help.
    #[error("the {what} has characters that cannot stand in an HTTP header")]
    HeaderValue {
        /// What the value is, such as `Anthropic API key`.
        what: String,
    },
}

/// The address that all routes of an API begin with.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Takes an address, with or without a trailing slash. A query (some gateways want one) stays
    /// with every route.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NotHttp`] for anything but `http` and `https`.
    pub fn new(url: Url) -> Result<Self, ConfigError> {
        if matches!(url.scheme(), "http" | "https") && url.has_host() {
            Ok(Self(url))
        } else {
            Err(ConfigError::NotHttp {
                address: shown(&url),
            })
        }
    }

    /// Tells whether the last part of the path is `segment`.
    pub fn ends_with(&self, segment: &str) -> bool {
        self.segments().next_back() == Some(segment)
    }

    /// Tells whether there is any path after the host.
    pub fn has_path(&self) -> bool {
        self.segments().next().is_some()
    }

    /// Returns the host, lowercased.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Returns the address with `path` (relative, such as `v1/models`) appended.
    pub fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/'));
        }
        url
    }

    /// Returns the same base one level further down.
    #[must_use]
    pub fn child(&self, segment: &str) -> Self {
        Self(self.join(segment))
    }

    fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0
            .path_segments()
            .into_iter()
            .flatten()
            .filter(|segment| !segment.is_empty())
    }
}

impl fmt::Display for BaseUrl {
    /// Writes the address without user name, password and query: those may be secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&shown(&self.0))
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BaseUrl({self})")
    }
}

fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // These fail only for addresses that can hold neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.as_str().trim_end_matches('/').to_owned()
}

/// Makes a header of a secret, marked so that HTTP libraries neither log nor index it.
///
/// # Errors
///
/// [`ConfigError::HeaderValue`], which names the secret by `what`.
pub fn secret_header(secret: &SecretString, what: &str) -> Result<HeaderValue, ConfigError> {
    let mut value =
        HeaderValue::from_str(secret.expose()).map_err(|_| ConfigError::HeaderValue {
            what: what.to_owned(),
        })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Makes the value of `Authorization` with a bearer token (RFC 6750, section 2.1).
///
/// # Errors
///
/// [`ConfigError::HeaderValue`], which names the token by `what`.
pub fn bearer_header(token: &SecretString, what: &str) -> Result<HeaderValue, ConfigError> {
    let credentials = SecretString::new(format!("Bearer {}", token.expose()));
    secret_header(&credentials, what)
}
