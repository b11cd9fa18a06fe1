//! Recorded conversations: the JSON form, and which reply a conversation gets.

use loom_testing::command_line::Running;
use loom_testing::model::Recording;
use loom_testing::{CommandLine, FakeModel, Gate, Reply};
use rustix::process::Signal;
use serde_json::json;

use crate::client::{
    anthropic, anthropic_body, hello, http, openai, openai_body, send, stream_anthropic,
    stream_openai,
};

fn recording() -> Recording {
    let json = json!({
        "replies": [
            {"error": {"status": 429}, "headers": {"retry-after": "1"}},
            {
                "content": [
                    {"type": "text", "text": "Let us see."},
                    {"type": "tool_call", "id": "call_1", "name": "bash", "input": {"command": "ls"}},
                ],
                "usage": {"input_tokens": 7},
            },
            {"content": [{"type": "text", "text": "Done."}], "stop_reason": "max_tokens", "delivery": {"delta_chars": 2}},
        ],
    });
    Recording::from_json(&json.to_string()).unwrap()
}

#[tokio::test]
async fn every_conversation_gets_the_recording_from_its_beginning() {
    let model = FakeModel::replay(recording(), 0).unwrap();
    for _ in 0..2 {
        let limited = send(anthropic(&model, &anthropic_body(hello(), false))).await;
        assert_eq!(
            (
                limited.status,
                limited.headers["retry-after"].to_str().unwrap()
            ),
            (429, "1")
        );
        let first = send(anthropic(&model, &anthropic_body(hello(), false)))
            .await
            .json();
        assert_eq!(
            (&first["content"][1]["id"], &first["usage"]["input_tokens"]),
            (&json!("call_1"), &json!(7))
        );
        let messages = json!([
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": first["content"]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "a.rs"}]},
        ]);
        let second = send(anthropic(&model, &anthropic_body(messages, false)))
            .await
            .json();
        assert_eq!(
            (&second["content"][0]["text"], &second["stop_reason"]),
            (&json!("Done."), &json!("max_tokens"))
        );
    }
}

#[tokio::test]
async fn two_conversations_at_once_each_get_the_whole_recording() {
    let gate = Gate::new();
    let recording = Recording::new([Reply::text("one").gate_after(3, &gate), Reply::text("two")]);
    let model = FakeModel::replay(recording, 0).unwrap();
    let more = json!([
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "one"},
        {"role": "user", "content": "More"},
    ]);
    // Both begin before either has its first answer whole.
    let left = anthropic(&model, &anthropic_body(hello(), true))
        .send()
        .await
        .unwrap();
    let right = anthropic(&model, &anthropic_body(hello(), true))
        .send()
        .await
        .unwrap();
    gate.open();
    assert!(left.text().await.unwrap().contains("\"one\""));
    assert!(right.text().await.unwrap().contains("\"one\""));
    for _ in 0..2 {
        let answer = stream_anthropic(&model, more.clone()).await;
        assert!(answer.text().contains("\"two\""), "{}", answer.text());
    }
}

#[tokio::test]
async fn both_protocols_replay_the_same_recording() {
    let model = FakeModel::replay(recording(), 0).unwrap();
    assert_eq!(stream_openai(&model, hello()).await.status, 429);
    assert_eq!(stream_anthropic(&model, hello()).await.status, 429);
    let completion = send(openai(&model, &openai_body(hello(), false)))
        .await
        .json();
    assert_eq!(
        completion["choices"][0]["message"]["content"],
        "Let us see."
    );
}

#[tokio::test]
async fn a_recording_that_has_ended_answers_no_more() {
    let model = FakeModel::replay(Recording::new([Reply::text("Hi")]), 0).unwrap();
    assert_eq!(stream_anthropic(&model, hello()).await.status, 200);
    let messages = json!([
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "More"},
    ]);
    assert_eq!(stream_anthropic(&model, messages).await.status, 400);
    assert_eq!(
        model.take_violations(),
        ["request 2: the recording ends after 1 replies"]
    );
}

#[test]
fn a_recording_with_a_mistake_says_where() {
    let error = Recording::from_json("{\"replies\": [\n{\"contnet\": []}]}")
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("unknown field `contnet`") && error.contains("line 2"),
        "{error}"
    );
}

#[test]
fn a_recording_survives_being_written() {
    let all = Recording::new([
        Reply::new()
            .and_thinking("Hm", "sig")
            .and_text("Hi")
            .and_tool_call("bash", json!({}))
            .and_raw_tool_call("bash", "{")
            .and_unknown_block(json!({"type": "novelty"})),
        Reply::spend_limit().header("x-should-retry", "false"),
        Reply::text("Hi")
            .cut_after_events(3)
            .write_sizes([1, 2])
            .comments()
            .pings(),
    ]);
    let written = serde_json::to_value(&all).unwrap();
    let read = Recording::from_json(&written.to_string()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), written);
}

/// The program with this recording, and the address it prints.
fn start_program(command_line: &CommandLine, recording: &Recording) -> (Running, String) {
    let file = command_line.work().join("recording.json");
    std::fs::write(&file, serde_json::to_string(recording).unwrap()).unwrap();
    let program = env!("CARGO_BIN_EXE_loom-replay-model");
    let mut running = command_line.program(program, [file]).spawn();
    let line = running.next_line().unwrap();
    let url = line.strip_prefix("listening on ").unwrap().to_owned();
    (running, url)
}

async fn ask_program(url: &str, body: &serde_json::Value) -> u16 {
    let request = http()
        .post(format!("{url}/v1/messages"))
        .header("x-api-key", "test-key")
        .header("anthropic-version", "2023-06-01");
    send(request.json(body)).await.status
}

#[tokio::test]
async fn the_program_serves_until_it_is_told_to_end() {
    for signal in [Signal::TERM, Signal::INT] {
        let command_line = CommandLine::new();
        let (running, url) = start_program(&command_line, &Recording::new([Reply::text("Hi")]));
        for _ in 0..2 {
            assert_eq!(ask_program(&url, &anthropic_body(hello(), true)).await, 200);
        }
        running.signal(signal);
        let output = running.wait();
        output.assert_success();
        assert_eq!(
            (output.stdout, output.stderr),
            (format!("listening on {url}\n"), String::new())
        );
    }
}

#[tokio::test]
async fn the_program_fails_when_a_request_broke_a_rule() {
    let command_line = CommandLine::new();
    let (running, url) = start_program(&command_line, &Recording::new([Reply::text("Hi")]));
    let mut body = anthropic_body(hello(), true);
    body.as_object_mut().unwrap().shift_remove("max_tokens");
    assert_eq!(ask_program(&url, &body).await, 400);
    running.signal(Signal::TERM);
    let output = running.wait();
    output.assert_code(1);
    assert_eq!(
        output.stderr,
        "requests broke the rules of the model's protocol:\n\
         - request 1: max_tokens is missing or not a positive integer\n"
    );
}

#[test]
fn the_program_says_what_is_wrong_with_its_file() {
    let command_line = CommandLine::new();
    let program = env!("CARGO_BIN_EXE_loom-replay-model");
    let output = command_line.program(program, ["absent.json"]).run();
    output.assert_code(2);
    assert_eq!(
        output.stderr,
        "error: cannot read absent.json: No such file or directory (os error 2)\n"
    );

    std::fs::write(command_line.work().join("wrong.json"), "{}").unwrap();
    let output = command_line.program(program, ["wrong.json"]).run();
    output.assert_code(2);
    assert_eq!(
        output.stderr,
        "error: wrong.json is no recording: missing field `replies` at line 1 column 2\n"
    );
}
