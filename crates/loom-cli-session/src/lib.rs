//! Runs one agent session: model calls, tools, permissions, storage, events.
