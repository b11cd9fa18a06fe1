//! A task from the prompt to the changed files, over both protocols, and the same thread resumed.

use std::collections::BTreeSet;

use loom_testing::{CommandLine, FakeModel, Reply};
use serde_json::{Value, json};

use crate::events::{completed, of_type, prompt, result, stream, thread_id, tool_calls};

fn task() -> [Reply; 4] {
    [
        Reply::new()
            .and_thinking("Where is it?", "signed-1")
            .and_text("I look first.")
            .and_tool_call("grep", json!({"pattern": "TODO"}))
            .and_tool_call("read_file", json!({"file_path": "list.txt"})),
        Reply::tool_call(
            "edit_file",
            json!({"file_path": "list.txt", "old_string": "TODO milk", "new_string": "done milk"}),
        ),
        Reply::tool_call("bash", json!({"command": "cat list.txt"})).delta_chars(1),
        Reply::text("The milk is done."),
    ]
}

/// Runs the task and resumes its thread. The fake model checks every request: each result has its
/// call, signatures come back, each request begins with the bytes of the one before.
async fn works(provider: &str) {
    let model = FakeModel::start().await;
    for reply in task() {
        model.reply(reply);
    }
    let mut user = CommandLine::with_model(&model);
    user.set_env("LOOM_PROVIDER", provider);
    user.set_env("LOOM_MODEL", "test-model");
    std::fs::write(user.work().join("list.txt"), "TODO milk\nTODO bread\n").unwrap();

    let output = prompt(&user, "do the milk");
    output.assert_success();
    let events = output.json_lines();
    assert_eq!(
        std::fs::read_to_string(user.work().join("list.txt")).unwrap(),
        "done milk\nTODO bread\n"
    );

    let started = &events[0];
    assert_eq!(started["type"], "thread.started");
    assert_eq!(started["provider"], provider);
    assert_eq!(started["model"], "test-model");
    assert_eq!(started["permission_mode"], "full");
    assert_eq!(
        started["tools"],
        json!([
            "read_file",
            "list_files",
            "glob",
            "grep",
            "view_image",
            "edit_file",
            "write_file",
            "edit_notebook",
            "bash",
            "command_output",
            "command_stop",
            "web_fetch",
            "todo_write",
            "ask_user",
            "present_plan",
            "task"
        ])
    );
    let mut calls = tool_calls(&events);
    // The two reads run side by side and end in any order.
    calls[..2].sort();
    let done = |name: &str| (name.to_owned(), "completed".to_owned());
    assert_eq!(
        calls,
        [
            done("grep"),
            done("read_file"),
            done("edit_file"),
            done("bash")
        ]
    );
    let changes = completed(&events, "file_change");
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0]["changes"][0]["path"], "list.txt");
    assert_eq!(of_type(&events, "turn.completed").len(), 1);
    assert_eq!(result(&events)["text"], "The milk is done.");
    assert_eq!(result(&events)["is_error"], false);
    items_begin_and_end_once(&events);

    model.reply(Reply::text("The bread is next."));
    let id = thread_id(&events);
    let output = stream(&user, &["--resume", &id, "-p", "and now?"]);
    output.assert_success();
    assert_eq!(thread_id(&output.json_lines()), id);
    assert_eq!(result(&output.json_lines())["text"], "The bread is next.");

    let requests = model.requests();
    assert_eq!(requests.len(), 5);
    let [before, after] = [&requests[3], &requests[4]].map(|request| request.messages().to_vec());
    assert_eq!(after[..before.len()], before);
    // The answer that ended the first run, and the new prompt.
    assert_eq!(after.len(), before.len() + 2);
    assert_eq!(model.remaining_replies(), 0);
    model.verify();
}

/// Each item is started once, then updated, then completed once.
fn items_begin_and_end_once(events: &[Value]) {
    let mut open = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for event in events {
        let id = event["item"]["id"].as_str().unwrap_or_default();
        match event["type"].as_str().unwrap() {
            "item.started" => assert!(seen.insert(id) && open.insert(id), "{event}"),
            "item.updated" => assert!(open.contains(id), "{event}"),
            "item.completed" => assert!(open.remove(id), "{event}"),
            _ => {}
        }
    }
    assert_eq!(open, BTreeSet::new());
    assert!(!seen.is_empty());
}

#[tokio::test]
async fn a_task_of_several_tool_calls_works_with_anthropic() {
    works("anthropic").await;
}

#[tokio::test]
async fn a_task_of_several_tool_calls_works_with_openai() {
    works("openai").await;
}

#[tokio::test]
async fn every_line_of_the_stream_fits_the_schema() {
    let model = FakeModel::start().await;
    for reply in task() {
        model.reply(reply);
    }
    let user = CommandLine::with_model(&model);
    std::fs::write(user.work().join("list.txt"), "TODO milk\n").unwrap();
    let output = prompt(&user, "do the milk");
    let schema = user.loom(["schema"]).run();
    let validator = jsonschema::validator_for(&schema.assert_success().json()).unwrap();
    let events = output.assert_success().json_lines();
    for event in &events {
        let errors: Vec<String> = validator
            .iter_errors(event)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{event}: {errors:?}");
    }
    // A schema that takes anything would prove nothing.
    assert!(!validator.is_valid(&json!({"type": "turn.failed"})));
}

#[tokio::test]
async fn what_the_provider_sent_besides_comes_back_unchanged() {
    let model = FakeModel::start().await;
    model.reply(
        Reply::new()
            .and_thinking("first", "signed-a")
            .and_unknown_block(json!({"type": "redacted_thinking", "data": "AAAA"}))
            .and_unknown_block(json!({"type": "from_the_future", "z": 1, "a": {"b": [1.0, 2]}}))
            .and_tool_call("list_files", json!({})),
    );
    model.reply(Reply::text("well"));
    let user = CommandLine::with_model(&model);
    prompt(&user, "go").assert_success();
    assert_eq!(model.requests().len(), 2);
    model.verify();
}
