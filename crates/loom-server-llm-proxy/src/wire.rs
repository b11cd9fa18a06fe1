//! What client and server must spell alike.

use loom_common_core::{LlmError, LlmErrorKind, LlmEvent, ModelFigures};
use serde::{Deserialize, Serialize};

/// Media type of a problem document (RFC 9457, section 6.1).
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// Name of the event that ends a stream with an error.
pub const ERROR_EVENT: &str = "error";

/// Why the server refused a request, as a problem document (RFC 9457, section 3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Address that names the type of problem; `about:blank` when the status says it all.
    #[serde(rename = "type", default = "about_blank")]
    pub kind: String,
    /// The type of problem in a few words, always the same for the same type.
    #[serde(default)]
    pub title: String,
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// What happened this time, for people.
    #[serde(default)]
    pub detail: String,
    /// Which problem of all this is: the server's id of the request, as in its log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Stable name of the problem, for programs: for a model's error that of its kind.
    #[serde(default)]
    pub code: String,
    /// What the person can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// How long to wait before the next try, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Whether the next try may succeed, where the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub should_retry: Option<bool>,
    /// The provider's name for the request, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

fn about_blank() -> String {
    "about:blank".to_owned()
}

impl From<LlmError> for Problem {
    fn from(error: LlmError) -> Self {
        let (status, title) = status_and_title(error.kind);
        Self {
            kind: about_blank(),
            title: title.to_owned(),
            status,
            detail: error.message,
            instance: None,
            code: error.kind.code().to_owned(),
            hint: error.hint,
            retry_after_ms: error.retry_after_ms,
            should_retry: error.should_retry,
            request_id: error.request_id,
        }
    }
}

/// Returns the HTTP status and the title for a kind of error. Only what the caller got wrong is a
/// 4xx: a key that the provider refuses is the server's fault, not the caller's.
fn status_and_title(kind: LlmErrorKind) -> (u16, &'static str) {
    match kind {
        LlmErrorKind::ServerUnreachable => (503, "Server unreachable"),
        LlmErrorKind::Unauthorized => (401, "Unauthorized"),
        LlmErrorKind::ProviderNotConfigured => (404, "Provider not configured"),
        LlmErrorKind::KeyRefused => (502, "Provider refused the key"),
        LlmErrorKind::PermissionDenied => (403, "Provider denied permission"),
        LlmErrorKind::ModelNotFound => (404, "Model not found"),
        LlmErrorKind::InvalidRequest => (400, "Invalid request"),
        LlmErrorKind::ContextTooLong => (413, "Conversation too long"),
        LlmErrorKind::RateLimited => (429, "Rate limited"),
        LlmErrorKind::SpendLimit => (402, "Spend limit reached"),
        LlmErrorKind::Overloaded => (503, "Provider overloaded"),
        LlmErrorKind::ProviderFailed => (502, "Provider failed"),
        LlmErrorKind::ProviderUnreachable => (502, "Provider unreachable"),
        LlmErrorKind::Timeout => (504, "Provider timed out"),
        LlmErrorKind::StreamInterrupted => (502, "Answer interrupted"),
        LlmErrorKind::MalformedResponse => (502, "Malformed answer"),
        LlmErrorKind::Internal => (500, "Internal error"),
    }
}

/// What a server offers: its providers of models, and of web search.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderList {
    /// All providers of models that the server knows, configured or not.
    pub providers: Vec<ProviderInfo>,
    /// Who searches the web for the server's clients; absent when nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_search: Option<String>,
}

/// A provider of models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderInfo {
    /// Name, as it stands in the routes.
    pub name: String,
    /// Whether the server can use it.
    pub configured: bool,
    /// The model that answers a request which names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_model: Option<String>,
}

/// A model, and what is known about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelInfo {
    /// Name, as the provider knows it.
    pub name: String,
    /// How much it takes and what it costs; empty for a model that the server does not know.
    #[serde(default)]
    pub figures: ModelFigures,
}

/// What checking a provider came to, when it went well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckResult {
    /// Always true; a check that fails is a problem document.
    pub ok: bool,
    /// Names of the models that the key may use.
    #[serde(default)]
    pub models: Vec<String>,
}

/// How the server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// The worst of the components.
    pub status: HealthStatus,
    /// Version of the server.
    pub version: String,
    /// Commit that the server was built from.
    #[serde(default)]
    pub commit: String,
    /// The parts that were looked at.
    #[serde(default)]
    pub components: Vec<ComponentHealth>,
}

/// How a part of the server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ComponentHealth {
    /// Name of the part.
    pub name: String,
    /// How it is.
    pub status: HealthStatus,
    /// How long looking took, in milliseconds.
    #[serde(default)]
    pub duration_ms: u64,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How the server, or a part of it, is. The worst comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// All is well.
    Healthy,
    /// It works, but not all of it.
    Degraded,
    /// It does not work. The only one that comes under status 503.
    Unhealthy,
}

/// Returns the name that an event has on the wire: the `type` of its JSON.
pub fn event_name(event: &LlmEvent) -> &'static str {
    match event {
        LlmEvent::Started { .. } => "started",
        LlmEvent::BlockStarted { .. } => "block_started",
        LlmEvent::TextDelta { .. } => "text_delta",
        LlmEvent::ThinkingDelta { .. } => "thinking_delta",
        LlmEvent::SignatureDelta { .. } => "signature_delta",
        LlmEvent::ArgumentsDelta { .. } => "arguments_delta",
        LlmEvent::ExtraFields { .. } => "extra_fields",
        LlmEvent::BlockStopped { .. } => "block_stopped",
        LlmEvent::OpaqueBlock { .. } => "opaque_block",
        LlmEvent::Usage { .. } => "usage",
        LlmEvent::Ping => "ping",
        LlmEvent::Finished { .. } => "finished",
    }
}

/// Names of all events that carry an [`LlmEvent`].
pub(crate) const EVENT_NAMES: [&str; 12] = [
    "started",
    "block_started",
    "text_delta",
    "thinking_delta",
    "signature_delta",
    "arguments_delta",
    "extra_fields",
    "block_stopped",
    "opaque_block",
    "usage",
    "ping",
    "finished",
];
