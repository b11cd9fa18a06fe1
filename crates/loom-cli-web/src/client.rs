//! One fetch: checks, redirects on the same host, the body, and a deadline over all of it.

use std::collections::HashSet;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, ACCEPT_ENCODING, LOCATION};
use http::{HeaderValue, StatusCode};
use reqwest::Response;
use url::{Host, Url};

use crate::address::Reach;
use crate::body::{Body, Packing, read};
use crate::error::WebError;
use crate::lookup::{CheckedResolver, LookupError, NameLookup};
use crate::media::{ContentType, Media};

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 5;

/// The longest address that is fetched or told, in bytes.
const MAX_URL_BYTES: usize = 2_000;

const ACCEPTED: &str = "text/html, application/xhtml+xml, text/markdown, text/plain, application/json;q=0.9, */*;q=0.5";

/// Fetches pages.
pub(crate) struct WebClient {
    http: reqwest::Client,
    reach: Reach,
    deadline: Duration,
    max_body_bytes: usize,
}

/// What came of a fetch.
pub(crate) enum Fetched {
    /// The answer that holds the page.
    Page(Answer),
    /// A redirect to another host.
    Elsewhere(Url),
}

/// An answer that holds a page, as it came.
pub(crate) struct Answer {
    /// The address that was asked last.
    pub(crate) url: Url,
    pub(crate) content_type: ContentType,
    pub(crate) packing: Packing,
    pub(crate) body: Body,
}

impl WebClient {
    #[expect(
        clippy::expect_used,
        reason = "fails only for settings that contradict each other, and all are constants here"
    )]
    pub(crate) fn new(
        reach: Reach,
        lookup: NameLookup,
        deadline: Duration,
        max_body_bytes: usize,
    ) -> Self {
        let http = loom_common_http::builder()
            // It would look up names where nothing is checked.
            .no_proxy()
            .dns_resolver(Arc::new(CheckedResolver { lookup, reach }))
            .build()
            .expect("Loom's own client settings are valid");
        Self {
            http,
            reach,
            deadline,
            max_body_bytes,
        }
    }

    /// Fetches a page, following redirects on its host.
    pub(crate) async fn fetch(&self, url: &Url) -> Result<Fetched, WebError> {
        match tokio::time::timeout(self.deadline, self.follow(url)).await {
            Ok(fetched) => fetched,
            Err(_) => Err(WebError::TooSlow {
                host: host_of(url),
                limit: self.deadline,
            }),
        }
    }

    async fn follow(&self, start: &Url) -> Result<Fetched, WebError> {
        let mut url = start.clone();
        let mut visited = HashSet::from([url.to_string()]);
        loop {
            let response = self.ask(&url).await?;
            let Some(target) = redirect(&url, &response)? else {
                return self.page(url, response).await.map(Fetched::Page);
            };
            if !is_same_place(&url, &target) {
                return Ok(Fetched::Elsewhere(target));
            }
            let is_new = visited.insert(target.to_string());
            if !is_new || visited.len() > MAX_REDIRECTS + 1 {
                return Err(WebError::RedirectLoop {
                    url: start.to_string(),
                    last: target.to_string(),
                });
            }
            url = target;
        }
    }

    async fn ask(&self, url: &Url) -> Result<Response, WebError> {
        self.check_host(url)?;
        let request = self
            .http
            .get(url.clone())
            .header(ACCEPT, HeaderValue::from_static(ACCEPTED))
            .header(ACCEPT_ENCODING, HeaderValue::from_static(Packing::ACCEPTED));
        let sent = request.send().await;
        sent.map_err(|error| not_answered(url, &error))
    }

    /// Checks an address that stands in the URL itself; a name is checked when it is looked up.
    fn check_host(&self, url: &Url) -> Result<(), WebError> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        if self.reach.includes(address) {
            return Ok(());
        }
        Err(WebError::OutOfReach {
            host: host_of(url),
            address,
        })
    }

    /// Reads the answer, unless it is a failure, or holds what nobody can read anyway.
    async fn page(&self, url: Url, response: Response) -> Result<Answer, WebError> {
        let status = response.status();
        if !status.is_success() {
            return Err(WebError::Status {
                url: url.to_string(),
                status: status.to_string(),
                advice: advice(status),
            });
        }
        let content_type = ContentType::of(response.headers());
        if let Media::Other(what) = content_type.media {
            return Err(WebError::NotText {
                url: url.to_string(),
                what,
            });
        }
        let packing = Packing::of(response.headers());
        let body = read(response, self.max_body_bytes)
            .await
            .map_err(|error| WebError::Cut {
                host: host_of(&url),
                reason: cause(&error),
            })?;
        Ok(Answer {
            url,
            content_type,
            packing,
            body,
        })
    }
}

/// Reads an address that can be fetched. The fragment is taken away: no server sees it.
pub(crate) fn page_url(text: &str) -> Result<Url, WebError> {
    let bad = |reason: String| WebError::BadUrl {
        url: shortened(text),
        reason,
    };
    let text = text.trim();
    if text.len() > MAX_URL_BYTES {
        return Err(bad(format!("it is longer than {MAX_URL_BYTES} bytes")));
    }
    let mut url = Url::parse(text).map_err(|error| {
        bad(format!(
            "{error}. Give the address in full, such as https://example.com/page."
        ))
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        let scheme = url.scheme();
        return Err(bad(format!(
            "only http and https are fetched, not {scheme}"
        )));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad(
            "an address must not hold a user name or password".to_owned()
        ));
    }
    url.set_fragment(None);
    Ok(url)
}

/// Returns where an answer redirects to, if it does.
fn redirect(url: &Url, response: &Response) -> Result<Option<Url>, WebError> {
    let redirects = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let Some(location) = response.headers().get(LOCATION).filter(|_| redirects) else {
        return Ok(None);
    };
    let location = String::from_utf8_lossy(location.as_bytes());
    let target = url
        .join(&location)
        .ok()
        .and_then(|target| page_url(target.as_str()).ok());
    target.map(Some).ok_or_else(|| WebError::BadRedirect {
        url: url.to_string(),
        location: shortened(&location),
    })
}

/// Tells whether permission for one address holds for the other: same host and port, and the same
/// scheme or the safe one.
fn is_same_place(from: &Url, to: &Url) -> bool {
    if from.host() != to.host() {
        return false;
    }
    let same =
        from.scheme() == to.scheme() && from.port_or_known_default() == to.port_or_known_default();
    let upgraded = from.scheme() == "http"
        && to.scheme() == "https"
        && from.port().is_none()
        && to.port().is_none();
    same || upgraded
}

/// Returns host and port, for messages.
pub(crate) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn advice(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 | 403 | 407 | 451 => " The page is not open to everybody, or refuses programs.",
        404 | 410 => " There is no such page: check the address, or search for it.",
        429 | 503 => " The server wants fewer requests: wait before you ask it again.",
        500.. => " The server has a problem: try again later, or another page.",
        _ => "",
    }
}

/// Says why no answer came.
fn not_answered(url: &Url, error: &reqwest::Error) -> WebError {
    let host = host_of(url);
    let lookup = chain(error).find_map(|error| error.downcast_ref::<LookupError>());
    match lookup {
        Some(LookupError::OutOfReach(address)) => WebError::OutOfReach {
            host,
            address: *address,
        },
        Some(LookupError::NotFound(reason)) => WebError::NoHost {
            host,
            reason: reason.clone(),
        },
        None if error.is_connect() => WebError::NoConnection {
            host,
            reason: cause(error),
        },
        None => WebError::Cut {
            host,
            reason: cause(error),
        },
    }
}

/// Returns an error and those that it comes from, down to the first of all.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

/// Returns what lies at the bottom of an error: the layers above only say that it was the request.
fn cause(error: &reqwest::Error) -> String {
    chain(error)
        .last()
        .map_or_else(|| error.to_string(), ToString::to_string)
}

fn shortened(text: &str) -> String {
    const SHOWN: usize = 200;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses_of_http_are_fetched() {
        let url = |text: &str| page_url(text).map(|url| url.to_string());
        assert_eq!(
            url(" HTTPS://Example.COM:443/a b?q=ü#part\n").as_deref(),
            Ok("https://example.com/a%20b?q=%C3%BC")
        );
        for (text, reason) in [
            (
                "example.com/page",
                "relative URL without a base. Give the address in full, such as \
                 https://example.com/page.",
            ),
            (
                "file:///etc/passwd",
                "only http and https are fetched, not file",
            ),
            (
                "localhost:8080",
                "only http and https are fetched, not localhost",
            ),
            (
                "data:text/html,x",
                "only http and https are fetched, not data",
            ),
            (
                "https://ada@example.com/",
                "an address must not hold a user name or password",
            ),
            (
                "https://:hunter2@example.com/",
                "an address must not hold a user name or password",
            ),
            (
                "https:///",
                "empty host. Give the address in full, such as https://example.com/page.",
            ),
        ] {
            let expected = WebError::BadUrl {
                url: text.to_owned(),
                reason: reason.to_owned(),
            };
            assert_eq!(url(text), Err(expected), "{text}");
        }
        let long = format!("https://example.com/{}", "x".repeat(MAX_URL_BYTES));
        assert!(url(&long).is_err());
    }

    #[test]
    fn other_spellings_of_an_address_are_the_same_address() {
        for text in [
            "http://2130706433/",
            "http://0x7f.1/",
            "http://127.1/",
            "http://0177.0.0.1/",
            "http://①②⑦.⓪.⓪.①/",
        ] {
            let url = page_url(text).unwrap();
            assert_eq!(url.host_str(), Some("127.0.0.1"), "{text}");
        }
    }

    #[test]
    fn permission_holds_for_the_same_host_and_port() {
        let is_same =
            |from: &str, to: &str| is_same_place(&page_url(from).unwrap(), &page_url(to).unwrap());
        for (from, to) in [
            ("https://a.example/x", "https://a.example/y?z"),
            ("https://a.example/", "https://A.example:443/"),
            ("http://a.example/", "https://a.example/"),
            ("http://a.example:8080/", "http://a.example:8080/x"),
        ] {
            assert!(is_same(from, to), "{from} to {to}");
        }
        for (from, to) in [
            ("https://a.example/", "https://www.a.example/"),
            ("https://a.example/", "https://b.example/"),
            ("https://a.example/", "http://a.example/"),
            ("https://a.example/", "https://a.example:8443/"),
            ("http://a.example:8080/", "https://a.example/"),
            ("http://a.example/", "http://127.0.0.1/"),
        ] {
            assert!(!is_same(from, to), "{from} to {to}");
        }
    }
}
