//! What a provider sends with its blocks goes back with them, unchanged.

use loom_common_core::{ContentBlock, LlmEvent, Message, StopReason, ToolCall, ToolOutput};
use serde_json::json;

use super::session::{Session, stores_answer};
use crate::answer::{answer, call, extra, text};

/// An answer with everything that a provider may want to see again.
fn rich_answer() -> Vec<ContentBlock> {
    vec![
        ContentBlock::Thinking {
            thinking: "First I look, then I leap.".to_owned(),
            signature: Some("EqQBCkYIBxgC".to_owned()),
        },
        ContentBlock::Thinking {
            thinking: String::new(),
            signature: Some("a hidden thought".to_owned()),
        },
        ContentBlock::Opaque {
            provider: "anthropic".to_owned(),
            json: r#"{"type":"redacted_thinking", "data":"é\u00e9", "n": 1.0}"#.to_owned(),
        },
        ContentBlock::Text {
            text: "As it is written".to_owned(),
            extra: extra(&json!({ "citations": [{ "z": 1, "a": 2.5 }] })),
        },
        ContentBlock::ToolUse(ToolCall {
            arguments: r#"{ "b": 1,  "a": "\u00e9" }"#.to_owned(),
            extra: extra(&json!({ "thought_signature": "CqQB" })),
            ..call("c1", "read")
        }),
    ]
}

#[test]
fn thoughts_signatures_opaque_blocks_and_extra_fields_come_back_in_the_next_request() {
    let blocks = rich_answer();
    let mut session = Session::asked();
    let actions = session.model(answer(&blocks, StopReason::ToolUse));
    assert_eq!(actions[0], stores_answer(&blocks));
    session.tool_ends("c1", ToolOutput::completed("done"));
    assert_eq!(session.hook_ends(), [session.asks()]);
    assert_eq!(session.conversation()[1], Message::assistant(blocks));
}

#[test]
fn a_stored_answer_comes_back_as_it_was_sent() {
    let answered = Message::assistant(rich_answer());
    let stored = serde_json::to_string(&answered).unwrap();
    let (mut session, _) = Session::resumed(vec![serde_json::from_str(&stored).unwrap()]);
    session.user("go on");
    assert_eq!(session.conversation()[0], answered);
    assert_eq!(
        serde_json::to_string(&session.conversation()[0]).unwrap(),
        stored
    );
}

#[test]
fn a_signature_that_comes_in_pieces_is_put_together() {
    let mut session = Session::asked();
    let mut events = answer(&rich_answer()[..1], StopReason::EndTurn);
    let position = events
        .iter()
        .position(|event| matches!(event, LlmEvent::SignatureDelta { .. }))
        .unwrap();
    events.splice(
        position..=position,
        ["EqQB", "CkYI", "BxgC"].map(|piece| LlmEvent::SignatureDelta {
            index: 0,
            signature: piece.to_owned(),
        }),
    );
    assert_eq!(session.model(events)[0], stores_answer(&rich_answer()[..1]));
}

#[test]
fn a_block_that_says_nothing_is_left_out_because_providers_do_not_take_it_back() {
    let mut session = Session::asked();
    let nothing = ContentBlock::Thinking {
        thinking: String::new(),
        signature: None,
    };
    let blocks = [
        text(""),
        text("\n\n"),
        nothing,
        text("Something. "),
        text(""),
    ];
    assert_eq!(
        session.model(answer(&blocks, StopReason::EndTurn))[0],
        stores_answer(&[text("Something. ")])
    );
}
