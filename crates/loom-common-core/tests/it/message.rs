//! Messages, and how they are written: threads are stored in this form.

use loom_common_core::{
    ContentBlock, ImageData, Message, Role, StopReason, ToolCall, ToolResult, ToolResultContent,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::answer::{call, calling, extra, result_text, text};
use crate::strategies;

fn one_of_each() -> [ContentBlock; 9] {
    let extra = extra(&json!({ "z": 1, "a": [true, null] }));
    let picture = ImageData {
        media_type: "image/png".to_owned(),
        data: "iVBORw0KGgo=".to_owned(),
    };
    [
        text("Hello."),
        ContentBlock::Text {
            text: "As cited".to_owned(),
            extra: extra.clone(),
        },
        ContentBlock::Image(picture.clone()),
        ContentBlock::Thinking {
            thinking: "Hm.".to_owned(),
            signature: None,
        },
        ContentBlock::Thinking {
            thinking: String::new(),
            signature: Some("EqQB".to_owned()),
        },
        ContentBlock::ToolUse(call("toolu_1", "read_file")),
        ContentBlock::ToolUse(ToolCall {
            extra,
            ..call("toolu_2", "bash")
        }),
        ContentBlock::ToolResult(ToolResult {
            tool_use_id: "toolu_1".to_owned(),
            content: vec![
                ToolResultContent::text("fn main() {}"),
                ToolResultContent::Image(picture),
            ],
            is_error: false,
        }),
        ContentBlock::Opaque {
            provider: "anthropic".to_owned(),
            json: r#"{"type": "redacted_thinking"}"#.to_owned(),
        },
    ]
}

#[test]
fn each_block_is_written_as_it_was_promised() {
    let lines: Vec<_> = one_of_each()
        .iter()
        .map(|block| serde_json::to_string(block).unwrap())
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn what_is_left_out_is_read_as_its_default() {
    let read = |json: Value| serde_json::from_value::<ContentBlock>(json).unwrap();
    assert_eq!(read(json!({ "type": "text", "text": "hi" })), text("hi"));
    assert_eq!(
        read(json!({ "type": "tool_result", "tool_use_id": "c1", "content": [] })),
        ContentBlock::ToolResult(ToolResult {
            tool_use_id: "c1".to_owned(),
            content: Vec::new(),
            is_error: false,
        })
    );
}

#[test]
fn extra_fields_keep_their_order() {
    let written = r#"{"type":"text","text":"","extra":{"z":1,"a":2,"m":{"y":0,"b":0}}}"#;
    let block: ContentBlock = serde_json::from_str(written).unwrap();
    assert_eq!(serde_json::to_string(&block).unwrap(), written);
}

proptest! {
    #[test]
    fn a_message_is_read_as_it_was_written(message in strategies::message()) {
        let written = serde_json::to_string(&message).unwrap();
        let read: Message = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(&read, &message);
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), written);
    }
}

#[test]
fn the_text_of_a_message_is_that_of_its_text_blocks() {
    let message = Message::assistant(one_of_each().to_vec());
    assert_eq!(message.text(), "Hello.As cited");
    assert_eq!(Message::user("Hello.").text(), "Hello.");
    assert_eq!(Message::assistant(Vec::new()).text(), "");
}

#[test]
fn calls_and_results_are_found_in_order() {
    let [a, b] = [call("a", "read"), call("b", "read")];
    let mut blocks = calling(&[&b, &a]);
    blocks.insert(1, text("and"));
    let message = Message::assistant(blocks);
    assert_eq!(message.role, Role::Assistant);
    assert_eq!(message.tool_calls().collect::<Vec<_>>(), [&b, &a]);
    assert_eq!(message.results().count(), 0);

    let results = ["b", "a"].map(|id| ToolResult {
        tool_use_id: id.to_owned(),
        content: result_text("ok"),
        is_error: false,
    });
    let message = Message::tool_results(results.clone());
    assert_eq!(message.role, Role::User);
    assert_eq!(message.results().cloned().collect::<Vec<_>>(), results);
    assert_eq!(message.tool_calls().count(), 0);
}

#[test]
fn arguments_are_a_json_object_or_nothing() {
    let parse = |arguments: &str| {
        ToolCall {
            arguments: arguments.to_owned(),
            ..call("c1", "read")
        }
        .parse_arguments()
        .map(Value::Object)
        .map_err(|error| error.to_string())
    };
    assert_eq!(parse(""), Ok(json!({})));
    assert_eq!(parse(" \n"), Ok(json!({})));
    assert_eq!(
        parse(r#" {"b": 1, "a": {}} "#),
        Ok(json!({ "b": 1, "a": {} }))
    );
    assert_eq!(
        parse(r#"{"file_path": "src/li"#),
        Err("EOF while parsing a string at line 1 column 21".to_owned())
    );
    assert_eq!(
        parse("[1]"),
        Err("invalid type: sequence, expected a map at line 1 column 0".to_owned())
    );
    assert_eq!(
        parse("{} {}"),
        Err("trailing characters at line 1 column 4".to_owned())
    );
}

#[test]
fn a_reason_to_stop_has_one_name_written_and_shown() {
    for (reason, name) in [
        (StopReason::EndTurn, "end_turn"),
        (StopReason::ToolUse, "tool_use"),
        (StopReason::MaxTokens, "max_tokens"),
        (StopReason::StopSequence, "stop_sequence"),
        (StopReason::PauseTurn, "pause_turn"),
        (StopReason::Refusal, "refusal"),
        (StopReason::ContextExceeded, "context_exceeded"),
        (
            StopReason::Other("MALFORMED_FUNCTION_CALL".to_owned()),
            "MALFORMED_FUNCTION_CALL",
        ),
        (StopReason::Other(String::new()), ""),
    ] {
        assert_eq!(reason.to_string(), name);
        assert_eq!(serde_json::to_value(&reason).unwrap(), json!(name));
        assert_eq!(
            serde_json::from_value::<StopReason>(json!(name)).unwrap(),
            reason
        );
    }
}
