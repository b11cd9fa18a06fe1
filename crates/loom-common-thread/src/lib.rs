//! Conversations on disk: a thread, its messages, and who may continue it.
