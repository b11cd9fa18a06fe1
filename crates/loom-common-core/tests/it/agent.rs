//! The agent: stories of single sessions, and rules that hold in every session.

mod call_ids;
mod cancel;
mod compaction;
mod context;
mod invariants;
mod ledger;
mod limits;
mod provider_data;
mod queued_input;
mod random_session;
mod resume;
mod retry;
mod rewind;
mod session;
mod shutdown;
mod tool_calls;
mod transitions;
mod turn;
