//! Client side of the server's LLM routes: an LlmClient over HTTP.
