//! Anthropic Messages API client.
