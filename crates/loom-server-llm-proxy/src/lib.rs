//! Client side of the server's LLM routes: an [`LlmClient`] over HTTP.
//!
//! [`ProxyLlmClient`] asks a provider's model through `loom-server`, which holds the provider's
//! key; [`ServerClient`] makes the calls around it: health, the list of providers, the check of
//! one, the figures of a model, and the search of the web. [`wire`] holds what client and server must spell alike; the server uses it too.
//!
//! # Wire
//!
//! ```text
//! POST {server}/api/v1/llm/{provider}/complete   LlmRequest -> LlmResponse
//! POST {server}/api/v1/llm/{provider}/stream     LlmRequest -> text/event-stream:
//!                                                  event: <type of the LlmEvent>
//!                                                  data: <the LlmEvent as JSON>
//! POST {server}/api/v1/llm/{provider}/check      -> wire::CheckResult
//! GET  {server}/api/v1/llm/{provider}/model?name= -> wire::ModelInfo
//! GET  {server}/api/v1/llm/providers             -> wire::ProviderList
//! POST {server}/api/v1/search                    SearchRequest -> SearchResults
//! GET  {server}/health                           -> wire::Health, also under status 503
//! ```
//!
//! A failure ahead of the answer is an HTTP status with a problem document (RFC 9457,
//! [`wire::Problem`]); one in the middle of a stream is a last event named `error` that holds an
//! [`LlmError`](loom_common_core::LlmError). Comments keep a silent stream alive.
//!
//! # Failure
//!
//! The server's own word on an error is passed on: kind, hint, how long to wait. What does not
//! come from Loom's server gets a kind by its status. Unknown events and unknown fields are
//! skipped, so that a newer server still serves an older client.
//!
//! [`LlmClient`]: loom_common_core::LlmClient

mod body;
mod client;
mod decoder;
mod error;
mod server;
pub mod wire;

pub use client::ProxyLlmClient;
pub use loom_llm_core::ConfigError;
pub use server::ServerClient;
