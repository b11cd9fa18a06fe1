//! HTTP client with Loom's defaults, and retry with backoff.
