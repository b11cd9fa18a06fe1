//! Tool calls as all kinds of servers stream them.

use serde_json::{Value, json};

use super::*;

/// How servers differ from the book, and the calls that are meant.
#[test]
fn tool_calls_of_all_kinds_of_servers() {
    let two = vec![call("a", "x", "{\"n\":1}"), call("b", "y", "{}")];
    let cases: Vec<(&str, Vec<Value>, Vec<ContentBlock>)> = vec![
        (
            "pieces of two calls interleaved",
            vec![
                json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "x", "arguments": ""}},
                    {"index": 1, "id": "b", "function": {"name": "y", "arguments": "{"}}]}),
                json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"n\""}}]}),
                json!({"tool_calls": [{"index": 1, "function": {"arguments": "}"}}]}),
                json!({"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]}),
            ],
            two.clone(),
        ),
        (
            "id and name in every piece",
            vec![
                json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "x", "arguments": "{\"n\""}}]}),
                json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "x", "arguments": ":1}"}}]}),
                json!({"tool_calls": [{"index": 1, "id": "b", "function": {"name": "y", "arguments": "{}"}}]}),
            ],
            two.clone(),
        ),
        (
            "empty id and name in later pieces",
            vec![
                json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "x", "arguments": ""}}]}),
                json!({"tool_calls": [{"index": 0, "id": "", "function": {"name": "", "arguments": "{\"n\":1}"}}]}),
                json!({"tool_calls": [{"index": 1, "id": "b", "function": {"name": "y", "arguments": "{}"}}]}),
            ],
            two.clone(),
        ),
        (
            "no index, and the pieces follow each other",
            vec![
                json!({"tool_calls": [{"id": "a", "function": {"name": "x", "arguments": "{\"n\""}}]}),
                json!({"tool_calls": [{"function": {"arguments": ":1}"}}]}),
                json!({"tool_calls": [{"id": "b", "function": {"name": "y", "arguments": "{}"}}]}),
            ],
            two.clone(),
        ),
        (
            "no index, but ids",
            vec![
                json!({"tool_calls": [{"id": "a", "function": {"name": "x", "arguments": "{\"n\""}},
                    {"id": "b", "function": {"name": "y", "arguments": "{"}}]}),
                json!({"tool_calls": [{"id": "a", "function": {"name": "x", "arguments": ":1}"}}]}),
                json!({"tool_calls": [{"id": "b", "function": {"arguments": "}"}}]}),
            ],
            two.clone(),
        ),
        (
            "whole calls, all with index 0",
            vec![
                json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "x", "arguments": "{\"n\":1}"}},
                    {"index": 0, "id": "b", "function": {"name": "y", "arguments": "{}"}}]}),
            ],
            two.clone(),
        ),
        (
            "arguments as objects",
            vec![
                json!({"tool_calls": [{"id": "a", "function": {"name": "x", "arguments": {"n": 1}}},
                    {"id": "b", "function": {"name": "y", "arguments": {}}}]}),
            ],
            two,
        ),
        (
            "no ids at all, and no arguments",
            vec![
                json!({"tool_calls": [{"function": {"name": "x"}}, {"function": {"name": "x", "arguments": null}}]}),
            ],
            vec![call("", "x", ""), call("", "x", "")],
        ),
        (
            "the name after the first arguments",
            vec![
                json!({"tool_calls": [{"index": 0, "id": "a", "function": {"arguments": "{\"n\""}}]}),
                json!({"tool_calls": [{"index": 0, "function": {"name": "x", "arguments": ":1}"}}]}),
            ],
            vec![call("a", "x", "{\"n\":1}")],
        ),
    ];
    for (what, deltas, content) in cases {
        assert_eq!(
            answer(&deltas).message,
            Message::assistant(content),
            "{what}"
        );
    }
}

#[test]
fn a_call_without_a_name_is_malformed() {
    let mut decoder = decoder();
    let mut out = Vec::new();
    let piece =
        delta(json!({"tool_calls": [{"index": 0, "id": "a", "function": {"arguments": "{}"}}]}));
    decoder.decode(sse(&piece.to_string()), &mut out).unwrap();
    let error = decoder
        .decode(sse(&finish("tool_calls").to_string()), &mut out)
        .unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::MalformedResponse);
}

#[test]
fn fields_that_loom_has_no_name_for_stay_with_the_call() {
    let response = answer(&[
        json!({"tool_calls": [{"index": 0, "id": "a", "type": "function",
        "function": {"name": "x", "arguments": "{}"}, "nothing": null,
        "extra_content": {"google": {"thought_signature": "s"}}}]}),
    ]);
    let call = response.message.tool_calls().next().unwrap();
    let expected = json!({"openai": {"extra_content": {"google": {"thought_signature": "s"}}}});
    assert_eq!(json!(call.extra), expected);
}
