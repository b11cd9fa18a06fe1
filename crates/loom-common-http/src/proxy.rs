//! The proxy that the conventional environment variables name, except for loopback.
//!
//! The rules are those of most programs: a variable for each scheme, then `ALL_PROXY`, and
//! exceptions in `NO_PROXY`, each in lower case first. curl knows `http_proxy` in lower case only,
//! because of CGI; here both spellings count, and none of them inside of a CGI program.
//!
//! Loom adds one exception: addresses of this machine. Its own server listens there, a proxy could
//! not reach it, and the token must not pass through one.

use reqwest::{NoProxy, Proxy};

/// What always goes directly, in the syntax of `NO_PROXY`.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// Reads the proxies for this process.
#[expect(
    clippy::disallowed_methods,
    reason = "these variables hold for every program of a process tree; the client library itself \
              would read them here"
)]
pub(crate) fn from_process() -> Vec<Proxy> {
    from_variables(|name| std::env::var(name).ok())
}

/// Reads the proxies from variables that `lookup` gives; an unusable address is passed over.
fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Vec<Proxy> {
    let variable = |name: &str| {
        [name.to_owned(), name.to_uppercase()]
            .iter()
            .find_map(|name| lookup(name).filter(|value| !value.trim().is_empty()))
    };
    let exceptions = match variable("no_proxy") {
        Some(listed) => format!("{LOOPBACK},{listed}"),
        None => LOOPBACK.to_owned(),
    };
    // A CGI program gets the request's `Proxy:` header as HTTP_PROXY (CVE-2016-5385).
    let for_http = if lookup("REQUEST_METHOD").is_some() {
        None
    } else {
        variable("http_proxy")
    };

    let named = [
        (
            "http_proxy",
            for_http,
            Proxy::http as fn(String) -> reqwest::Result<Proxy>,
        ),
        ("https_proxy", variable("https_proxy"), Proxy::https),
        ("all_proxy", variable("all_proxy"), Proxy::all),
    ];
    named
        .into_iter()
        .filter_map(|(name, address, make)| match make(address?) {
            Ok(proxy) => Some(proxy.no_proxy(NoProxy::from_string(&exceptions))),
            Err(_) => {
                // Neither the address nor the error is logged: both may hold a password.
                tracing::warn!("the address in {name} is not a usable proxy and is not used");
                None
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
