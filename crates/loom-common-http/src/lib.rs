//! HTTP client with Loom's defaults, and retry with backoff.
//!
//! **The client.** [`new_client`] and [`builder`] are the only way that Loom opens connections. What
//! they set, and why:
//!
//! | setting | value | reason |
//! | --- | --- | --- |
//! | User-Agent | `loom/{platform}/{commit}` | a provider or an operator can tell who calls |
//! | connect time-out | 10 s | a dead address is reported soon |
//! | total time-out | none | a model's answer streams for minutes; callers bound the silence between two pieces of it |
//! | redirects | not followed | a key or token goes to the configured address, never to where that address points |
//! | TCP | no delay | a small request leaves at once |
//! | HTTP/2 | ping every 30 s while a request runs | a connection that a firewall forgot fails within 50 s, though the answer is a long silence |
//! | TLS | rustls with ring; the system's roots | certificates of the operator count; a system without any falls back to Mozilla's |
//! | proxy | `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY` | never for loopback addresses, where Loom's own server listens |
//!
//! **Retry.** [`retry`] repeats an operation whose error says that it may help
//! ([`RetryableError`]), after the delays of a [`RetryConfig`]: exponential with jitter, and at
//! least what the server asked for. [`parse_retry_after`] and [`parse_should_retry`] read that from
//! the headers of its answer, [`is_retryable_status`] from its status.

mod client;
mod proxy;
mod retry;
mod retry_after;
mod tls;

pub use client::{builder, new_client, user_agent};
pub use retry::{RetryConfig, RetryableError, is_retryable_status, retry};
pub use retry_after::{parse_retry_after, parse_should_retry};
