//! The loom command.
