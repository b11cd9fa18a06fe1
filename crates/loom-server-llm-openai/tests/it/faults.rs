//! Answers that break off.

use futures::StreamExt;
use loom_common_core::{LlmClient, LlmError, LlmErrorKind, LlmEvent, Message, StopReason};
use loom_testing::{FakeModel, Reply};

use crate::client::{client, cut_stream, impatient_client, request, stream};

/// Events before the text: the chunk with the role.
const HEAD_EVENTS: usize = 1;

/// Returns what came of a reply with the text `abc` in three deltas.
async fn cut(fault: impl FnOnce(Reply) -> Reply) -> (String, LlmError) {
    let model = FakeModel::start().await;
    model.reply(fault(Reply::text("abc").delta_chars(1)));
    let client = client(&model.openai_base_url());
    cut_stream(&client, &request([Message::user("go")])).await
}

#[tokio::test]
async fn a_cut_connection() {
    let (text, error) = cut(|reply| reply.cut_after_events(HEAD_EVENTS + 2)).await;
    assert_eq!(text, "ab");
    assert_eq!(error.kind, LlmErrorKind::StreamInterrupted);
    let start = "the answer from the model server was cut: ";
    assert!(error.message.starts_with(start), "{}", error.message);
}

#[tokio::test]
async fn an_end_without_a_finish_reason() {
    let (text, error) = cut(|reply| reply.end_after_events(HEAD_EVENTS + 1)).await;
    assert_eq!(text, "a");
    assert_eq!(error.kind, LlmErrorKind::StreamInterrupted);
}

/// The text and its finish reason are there; what is missing is the usage.
#[tokio::test]
async fn a_connection_cut_after_the_finish_reason_loses_nothing() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("abc").cut_after_events(HEAD_EVENTS + 2));
    let client = client(&model.openai_base_url());
    let answer = stream(&client, &request([Message::user("go")]))
        .await
        .unwrap();
    assert_eq!(answer.message.text(), "abc");
    assert_eq!(answer.stop_reason, StopReason::EndTurn);
}

#[tokio::test]
async fn an_error_under_status_200() {
    let (text, error) = cut(|reply| reply.error_event_after(HEAD_EVENTS + 1)).await;
    assert_eq!(text, "a");
    assert!(error.is_retryable(), "{error:?}");
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
    let reply = Reply::text("abc").delta_chars(1);
    model.reply(reply.hang_after(HEAD_EVENTS + 1));
    let client = client(&model.openai_base_url());
    let request = request([Message::user("go")]);
    let mut events = client.stream(&request).await.unwrap();
    while !matches!(events.next().await, Some(Ok(LlmEvent::TextDelta { .. }))) {}
    // From here on the clock jumps ahead, because nothing else can happen.
    tokio::time::pause();
    let silence = events.next().await.unwrap().unwrap_err();
    assert_eq!(silence.kind, LlmErrorKind::Timeout);
    assert_eq!(
        silence.message,
        "nothing came from the model server for 120s"
    );
    assert_eq!(events.next().await, None);
    model.client_disconnected().await;
}

#[tokio::test]
async fn an_unstreamed_answer_that_breaks() {
    let model = FakeModel::start().await;
    let base = model.openai_base_url();
    let request = request([Message::user("go")]);
    model.reply(Reply::text("abc").cut_after_events(1));
    let error = client(&base).complete(&request).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::StreamInterrupted);
    model.reply(Reply::text("abc").hang_after(1));
    let error = impatient_client(&base)
        .complete(&request)
        .await
        .unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::Timeout);
    model.reply(Reply::text("abc").malformed_json_at(1));
    let error = client(&base).complete(&request).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::MalformedResponse);
}
