//! Servers that answer garbage, too much, too slowly, or not at all.

use std::time::Duration;

use loom_common_core::{LlmError, LlmErrorKind};
use loom_search_core::SearchProvider as _;
use loom_testing::{BrokenServer, Then};

use crate::client::{client, request};

/// Long enough for a machine under load, and waited for only where nothing comes.
const PATIENT: Duration = Duration::from_secs(30);
const IMPATIENT: Duration = Duration::from_millis(50);

/// Searches at a server that sends `text`, whatever it is asked.
async fn search(text: &'static str, then: Then, timeout: Duration) -> LlmError {
    let server = BrokenServer::start(text, then).await;
    let client = client(&server.url(), timeout);
    client.search(&request()).await.unwrap_err()
}

#[tokio::test]
async fn garbage_is_malformed() {
    for text in [
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<html><title>Portal</title>",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"organic\": 1}",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"weather\": \"fine\"}",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n\u{1f}\u{8b}binary",
    ] {
        let error = search(text, Then::Close, PATIENT).await;
        assert_eq!(error.kind, LlmErrorKind::MalformedResponse, "{text}");
    }
}

#[tokio::test]
async fn a_web_page_in_the_place_of_an_error_is_named() {
    let text = "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n<title>Welcome to nginx</title>";
    let error = search(text, Then::Close, PATIENT).await;
    assert_eq!(error.kind, LlmErrorKind::InvalidRequest);
    assert!(
        error
            .message
            .ends_with("answered 404: a web page titled \"Welcome to nginx\""),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let text = "HTTP/1.1 302 Found\r\nlocation: http://localhost:1/\r\ncontent-length: 0\r\n\r\n";
    let error = search(text, Then::Close, PATIENT).await;
    assert!(error.message.contains("answered 302"), "{}", error.message);
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    let text = "HTTP/1.1 200 OK\r\n\r\n{";
    let error = search(text, Then::RepeatForever, PATIENT).await;
    assert_eq!(error.kind, LlmErrorKind::MalformedResponse);
    assert_eq!(
        error.message,
        "serper.dev sent an answer that cannot be read: it is longer than 2 MiB"
    );
}

#[tokio::test]
async fn silence_is_given_up_before_the_answer_and_in_it() {
    for text in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"organic\":",
    ] {
        let error = search(text, Then::SayNothing, IMPATIENT).await;
        assert_eq!(error.kind, LlmErrorKind::Timeout, "{text}");
    }
}

#[tokio::test]
async fn an_answer_that_is_shorter_than_it_says_is_cut() {
    let text = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"organic\": []}";
    let error = search(text, Then::Close, PATIENT).await;
    assert_eq!(error.kind, LlmErrorKind::StreamInterrupted);
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    let client = client(&BrokenServer::gone(), PATIENT);
    let error = client.search(&request()).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::ProviderUnreachable);
}
