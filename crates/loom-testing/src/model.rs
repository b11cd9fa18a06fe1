//! A fake model server that speaks the real wire protocols, over real connections.

mod anthropic;
mod delivery;
mod gate;
mod openai;
mod reply;
mod request;
mod rules;
mod script;
mod server;

pub use delivery::{LineEnding, OpenAiUsage};
pub use gate::Gate;
pub use reply::{Reply, StopReason, Usage};
pub use request::{ModelRequest, Protocol, ToolResult};
pub use server::{ConversationScript, DEFAULT_API_KEY, FakeModel};
