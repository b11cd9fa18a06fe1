//! What can go wrong between Loom and a model, and whether trying again helps.
//!
//! The same error travels from the provider's adapter through the server to the agent and to the
//! person, so it is plain data: a kind that programs act upon, and a message and a hint for people.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An error from the way to a model, or from the model's provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[error("{message}")]
pub struct LlmError {
    /// What went wrong, for programs.
    pub kind: LlmErrorKind,
    /// What went wrong, for people. Never holds a key.
    pub message: String,
    /// What the person can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// How long the provider asked to wait, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The provider's own word on whether trying again helps (`x-should-retry`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub should_retry: Option<bool>,
    /// The provider's name for the request, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl LlmError {
    /// Makes an error with nothing but a kind and a message.
    pub fn new(kind: LlmErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            retry_after_ms: None,
            should_retry: None,
            request_id: None,
        }
    }

    /// Adds what the person can do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Tells whether asking again may succeed. The provider's own word outweighs the kind's rule.
    pub fn is_retryable(&self) -> bool {
        self.should_retry
            .unwrap_or_else(|| self.kind.is_retryable())
    }

    /// Returns how long the provider asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after_ms.map(Duration::from_millis)
    }
}

/// What went wrong on the way to a model. The serialized name is stable: scripts may match it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LlmErrorKind {
    /// Loom's server could not be reached. Trying again helps when it is starting or restarting.
    ServerUnreachable,
    /// Loom's server refused the access token. Trying again does not help.
    Unauthorized,
    /// Loom's server has no such provider, or none at all. Trying again does not help.
    ProviderNotConfigured,
    /// The provider refused the key that the server holds. Trying again does not help.
    KeyRefused,
    /// The key is good but may not do this. Trying again does not help.
    PermissionDenied,
    /// The provider does not have this model. Trying again does not help.
    ModelNotFound,
    /// The request breaks the provider's rules. Trying again does not help.
    InvalidRequest,
    /// The conversation is longer than the model can take. Trying again does not help.
    ContextTooLong,
    /// Too many requests or tokens for now. Trying again later helps.
    RateLimited,
    /// The account's budget or balance is used up. Trying again does not help.
    SpendLimit,
    /// The provider has too much to do. Trying again helps.
    Overloaded,
    /// The provider failed inside. Trying again often helps.
    ProviderFailed,
    /// The provider could not be reached. Trying again often helps.
    ProviderUnreachable,
    /// Nothing came for too long. Trying again may help.
    Timeout,
    /// The answer was cut before its end. Trying again helps.
    StreamInterrupted,
    /// The answer does not follow the protocol. Trying again may help: models do send broken
    /// data now and then.
    MalformedResponse,
    /// Loom's server failed inside. Trying again does not help.
    Internal,
}

impl LlmErrorKind {
    /// Tells whether errors of this kind tend to go away by asking again.
    pub fn is_retryable(self) -> bool {
        match self {
            Self::ServerUnreachable
            | Self::RateLimited
            | Self::Overloaded
            | Self::ProviderFailed
            | Self::ProviderUnreachable
            | Self::Timeout
            | Self::StreamInterrupted
            | Self::MalformedResponse => true,
            Self::Unauthorized
            | Self::ProviderNotConfigured
            | Self::KeyRefused
            | Self::PermissionDenied
            | Self::ModelNotFound
            | Self::InvalidRequest
            | Self::ContextTooLong
            | Self::SpendLimit
            | Self::Internal => false,
        }
    }

    /// Returns the stable name, the same as in serialized form.
    pub fn code(self) -> &'static str {
        match self {
            Self::ServerUnreachable => "server_unreachable",
            Self::Unauthorized => "unauthorized",
            Self::ProviderNotConfigured => "provider_not_configured",
            Self::KeyRefused => "key_refused",
            Self::PermissionDenied => "permission_denied",
            Self::ModelNotFound => "model_not_found",
            Self::InvalidRequest => "invalid_request",
            Self::ContextTooLong => "context_too_long",
            Self::RateLimited => "rate_limited",
            Self::SpendLimit => "spend_limit",
            Self::Overloaded => "overloaded",
            Self::ProviderFailed => "provider_failed",
            Self::ProviderUnreachable => "provider_unreachable",
            Self::Timeout => "timeout",
            Self::StreamInterrupted => "stream_interrupted",
            Self::MalformedResponse => "malformed_response",
            Self::Internal => "internal",
        }
    }
}
