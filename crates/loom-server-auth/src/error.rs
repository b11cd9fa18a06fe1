//! What can go wrong with access tokens.

use loom_server_db::DbError;

use crate::TokenId;

/// An error of the access tokens. Never holds a token.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The text has not the form of an access token, or its checksum is wrong: a part of it is
    /// missing or mistyped. Trying again does not help.
    #[error("the access token is mistyped or cut short")]
    Malformed,
    /// The server knows no such token. Trying again does not help.
    #[error("the server does not know this access token")]
    Unknown,
    /// The token was revoked. Trying again does not help.
    #[error("the access token was revoked")]
    Revoked,
    /// No token has this id. Trying again does not help.
    #[error("no access token has the id {0}")]
    NotFound(TokenId),
    /// The text is not the id of a token. Trying again does not help.
    #[error("{0:?} is not the id of an access token, which looks like AT-0193…")]
    InvalidId(String),
    /// A name is empty, longer than 100 characters, or has a control character. Trying again
    /// does not help.
    #[error("the name of an access token has 1 to 100 characters and no control characters")]
    InvalidName,
    /// The database failed; see its error.
    #[error(transparent)]
    Database(#[from] DbError),
}
