//! Editors that die or talk nonsense, and what else goes wrong.

use std::io::{BufRead as _, Write as _};
use std::process::Stdio;

use agent_client_protocol::v1::schema::{
    ListSessionsRequest, LoadSessionRequest, NewSessionRequest, SessionUpdate, StopReason,
};
use loom_testing::{CommandLine, Gate, Reply};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::editor::{Editor, text};
use crate::scenarios::{Scene, bash, done};

#[tokio::test]
async fn an_editor_that_dies_in_the_middle_leaves_a_thread_and_no_process() {
    let scene = Scene::new([bash("echo begun; sleep 1000 & wait")]).await;
    let editor = Editor::start(&scene.user, &["--permission-mode", "full"]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let turn = editor.begin(&session, vec![text("wait")]);
    editor
        .until(&session, "its output", |update| match update {
            SessionUpdate::ToolCallUpdate(update) => format!("{:?}", update.fields.content)
                .contains("begun")
                .then_some(()),
            _ => None,
        })
        .await;
    assert_eq!(editor.end().await, Some(0));
    drop(turn);
    let left = scene.user.processes();
    assert!(
        !left.iter().any(|process| process.contains("sleep")),
        "{left:?}"
    );

    let editor = Editor::start(&scene.user, &[]).await;
    let load = LoadSessionRequest::new(session.clone(), scene.user.work());
    editor.request(load).await.unwrap();
    assert_eq!(editor.calls(&session).len(), 1);
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn a_request_to_end_ends_sessions_in_good_order() {
    let gate = Gate::new();
    let scene = Scene::new([Reply::text("slow").gate_after(0, &gate)]).await;
    let editor = Editor::start(&scene.user, &[]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let _turn = editor.begin(&session, vec![text("hello")]);
    gate.reached().await;
    let pid = i32::try_from(editor.pid())
        .ok()
        .and_then(Pid::from_raw)
        .unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(editor.exited().await, Some(0));

    let editor = Editor::start(&scene.user, &[]).await;
    let list = editor.request(ListSessionsRequest::new()).await.unwrap();
    assert_eq!(list.sessions[0].session_id, session);
    assert_eq!(editor.end().await, Some(0));
}

#[tokio::test]
async fn nonsense_is_answered_and_the_connection_goes_on() {
    let scene = Scene::new([done()]).await;
    let editor = Editor::start(&scene.user, &[]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    editor.write(b"this is not json\n").await;
    editor.write(b"\"\xff\xfe\"\n").await;
    editor.write(b"[1,2]\n\n").await;
    editor
        .write(b"{\"jsonrpc\":\"2.0\",\"id\":901,\"method\":\"no/such\",\"params\":{}}\n")
        .await;
    editor
        .write(b"{\"jsonrpc\":\"2.0\",\"id\":902,\"method\":\"session/prompt\",\"params\":{\"x\":1}}\n")
        .await;
    editor
        .write(b"{\"jsonrpc\":\"2.0\",\"method\":\"no/such/notification\"}\n")
        .await;
    let error = |reason: &'static str| {
        move |line: &Value| line["error"]["data"]["reason"].as_str() == Some(reason)
    };
    editor.line(error("the line is not JSON")).await;
    editor.line(error("the line is not UTF-8")).await;
    let unknown = editor.line(|line| line["id"] == 901).await;
    assert_eq!(unknown["error"]["code"], -32601);
    let invalid = editor.line(|line| line["id"] == 902).await;
    assert_eq!(invalid["error"]["code"], -32602);
    assert_eq!(
        editor.say(&session, "still there?").await,
        StopReason::EndTurn
    );
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn a_line_that_is_too_long_is_passed_over() {
    let scene = Scene::new([done()]).await;
    let editor = Editor::start(&scene.user, &[]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..65 {
        editor.write(&piece).await;
    }
    editor.write(b"\n").await;
    editor
        .line(|line| {
            let reason = line["error"]["data"]["reason"].as_str();
            reason.is_some_and(|reason| reason.contains("longer than"))
        })
        .await;
    assert_eq!(
        editor.say(&session, "still there?").await,
        StopReason::EndTurn
    );
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn sessions_that_are_not_there_are_told() {
    let scene = Scene::new([]).await;
    let editor = Editor::start(&scene.user, &[]).await;
    let error = editor
        .begin(&"T-none".into(), vec![text("hello")])
        .await
        .unwrap_err();
    assert_eq!(error.code.value(), -32002, "{error:?}");
    let load = LoadSessionRequest::new("T-none", scene.user.work());
    let error = editor.request(load).await.unwrap_err();
    assert!(
        error.message.contains("there is no thread T-none"),
        "{error:?}"
    );
    assert!(error.message.contains("hint:"), "{error:?}");
    let error = editor
        .request(NewSessionRequest::new("/no/such/folder"))
        .await
        .unwrap_err();
    assert!(error.message.contains("/no/such/folder"), "{error:?}");
    let error = editor
        .request(NewSessionRequest::new("relative"))
        .await
        .unwrap_err();
    assert!(error.message.contains("absolute"), "{error:?}");
    let list = ListSessionsRequest::new().cursor("nonsense");
    assert!(editor.request(list).await.is_err());
    assert_eq!(editor.end().await, Some(0));
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_told_with_what_to_do() {
    let mut user = CommandLine::new();
    user.set_env("LOOM_SERVER_URL", "http://127.0.0.1:1");
    user.set_env("LOOM_TOKEN", "none");
    let editor = Editor::start(&user, &["--model", "m", "--provider", "anthropic"]).await;
    let opened = editor.request(NewSessionRequest::new(user.work())).await;
    let error = match opened {
        Err(error) => error,
        Ok(opened) => editor
            .begin(&opened.session_id, vec![text("hello")])
            .await
            .unwrap_err(),
    };
    assert!(error.message.contains("127.0.0.1:1"), "{error:?}");
    assert!(error.message.contains("hint:"), "{error:?}");
    assert_eq!(editor.end().await, Some(0));
}

#[tokio::test]
async fn a_model_that_fails_is_an_error_of_the_prompt_and_the_session_goes_on() {
    let scene = Scene::new([Reply::status(401), done()]).await;
    let editor = Editor::start(&scene.user, &[]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let error = editor
        .begin(&session, vec![text("hello")])
        .await
        .unwrap_err();
    let data = error.data.clone().unwrap_or_default();
    assert_eq!(data["code"], "key_refused", "{error:?}");
    assert!(error.message.contains("hint:"), "{error:?}");
    assert_eq!(editor.say(&session, "again").await, StopReason::EndTurn);
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_that_does_not_read_stops_its_session_and_nothing_else() {
    let many: String = "0123456789".repeat(40_000);
    let scene = Scene::new([Reply::text(many).delta_chars(1000)]).await;
    let mut command = scene.user.loom(["acp"]).into_command();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut send = |value: Value| writeln!(input, "{value}").unwrap();
    let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut answer = |id: u64| loop {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let value: Value = serde_json::from_str(&line).unwrap();
        if value["id"] == id {
            return value["result"].clone();
        }
    };
    send(json!({"jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": 1, "clientCapabilities": {}}}));
    answer(1);
    send(json!({"jsonrpc": "2.0", "id": 2, "method": "session/new",
        "params": {"cwd": scene.user.work(), "mcpServers": []}}));
    let session = answer(2)["sessionId"].clone();
    send(
        json!({"jsonrpc": "2.0", "id": 3, "method": "session/prompt",
        "params": {"sessionId": session, "prompt": [{"type": "text", "text": "talk"}]}}),
    );
    crate::events::wait_until("the model was asked", || {
        scene.model.remaining_replies() == 0
    });
    // Nobody reads, and then the editor is gone.
    drop(input);
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap());
    let status = super::editor::within("the end", status).await.unwrap();
    drop(output);
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn an_editor_that_closes_its_end_of_the_output_is_gone() {
    let scene = Scene::new([]).await;
    let mut command = scene.user.loom(["acp"]).into_command();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut input = child.stdin.take().unwrap();
    let greeting = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": 1, "clientCapabilities": {}}});
    writeln!(input, "{greeting}").unwrap();
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap());
    let status = super::editor::within("the end", status).await.unwrap();
    assert_eq!(status.code(), Some(0));
}
