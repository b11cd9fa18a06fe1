//! Runs one agent session: model calls, tools, permissions, storage, events.
//!
//! # Types
//!
//! [`Session::start`] takes a [`SessionSetup`] (model client, tools, thread store, permission
//! mode) and returns a [`Session`] with two ends: a [`SessionHandle`] that takes prompts, answers and
//! cancellation, and a stream of [`ThreadEvent`](loom_common_core::stream::ThreadEvent)s from which
//! a front end is drawn. What the person is asked is an event of that stream, too.
//! The plain REPL, `loom -p`, an editor and a full-screen interface are all front ends of this;
//! `examples/drive.rs` is the smallest one, to begin with.
//!
//! # Flow
//!
//! A task owns the [`Agent`](loom_common_core::Agent). What happens (a command, a piece of an
//! answer, the end of a tool) becomes an event for the agent; what the agent wants is carried out:
//!
//! ```text
//!   commands ─────┐                     ┌──> transcript  (thread store)
//!                 ├──> Agent ──actions──┼──> operations  (model call, tools, waiting) ──┐
//!   reports ──────┘      │              └──> turn begins, turn ends                     │
//!      ^                 └──events──> presenter ──> ThreadEvents                        │
//!      └────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! A prompt that comes from a file ([`CommandPrompt`]) has a turn of its own, with its own model and
//! its own rules: lines for the shell run ahead of the agent's part of it (`command_prompt.rs`).
//!
//! All queues are bounded: a front end that does not read slows the session down, and nothing
//! piles up. Only the preview of a running tool's output is dropped when it comes too fast.
//!
//! # Failure
//!
//! - A message is stored before it has consequences. When it cannot be stored, the turn ends with
//!   an error that says why; the message stays in memory and is stored with the next one.
//! - Cancelling drops what runs: a model call is cancelled up to the provider, a tool's processes
//!   are ended before the turn is reported as over.
//! - A panic in a tool fails that call, not the session.
//! - A question lives no longer than who asks: it is withdrawn with the call, with the turn, or when a
//!   server of tools gives up. An answer that does not fit is told to the front end, and the question
//!   stays open.

mod actions;
mod begin;
mod calls;
mod command_prompt;
mod compaction;
mod error;
mod gate;
mod hosts;
mod incoming;
mod inquiries;
mod keeping;
mod meter;
mod model;
mod operations;
mod presenter;
mod prompt;
mod prompts;
mod redaction;
mod restore;
mod runner;
mod server_questions;
mod session;
mod subagents;
mod tools;
mod transcript;
mod turn;
mod undo;

pub use command_prompt::CommandPrompt;
pub use error::SessionError;
pub use gate::Gate;
pub use hosts::{Hosts, KeepHosts};
pub use inquiries::Person;
pub use keeping::{EndedWork, Kept, Moment, Spent, WorkKeeper};
pub use model::ModelChoice;
pub use prompt::{is_note, system_prompt};
pub use redaction::Redaction;
pub use restore::{Restore, RestoreScope};
pub use server_questions::ServerQuestions;
pub use session::{Clock, Session, SessionHandle, SessionLimits, SessionSetup, ThreadStart};
pub use subagents::{SubagentDefinition, Subagents};
pub use tools::{SUBAGENT_KINDS, todo_list};
