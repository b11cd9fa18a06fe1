//! Answers that break off.

use futures::StreamExt;
use loom_common_core::{LlmClient, LlmError, LlmErrorKind, LlmEvent, Message};
use loom_testing::{FakeModel, Reply};

use crate::client::{client, cut_stream, impatient_client, request, stream};

/// Events before the text: `message_start`, `content_block_start`, `ping` does not count.
const HEAD_EVENTS: usize = 2;

/// An error as it comes from the fake model's answers, which all have this id.
fn error(kind: LlmErrorKind, message: &str) -> LlmError {
    LlmError {
        request_id: Some("req_fake".to_owned()),
        ..LlmError::new(kind, message)
    }
}

/// Returns what came of a reply with the text `abc` in three deltas.
async fn cut(fault: impl FnOnce(Reply) -> Reply) -> (String, LlmError) {
    let model = FakeModel::start().await;
    model.reply(fault(Reply::text("abc").delta_chars(1)));
    cut_stream(&client(&model.url()), &request([Message::user("go")])).await
}

#[tokio::test]
async fn a_cut_connection() {
    let (text, error) = cut(|reply| reply.cut_after_events(HEAD_EVENTS + 2)).await;
    assert_eq!(text, "ab");
    assert_eq!(error.kind, LlmErrorKind::StreamInterrupted);
    let start = "the answer from Anthropic was cut: ";
    assert!(error.message.starts_with(start), "{}", error.message);
}

#[tokio::test]
async fn an_end_without_the_end_event() {
    let expected = error(
        LlmErrorKind::StreamInterrupted,
        "the answer from Anthropic was cut: it ended before it was whole",
    )
    .with_hint(
        "try again; if it happens every time, look at the network and at what stands \
         between, such as a proxy",
    );
    assert_eq!(
        cut(Reply::end_without_stop).await,
        ("abc".to_owned(), expected.clone())
    );
    assert_eq!(
        cut(|reply| reply.end_after_events(HEAD_EVENTS + 1)).await,
        ("a".to_owned(), expected)
    );
}

#[tokio::test]
async fn an_error_event_under_status_200() {
    let (text, error) = cut(|reply| reply.error_event_after(HEAD_EVENTS + 1)).await;
    assert_eq!(text, "a");
    assert_eq!(error.kind, LlmErrorKind::Overloaded);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn broken_json() {
    let (text, error) = cut(|reply| reply.malformed_json_at(HEAD_EVENTS + 1)).await;
    assert_eq!(text, "a");
    assert_eq!(error.kind, LlmErrorKind::MalformedResponse);
}

#[tokio::test]
async fn silence_in_the_middle() {
    let model = FakeModel::start().await;
    model.reply(
        Reply::text("abc")
            .delta_chars(1)
            .hang_after(HEAD_EVENTS + 1),
    );
    let client = client(&model.url());
    let request = request([Message::user("go")]);
    let mut events = client.stream(&request).await.unwrap();
    while !matches!(events.next().await, Some(Ok(LlmEvent::TextDelta { .. }))) {}
    // From here on the clock jumps ahead, because nothing else can happen.
    tokio::time::pause();
    let silence = events.next().await.unwrap().unwrap_err();
    let expected = error(
        LlmErrorKind::Timeout,
        "nothing came from Anthropic for 120s",
    )
    .with_hint("try again; LOOM_SERVER_LLM_IDLE_TIMEOUT_MS raises the limit");
    assert_eq!(silence, expected);
    assert_eq!(events.next().await, None);
    model.client_disconnected().await;
}

#[tokio::test]
async fn no_answer_at_all() {
    let model = FakeModel::start().await;
    let request = request([Message::user("go")]);
    model.reply(Reply::text("x").no_response());
    let error = stream(&client(&model.url()), &request).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::ProviderUnreachable);
    model.reply(Reply::text("x").no_response());
    let error = client(&model.url()).complete(&request).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::ProviderUnreachable);
}

#[tokio::test]
async fn an_unstreamed_answer_that_breaks() {
    let model = FakeModel::start().await;
    let request = request([Message::user("go")]);
    model.reply(Reply::text("abc").cut_after_events(1));
    let error = client(&model.url()).complete(&request).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::StreamInterrupted);
    model.reply(Reply::text("abc").hang_after(1));
    let error = impatient_client(&model.url())
        .complete(&request)
        .await
        .unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::Timeout);
    model.reply(Reply::text("abc").malformed_json_at(1));
    let error = client(&model.url()).complete(&request).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::MalformedResponse);
}
