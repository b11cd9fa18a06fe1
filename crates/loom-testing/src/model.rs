//! A fake model server that speaks the real wire protocols, over real connections.
//!
//! ```no_run
//! # async fn example() {
//! use loom_testing::{FakeModel, Reply};
//! use serde_json::json;
//!
//! let model = FakeModel::start().await;
//! model.reply(Reply::text("Let me look.").and_tool_call("bash", json!({"command": "ls"})));
//! model.reply(Reply::status(429).retry_after(1));
//! model.reply_with(|request| {
//!     Reply::text(format!("It says {}", request.tool_results()[0].content))
//! });
//! // A client talks to `model.url()` here.
//! assert_eq!(model.requests().len(), 3);
//! # }
//! ```
//!
//! It serves Anthropic Messages (`POST /v1/messages`) and OpenAI Chat Completions (`POST
//! /v1/chat/completions`), both streamed and whole, and `GET /v1/models` of either. It knows
//! nothing of the product's crates: it is an independent reading of the vendors' documents, so that
//! client and fake cannot share one mistake.
//!
//! A request is recorded ([`ModelRequest`]), checked by itself (`rules`) and against its
//! conversation (`history`), and answered with the next [`Reply`] of the script, which the protocol
//! (`anthropic`, `openai`) renders to events and `delivery` lays out as bytes, pauses and faults. A
//! request that breaks a rule is answered as the vendor would answer it, and fails the test when
//! the server is dropped.

mod anthropic;
mod delivery;
mod exchange;
mod gate;
mod history;
mod openai;
mod recording;
mod reply;
mod request;
mod rules;
mod script;
mod server;

pub use delivery::{AnthropicUsage, LineEnding, OpenAiUsage};
pub use exchange::DEFAULT_API_KEY;
pub use gate::Gate;
pub use recording::Recording;
pub use reply::{Reply, StopReason, Usage};
pub use request::{ModelRequest, Protocol, ToolResult};
pub use server::{ConversationScript, FakeModel};
