//! The reference servers that the makers of the protocol publish, as processes and over HTTP.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_cli_mcp::{ElicitationHandler, PromptArgument, PromptCommand, ServerState};
use loom_common_core::inquiry::{Answer, Inquiry};
use loom_common_core::{ContentBlock, Message, ToolResultContent, ToolStatus};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::scene::{Scene, Session, within};

/// Returns the start file of a server that `cargo xtask test` installed.
fn installed(package: &str) -> PathBuf {
    let folder = std::env::vars_os()
        .find(|(name, _)| name == "LOOM_TEST_MCP_SERVERS")
        .map_or_else(
            || {
                PathBuf::from(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/../../target/tools/mcp"
                ))
            },
            |(_, folder)| PathBuf::from(folder),
        );
    let file = folder
        .join("node_modules/@modelcontextprotocol")
        .join(package)
        .join("dist/index.js");
    file.canonicalize().unwrap_or_else(|error| {
        panic!(
            "{}: {error}; `cargo xtask test` installs it",
            file.display()
        )
    })
}

fn everything() -> Value {
    json!({"command": "node", "args": [installed("server-everything"), "stdio"]})
}

/// The reference server as a service.
struct Service {
    url: String,
    _process: Child,
}

impl Service {
    async fn start() -> Self {
        loop {
            let port = {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
                listener.local_addr().unwrap().port()
            };
            let mut process = Command::new("node")
                .arg(installed("server-everything"))
                .arg("streamableHttp")
                .env("PORT", port.to_string())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
            while let Some(line) = within(lines.next_line()).await.unwrap() {
                if line.contains("listening on port") {
                    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                    return Self {
                        url: format!("http://127.0.0.1:{port}/mcp"),
                        _process: process,
                    };
                }
            }
            // Somebody else took the port meanwhile.
        }
    }
}

async fn try_tools(session: &Session) {
    let status = session.status("everything");
    assert_eq!(status.state, ServerState::Ready, "{status:?}");
    assert_eq!(
        status.identity.as_deref(),
        Some("mcp-servers/everything 2.0.0")
    );

    let echo = session.call("mcp__everything__echo", json!({"message": "hello"}));
    assert_eq!(echo.await.text(), "Echo: hello");

    let sum = session.call("mcp__everything__get-sum", json!({"a": 2, "b": 40}));
    assert_eq!(sum.await.text(), "The sum of 2 and 40 is 42.");

    let wrong = session
        .call("mcp__everything__get-sum", json!({"a": "two"}))
        .await;
    assert_eq!(wrong.status, ToolStatus::Failed);
    assert!(
        wrong.text().contains("Invalid arguments"),
        "{}",
        wrong.text()
    );

    let image = session
        .call("mcp__everything__get-tiny-image", json!({}))
        .await;
    let ToolResultContent::Image(picture) = &image.content[1] else {
        panic!("{image:?}");
    };
    assert_eq!(picture.media_type, "image/png");

    let (long, progress) = session
        .call_noting_progress(
            "mcp__everything__trigger-long-running-operation",
            json!({"duration": 0.2, "steps": 2}),
        )
        .await;
    assert!(
        long.text().starts_with("Long running operation completed"),
        "{long:?}"
    );
    assert_eq!(progress, "[1/2]\n[2/2]\n");
}

#[tokio::test]
async fn tools_of_a_process_can_be_called() {
    let session = Scene::new()
        .settled(&json!({"everything": everything()}))
        .await;
    try_tools(&session).await;
    session.shutdown().await;
}

#[tokio::test]
async fn tools_of_a_service_can_be_called() {
    let service = Service::start().await;
    let servers = json!({"everything": {"type": "http", "url": service.url}});
    let session = Scene::new().settled(&servers).await;
    try_tools(&session).await;
    session.shutdown().await;
}

#[tokio::test]
async fn structured_content_is_shown_once_and_links_are_described() {
    let session = Scene::new()
        .settled(&json!({"everything": everything()}))
        .await;
    let weather = session
        .call(
            "mcp__everything__get-structured-content",
            json!({"location": "Chicago"}),
        )
        .await;
    assert_eq!(weather.content.len(), 1, "{weather:?}");

    let links = session
        .call("mcp__everything__get-resource-links", json!({"count": 1}))
        .await;
    assert_eq!(
        links.text(),
        "Here are 1 resource links to resources available in this server:\n\
         [resource demo://resource/dynamic/blob/1 \"Blob Resource 1\" (text/plain): Resource 1: \
         plaintext resource; read_mcp_resource reads it]"
    );

    let embedded = session
        .call(
            "mcp__everything__get-resource-reference",
            json!({"resourceType": "Text", "resourceId": 1}),
        )
        .await;
    assert!(
        embedded
            .text()
            .contains("[resource demo://resource/dynamic/text/1]\nResource 1: "),
        "{embedded:?}"
    );
    session.shutdown().await;
}

#[tokio::test]
async fn resources_are_listed_read_and_mentioned() {
    let session = Scene::new()
        .settled(&json!({"everything": everything()}))
        .await;
    let list = session.call("list_mcp_resources", json!({})).await.text();
    assert!(
        list.starts_with("Server everything:\n- demo://resource/static/document/architecture.md"),
        "{list}"
    );
    assert!(
        list.contains("- template demo://resource/dynamic/text/{resourceId}: Plaintext"),
        "{list}"
    );

    let uri = "demo://resource/static/document/features.md";
    let arguments = json!({"server": "everything", "uri": uri});
    let read = session.call("read_mcp_resource", arguments).await;
    assert_eq!(read.status, ToolStatus::Completed);
    assert!(read.text().starts_with("# Everything Server"), "{read:?}");

    let mention = format!("everything:{uri}");
    assert_eq!(
        session.servers.resolve_mention(&mention),
        Some(("everything", uri))
    );
    assert_eq!(session.servers.resolve_mention("nobody:x://y"), None);
    assert!(
        within(session.servers.resource_mentions())
            .await
            .contains(&format!("@{mention}"))
    );
    let blocks = within(session.servers.read_resource("everything", uri))
        .await
        .unwrap();
    assert_eq!(blocks, [ContentBlock::text(read.text())]);

    let missing = json!({"server": "everything", "uri": "demo://nothing"});
    let missing = session.call("read_mcp_resource", missing).await;
    assert_eq!(missing.status, ToolStatus::Failed);
    assert!(
        missing
            .text()
            .contains("`everything` answered with the error"),
        "{missing:?}"
    );
    session.shutdown().await;
}

#[tokio::test]
async fn prompts_are_commands() {
    let session = Scene::new()
        .settled(&json!({"everything": everything()}))
        .await;
    let argument = |name: &str, description: &str, required| PromptArgument {
        name: name.to_owned(),
        description: description.to_owned(),
        required,
    };
    let prompts = session.servers.prompts();
    assert_eq!(
        prompts[1],
        PromptCommand {
            name: "mcp__everything__args-prompt".to_owned(),
            server: "everything".to_owned(),
            description: "A prompt with two arguments, one required and one optional".to_owned(),
            arguments: vec![
                argument("city", "Name of the city", true),
                argument("state", "", false),
            ],
        }
    );
    let render = |arguments| session.servers.render_prompt(&prompts[1].name, arguments);
    assert_eq!(
        within(render("\"New York\" NY")).await.unwrap(),
        [Message::user("What's weather in New York, NY?")]
    );
    assert_eq!(
        within(render("")).await.unwrap_err().to_string(),
        "the server `everything` needs more arguments for its prompt `args-prompt`: city"
    );
    let unknown = within(
        session
            .servers
            .render_prompt("mcp__everything__nothing", ""),
    )
    .await;
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "no connected server has the prompt /mcp__everything__nothing"
    );
    session.shutdown().await;
}

/// Says that the person likes whatever is asked for.
struct Agreeable;

impl ElicitationHandler for Agreeable {
    fn elicit(&self, question: Inquiry) -> BoxFuture<'_, Answer> {
        let Inquiry::Form { server, fields, .. } = question else {
            panic!("{question:?}");
        };
        assert_eq!((server.as_str(), fields.len()), ("everything", 13));
        let values = [("name", json!("Ada")), ("check", json!(true))];
        let values: Map<String, Value> = values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        futures::future::ready(Answer::Submit { values }).boxed()
    }
}

#[tokio::test]
async fn a_question_to_the_person_goes_to_the_handler() {
    let mut scene = Scene::new();
    scene.elicitation = Some(Arc::new(Agreeable));
    let session = scene.settled(&json!({"everything": everything()})).await;
    // The server offers it only to clients that can ask, and a moment later.
    let name = "mcp__everything__trigger-elicitation-request";
    session
        .wait_until("everything", |_| {
            session.update();
            session.registry.names().iter().any(|known| known == name)
        })
        .await;
    let output = session.call(name, json!({})).await;
    assert_eq!(output.status, ToolStatus::Completed);
    assert!(output.text().contains("Ada"), "{output:?}");
    session.shutdown().await;
}

#[tokio::test]
async fn the_file_server_is_kept_to_the_workspace_by_its_root() {
    let scene = Scene::new();
    let outside = scene.path("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(scene.workspace().join("notes.txt"), "remember the milk").unwrap();
    std::fs::write(outside.join("secret.txt"), "secret").unwrap();
    // Its own argument is overruled by the root that the client gives it.
    let servers = json!({"files": {
        "command": "node",
        "args": [installed("server-filesystem"), "${OUTSIDE}"],
        "tools": {"deny": ["write_*", "edit_file"]},
        "trustAnnotations": true,
    }});
    let mut scene = scene;
    scene
        .environment
        .push(("OUTSIDE".to_owned(), outside.display().to_string()));
    let session = scene.settled(&servers).await;
    let status = session.status("files");
    assert_eq!(status.state, ServerState::Ready, "{status:?}");
    let names = session.registry.names();
    assert!(
        names.contains(&"mcp__files__read_text_file".to_owned()),
        "{names:?}"
    );
    assert!(
        !names.contains(&"mcp__files__write_file".to_owned()),
        "{names:?}"
    );

    let read = |path: PathBuf| session.call("mcp__files__read_text_file", json!({"path": path}));
    // The server asks for the roots when it likes.
    let mut inside = read(scene.workspace().join("notes.txt")).await;
    while inside.status == ToolStatus::Failed && inside.text().contains("outside allowed") {
        inside = read(scene.workspace().join("notes.txt")).await;
    }
    assert_eq!(inside.text(), "remember the milk");
    let refused = read(outside.join("secret.txt")).await;
    assert_eq!(refused.status, ToolStatus::Failed);
    assert!(refused.text().contains("Access denied"), "{refused:?}");
    session.shutdown().await;
}
