//! Anthropic Messages API client.
//!
//! [`AnthropicClient`] implements [`LlmClient`](loom_common_core::LlmClient) over
//! `POST /v1/messages` of `api.anthropic.com` or of any server that speaks the same.
//!
//! # Requests
//!
//! The provider caches the prompt by its prefix, byte for byte, so a request is written such that
//! it only ever grows at the end: fixed field order, `messages` last, each message's text a
//! function of the message alone, tool arguments and opaque blocks passed on as the raw text that
//! the model wrote. The cache is asked for by one `cache_control` at the top of the request; marks
//! inside of messages would move and change old bytes.
//!
//! What the provider would refuse does not go out: empty texts, thoughts without their signature,
//! blocks of other providers, pictures in the result of a tool that failed, an effort for a model that
//! knows none. A message that has nothing left keeps its place with a placeholder, so that the two
//! sides still alternate.
//!
//! # Answers
//!
//! A pure decoder turns each wire event into events of the answer, at once. Blocks of known types
//! come as they are made; a block of any other type is put together and passed on whole. An
//! unstreamed answer goes through the same decoder, block by block, so the two cannot differ.
//! Unknown events, and unknown deltas of known blocks, are skipped.
//!
//! # Failure
//!
//! Every failure becomes an [`LlmError`](loom_common_core::LlmError) whose kind says what to do: a
//! table over the provider's error types, then over HTTP statuses. Errors under status 200, in the
//! middle of a stream, go through the same table. Nothing is asked twice.

mod block;
mod client;
mod decoder;
mod error;
mod fields;
mod request;
mod usage;

pub use client::{AnthropicClient, AnthropicConfig};

/// Name of the provider, as it stands in opaque blocks.
pub const PROVIDER: &str = "anthropic";
