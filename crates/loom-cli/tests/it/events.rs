//! Reading the output of `--output-format stream-json`.

use loom_testing::command_line::{CommandLine, Output};
use serde_json::Value;

/// Does one prompt with everything allowed, and returns what came of it.
pub(crate) fn prompt(user: &CommandLine, text: &str) -> Output {
    stream(user, &["--permission-mode", "full", "-p", text])
}

/// Runs `loom` with `--output-format stream-json` and these arguments.
pub(crate) fn stream(user: &CommandLine, arguments: &[&str]) -> Output {
    let format = ["--output-format", "stream-json"];
    user.loom(format.iter().chain(arguments)).run()
}

/// Returns the events of this type.
pub(crate) fn of_type<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events
        .iter()
        .filter(|event| event["type"] == kind)
        .collect()
}

/// Returns the completed items of this type.
pub(crate) fn completed<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    of_type(events, "item.completed")
        .into_iter()
        .map(|event| &event["item"])
        .filter(|item| item["type"] == kind)
        .collect()
}

/// Returns name and status of each tool call, in the order of their ends.
pub(crate) fn tool_calls(events: &[Value]) -> Vec<(String, String)> {
    completed(events, "tool_call")
        .into_iter()
        .map(|item| {
            let text = |field: &str| item[field].as_str().unwrap().to_owned();
            (text("name"), text("status"))
        })
        .collect()
}

/// Returns code and hint of the failure of the turn.
pub(crate) fn failure(events: &[Value]) -> (&str, &str) {
    let failed = of_type(events, "turn.failed");
    assert_eq!(failed.len(), 1, "{events:#?}");
    let error = &failed[0]["error"];
    (
        error["code"].as_str().unwrap(),
        error["hint"].as_str().unwrap_or_default(),
    )
}

/// Returns the messages of the notices.
pub(crate) fn notices(events: &[Value]) -> Vec<String> {
    completed(events, "notice")
        .into_iter()
        .map(|item| item["message"].as_str().unwrap().to_owned())
        .collect()
}

/// Returns the last event, which is always the result.
pub(crate) fn result(events: &[Value]) -> &Value {
    let last = events.last().expect("there are events");
    assert_eq!(last["type"], "result", "{events:#?}");
    last
}

/// Returns the id of the thread.
pub(crate) fn thread_id(events: &[Value]) -> String {
    result(events)["thread_id"].as_str().unwrap().to_owned()
}

/// Waits, with a bound, until the condition holds.
pub(crate) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < loom_testing::deadline::LIMIT,
            "{what}: in vain"
        );
        std::thread::yield_now();
    }
}
