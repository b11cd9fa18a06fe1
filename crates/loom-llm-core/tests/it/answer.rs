//! From bytes on a socket to the events of an answer.

use std::time::Duration;

use futures::{StreamExt, stream};
use loom_common_core::{LlmError, LlmErrorKind, LlmEvent, LlmStream, StopReason};
use loom_llm_core::{Decoder, Peer, answer};
use sse_stream::Sse;
use tokio::sync::oneshot;

use crate::server::{Connection, peer, refusal, serve};

const PATIENCE: Duration = Duration::from_secs(60);
const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nrequest-id: req_1\r\n\r\n";

/// Reads events whose data is a text: `stop` is the end, `fail` an error, `whole` makes the answer
/// whole though its end has not come.
#[derive(Default)]
struct TextDecoder {
    whole: bool,
}

impl Decoder for TextDecoder {
    fn decode(&mut self, event: Sse, out: &mut Vec<LlmEvent>) -> Result<(), LlmError> {
        match event.data.unwrap_or_default().as_str() {
            "stop" => {
                self.whole = true;
                self.end(out);
            }
            "fail" => {
                out.push(LlmEvent::Ping);
                return Err(LlmError::new(LlmErrorKind::Overloaded, "fail"));
            }
            "whole" => self.whole = true,
            text => out.push(delta(text)),
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<LlmEvent>) {
        if self.whole {
            out.push(finished());
        }
    }
}

fn delta(text: &str) -> LlmEvent {
    LlmEvent::TextDelta {
        index: 0,
        text: text.to_owned(),
    }
}

fn finished() -> LlmEvent {
    LlmEvent::Finished {
        stop_reason: StopReason::EndTurn,
    }
}

async fn start(peer: &Peer) -> LlmStream {
    let request = loom_common_http::new_client().get(peer.base.join("x"));
    let response = peer.ask(request, PATIENCE, refusal).await.unwrap();
    let events = peer.events(response, PATIENCE, refusal).await.unwrap();
    answer(events, TextDecoder::default())
}

/// Returns all that comes of a body, which then ends by itself.
async fn outcome(body: &'static str) -> Vec<Result<LlmEvent, LlmError>> {
    let act = async move |mut connection: Connection| {
        connection.write(HEAD).await;
        connection.write(body).await;
    };
    let (peer, _server) = serve(act).await;
    start(&peer).await.collect().await
}

fn interrupted(why: &str) -> LlmError {
    LlmError {
        request_id: Some("req_1".to_owned()),
        ..LlmError::new(
            LlmErrorKind::StreamInterrupted,
            format!("the answer from the peer was cut: {why}"),
        )
        .with_hint(
            "try again; if it happens every time, look at the network and at what stands \
             between, such as a proxy",
        )
    }
}

#[tokio::test]
async fn nothing_comes_after_the_end() {
    let expected = vec![Ok(delta("a")), Ok(finished())];
    assert_eq!(
        outcome("data: a\n\ndata: stop\n\ndata: b\n\ndata: fail\n\n").await,
        expected
    );
}

#[tokio::test]
async fn nothing_comes_after_an_error() {
    let error = LlmError {
        request_id: Some("req_1".to_owned()),
        ..LlmError::new(LlmErrorKind::Overloaded, "fail")
    };
    assert_eq!(
        outcome("data: fail\n\ndata: b\n\n").await,
        vec![Ok(LlmEvent::Ping), Err(error)]
    );
}

#[tokio::test]
async fn a_body_that_ends_early_is_an_interruption() {
    let expected = vec![
        Ok(delta("a")),
        Err(interrupted("it ended before it was whole")),
    ];
    assert_eq!(outcome("data: a\n\ndata: half an ev").await, expected);
    assert_eq!(
        outcome("").await,
        vec![Err(interrupted("it ended before it was whole"))]
    );
}

#[tokio::test]
async fn an_answer_that_is_whole_needs_no_end() {
    assert_eq!(outcome("data: whole\n\n").await, vec![Ok(finished())]);
}

#[tokio::test]
async fn bytes_that_are_no_text_are_malformed() {
    let act = async |mut connection: Connection| {
        connection.write(HEAD).await;
        connection.write(b"data: \xff\n\n").await;
    };
    let (peer, _server) = serve(act).await;
    let outcome: Vec<_> = start(&peer).await.collect().await;
    let kinds: Vec<_> = outcome
        .iter()
        .map(|item| item.as_ref().unwrap_err().kind)
        .collect();
    assert_eq!(kinds, [LlmErrorKind::MalformedResponse]);
}

#[tokio::test]
async fn a_reset_connection_is_an_interruption_unless_the_answer_was_whole() {
    let (reset, now) = oneshot::channel();
    let act = async move |mut connection: Connection| {
        connection.write(HEAD).await;
        connection.write("data: a\n\n").await;
        now.await.unwrap();
        connection.reset();
    };
    let (peer, _server) = serve(act).await;
    let mut events = start(&peer).await;
    assert_eq!(events.next().await, Some(Ok(delta("a"))));
    reset.send(()).unwrap();
    let error = events.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::StreamInterrupted);
    assert_eq!(events.next().await, None);

    let (reset, now) = oneshot::channel();
    let act = async move |mut connection: Connection| {
        connection.write(HEAD).await;
        connection.write("data: a\n\ndata: whole\n\n").await;
        now.await.unwrap();
        connection.reset();
    };
    let (peer, _server) = serve(act).await;
    let mut events = start(&peer).await;
    assert_eq!(events.next().await, Some(Ok(delta("a"))));
    reset.send(()).unwrap();
    assert_eq!(events.next().await, Some(Ok(finished())));
    assert_eq!(events.next().await, None);
}

/// Each event must come out before the server sends the next one.
#[tokio::test]
async fn every_event_is_passed_on_at_once() {
    let (asked, mut ask) = tokio::sync::mpsc::channel::<()>(1);
    let act = async move |mut connection: Connection| {
        connection.write(HEAD).await;
        for text in ["a", "b", "stop"] {
            ask.recv().await.unwrap();
            connection.write(format!("data: {text}\n\n")).await;
        }
    };
    let (peer, _server) = serve(act).await;
    let mut events = start(&peer).await;
    for expected in [delta("a"), delta("b"), finished()] {
        asked.send(()).await.unwrap();
        assert_eq!(events.next().await, Some(Ok(expected)));
    }
}

#[tokio::test]
async fn a_stream_is_the_same_wherever_it_is_cut() {
    const WIRE: &str = "\u{feff}event: x\r\ndata: grüße 🦀\r\n\r\n: comment\rdata: stop\n\n";
    let peer = peer("http://host");
    let every_cut =
        (1..WIRE.len()).map(|place| vec![&WIRE.as_bytes()[..place], &WIRE.as_bytes()[place..]]);
    let every_byte = WIRE.as_bytes().chunks(1).collect();
    for pieces in every_cut.chain([every_byte]) {
        let pieces = pieces.into_iter().map(Ok::<_, std::io::Error>);
        let body = reqwest::Body::wrap_stream(stream::iter(pieces));
        let response = http::Response::new(body).into();
        let events = peer.events(response, PATIENCE, refusal).await.unwrap();
        let outcome: Vec<_> = answer(events, TextDecoder::default()).collect().await;
        assert_eq!(outcome, vec![Ok(delta("grüße 🦀")), Ok(finished())]);
    }
}

#[tokio::test]
async fn dropping_the_answer_hangs_up() {
    let act = async move |mut connection: Connection| {
        connection.write(HEAD).await;
        connection.write("data: a\n\n").await;
        connection.hung_up().await;
    };
    let (peer, server) = serve(act).await;
    let mut events = start(&peer).await;
    assert_eq!(events.next().await, Some(Ok(delta("a"))));
    drop(events);
    server.await.unwrap();
}

#[tokio::test]
async fn a_document_in_place_of_events_is_a_refusal() {
    for content_type in [
        "text/html; charset=utf-8",
        "application/problem+json",
        "Application/JSON",
    ] {
        let act = async move |mut connection: Connection| {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n\r\n");
            connection.write(head + "<title>Log in</title>").await;
        };
        let (peer, _server) = serve(act).await;
        let request = loom_common_http::new_client().get(peer.base.join("x"));
        let response = peer.ask(request, PATIENCE, refusal).await.unwrap();
        let error = peer.events(response, PATIENCE, refusal).await.unwrap_err();
        assert_eq!(error.message, "a web page titled \"Log in\"");
    }
}
