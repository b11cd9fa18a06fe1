//! The connections of clients.
//!
//! `axum::serve` would do but for one thing: it waits for ever for the head of a request, so
//! clients that connect and say nothing could use up all file descriptors.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a connection may stay without the whole head of a request. It also ends connections
/// that are kept for later, so it is longer than clients and proxies keep them (60 to 90 s): the
/// side that sends must be the one that gives them up, or a request may meet a closing one.
const HEAD_TIME_LIMIT: Duration = Duration::from_secs(120);

/// Answers whoever connects, until told to stop; then waits until running answers have finished.
pub(crate) async fn serve<L: Listener>(mut listener: L, router: Router, stop: CancellationToken) {
    let connections = TaskTracker::new();
    loop {
        let (io, _) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        connections.spawn(answer(TokioIo::new(io), router.clone(), stop.clone()));
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn answer<I>(io: TokioIo<I>, router: Router, stop: CancellationToken)
where
    TokioIo<I>: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME_LIMIT)
            .serve_connection(io, TowerToHyperService::new(router))
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio_util::task::AbortOnDropHandle;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_never_finishes_its_request_is_hung_up_on() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let _serving = AbortOnDropHandle::new(tokio::spawn(serve(
            listener,
            Router::new(),
            CancellationToken::new(),
        )));
        for begin in ["", "GET / HTTP/1.1\r\nhost:"] {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(begin.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            tokio::time::timeout(HEAD_TIME_LIMIT * 2, client.read_to_end(&mut answer))
                .await
                .expect("the server hangs up")
                .unwrap();
            assert_eq!(answer, b"");
        }
    }
}
