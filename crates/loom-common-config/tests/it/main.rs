//! Layered configuration, on a small program's settings.
