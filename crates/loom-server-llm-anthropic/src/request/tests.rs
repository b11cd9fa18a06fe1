//! What goes out, as text: the bytes are what the provider's cache compares.

use loom_common_core::ToolAccess;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn request(messages: Vec<Message>) -> LlmRequest {
    LlmRequest {
        model: "claude-x".to_owned(),
        system: None,
        messages: messages.into_iter().map(Arc::new).collect(),
        tools: Vec::new(),
        max_tokens: None,
        effort: None,
    }
}

fn text_of(request: &LlmRequest) -> String {
    String::from_utf8(body(request, 1000, Delivery::Streamed)).unwrap()
}

/// Returns the text of the messages alone, without the brackets around them.
fn messages_of(request: &LlmRequest) -> String {
    let text = text_of(request);
    let (_, messages) = text.split_once("\"messages\":[").unwrap();
    messages.strip_suffix("]}").unwrap().to_owned()
}

fn message_of(role: Role, content: Vec<ContentBlock>) -> String {
    messages_of(&request(vec![Message { role, content }]))
}

fn opaque(provider: &str, json: &str) -> ContentBlock {
    ContentBlock::Opaque {
        provider: provider.to_owned(),
        json: json.to_owned(),
    }
}

fn thinking(thinking: &str, signature: Option<&str>) -> ContentBlock {
    ContentBlock::Thinking {
        thinking: thinking.to_owned(),
        signature: signature.map(str::to_owned),
    }
}

fn call(arguments: &str) -> ToolCall {
    ToolCall {
        id: "toolu_1".to_owned(),
        name: "bash".to_owned(),
        arguments: arguments.to_owned(),
        extra: Extra::default(),
    }
}

fn extra(value: Value) -> Extra {
    Extra(value.as_object().cloned().unwrap())
}

fn picture() -> ImageData {
    ImageData {
        media_type: "image/png".to_owned(),
        data: "aGk=".to_owned(),
    }
}

/// A conversation with every kind of block, as text with one message a line.
#[test]
fn a_whole_request() {
    let mut request = request(vec![
        Message {
            role: Role::User,
            content: vec![ContentBlock::text("look"), ContentBlock::Image(picture())],
        },
        Message::assistant(vec![
            thinking("hm", Some("c2ln")),
            opaque(
                "anthropic",
                r#"{ "type":"redacted_thinking", "data" : "x\/y" }"#,
            ),
            ContentBlock::Text {
                text: "I say".to_owned(),
                extra: extra(json!({"citations": [{"type": "char_location"}]})),
            },
            ContentBlock::ToolUse(ToolCall {
                extra: extra(json!({"caller": {"type": "direct"}})),
                ..call(r#"{"command" : "ls", "n": 1.50, "n": 2}"#)
            }),
        ]),
        Message {
            role: Role::User,
            content: vec![
                ContentBlock::text("and hurry"),
                ContentBlock::ToolResult(ToolResult {
                    tool_use_id: "toolu_1".to_owned(),
                    content: vec![
                        ToolResultContent::text("a\nb"),
                        ToolResultContent::Image(picture()),
                    ],
                    is_error: false,
                }),
            ],
        },
    ]);
    request.system = Some("You are Loom.".to_owned());
    request.tools = vec![ToolDefinition {
        name: "bash".to_owned(),
        description: "Runs a command.".to_owned(),
        input_schema: json!({"type": "object", "required": ["command"], "properties": {}}),
        access: ToolAccess::Execute,
    }];
    insta::assert_snapshot!(text_of(&request).replace("{\"role\"", "\n{\"role\""));
}

#[test]
fn the_limit_of_the_request_outweighs_the_default() {
    let mut request = request(vec![Message::user("x")]);
    request.max_tokens = Some(7);
    request.system = Some(" \n".to_owned());
    let whole = String::from_utf8(body(&request, 1000, Delivery::Whole)).unwrap();
    assert_eq!(
        whole,
        r#"{"model":"claude-x","max_tokens":7,"stream":false,"cache_control":{"type":"ephemeral"},"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}]}"#
    );
}

#[test]
fn an_effort_goes_out_to_the_models_that_take_one() {
    let mut request = request(vec![Message::user("x")]);
    request.effort = Some(Effort::Medium);
    request.model = "claude-sonnet-5-5".to_owned();
    insta::assert_snapshot!(text_of(&request), @r#"{"model":"claude-sonnet-5-5","max_tokens":1000,"stream":true,"output_config":{"effort":"medium"},"cache_control":{"type":"ephemeral"},"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}]}"#);

    let mut effort_for = |model: &str| {
        request.model = model.to_owned();
        let body: Value = serde_json::from_str(&text_of(&request)).unwrap();
        body["output_config"]["effort"].as_str().map(str::to_owned)
    };
    for model in [
        "claude-opus-4-5-20251101",
        "claude-opus-4-6",
        "claude-sonnet-4-6",
        "claude-haiku-5-5",
        "claude-opus-5-5",
        "claude-fable-5-1",
        "anthropic/claude-sonnet-5",
    ] {
        assert_eq!(effort_for(model).as_deref(), Some("medium"), "{model}");
    }
    for model in [
        "claude-3-7-sonnet-20250219",
        "claude-haiku-4-5-20251001",
        "claude-sonnet-4-5",
        "claude-sonnet-4@20250514",
        "claude-opus-4-1-20250805",
        "claude-opus-4-20250514",
        "anthropic/claude-haiku-4-5",
        "glm-5",
    ] {
        assert_eq!(effort_for(model), None, "{model}");
    }
}

#[test]
fn arguments_go_out_as_the_model_wrote_them_when_they_are_an_object() {
    let cases = [
        (r#"{"b":1,"a":[1.0e3]}"#, r#"{"b":1,"a":[1.0e3]}"#),
        (" { } ", "{ }"),
        ("", "{}"),
        ("{\"cut\":", "{}"),
        ("[1]", "{}"),
        ("null", "{}"),
        ("{} {}", "{}"),
    ];
    for (arguments, input) in cases {
        assert_eq!(
            message_of(
                Role::Assistant,
                vec![ContentBlock::ToolUse(call(arguments))]
            ),
            format!(
                r#"{{"role":"assistant","content":[{{"type":"tool_use","id":"toolu_1","name":"bash","input":{input}}}]}}"#
            ),
            "for {arguments:?}"
        );
    }
}

#[test]
fn what_the_provider_would_refuse_is_left_out() {
    let content = vec![
        ContentBlock::text(" \n"),
        thinking("of another provider", None),
        thinking("", Some("")),
        opaque("openai", r#"{"type":"x"}"#),
        opaque("anthropic", "{broken"),
        ContentBlock::text("left"),
    ];
    assert_eq!(
        message_of(Role::Assistant, content),
        r#"{"role":"assistant","content":[{"type":"text","text":"left"}]}"#
    );
}

#[test]
fn a_message_with_nothing_left_keeps_its_place() {
    for content in [vec![], vec![thinking("x", None)]] {
        assert_eq!(
            message_of(Role::Assistant, content),
            r#"{"role":"assistant","content":[{"type":"text","text":"(no content)"}]}"#
        );
    }
}

#[test]
fn results_stand_first_in_their_order() {
    let result = |id: &str| {
        ContentBlock::ToolResult(ToolResult {
            tool_use_id: id.to_owned(),
            content: Vec::new(),
            is_error: false,
        })
    };
    let content = vec![
        ContentBlock::text("1"),
        result("b"),
        ContentBlock::text("2"),
        result("a"),
    ];
    assert_eq!(
        message_of(Role::User, content),
        r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"b"},{"type":"tool_result","tool_use_id":"a"},{"type":"text","text":"1"},{"type":"text","text":"2"}]}"#
    );
}

#[test]
fn an_error_says_something_and_a_success_need_not() {
    let result = |is_error| {
        vec![ContentBlock::ToolResult(ToolResult {
            tool_use_id: "a".to_owned(),
            content: vec![ToolResultContent::text("\n")],
            is_error,
        })]
    };
    assert_eq!(
        message_of(Role::User, result(false)),
        r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"a"}]}"#
    );
    assert_eq!(
        message_of(Role::User, result(true)),
        r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":"(no content)"}],"is_error":true}]}"#
    );
}

#[test]
fn a_failed_result_says_where_a_picture_was() {
    let failed = ToolResult {
        tool_use_id: "a".to_owned(),
        content: vec![
            ToolResultContent::text("no such page"),
            ToolResultContent::Image(picture()),
        ],
        is_error: true,
    };
    assert_eq!(
        message_of(Role::User, vec![ContentBlock::ToolResult(failed)]),
        concat!(
            r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":["#,
            r#"{"type":"text","text":"no such page"},"#,
            r#"{"type":"text","text":"(a picture, left out because the tool failed)"}"#,
            r#"],"is_error":true}]}"#
        )
    );
}

#[test]
fn ids_and_names_of_other_providers_are_made_to_fit_on_both_sides() {
    let call = ToolCall {
        id: "functions.bash:0".to_owned(),
        name: "functions.bash".to_owned(),
        extra: extra(json!({"openai": {"extra_content": 1}, "id": "no", "input": 1})),
        ..call("{}")
    };
    let result = ToolResult {
        tool_use_id: call.id.clone(),
        content: Vec::new(),
        is_error: false,
    };
    let request = request(vec![
        Message::assistant(vec![ContentBlock::ToolUse(call)]),
        Message::tool_results([result]),
    ]);
    assert_eq!(
        messages_of(&request),
        concat!(
            r#"{"role":"assistant","content":[{"type":"tool_use","id":"functions_bash_0","name":"functions_bash","input":{}}]},"#,
            r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"functions_bash_0"}]}"#
        )
    );
}

fn any_block() -> impl Strategy<Value = ContentBlock> {
    prop_oneof![
        any::<String>().prop_map(ContentBlock::text),
        Just(ContentBlock::Image(picture())),
        (any::<String>(), any::<Option<String>>())
            .prop_map(|(text, signature)| thinking(&text, signature.as_deref())),
        (any::<String>(), any::<String>(), any::<String>()).prop_map(|(id, name, arguments)| {
            ContentBlock::ToolUse(ToolCall {
                id,
                name,
                arguments,
                extra: Extra::default(),
            })
        }),
        (any::<String>(), any::<String>(), any::<bool>()).prop_map(|(id, text, is_error)| {
            ContentBlock::ToolResult(ToolResult {
                tool_use_id: id,
                content: vec![ToolResultContent::text(text)],
                is_error,
            })
        }),
        ("anthropic|other", any::<String>())
            .prop_map(|(provider, text)| opaque(&provider, &json!({"type": text}).to_string())),
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
        let mut before = text_of(&request).strip_suffix("]}").unwrap().to_owned();
        for message in messages {
            request.messages.push(Arc::new(message));
            let text = text_of(&request);
            prop_assert!(serde_json::from_str::<Value>(&text).is_ok(), "{}", text);
            prop_assert!(text.starts_with(&before), "{} after {}", text, before);
            before = text.strip_suffix("]}").unwrap().to_owned();
        }
    }

    /// No message is empty, so the two sides alternate as they did.
    #[test]
    fn every_message_keeps_its_place_and_has_content(
        messages in prop::collection::vec(any_message(), 0..8),
    ) {
        let roles: Vec<_> = messages.iter().map(|message| json!(message.role)).collect();
        let body: Value = serde_json::from_str(&text_of(&request(messages))).unwrap();
        let wire = body["messages"].as_array().unwrap();
        let wire_roles: Vec<_> = wire.iter().map(|message| message["role"].clone()).collect();
        prop_assert_eq!(wire_roles, roles);
        for message in wire {
            prop_assert!(!message["content"].as_array().unwrap().is_empty());
        }
    }
}
