//! Tools that are called wrongly, hang, or meet a world that has changed.

use loom_testing::command_line::Output;
use loom_testing::{CommandLine, FakeModel, Reply};
use serde_json::{Value, json};

use crate::events::{completed, failure, prompt, stream, tool_calls};

/// Runs one tool call; returns the item and whether the thread went on well after it.
async fn call(user: &CommandLine, model: &FakeModel, reply: Reply) -> Value {
    model.reply(reply);
    model.reply(Reply::text("I see"));
    let output = prompt(user, "go");
    let events = output.assert_success().json_lines();
    assert_eq!(model.remaining_replies(), 0);
    model.verify();
    completed(&events, "tool_call")[0].clone()
}

fn output_of(item: &Value) -> &str {
    item["output"].as_str().unwrap()
}

#[tokio::test]
async fn arguments_that_do_not_parse_are_answered_with_the_place_of_the_error() {
    let model = FakeModel::start().await;
    let user = CommandLine::with_model(&model);
    let reply = Reply::new().and_raw_tool_call("read_file", r#"{"file_path": "a.txt"#);
    let item = call(&user, &model, reply).await;
    assert_eq!(item["status"], "failed");
    assert_eq!(item["arguments"], r#"{"file_path": "a.txt"#);
    assert!(output_of(&item).contains("not a JSON object"), "{item}");
}

#[tokio::test]
async fn a_missing_argument_is_named() {
    let model = FakeModel::start().await;
    let user = CommandLine::with_model(&model);
    let reply = Reply::tool_call("edit_file", json!({"file_path": "a.txt"}));
    let item = call(&user, &model, reply).await;
    assert_eq!(item["status"], "failed");
    assert!(output_of(&item).contains("old_string"), "{item}");
}

#[tokio::test]
async fn an_unknown_tool_is_answered_with_the_tools_there_are() {
    let model = FakeModel::start().await;
    let user = CommandLine::with_model(&model);
    let item = call(&user, &model, Reply::tool_call("fly", json!({}))).await;
    assert_eq!(item["status"], "failed");
    assert!(output_of(&item).contains("read_file"), "{item}");
}

#[tokio::test]
async fn a_command_that_hangs_is_handed_back_and_ends_with_the_session() {
    let model = FakeModel::start().await;
    let mut user = CommandLine::with_model(&model);
    user.set_env("LOOM_BASH_TIMEOUT_MS", "300");
    let reply = Reply::tool_call("bash", json!({"command": "echo begun; sleep 1000"}));
    let item = call(&user, &model, reply).await;
    assert_eq!(item["status"], "completed");
    assert!(output_of(&item).contains("begun"), "{item}");
    let left = user.processes();
    assert!(
        !left.iter().any(|process| process.contains("sleep")),
        "{left:?}"
    );
}

#[tokio::test]
async fn a_file_that_changed_since_it_was_read_is_not_overwritten() {
    let model = FakeModel::start().await;
    let user = CommandLine::with_model(&model);
    let path = user.work().join("a.txt");
    std::fs::write(&path, "one\ntwo\n").unwrap();
    model.reply(Reply::tool_call("read_file", json!({"file_path": "a.txt"})));
    let changed = path.clone();
    model.reply_with(move |_| {
        // The person saves the file between the agent's look and its edit.
        std::fs::write(&changed, "one\nTWO, and more\n").unwrap();
        Reply::tool_call(
            "edit_file",
            json!({"file_path": "a.txt", "old_string": "two\n", "new_string": "three\n"}),
        )
    });
    model.reply(Reply::text("I see"));
    let output = prompt(&user, "go");
    let events = output.assert_success().json_lines();
    assert_eq!(
        tool_calls(&events)[1],
        ("edit_file".to_owned(), "failed".to_owned())
    );
    let told = output_of(completed(&events, "tool_call")[1]);
    assert!(told.contains("changed"), "{told}");
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "one\nTWO, and more\n"
    );
    model.verify();
}

#[tokio::test]
async fn without_a_terminal_a_command_in_ask_mode_is_denied_and_the_model_is_told_why() {
    let model = FakeModel::start().await;
    let user = CommandLine::with_model(&model);
    model.reply(Reply::tool_call("bash", json!({"command": "touch made"})));
    model.reply(Reply::text("I could not"));
    let output = stream(&user, &["--permission-mode", "ask", "-p", "go"]);
    let events = output.assert_success().json_lines();
    let item = completed(&events, "tool_call")[0];
    assert_eq!(item["status"], "denied");
    assert!(output_of(item).contains("--permission-mode full"), "{item}");
    assert!(!user.work().join("made").exists());
    let told = &model.last_request().tool_results()[0];
    assert!(told.content.contains("nobody can be asked"), "{told:?}");
    model.verify();
}

/// Runs `loom -p` so that no file can grow past 2 MiB: writing fails half-way, as on a full disk.
fn on_a_full_disk(user: &CommandLine, prompt: &str) -> Output {
    let script = "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\"";
    let arguments = [
        "--output-format",
        "stream-json",
        "--permission-mode",
        "full",
        "-p",
    ];
    let loom = ["-c", script, env!("CARGO_BIN_EXE_loom")];
    user.program("bash", loom.into_iter().chain(arguments))
        .stdin(prompt)
        .run()
}

#[tokio::test]
async fn a_full_disk_fails_the_edit_and_leaves_the_file_as_it_was() {
    let model = FakeModel::start().await;
    let user = CommandLine::with_model(&model);
    user.loom(["server", "start"]).run().assert_success();
    let before = format!("first\n{}", "x\n".repeat(2 << 20));
    std::fs::write(user.work().join("a.txt"), &before).unwrap();
    model.reply(Reply::tool_call(
        "edit_file",
        json!({"file_path": "a.txt", "old_string": "first", "new_string": "second"}),
    ));
    model.reply(Reply::text("I see"));
    let output = on_a_full_disk(&user, "go");
    let events = output.assert_success().json_lines();
    assert_eq!(
        tool_calls(&events),
        [("edit_file".to_owned(), "failed".to_owned())]
    );
    let same = std::fs::read_to_string(user.work().join("a.txt")).unwrap() == before;
    assert!(same, "the file has changed");
    let names: Vec<_> = std::fs::read_dir(user.work())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["a.txt"]);
    model.verify();
}

#[tokio::test]
async fn a_full_disk_fails_the_turn_before_anything_is_sent() {
    let model = FakeModel::start().await;
    let user = CommandLine::with_model(&model);
    user.loom(["server", "start"]).run().assert_success();
    let output = on_a_full_disk(&user, &"long ".repeat(1 << 20));
    let events = output.assert_code(1).json_lines();
    let (code, hint) = failure(&events);
    assert_eq!(code, "thread_not_saved");
    assert_ne!(hint, "");
    assert_eq!(model.requests().len(), 0);
}
