//! Web search by serper.dev.
