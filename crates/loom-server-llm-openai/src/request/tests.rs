//! What goes out, as text: the bytes are what the provider's cache compares.

use std::sync::Arc;

use loom_common_core::{Effort, Extra, ToolAccess};
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn request(messages: Vec<Message>) -> LlmRequest {
    LlmRequest {
        model: "gpt-x".to_owned(),
        system: None,
        messages: messages.into_iter().map(Arc::new).collect(),
        tools: Vec::new(),
        max_tokens: None,
        effort: None,
    }
}

fn text_of(request: &LlmRequest, dialect: Dialect) -> String {
    String::from_utf8(body(request, None, dialect, Delivery::Streamed)).unwrap()
}

/// Returns the text of the messages alone, without the brackets around them.
fn messages_of(request: &LlmRequest, dialect: Dialect) -> String {
    let text = text_of(request, dialect);
    let (_, messages) = text.split_once("\"messages\":[").unwrap();
    messages.strip_suffix("]}").unwrap().to_owned()
}

fn message_of(role: Role, content: Vec<ContentBlock>) -> String {
    let request = request(vec![Message { role, content }]);
    messages_of(&request, Dialect::Compatible)
}

fn thinking(thinking: &str, signature: Option<&str>) -> ContentBlock {
    ContentBlock::Thinking {
        thinking: thinking.to_owned(),
        signature: signature.map(str::to_owned),
    }
}

fn call(id: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: id.to_owned(),
        name: "bash".to_owned(),
        arguments: arguments.to_owned(),
        extra: Extra::default(),
    }
}

fn result(id: &str, content: Vec<ToolResultContent>) -> ContentBlock {
    ContentBlock::ToolResult(ToolResult {
        tool_use_id: id.to_owned(),
        content,
        is_error: false,
    })
}

fn picture() -> ImageData {
    ImageData {
        media_type: "image/png".to_owned(),
        data: "aGk=".to_owned(),
    }
}

fn rich_request() -> LlmRequest {
    let extra = json!({"openai": {"extra_content": {"google": 1}}, "caller": "not ours"});
    let mut request = request(vec![
        Message {
            role: Role::User,
            content: vec![ContentBlock::text("look"), ContentBlock::Image(picture())],
        },
        Message::assistant(vec![
            thinking("of this server", None),
            thinking("of another", Some("c2ln")),
            ContentBlock::text("I "),
            ContentBlock::text("say"),
            ContentBlock::ToolUse(ToolCall {
                extra: Extra(extra.as_object().cloned().unwrap()),
                ..call("call_1", r#"{"command" : "ls", "n": 1.50}"#)
            }),
            ContentBlock::ToolUse(call("call_2", "{\"cut")),
        ]),
        Message {
            role: Role::User,
            content: vec![
                ContentBlock::text("and hurry"),
                result(
                    "call_1",
                    vec![
                        ToolResultContent::text("a"),
                        ToolResultContent::Image(picture()),
                        ToolResultContent::text("b"),
                    ],
                ),
                result("call_2", vec![]),
            ],
        },
    ]);
    request.system = Some("You are Loom.".to_owned());
    request.max_tokens = Some(7);
    request.tools = vec![ToolDefinition {
        name: "bash".to_owned(),
        description: "Runs a command.".to_owned(),
        input_schema: json!({"type": "object", "required": ["command"], "properties": {}}),
        access: ToolAccess::Execute,
    }];
    request
}

/// A conversation with every kind of block, as text with one message a line.
#[test]
fn a_whole_request_to_a_compatible_server() {
    let text = body(
        &rich_request(),
        Some(7),
        Dialect::Compatible,
        Delivery::Streamed,
    );
    let text = String::from_utf8(text).unwrap();
    insta::assert_snapshot!(text.replace("{\"role\"", "\n{\"role\""));
}

#[test]
fn a_whole_request_to_openai() {
    let text = body(&rich_request(), Some(7), Dialect::OpenAi, Delivery::Whole);
    let text = String::from_utf8(text).unwrap();
    insta::assert_snapshot!(text.replace("{\"role\"", "\n{\"role\""));
}

#[test]
fn the_dialect_is_told_by_the_host() {
    let dialects = [
        ("api.openai.com", Dialect::OpenAi),
        ("eu.api.openai.com", Dialect::OpenAi),
        ("api.groq.com", Dialect::Groq),
        ("localhost", Dialect::Compatible),
        ("evil-api.openai.com.example.org", Dialect::Compatible),
        ("notapi.openai.com", Dialect::Compatible),
    ];
    for (host, dialect) in dialects {
        assert_eq!(Dialect::of_host(host), dialect, "{host}");
    }
}

#[test]
fn the_least_request() {
    let text = text_of(&request(vec![Message::user("x")]), Dialect::Compatible);
    assert_eq!(
        text,
        r#"{"model":"gpt-x","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"x"}]}"#
    );
}

#[test]
fn reasoning_is_off_where_openai_takes_no_tools_with_it() {
    let effort = |model: &str, tools: bool, dialect| {
        let mut request = rich_request();
        request.model = model.to_owned();
        if !tools {
            request.tools.clear();
        }
        let body: Value = serde_json::from_str(&text_of(&request, dialect)).unwrap();
        body.get("reasoning_effort").cloned()
    };
    for model in ["gpt-5.1", "gpt-5.5", "gpt-5.5-2026-04-23"] {
        assert_eq!(effort(model, true, Dialect::OpenAi), Some(json!("none")));
        assert_eq!(effort(model, false, Dialect::OpenAi), None, "{model}");
        for other in [Dialect::Groq, Dialect::Compatible] {
            assert_eq!(effort(model, true, other), None, "{model}");
        }
    }
    for model in ["gpt-5", "gpt-5-mini", "gpt-4.1", "o3"] {
        assert_eq!(effort(model, true, Dialect::OpenAi), None, "{model}");
    }
}

#[test]
fn an_effort_goes_out_to_the_models_that_take_one() {
    let mut request = request(vec![Message::user("x")]);
    request.effort = Some(Effort::High);
    request.model = "gpt-5.5".to_owned();
    insta::assert_snapshot!(text_of(&request, Dialect::OpenAi), @r#"{"model":"gpt-5.5","reasoning_effort":"high","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"x"}]}"#);

    let mut effort_for = |model: &str, dialect| {
        request.model = model.to_owned();
        let body: Value = serde_json::from_str(&text_of(&request, dialect)).unwrap();
        body["reasoning_effort"].as_str().map(str::to_owned)
    };
    for dialect in [Dialect::OpenAi, Dialect::Groq, Dialect::Compatible] {
        for model in [
            "gpt-5",
            "gpt-5-mini-2025-08-07",
            "gpt-5.5",
            "gpt-6.2-sol",
            "gpt-10",
            "o1",
            "o3-mini",
            "o4-mini",
            "openai/gpt-oss-120b",
            "gpt-oss:20b",
        ] {
            assert_eq!(
                effort_for(model, dialect).as_deref(),
                Some("high"),
                "{model}"
            );
        }
        for model in [
            "gpt-4.1",
            "gpt-4o",
            "gpt-5-chat-latest",
            "o1-mini",
            "o1-preview-2024-09-12",
            "o11",
            "qwen3-coder",
            "gpt-",
            "",
        ] {
            assert_eq!(effort_for(model, dialect), None, "{model}");
        }
    }
}

#[test]
fn tools_outweigh_the_effort_where_openai_takes_only_one_of_them() {
    let mut request = rich_request();
    request.effort = Some(Effort::High);
    let mut effort_for = |model: &str, dialect| {
        request.model = model.to_owned();
        let body: Value = serde_json::from_str(&text_of(&request, dialect)).unwrap();
        body["reasoning_effort"].clone()
    };
    assert_eq!(effort_for("gpt-5.5", Dialect::OpenAi), "none");
    assert_eq!(effort_for("gpt-5.5", Dialect::Compatible), "high");
    assert_eq!(effort_for("gpt-5", Dialect::OpenAi), "high");
}

#[test]
fn groq_gets_no_field_of_a_message_that_it_refuses() {
    let request = rich_request();
    let groq = messages_of(&request, Dialect::Groq);
    assert_eq!(groq, messages_of(&request, Dialect::OpenAi));
    assert!(!groq.contains("reasoning_content"), "{groq}");
    assert!(!groq.contains("extra_content"), "{groq}");
    let whole = body(&request, Some(7), Dialect::Groq, Delivery::Whole);
    let whole: Value = serde_json::from_slice(&whole).unwrap();
    assert_eq!(whole["max_tokens"], 7);
}

#[test]
fn several_texts_become_one() {
    let content = ["a", " ", "b"].map(ContentBlock::text).to_vec();
    assert_eq!(
        message_of(Role::User, content),
        r#"{"role":"user","content":"a\n\nb"}"#
    );
}

#[test]
fn calls_without_text_have_no_content() {
    assert_eq!(
        message_of(
            Role::Assistant,
            vec![
                ContentBlock::text("\n\n"),
                ContentBlock::ToolUse(call("c", "")),
            ]
        ),
        r#"{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"bash","arguments":"{}"}}]}"#
    );
}

#[test]
fn a_message_with_nothing_left_keeps_its_place() {
    let opaque = ContentBlock::Opaque {
        provider: "anthropic".to_owned(),
        json: "{}".to_owned(),
    };
    for content in [vec![], vec![opaque], vec![ContentBlock::text(" ")]] {
        assert_eq!(
            message_of(Role::Assistant, content.clone()),
            r#"{"role":"assistant","content":"(no content)"}"#
        );
        assert_eq!(
            message_of(Role::User, content),
            r#"{"role":"user","content":"(no content)"}"#
        );
    }
    assert_eq!(
        message_of(Role::Assistant, vec![thinking("hm", None)]),
        r#"{"role":"assistant","content":"(no content)","reasoning_content":"hm"}"#
    );
}

#[test]
fn a_result_of_pictures_only_says_where_they_are() {
    assert_eq!(
        message_of(
            Role::User,
            vec![result("c", vec![ToolResultContent::Image(picture())])]
        ),
        concat!(
            r#"{"role":"tool","tool_call_id":"c","content":"(see the picture below)"},"#,
            r#"{"role":"user","content":[{"type":"text","text":"Result of tool call c:"},"#,
            r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}}]}"#
        )
    );
}

#[test]
fn ids_and_names_are_made_to_fit_on_both_sides() {
    let call = ToolCall {
        name: "x".repeat(70) + ".y",
        ..call("functions.bash:0", "{}")
    };
    let request = request(vec![
        Message::assistant(vec![ContentBlock::ToolUse(call)]),
        Message {
            role: Role::User,
            content: vec![result(
                "functions.bash:0",
                vec![ToolResultContent::text("ok")],
            )],
        },
    ]);
    let name = "x".repeat(64);
    let expected = format!(
        concat!(
            r#"{{"role":"assistant","content":null,"tool_calls":[{{"id":"functions_bash_0","type":"function","function":{{"name":"{}","arguments":"{{}}"}}}}]}},"#,
            r#"{{"role":"tool","tool_call_id":"functions_bash_0","content":"ok"}}"#
        ),
        name
    );
    assert_eq!(messages_of(&request, Dialect::OpenAi), expected);
}

fn any_block() -> impl Strategy<Value = ContentBlock> {
    prop_oneof![
        any::<String>().prop_map(ContentBlock::text),
        Just(ContentBlock::Image(picture())),
        (any::<String>(), any::<Option<String>>())
            .prop_map(|(text, signature)| thinking(&text, signature.as_deref())),
        (any::<String>(), any::<String>())
            .prop_map(|(id, arguments)| ContentBlock::ToolUse(call(&id, &arguments))),
        (any::<String>(), any::<String>())
            .prop_map(|(id, text)| result(&id, vec![ToolResultContent::text(text)])),
        any::<String>().prop_map(|id| result(&id, vec![ToolResultContent::Image(picture())])),
    ]
}

fn any_message() -> impl Strategy<Value = Message> {
    let role = prop_oneof![Just(Role::User), Just(Role::Assistant)];
    (role, prop::collection::vec(any_block(), 0..5))
        .prop_map(|(role, content)| Message { role, content })
}

proptest! {
    /// The provider's cache compares the beginning of a request with those before it.
    #[test]
    fn a_longer_conversation_begins_with_the_text_of_the_shorter(
        messages in prop::collection::vec(any_message(), 1..8),
        system in any::<Option<String>>(),
    ) {
        let mut request = request(Vec::new());
        request.system = system;
        let mut before = String::new();
        for message in messages {
            request.messages.push(Arc::new(message));
            let text = text_of(&request, Dialect::Compatible);
            prop_assert!(serde_json::from_str::<Value>(&text).is_ok(), "{}", text);
            prop_assert!(text.starts_with(&before), "{} after {}", text, before);
            before = text.strip_suffix("]}").unwrap().to_owned();
        }
    }
}
