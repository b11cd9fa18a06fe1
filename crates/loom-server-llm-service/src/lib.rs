//! One service over all model providers; owns their keys.
//!
//! [`LlmService`] makes the providers' clients from the server's settings and is the only place
//! that hands keys to them. A provider's client is found by name ([`LlmService::client`]) or by
//! the methods of its own; every call through either is measured.
//!
//! # Flow
//!
//! A request without a model gets the provider's default. The call goes to the provider's adapter
//! and its events are passed on as they come. The service asks once: whether to ask again, and
//! when, is decided by the agent, which alone knows what it has shown already.
//!
//! # Measurement
//!
//! A guard lives as long as a call. Whichever way the call ends, finished, failed, or dropped by a
//! client that hung up, the guard's end counts the request by outcome and the tokens that were
//! used so far, as the provider told them (OpenAI tells only at the end, so a call that was cut
//! there counts none). Dropping a stream cancels the provider's answer. Labels never hold the model: its
//! name comes from clients, who could make up any number of them.
//!
//! | metric | kind | labels |
//! | --- | --- | --- |
//! | `loom_llm_requests_total` | counter | `provider`, `operation` (`stream`, `complete`), `outcome` (`ok`, `cancelled`, or the code of the error) |
//! | `loom_llm_requests_in_flight` | gauge | `provider` |
//! | `loom_llm_tokens_total` | counter | `provider`, `kind` (`input`, `output`, `cache_read`, `cache_write`) |
//! | `loom_llm_time_to_first_event_seconds` | histogram | `provider` |
//!
//! # Figures
//!
//! [`LlmService::model`] tells how much a model takes and what it costs, from a table that is built
//! in and from the operator's settings over it. Nothing depends on a figure being there: it is for
//! the meters of clients.
//!
//! # Failure
//!
//! A provider that is not configured is an [`LlmError`](loom_common_core::LlmError) whose hint
//! names the variables that configure it and the providers that are there. Settings that cannot
//! work stop the server at its start ([`SettingsError`]).

mod figures;
mod measure;
mod provider;
mod service;

pub use measure::describe_metrics;
pub use service::{KnownModel, LlmService, ProviderCheck, ProviderStatus, SettingsError};
