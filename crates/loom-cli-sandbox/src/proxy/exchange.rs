//! One connection to the proxy: its requests, and their answers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::Scheme;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::dialer::{DialError, Dialer};
use super::{RefusalReason, RefusedHost, Rules};

/// How long the head of a request may take.
const HEAD_PATIENCE: Duration = Duration::from_secs(30);

/// Headers about one connection, which are not passed on (RFC 9110, section 7.6.1).
const OF_ONE_CONNECTION: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHORIZATION,
    header::PROXY_AUTHENTICATE,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
];

type Body = BoxBody<Bytes, hyper::Error>;

/// Serves a connection until it ends. `place` is given back then.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    rules: Arc<Rules>,
    dialer: Arc<Dialer>,
    place: OwnedSemaphorePermit,
    end: CancellationToken,
) {
    let place = Arc::new(place);
    let answer = service_fn(|request| {
        let (rules, dialer) = (Arc::clone(&rules), Arc::clone(&dialer));
        let (place, end) = (Arc::clone(&place), end.clone());
        async move {
            let outcome = if request.method() == Method::CONNECT {
                tunnel(request, &rules, &dialer, place, end).await
            } else {
                pass_on(request, &rules, &dialer).await
            };
            Ok::<_, Infallible>(outcome.unwrap_or_else(|refusal| refusal.into_response()))
        }
    });
    // Who hangs up in the middle has no use for an error.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades()
        .await;
}

/// An answer in place of the host's.
struct Refusal(StatusCode, String);

impl Refusal {
    fn into_response(self) -> Response<Body> {
        let text = format!("loom sandbox: {}\n", self.1);
        let body = Full::new(Bytes::from(text)).map_err(|never| match never {});
        let mut response = Response::new(body.boxed());
        *response.status_mut() = self.0;
        response
    }
}

fn not_understood(what: &str) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, what.to_owned())
}

/// Connects to a host if the rules allow.
async fn connect(
    host: &str,
    port: u16,
    rules: &Rules,
    dialer: &Dialer,
) -> Result<TcpStream, Refusal> {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let refused = |reason| {
        let refused = RefusedHost {
            host: host.clone(),
            port,
            reason,
        };
        let text = refused.to_string();
        rules.refuse(refused);
        Refusal(StatusCode::FORBIDDEN, text)
    };
    if !rules.allows(&host, port) {
        return Err(refused(RefusalReason::NotListed));
    }
    dialer.dial(&host, port).await.map_err(|error| match error {
        DialError::Private => refused(RefusalReason::PrivateAddress),
        DialError::Unreachable(error) => Refusal(
            StatusCode::BAD_GATEWAY,
            format!("cannot reach {host}:{port}: {error}"),
        ),
    })
}

/// Answers `CONNECT`: once the client has the answer, bytes go to and fro.
async fn tunnel(
    request: Request<Incoming>,
    rules: &Rules,
    dialer: &Dialer,
    place: Arc<OwnedSemaphorePermit>,
    end: CancellationToken,
) -> Result<Response<Body>, Refusal> {
    let wanted = request
        .uri()
        .authority()
        .map(|authority| (authority.host().to_owned(), authority.port_u16()));
    let Some((host, Some(port))) = wanted else {
        return Err(not_understood("CONNECT needs a host and a port"));
    };
    let mut outside = connect(&host, port, rules, dialer).await?;
    tokio::spawn(end.run_until_cancelled_owned(async move {
        if let Ok(inside) = hyper::upgrade::on(request).await {
            // A connection that breaks is for its ends to notice.
            let _ = copy_bidirectional(&mut TokioIo::new(inside), &mut outside).await;
        }
        drop(place);
    }));
    Ok(Response::new(empty()))
}

/// Passes a plain request on, and its answer back.
async fn pass_on(
    mut request: Request<Incoming>,
    rules: &Rules,
    dialer: &Dialer,
) -> Result<Response<Body>, Refusal> {
    let uri = request.uri().clone();
    let (Some(scheme), Some(host)) = (uri.scheme(), uri.host()) else {
        return Err(not_understood("this is a proxy: ask for a whole URL"));
    };
    if *scheme != Scheme::HTTP {
        return Err(not_understood("ask for https through CONNECT"));
    }
    let outside = connect(host, uri.port_u16().unwrap_or(80), rules, dialer).await?;
    let cannot = |error: hyper::Error| {
        Refusal(
            StatusCode::BAD_GATEWAY,
            format!("cannot speak to {host}: {error}"),
        )
    };
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(outside))
        .await
        .map_err(cannot)?;
    // It ends when the answer has been read, or nobody reads it any more.
    tokio::spawn(connection);
    strip(request.headers_mut());
    if let Some(host) = uri.authority().and_then(|authority| {
        let host = authority.as_str().rsplit('@').next()?;
        HeaderValue::from_str(host).ok()
    }) {
        request.headers_mut().insert(header::HOST, host);
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = Uri::try_from(path).map_err(|_| not_understood("the path is no path"))?;
    let mut response = sender.send_request(request).await.map_err(cannot)?;
    strip(response.headers_mut());
    Ok(response.map(|body| body.boxed()))
}

/// Takes out what is about one connection, also what `Connection` names.
fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&OF_ONE_CONNECTION) {
        headers.remove(name);
    }
}

fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed()
}
