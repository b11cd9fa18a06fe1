//! The address of an HTTP service, as people configure one.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use url::Url;

/// An `http` or `https` address to which the path of a request is appended.
///
/// It may have a path of its own, but no credentials (those are settings of their own, which are kept
/// secret), query or fragment. A slash at its end means nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HttpUrl(Url);

/// Text that is not the address of an HTTP service; another attempt gives the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpUrlError {
    /// It is no address at all; most often `http://` is missing.
    #[error("`{text}` is not an address such as https://example.com: {source}")]
    Unreadable {
        /// The text.
        text: String,
        /// Why.
        source: url::ParseError,
    },
    /// It has another scheme than `http` or `https`; `localhost:8080` is read as scheme `localhost`.
    #[error("an address must start with http:// or https://, not {scheme}:")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// It holds a user name or a password. They are not repeated.
    #[error("an address must not hold a user name or password")]
    Credentials,
    /// It has a query or a fragment.
    #[error("an address must not have a part that starts with ? or #")]
    Query,
}

impl HttpUrl {
    /// Takes an address that stands in the program's own text.
    ///
    /// # Panics
    ///
    /// When it is not usable.
    #[expect(
        clippy::expect_used,
        reason = "for constants, which the first test run checks"
    )]
    pub fn from_static(text: &'static str) -> Self {
        text.parse().expect("a constant address is usable")
    }

    /// Lends the address; its path is `/` when it has none, and has no slash at its end otherwise.
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// Gives the address as text, without a slash at its end.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }
}

impl FromStr for HttpUrl {
    type Err = HttpUrlError;

    fn from_str(text: &str) -> Result<Self, HttpUrlError> {
        let mut url = Url::parse(text.trim()).map_err(|source| match text.contains('@') {
            true => HttpUrlError::Credentials,
            false => HttpUrlError::Unreadable {
                text: text.to_owned(),
                source,
            },
        })?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(HttpUrlError::Scheme {
                scheme: url.scheme().to_owned(),
            });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(HttpUrlError::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(HttpUrlError::Query);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }
}

impl TryFrom<String> for HttpUrl {
    type Error = HttpUrlError;

    fn try_from(text: String) -> Result<Self, HttpUrlError> {
        text.parse()
    }
}

impl From<HttpUrl> for String {
    fn from(url: HttpUrl) -> Self {
        url.as_str().to_owned()
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl JsonSchema for HttpUrl {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HttpUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uri", "pattern": "^https?://" })
    }
}
