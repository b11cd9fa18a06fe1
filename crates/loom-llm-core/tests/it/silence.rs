//! Limits of silence, with tokio's clock: it jumps ahead whenever all wait.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use loom_common_core::{LlmError, LlmErrorKind};
use loom_llm_core::Peer;
use reqwest::Response;
use tokio::time::sleep;

use crate::server::{peer, refusal};

const PATIENCE: Duration = Duration::from_secs(60);

/// Makes an answer whose body comes from a stream, without any connection.
fn answer(body: BoxStream<'static, Result<Bytes, std::io::Error>>) -> Response {
    http::Response::new(reqwest::Body::wrap_stream(body)).into()
}

fn timeout(peer: &Peer) -> LlmError {
    let message = format!("nothing came from {} for 60s", peer.name);
    LlmError::new(LlmErrorKind::Timeout, message).with_hint("is it alive?")
}

#[tokio::test(start_paused = true)]
async fn silence_has_a_limit() {
    let peer = peer("http://host");
    let response = answer(stream::pending().boxed());
    let mut events = peer.events(response, PATIENCE, refusal).await.unwrap();
    assert_eq!(events.next().await, Some(Err(timeout(&peer))));
    assert_eq!(events.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_comment_is_a_sign_of_life() {
    let peer = peer("http://host");
    let body = stream::iter(0..10)
        .then(async |_| {
            sleep(PATIENCE - Duration::from_secs(1)).await;
            Ok(Bytes::from_static(b": thinking\n"))
        })
        .chain(stream::once(async {
            Ok(Bytes::from_static(b"data: x\n\n"))
        }))
        .chain(stream::pending());
    let mut events = peer
        .events(answer(body.boxed()), PATIENCE, refusal)
        .await
        .unwrap();
    let event = events.next().await.unwrap().unwrap();
    assert_eq!(event.data.as_deref(), Some("x"));
    assert_eq!(events.next().await, Some(Err(timeout(&peer))));
}

#[tokio::test(start_paused = true)]
async fn a_whole_body_has_a_limit_too() {
    let peer = peer("http://host");
    let response = answer(stream::pending().boxed());
    assert_eq!(peer.body(response, PATIENCE).await, Err(timeout(&peer)));
}

const TRY_AGAIN: &str = "try again; if it happens every time, look at the network and at what stands \
         between, such as a proxy";

#[tokio::test]
async fn an_event_without_an_end_does_not_fill_the_memory() {
    let peer = peer("http://host");
    let piece = Bytes::from(vec![b'x'; 1024 * 1024]);
    let body = stream::repeat(piece).take(20).map(Ok).boxed();
    let mut events = peer.events(answer(body), PATIENCE, refusal).await.unwrap();
    let expected = LlmError::new(
        LlmErrorKind::MalformedResponse,
        "the peer sent an answer that cannot be read: an event is longer than 16 MiB",
    )
    .with_hint(TRY_AGAIN);
    assert_eq!(events.next().await, Some(Err(expected)));
}

#[tokio::test]
async fn a_body_without_an_end_does_not_fill_the_memory() {
    let peer = peer("http://host");
    let piece = Bytes::from(vec![b'x'; 1024 * 1024]);
    let response = answer(stream::repeat(piece).take(70).map(Ok).boxed());
    let expected = LlmError::new(
        LlmErrorKind::MalformedResponse,
        "the peer sent an answer that cannot be read: it is longer than 64 MiB",
    )
    .with_hint(TRY_AGAIN);
    assert_eq!(peer.body(response, PATIENCE).await, Err(expected));
}
