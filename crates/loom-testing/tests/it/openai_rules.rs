//! One test for each rule of a Chat Completions request: a good conversation with one thing wrong.

use loom_testing::{FakeModel, Reply};
use serde_json::{Value, json};

use crate::client::{openai, send};

/// A conversation that keeps every rule.
fn conversation() -> Value {
    json!({
        "model": "gpt-test",
        "max_completion_tokens": 1000,
        "stream": true,
        "stream_options": {"include_usage": true},
        "parallel_tool_calls": true,
        "tool_choice": {"type": "function", "function": {"name": "bash"}},
        "tools": [
            {"type": "function", "function": {"name": "bash", "parameters": {"type": "object"}, "strict": false}},
            {"type": "function", "function": {"name": "read_file", "description": "Reads."}},
        ],
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "List the files"},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "bash", "arguments": "{\"command\":\"ls\"}"}},
                {"id": "call_2", "type": "function", "function": {"name": "read_file", "arguments": "{"}},
            ]},
            {"role": "tool", "tool_call_id": "call_2", "content": ""},
            {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "a.rs"}]},
            {"role": "assistant", "content": "Done."},
            {"role": "user", "content": [
                {"type": "text", "text": "And this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
            ]},
        ],
    })
}

#[tokio::test]
async fn a_good_conversation_is_answered() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hi"));
    assert_eq!(send(openai(&model, &conversation())).await.status, 200);
    model.verify();
}

#[tokio::test]
async fn a_model_that_reasons_takes_tools_without_reasoning_and_reasoning_without_tools() {
    let with_tools = json!({"reasoning_effort": "none", "tools": conversation()["tools"]});
    for fields in [with_tools, json!({"reasoning_effort": "low"}), json!({})] {
        let mut body = fields;
        body["model"] = json!("gpt-5.5");
        body["messages"] = json!([{"role": "user", "content": "Hi"}]);
        let model = FakeModel::start().await;
        model.reply(Reply::text("Hi"));
        assert_eq!(send(openai(&model, &body)).await.status, 200, "{body}");
        model.verify();
    }
}

/// Asserts that the conversation with this change is refused in the vendor's shape, and for this
/// reason only.
async fn refuses(change: fn(&mut Value), reason: &str) {
    let mut body = conversation();
    change(&mut body);
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hi"));
    let answer = send(openai(&model, &body)).await;
    assert_eq!(model.take_violations(), [format!("request 1: {reason}")]);
    let error = json!({"error": {"message": reason, "type": "invalid_request_error", "param": null, "code": null}});
    assert_eq!((answer.status, answer.json()), (400, error));
    assert_eq!(model.remaining_replies(), 1);
}

fn remove(body: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match body.pointer_mut(parent).unwrap() {
        Value::Object(object) => drop(object.shift_remove(name).unwrap()),
        Value::Array(array) => drop(array.remove(name.parse().unwrap())),
        _ => unreachable!("the parent is a container"),
    }
}

fn set(body: &mut Value, pointer: &str, value: Value) {
    *body.pointer_mut(pointer).unwrap() = value;
}

macro_rules! rules {
    ($($name:ident: $change:expr => $reason:expr;)*) => {
        $(#[tokio::test]
        async fn $name() {
            refuses($change, $reason).await;
        })*
    };
}

rules! {
    model_is_required: |body| remove(body, "/model") => "model is missing";
    messages_are_required: |body| remove(body, "/messages") => "messages is missing or empty";
    a_token_limit_is_a_positive_integer: |body| set(body, "/max_completion_tokens", json!(0)) => "max_completion_tokens is not a positive integer";
    an_unknown_field_is_refused: |body| body["system"] = json!("Be brief.") => "the request has the unknown field \"system\"";
    stream_is_a_boolean: |body| {
        remove(body, "/stream_options");
        set(body, "/stream", json!(1));
    } => "stream is not a boolean";
    stream_options_need_a_stream: |body| remove(body, "/stream") => "stream_options without stream";
    a_tool_name_has_plain_characters: |body| body["tools"].as_array_mut().unwrap().push(json!({"type": "function", "function": {"name": "a.b"}})) => "tools[2].function.name is \"a.b\", not 1 to 64 letters, digits, '_' and '-'";
    a_tool_is_declared_once: |body| body["tools"].as_array_mut().unwrap().push(json!({"type": "function", "function": {"name": "bash"}})) => "tools[2].function.name: the tool \"bash\" is declared twice";
    a_tool_is_a_function: |body| remove(body, "/tools/1/type") => "tools[1].type is not \"function\"";
    a_tool_has_no_field_of_another_vendor: |body| body["tools"][1]["function"]["input_schema"] = json!({}) => "tools[1].function has the unknown field \"input_schema\"";
    parameters_are_the_schema_of_an_object: |body| set(body, "/tools/0/function/parameters", json!({"type": "string"})) => "tools[0].function.parameters is not the schema of an object";
    tool_choice_names_a_declared_tool: |body| set(body, "/tool_choice/function/name", json!("grep")) => "tool_choice names \"grep\", not a tool";
    tools_are_not_for_a_model_that_reasons: |body| set(body, "/model", json!("gpt-5.5")) => "tools without reasoning_effort \"none\" for \"gpt-5.5\"";
    tools_exclude_every_effort_to_reason: |body| {
        set(body, "/model", json!("gpt-5.5"));
        body["reasoning_effort"] = json!("low");
    } => "tools without reasoning_effort \"none\" for \"gpt-5.5\"";
    an_effort_is_a_known_one: |body| body["reasoning_effort"] = json!("huge") => "reasoning_effort is \"huge\"";
    a_model_that_does_not_reason_takes_no_effort: |body| {
        set(body, "/model", json!("gpt-4.1"));
        body["reasoning_effort"] = json!("low");
    } => "reasoning_effort for \"gpt-4.1\", which does not reason";
    the_first_message_is_the_users: |body| remove(body, "/messages/1") => "the first message after the system's is not the user's";
    a_role_is_known: |body| set(body, "/messages/6/role", json!("human")) => "messages[6].role is \"human\"";
    a_message_has_no_other_field: |body| body["messages"][5]["usage"] = json!({}) => "messages[5] has the unknown field \"usage\"";
    the_users_content_is_not_empty: |body| set(body, "/messages/1/content", json!("")) => "messages[1].content is empty text";
    a_text_part_is_not_empty: |body| set(body, "/messages/6/content/0/text", json!("")) => "messages[6].content[0].text is empty text";
    a_part_has_a_known_type: |body| set(body, "/messages/6/content/0", json!({"type": "image"})) => "messages[6].content[0] has the unknown type \"image\"";
    an_assistant_says_or_calls_something: |body| set(body, "/messages/5/content", Value::Null) => "messages[5].content is not a string";
    a_list_of_calls_is_not_empty: |body| body["messages"][5]["tool_calls"] = json!([]) => "messages[5].tool_calls is no array of calls";
    arguments_are_a_string: |body| set(body, "/messages/2/tool_calls/0/function/arguments", json!({})) => "messages[2].tool_calls[0].function.arguments is not a string";
    a_call_is_a_function: |body| remove(body, "/messages/2/tool_calls/0/type") => "messages[2].tool_calls[0].type is not \"function\"";
    a_call_has_no_index: |body| body["messages"][2]["tool_calls"][0]["index"] = json!(0) => "messages[2].tool_calls[0] has the unknown field \"index\"";
    a_called_tool_is_declared: |body| set(body, "/messages/2/tool_calls/0/function/name", json!("grep")) => "messages[2] calls the tool \"grep\", which is not declared in tools";
    every_call_is_answered: |body| remove(body, "/messages/3") => "messages[4]: the tool call \"call_2\" before it has no result";
    a_result_has_its_call: |body| body["messages"].as_array_mut().unwrap().insert(3, json!({"role": "tool", "tool_call_id": "call_9", "content": "x"})) => "messages[3]: the result \"call_9\" has no tool call before it";
    a_call_is_answered_once: |body| body["messages"].as_array_mut().unwrap().insert(5, json!({"role": "tool", "tool_call_id": "call_1", "content": "x"})) => "messages[5]: a second result for the tool call \"call_1\"";
    an_image_is_base64: |body| set(body, "/messages/6/content/1/image_url/url", json!("data:image/png;base64,a=b=")) => "messages[6].content[1].image_url.url is not base64";
    an_image_is_a_url: |body| set(body, "/messages/6/content/1/image_url/url", json!("a.png")) => "messages[6].content[1].image_url.url is \"a.png\", not a URL";
}

#[tokio::test]
async fn what_concerns_tools_needs_tools() {
    let model = FakeModel::start().await;
    let body = json!({
        "model": "gpt-test",
        "tools": [],
        "tool_choice": "auto",
        "parallel_tool_calls": true,
        "messages": [{"role": "user", "content": "Hi"}],
    });
    send(openai(&model, &body)).await;
    assert_eq!(
        model.take_violations(),
        [
            "request 1: tools is not an array of at least one tool",
            "request 1: tool_choice without tools",
            "request 1: parallel_tool_calls without tools",
        ]
    );
}

#[tokio::test]
async fn a_conversation_does_not_end_with_an_open_call() {
    let model = FakeModel::start().await;
    let mut body = conversation();
    body["messages"].as_array_mut().unwrap().truncate(4);
    send(openai(&model, &body)).await;
    assert_eq!(
        model.take_violations(),
        ["request 1: the end of messages: the tool call \"call_1\" before it has no result"]
    );
}

#[tokio::test]
async fn a_wrong_key_is_refused_with_401() {
    let model = FakeModel::start().await;
    model.expect_api_key("secret");
    let answer = send(openai(&model, &conversation())).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["code"].as_str()),
        (401, Some("invalid_api_key"))
    );
    assert_eq!(
        model.take_violations(),
        ["request 1: the key is \"test-key\", not \"secret\""]
    );
}
