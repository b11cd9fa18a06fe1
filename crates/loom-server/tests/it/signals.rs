//! What signals do to a serving program.

use loom_testing::{FakeModel, Gate, Reply};
use reqwest::Response;
use rustix::process::Signal;
use serde_json::json;

use crate::process::{Home, Serving};

#[test]
fn both_signals_to_end_end_it_in_order() {
    for signal in [Signal::TERM, Signal::INT] {
        let home = Home::new();
        let server = home.serve(&[]);
        server.signal(signal);
        let finished = server.wait();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(
            finished.stderr.contains("the server has ended"),
            "{finished:?}"
        );
    }
}

#[tokio::test]
async fn a_terminal_that_hangs_up_does_not_end_it() {
    let home = Home::new();
    let server = home.serve(&[]);
    server.signal(Signal::HUP);
    assert_eq!(server.status("/health", "").await, 200);
    assert_eq!(server.stop().code, Some(0));
}

/// Starts a stream that stays open at the gate.
async fn gated_stream(home: &Home, server: &Serving, model: &FakeModel, gate: &Gate) -> Response {
    model.reply(Reply::text("never whole").gate_after(2, gate));
    let response = loom_common_http::new_client()
        .post(format!("{}/api/v1/llm/anthropic/stream", server.url))
        .bearer_auth(home.read_state().token)
        .json(&json!({
            "model": "some-model",
            "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}],
        }))
        .send()
        .await
        .unwrap();
    gate.reached().await;
    response
}

#[tokio::test]
async fn a_stream_that_runs_into_the_limit_is_told() {
    let (model, gate) = (FakeModel::start().await, Gate::new());
    let home = Home::new()
        .with("LOOM_SERVER_ANTHROPIC_BASE_URL", model.url())
        .with(
            "LOOM_SERVER_ANTHROPIC_API_KEY",
            loom_testing::model::DEFAULT_API_KEY,
        )
        .with("LOOM_SERVER_SHUTDOWN_TIMEOUT_MS", "10");
    let server = home.serve_with_state();
    let response = gated_stream(&home, &server, &model, &gate).await;
    assert_eq!(server.stop().code, Some(0));
    let text = response.text().await.unwrap();
    let (_, last) = text.trim_end().rsplit_once("\n\n").unwrap();
    assert!(
        last.starts_with("event: error\ndata: {\"kind\":\"stream_interrupted\""),
        "{text}"
    );
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once_and_removes_the_state_file() {
    let (model, gate) = (FakeModel::start().await, Gate::new());
    let home = Home::new()
        .with("LOOM_SERVER_ANTHROPIC_BASE_URL", model.url())
        .with(
            "LOOM_SERVER_ANTHROPIC_API_KEY",
            loom_testing::model::DEFAULT_API_KEY,
        )
        .with("LOOM_SERVER_SHUTDOWN_TIMEOUT_MS", "3600000");
    let server = home.serve_with_state();
    let response = gated_stream(&home, &server, &model, &gate).await;
    server.signal(Signal::TERM);
    // The first signal has been taken when nothing more is accepted.
    let address = server.url.strip_prefix("http://").unwrap();
    while std::net::TcpStream::connect(address).is_ok() {
        std::thread::yield_now();
    }
    server.signal(Signal::TERM);
    let finished = server.wait();
    assert_eq!(finished.code, Some(0));
    assert!(finished.stderr.contains("ended at once"), "{finished:?}");
    assert!(!home.state_file().exists());
    // The stream has ended; whether its client is still told so is left to chance.
    let _ = response.text().await;
}
