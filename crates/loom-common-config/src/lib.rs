//! Layered configuration that can tell where each value came from.
