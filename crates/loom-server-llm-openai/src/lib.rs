//! Client for OpenAI's Chat Completions API and servers compatible with it.
//!
//! [`OpenAiClient`] implements [`LlmClient`](loom_common_core::LlmClient) over
//! `POST /chat/completions` of OpenAI and of the many servers that imitate it (Ollama, vLLM,
//! llama.cpp, gateways). They differ in details that matter, so reading is lenient: whatever says
//! unmistakably what is meant is taken.
//!
//! # Requests
//!
//! One message of Loom's becomes one or more of the API's, each a function of the message alone
//! and `messages` last in the body, so that a longer conversation begins with the text of the
//! shorter one and the provider's prompt cache matches. Tool results become messages of the role
//! `tool`; pictures in them follow in a user message, because `tool` takes text only. Thoughts
//! without a signature came from this kind of server and go back to it as `reasoning_content`,
//! though not to OpenAI and Groq, which refuse a message with that field.
//!
//! OpenAI's models from GPT-5.1 on do not reason when they are given tools: Chat Completions refuses
//! tools together with reasoning, which is on unless the request says `"reasoning_effort":"none"`,
//! so it says that. This is a limit of Chat Completions; only the Responses API takes both. Otherwise
//! the effort that the request wants goes to the models that are known to take one.
//!
//! # Answers
//!
//! The API has no blocks: text, thoughts and tool calls come as fields of a delta. A pure decoder
//! opens a block when its kind begins and closes it when another begins; tool calls stay open to
//! the end, because servers may send their pieces interleaved. An unstreamed answer goes through
//! the same decoder as one large delta.
//!
//! # Failure
//!
//! An answer is whole when its finish reason has come; `[DONE]` is welcome and not needed. Every
//! failure becomes an [`LlmError`](loom_common_core::LlmError) by a table over the server's error
//! codes, then over HTTP statuses. Errors inside of a stream go through the same table. Nothing is
//! asked twice.

mod calls;
mod chunk;
mod client;
mod decoder;
mod error;
mod request;

pub use client::{OpenAiClient, OpenAiConfig};

/// Name of the provider, under which extra fields of its blocks stand.
pub const PROVIDER: &str = "openai";
