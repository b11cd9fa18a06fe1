//! The Loom server.
