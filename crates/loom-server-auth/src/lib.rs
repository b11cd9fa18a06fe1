//! Access tokens: made, stored as hashes, checked.
//!
//! # Types
//!
//! - [`AccessToken`]: the token itself, as a client presents it. See [`token`](AccessToken) for
//!   its form.
//! - [`TokenInfo`]: what is known of a token. [`TokenKind`] tells a token that a person made from
//!   the one that a server mints for the user who started it.
//! - [`AccessTokens`]: the service: create, list, revoke, authenticate.
//!
//! # Flow
//!
//! A token is shown once, when it is made; the database keeps its SHA-256. A token has 160 random
//! bits, so a plain hash cannot be searched for it, and it can be found by its hash. Each request
//! is checked against the database: revoking works at once, from every process. `last_used_at` is
//! written at most once a minute, so that a busy client does not make the database write.
//!
//! # Failure
//!
//! A token with a typing error is refused by its checksum, without looking it up. When the time
//! of last use cannot be written (a full disk), the request still passes and a warning is logged.

mod error;
mod model;
mod service;
mod store;
mod token;

pub use error::AuthError;
pub use model::{TokenId, TokenInfo, TokenKind};
pub use service::{AccessTokens, Clock, Entropy};
pub use token::AccessToken;
