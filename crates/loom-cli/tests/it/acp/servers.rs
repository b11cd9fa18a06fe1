//! Servers of tools that the editor hands over.

use std::path::PathBuf;

use agent_client_protocol::v1::schema::{
    EnvVariable, McpServer, McpServerStdio, NewSessionRequest, SessionUpdate, StopReason,
};
use loom_testing::Reply;
use serde_json::json;

use super::editor::Editor;
use crate::scenarios::{Scene, done};

const SERVER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../loom-cli-mcp/tests/servers/fake.mjs"
);

pub(super) fn node() -> PathBuf {
    let path = std::env::vars_os().find(|(name, _)| name == "PATH");
    std::env::split_paths(&path.unwrap().1)
        .map(|folder| folder.join("node"))
        .find(|program| program.exists())
        .expect("node is installed")
}

#[tokio::test]
async fn a_server_of_the_editors_serves_its_session_alone() {
    let scene = Scene::new([]).await;
    let editor = Editor::start(&scene.user, &["--permission-mode", "full"]).await;
    let server = McpServerStdio::new("notes", node())
        .args(vec![SERVER.to_owned(), "resources".to_owned()])
        .env(vec![EnvVariable::new("LITERAL", "${NOT_SET}")]);
    let request =
        NewSessionRequest::new(scene.user.work()).mcp_servers(vec![McpServer::Stdio(server)]);
    let session = editor.request(request).await.unwrap().session_id;
    scene.then([
        Reply::tool_call("mcp__notes__ask", json!({"params": {"message": "x"}})),
        done(),
    ]);
    // The server is there by the time at which its tool is called.
    assert_eq!(
        editor.say(&session, "use the notes").await,
        StopReason::EndTurn
    );
    let calls = editor.calls(&session);
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert!(calls[0].title.starts_with("notes: ask"), "{calls:?}");
    let told = scene.told();
    assert!(!told[0].contains("no tool"), "{told:?}");
    let running = |user: &loom_testing::CommandLine| {
        user.processes()
            .iter()
            .filter(|process| process.contains("fake.mjs"))
            .count()
    };
    assert_eq!(running(&scene.user), 1);
    let other = editor.open(scene.user.work()).await.session_id;
    assert_ne!(other, session);
    assert_eq!(running(&scene.user), 1);
    assert_eq!(editor.end().await, Some(0));
    assert_eq!(running(&scene.user), 0);
    scene.end();
}

#[tokio::test]
async fn a_server_that_does_not_start_costs_its_tools_and_no_session() {
    let scene = Scene::new([done()]).await;
    let editor = Editor::start(&scene.user, &[]).await;
    let server = McpServerStdio::new("broken", "/no/such/program");
    let request =
        NewSessionRequest::new(scene.user.work()).mcp_servers(vec![McpServer::Stdio(server)]);
    let session = editor.request(request).await.unwrap().session_id;
    assert_eq!(editor.say(&session, "go").await, StopReason::EndTurn);
    editor.say(&session, "/mcp").await;
    assert!(
        editor.said(&session).contains("broken"),
        "{}",
        editor.said(&session)
    );
    let has_commands = editor
        .updates(&session)
        .iter()
        .any(|update| matches!(update, SessionUpdate::AvailableCommandsUpdate(_)));
    assert!(has_commands);
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}
