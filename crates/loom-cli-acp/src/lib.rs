//! The Agent Client Protocol: sessions for editors.
//!
//! Zed, Neovim, JetBrains and others start `loom acp` and talk to it in JSON-RPC over its standard input
//! and output, in version 1 of the protocol (<https://agentclientprotocol.com/protocol/v1/overview>).
//!
//! # Types
//!
//! [`serve`] is the whole of it. A session of the protocol is a thread: a
//! [`Session`](loom_cli_session::Session), driven by its commands and drawn from its one stream of
//! events, as every front end is. This crate maps the one to the other and knows nothing of how a
//! session is put together: that is the [`Program`]'s, which opens sessions, and gives each a
//! [`Companion`] that understands what its person says and knows what can be chosen. Tools run in the
//! agent. The protocol would let an editor read files and run commands for it; then rules, sandbox, undo
//! and redaction would end at the editor, and the next version drops that side.
//!
//! # Flow
//!
//! ```text
//!  input ─> wire ─> library ─> agent (one handler for each request, each begins a task)
//!                                │ open            │ prompt, cancel, choose
//!                                v                 v
//!                             Program ────────> session ─commands─> loom_cli_session
//!                                                                        │ events
//!  output <─ wire <─ library <─ updates <─ drawing <──────── pump <──────┘
//!              └──── places ────────────────────────────────>│ └─> asking ─> requests to the editor
//! ```
//!
//! - A prompt has a task from its arrival to its response (`session.rs`); it alone hands the prompt and
//!   a stop to the session, so that a stop never meets the next prompt. One turn runs at a time: a
//!   second prompt is refused, but while a stopped turn ends, the next prompt waits.
//! - Nothing is said of a session before its `session/new` is answered: its events wait in their queue.
//! - What the agent asks becomes a request for permission whose options carry whole answers, with the
//!   rules that can be remembered; forms, where the editor has them; or is declined, and told.
//! - Links to files become mentions (`@path`), with the bounds and refusals of what is typed.
//!
//! # Failure
//!
//! - *The editor dies*: at the end of the input, or when nobody reads, all sessions end in good order:
//!   turns are stopped, processes ended, what was said is stored already.
//! - *It talks nonsense*: lines that are too long, no text or no JSON are answered with errors, and the
//!   connection goes on.
//! - *It reads slowly*: updates need a place on the way out (`wire.rs`). Without one the pump waits,
//!   then the session's queue is full, then the session waits. Pieces of one text that wait are joined.
//! - *Something fails*: the response is an error whose message holds the hint, as editors show nothing
//!   else, and whose `data.code` is the stable name. The session goes on.
//!
//! # Why so
//!
//! Bridges that drive a terminal program from outside lose what it does not print. Others answer a
//! question of the protocol in its own vocabulary only, and drop remembered rules, plans and forms; some
//! stop a turn through the task that also begins the next one, and stop the wrong one.

mod agent;
mod asking;
mod choices;
mod desk;
mod drawing;
mod error;
mod features;
mod greeting;
mod history;
mod listing;
mod opening;
mod program;
mod prompt;
mod pump;
mod servers;
mod session;
mod wire;

pub use agent::serve;
pub use error::AcpError;
pub use program::{
    Choice, CommandEntry, Companion, Heard, KnownThread, ModelId, Opened, Opening, Program, Prompt,
    Refusal, RefusalKind, Said,
};
