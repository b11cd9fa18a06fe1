use anstream::adapter::strip_str;
use loom_common_core::stream::ThreadEvent;
use serde_json::{Value, json};

use super::PlainView;

/// Draws events without their colours.
fn draw(events: impl IntoIterator<Item = Value>) -> String {
    strip_str(&draw_in_colour(events)).to_string()
}

/// Draws events, given as they stand in `stream-json`.
fn draw_in_colour(events: impl IntoIterator<Item = Value>) -> String {
    let mut drawn = Vec::new();
    let mut view = PlainView::new(&mut drawn);
    for event in events {
        let event: ThreadEvent = serde_json::from_value(event).unwrap();
        view.draw(&event).unwrap();
    }
    String::from_utf8(drawn).unwrap()
}

fn message(id: &str, pieces: &[&str]) -> Vec<Value> {
    let item = |text: &str| json!({"id": id, "type": "agent_message", "text": text});
    let mut events = vec![json!({"type": "item.started", "item": item("")})];
    events.extend(pieces.iter().map(|piece| {
        let item = json!({"id": id, "type": "agent_message", "delta": piece});
        json!({"type": "item.updated", "item": item})
    }));
    events.push(json!({"type": "item.completed", "item": item(&pieces.concat())}));
    events
}

fn call_begins(id: &str, name: &str, arguments: Value) -> Value {
    let item = json!({"id": id, "type": "tool_call", "name": name, "arguments": arguments,
        "status": "running"});
    json!({"type": "item.started", "item": item})
}

fn call_ends(id: &str, name: &str, status: &str, output: &str) -> Value {
    let item = json!({"id": id, "type": "tool_call", "name": name, "arguments": {},
        "status": status, "output": output, "duration_ms": 1234});
    json!({"type": "item.completed", "item": item})
}

#[test]
fn a_turn_reads_from_top_to_bottom() {
    let mut events = message("1", &["I look ", "first.\n", "Then I act."]);
    events.push(call_begins("2", "bash", json!({"command": "cargo test"})));
    events.push(call_ends(
        "2",
        "bash",
        "failed",
        "one\ntwo\n(exit code 101)",
    ));
    let change = json!({"path": "src/a.rs", "kind": "modified", "diff": "@@ -1 +1 @@\n-a\n+b\n"});
    let item = json!({"id": "3", "type": "file_change", "tool_call": "2", "changes": [change]});
    events.push(json!({"type": "item.started", "item": item}));
    events.push(json!({"type": "item.completed", "item": item}));
    events.extend(message("4", &["Done."]));
    events.push(json!({"type": "turn.failed", "error":
        {"code": "x", "message": "no more", "hint": "try later"}}));
    insta::assert_snapshot!(draw(events));
}

#[test]
fn results_of_calls_side_by_side_say_which_call_they_belong_to() {
    let events = [
        call_begins("1", "read_file", json!({"file_path": "a"})),
        call_begins("2", "read_file", json!({"file_path": "b"})),
        call_ends("1", "read_file", "completed", "of a"),
        call_ends("2", "read_file", "completed", "of b"),
    ];
    insta::assert_snapshot!(draw(events));
}

#[test]
fn of_a_long_output_the_beginning_and_the_end_are_shown() {
    let output: Vec<String> = (1..=20).map(|number| format!("line {number}")).collect();
    let events = [
        call_begins("1", "bash", json!({"command": "seq"})),
        call_ends("1", "bash", "completed", &output.join("\n")),
    ];
    insta::assert_snapshot!(draw(events));
}

#[test]
fn what_was_cut_is_marked_and_the_next_item_begins_on_its_own_line() {
    let mut events = message("1", &["Let me"]);
    events.pop();
    let item = json!({"id": "1", "type": "agent_message", "text": "Let me", "interrupted": true});
    events.push(json!({"type": "item.completed", "item": item}));
    let notice = json!({"id": "2", "type": "notice", "level": "warning", "message": "again"});
    events.push(json!({"type": "item.completed", "item": notice}));
    insta::assert_snapshot!(draw(events));
}

#[test]
fn control_characters_of_models_and_tools_are_made_harmless() {
    let mut events = message("1", &["\u{1b}[2J"]);
    events.push(call_begins(
        "2",
        "bash",
        json!({"command": "\u{1b}]0;title\u{7}"}),
    ));
    events.push(call_ends("2", "bash", "completed", "\u{9b}31m"));
    let drawn = draw_in_colour(events);
    for harmless in ["\u{fffd}[2J", "\u{fffd}]0;title\u{fffd}", "\u{fffd}31m"] {
        assert!(drawn.contains(harmless), "{drawn:?}");
    }
    assert!(!drawn.contains(['\u{7}', '\u{9b}']), "{drawn:?}");
}
