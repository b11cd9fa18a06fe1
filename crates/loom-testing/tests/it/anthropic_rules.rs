//! One test for each rule of a Messages request: a good conversation with one thing wrong.

use loom_testing::{FakeModel, Reply};
use serde_json::{Value, json};

use crate::client::{anthropic, http, send};

/// A conversation that keeps every rule.
fn conversation() -> Value {
    json!({
        "model": "claude-test",
        "max_tokens": 1000,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "cache_control": {"type": "ephemeral", "ttl": "5m"},
        "tools": [
            {"name": "bash", "description": "Runs a command.", "input_schema": {"type": "object"}},
            {"name": "read_file", "input_schema": {"type": "object"}},
            {"type": "web_search_20250305", "name": "web_search"},
        ],
        "tool_choice": {"type": "tool", "name": "bash"},
        "messages": [
            {"role": "user", "content": "List the files"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "", "signature": "c2ln"},
                {"type": "redacted_thinking", "data": "AAAA"},
                {"type": "text", "text": "Both ways."},
                {"type": "tool_use", "id": "toolu_1", "name": "bash", "input": {"command": "ls"}},
                {"type": "tool_use", "id": "toolu_2", "name": "read_file", "input": {}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_2", "content": "", "is_error": true},
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "a.rs"}]},
                {"type": "text", "text": "Go on."},
            ]},
            {"role": "assistant", "content": "Done."},
            {"role": "user", "content": [
                {"type": "text", "text": "And this?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
            ]},
        ],
    })
}

#[tokio::test]
async fn a_good_conversation_is_answered() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hi"));
    assert_eq!(send(anthropic(&model, &conversation())).await.status, 200);
    model.verify();
}

/// Asserts that the conversation with this change is refused in the vendor's shape, and for this
/// reason only.
async fn refuses(change: fn(&mut Value), reason: &str) {
    let mut body = conversation();
    change(&mut body);
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hi"));
    let answer = send(anthropic(&model, &body)).await;
    assert_eq!(model.take_violations(), [format!("request 1: {reason}")]);
    let error = json!({"type": "error", "error": {"type": "invalid_request_error", "message": reason}, "request_id": "req_fake"});
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
    max_tokens_is_required: |body| remove(body, "/max_tokens") => "max_tokens is missing or not a positive integer";
    messages_are_required: |body| remove(body, "/messages") => "messages is missing or empty";
    an_unknown_field_is_refused: |body| body["max_completion_tokens"] = json!(5) => "the request has the unknown field \"max_completion_tokens\"";
    stream_is_a_boolean: |body| body["stream"] = json!("true") => "stream is not a boolean";
    cache_control_has_a_known_lifetime: |body| set(body, "/cache_control/ttl", json!("2h")) => "cache_control is not of the type ephemeral with a ttl of 5m or 1h";
    the_system_text_is_not_empty: |body| set(body, "/system/0/text", json!("")) => "system[0].text is empty text";
    an_effort_is_a_known_one: |body| body["output_config"] = json!({"effort": "huge"}) => "output_config.effort is \"huge\"";
    an_older_model_takes_no_effort: |body| {
        set(body, "/model", json!("claude-haiku-4-5-20251001"));
        body["output_config"] = json!({"effort": "low"});
    } => "output_config.effort for \"claude-haiku-4-5-20251001\", which does not support it";
    a_tool_name_has_plain_characters: |body| set(body, "/tools/2/name", json!("web search")) => "tools[2].name is \"web search\", not 1 to 64 letters, digits, '_' and '-'";
    a_tool_is_declared_once: |body| set(body, "/tools/2/name", json!("bash")) => "tools[2].name: the tool \"bash\" is declared twice";
    a_tool_has_an_input_schema: |body| remove(body, "/tools/1/input_schema") => "tools[1].input_schema is not the schema of an object";
    a_tool_has_no_field_of_another_vendor: |body| set(body, "/tools/1", json!({"name": "read_file", "input_schema": {"type": "object"}, "parameters": {}})) => "tools[1] has the unknown field \"parameters\"";
    tool_choice_names_a_declared_tool: |body| set(body, "/tool_choice/name", json!("grep")) => "tool_choice names \"grep\", not a tool";
    the_first_message_is_the_users: |body| remove(body, "/messages/0") => "the first message is not the user's";
    the_last_message_is_not_the_assistants: |body| remove(body, "/messages/4") => "the last message is the assistant's";
    a_role_is_user_or_assistant: |body| set(body, "/messages/3/role", json!("system")) => "messages[3].role is \"system\", not user or assistant";
    a_message_has_no_other_field: |body| body["messages"][3]["id"] = json!("msg_1") => "messages[3] has the unknown field \"id\"";
    content_is_not_an_empty_list: |body| set(body, "/messages/4/content", json!([])) => "messages[4].content is empty";
    content_is_not_an_empty_string: |body| set(body, "/messages/3/content", json!("")) => "messages[3].content is empty text";
    a_text_block_is_not_empty: |body| set(body, "/messages/1/content/2/text", json!(" \n")) => "messages[1].content[2].text is empty text";
    a_block_has_a_known_type: |body| set(body, "/messages/1/content/2", json!({"type": "novelty"})) => "messages[1].content[2] has the unknown type \"novelty\"";
    a_block_stands_in_a_message_of_its_role: |body| set(body, "/messages/4/content/0", json!({"type": "thinking", "thinking": "", "signature": "c2ln"})) => "messages[4].content[0]: thinking in a message of the user";
    thinking_has_its_signature: |body| remove(body, "/messages/1/content/0/signature") => "messages[1].content[0]: thinking without its text or its signature";
    redacted_thinking_has_its_data: |body| remove(body, "/messages/1/content/1/data") => "messages[1].content[1].data is not a string";
    tool_input_is_an_object: |body| set(body, "/messages/1/content/3/input", json!("{}")) => "messages[1].content[3].input is not an object";
    a_called_tool_is_declared: |body| set(body, "/messages/1/content/3/name", json!("grep")) => "messages[1].content[3] uses the tool \"grep\", which is not declared in tools";
    a_call_has_an_id_of_plain_characters: |body| {
        set(body, "/messages/1/content/3/id", json!("a b"));
        set(body, "/messages/2/content/1/tool_use_id", json!("a b"));
    } => "messages[1].content[3].id is \"a b\", not letters, digits, '_' and '-'";
    a_call_has_an_id_of_its_own: |body| {
        body["messages"].as_array_mut().unwrap().extend([
            json!({"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "bash", "input": {}}]}),
            json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1"}]}),
        ]);
    } => "messages[5]: the tool_use id \"toolu_1\" is used twice";
    every_call_is_answered: |body| remove(body, "/messages/2/content/0") => "messages[2]: the tool_use \"toolu_2\" of the message before has no tool_result";
    a_call_is_answered_in_the_next_message: |body| {
        let late = body["messages"][2]["content"].as_array_mut().unwrap().remove(0);
        body["messages"][4]["content"].as_array_mut().unwrap().insert(0, late);
        // Both sides of the gap are told, so that it is plain what was misplaced.
        body["messages"][2]["content"].as_array_mut().unwrap().insert(0, json!({"type": "tool_result", "tool_use_id": "toolu_2"}));
    } => "messages[4]: the tool_result \"toolu_2\" has no tool_use in the message before";
    a_result_has_its_call: |body| set(body, "/messages/4/content/0", json!({"type": "tool_result", "tool_use_id": "toolu_9"})) => "messages[4]: the tool_result \"toolu_9\" has no tool_use in the message before";
    a_call_is_answered_once: |body| {
        body["messages"][2]["content"].as_array_mut().unwrap().insert(0, json!({"type": "tool_result", "tool_use_id": "toolu_1"}));
    } => "messages[2]: a second tool_result for \"toolu_1\"";
    results_come_before_other_content: |body| body["messages"][2]["content"].as_array_mut().unwrap().rotate_right(1) => "messages[2]: a tool_result stands after other content";
    the_text_of_a_result_is_not_an_empty_block: |body| set(body, "/messages/2/content/1/content/0/text", json!("")) => "messages[2].content[1].content[0].text is empty text";
    a_result_marks_its_failure_with_a_boolean: |body| set(body, "/messages/2/content/0/is_error", json!("yes")) => "messages[2].content[0].is_error is not a boolean";
    a_failed_result_holds_only_text: |body| {
        let image = body["messages"][4]["content"][1].clone();
        set(body, "/messages/2/content/0/content", json!([{"type": "text", "text": "no"}, image]));
    } => "messages[2].content[0].content[1] is \"image\" in a failed result";
    an_image_is_base64: |body| set(body, "/messages/4/content/1/source/data", json!("aGk")) => "messages[4].content[1].source.data is not base64";
    an_image_has_a_known_media_type: |body| set(body, "/messages/4/content/1/source/media_type", json!("image/tiff")) => "messages[4].content[1].source.media_type is \"image/tiff\"";
}

#[tokio::test]
async fn a_conversation_does_not_end_with_an_open_call() {
    let model = FakeModel::start().await;
    let mut body = conversation();
    body["messages"].as_array_mut().unwrap().truncate(2);
    send(anthropic(&model, &body)).await;
    assert_eq!(
        model.take_violations(),
        [
            "request 1: the last message is the assistant's",
            "request 1: messages[1]: the tool_use \"toolu_1\" has no tool_result",
            "request 1: messages[1]: the tool_use \"toolu_2\" has no tool_result",
        ]
    );
}

#[tokio::test]
async fn a_wrong_key_is_refused_with_401() {
    let model = FakeModel::start().await;
    let request = anthropic(&model, &conversation()).header("x-api-key", "other");
    model.expect_api_key("secret");
    let answer = send(request).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["type"].as_str()),
        (401, Some("authentication_error"))
    );
    assert_eq!(
        model.take_violations(),
        ["request 1: the key is \"test-key\", not \"secret\""]
    );
}

#[tokio::test]
async fn the_version_header_is_required() {
    let model = FakeModel::start().await;
    let request = http()
        .post(format!("{}/v1/messages", model.url()))
        .header("x-api-key", "test-key");
    assert_eq!(send(request.json(&conversation())).await.status, 400);
    assert_eq!(
        model.take_violations(),
        ["request 1: anthropic-version is \"\", not \"2023-06-01\""]
    );
}

#[tokio::test]
async fn the_content_type_is_json() {
    let model = FakeModel::start().await;
    let request = anthropic(&model, &conversation())
        .header("content-type", "text/plain")
        .build()
        .unwrap();
    let mut request = request;
    request
        .headers_mut()
        .insert("content-type", "text/plain".parse().unwrap());
    http().execute(request).await.unwrap();
    assert_eq!(
        model.take_violations(),
        ["request 1: content-type is \"text/plain\", not application/json"]
    );
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let model = FakeModel::start().await;
    let answer = send(anthropic(&model, &Value::Null).body("{\"model\":")).await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        model.take_violations(),
        ["request 1: the body is not a JSON object"]
    );
}

#[tokio::test]
async fn an_unknown_path_is_refused() {
    let model = FakeModel::start().await;
    let answer = send(http().post(format!("{}/v1/v1/messages", model.url()))).await;
    assert_eq!(answer.status, 404);
    assert_eq!(
        model.take_violations(),
        ["request 0: no model API has the path /v1/v1/messages"]
    );
}

#[test]
fn dropping_the_model_fails_a_test_whose_client_broke_a_rule() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let outcome = std::panic::catch_unwind(|| {
        runtime.block_on(async {
            let model = FakeModel::start().await;
            send(anthropic(&model, &json!({}))).await;
        });
    });
    let panic = outcome.unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(
        message.contains("\n- request 1: model is missing"),
        "{message}"
    );
    assert!(
        message.contains("\n- request 1: messages is missing or empty"),
        "{message}"
    );
}
