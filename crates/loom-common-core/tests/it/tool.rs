//! What tools are to the model and to their runner.

use std::sync::{Arc, Mutex};

use loom_common_core::{
    ImageData, PermissionMode, ProgressSink, ToolAccess, ToolDefinition, ToolOutput, ToolResult,
    ToolResultContent, ToolStatus,
};
use serde_json::json;

#[test]
fn a_permission_mode_has_one_name_written_and_shown() {
    for (mode, name) in [
        (PermissionMode::Plan, "plan"),
        (PermissionMode::Ask, "ask"),
        (PermissionMode::Auto, "auto"),
        (PermissionMode::Full, "full"),
    ] {
        assert_eq!(mode.to_string(), name);
        assert_eq!(serde_json::to_value(mode).unwrap(), json!(name));
        assert_eq!(
            serde_json::from_value::<PermissionMode>(json!(name)).unwrap(),
            mode
        );
    }
    assert_eq!(PermissionMode::default(), PermissionMode::Auto);
}

#[test]
fn a_tool_that_does_not_say_what_it_touches_can_do_anything() {
    let definition: ToolDefinition = serde_json::from_value(json!({
        "name": "teleport",
        "description": "Moves things.",
        "input_schema": { "type": "object" },
    }))
    .unwrap();
    assert_eq!(definition.access, ToolAccess::Execute);
}

#[test]
fn each_output_says_how_the_call_ended() {
    for (output, status, is_error) in [
        (ToolOutput::completed("so"), ToolStatus::Completed, false),
        (ToolOutput::failed("so"), ToolStatus::Failed, true),
        (ToolOutput::denied("so"), ToolStatus::Denied, true),
        (ToolOutput::cancelled("so"), ToolStatus::Cancelled, true),
    ] {
        let content = vec![ToolResultContent::text("so")];
        assert_eq!(
            output,
            ToolOutput {
                status,
                content: content.clone(),
                changes: Vec::new(),
            }
        );
        assert_eq!(
            output.into_result("c1"),
            ToolResult {
                tool_use_id: "c1".to_owned(),
                content,
                is_error,
            }
        );
    }
}

#[test]
fn the_text_of_an_output_joins_its_text_parts_by_line_ends() {
    let text = |parts: &[&str]| {
        let mut output = ToolOutput::completed("");
        output.content = parts.iter().copied().map(ToolResultContent::text).collect();
        output.content.insert(
            parts.len() / 2,
            ToolResultContent::Image(ImageData {
                media_type: "image/png".to_owned(),
                data: "iVBORw0KGgo=".to_owned(),
            }),
        );
        output.text()
    };
    assert_eq!(text(&[]), "");
    assert_eq!(text(&["one"]), "one");
    assert_eq!(text(&["one", "two", "three"]), "one\ntwo\nthree");
}

#[test]
fn progress_reaches_whoever_asked_for_it_piece_by_piece() {
    let pieces = Arc::new(Mutex::new(Vec::new()));
    let sink = {
        let pieces = Arc::clone(&pieces);
        ProgressSink::new(move |piece| pieces.lock().unwrap().push(piece.to_owned()))
    };
    sink.send("one\n");
    sink.clone().send("two");
    assert_eq!(*pieces.lock().unwrap(), ["one\n", "two"]);
    assert_eq!(format!("{sink:?}"), "ProgressSink");

    ProgressSink::discard().send("nobody listens");
}
