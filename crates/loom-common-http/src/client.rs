//! The client with Loom's defaults; the crate's documentation gives the reason for each.

use std::env::consts::{ARCH, OS};
use std::time::Duration;

use loom_common_version::COMMIT;
use reqwest::redirect::Policy;

use crate::{proxy, tls};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// Makes a client with Loom's defaults.
///
/// A client holds the pool of connections: make one, and clone it, which is cheap.
#[expect(
    clippy::expect_used,
    reason = "fails only for settings that contradict each other, and all are constants here"
)]
pub fn new_client() -> reqwest::Client {
    builder()
        .build()
        .expect("Loom's own client settings are valid")
}

/// Starts a client with Loom's defaults, to which the caller adds what it needs.
///
/// TLS is already configured: the builder's own TLS settings (added roots, versions) and its choice
/// of HTTP versions for `https` have no effect.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where clients are made"
)]
pub fn builder() -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder()
        .user_agent(user_agent())
        .tls_backend_preconfigured(tls::config())
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(Policy::none())
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .http2_keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .no_proxy();
    proxy::from_process()
        .into_iter()
        .fold(builder, reqwest::ClientBuilder::proxy)
}

/// Tells how Loom names itself: `loom/{platform}/{commit}`, such as `loom/linux-x86_64/0123456789ab`.
pub fn user_agent() -> String {
    format!("loom/{OS}-{ARCH}/{COMMIT}")
}
