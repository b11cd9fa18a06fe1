//! What is known of an access token.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;

use crate::AuthError;

/// Id of an access token. Written as `AT-` and a UUIDv7; it is not secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenId(pub(crate) Uuid);

impl fmt::Display for TokenId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AT-{}", self.0)
    }
}

impl FromStr for TokenId {
    type Err = AuthError;

    fn from_str(text: &str) -> Result<Self, AuthError> {
        text.strip_prefix("AT-")
            .and_then(|uuid| uuid.parse().ok())
            .map(Self)
            .ok_or_else(|| AuthError::InvalidId(text.to_owned()))
    }
}

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Made by a person, valid until it is revoked.
    Personal,
    /// Minted by a server for the user who started it, valid until the next such server starts
    /// on the same database.
    Local,
}

impl TokenKind {
    /// Returns the name as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Local => "local",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "personal" => Some(Self::Personal),
            "local" => Some(Self::Local),
            _ => None,
        }
    }
}

/// What is known of a token. Not the token itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// Its id.
    pub id: TokenId,
    /// The name that its maker gave it.
    pub name: String,
    /// What it is for.
    pub kind: TokenKind,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last accepted, to the minute; `None` when it never was.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked; `None` while it is good.
    pub revoked_at: Option<Timestamp>,
}
