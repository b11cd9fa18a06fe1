//! Prompts and what comes of them.

use std::fs;

use agent_client_protocol::v1::schema::{
    ClientCapabilities, ContentBlock, EmbeddedResource, EmbeddedResourceResource, ImageContent,
    PlanEntryStatus, ResourceLink, SessionUpdate, StopReason, TextResourceContents,
    ToolCallContent, ToolCallStatus, ToolKind,
};
use loom_testing::Reply;
use loom_testing::model::StopReason as ModelStop;
use serde_json::json;

use super::editor::{Editor, text};
use crate::scenarios::rules::user_rules;
use crate::scenarios::{Scene, bash, done, edit, read, write};

#[tokio::test]
async fn nothing_is_said_of_a_session_before_the_editor_knows_it() {
    let scene = Scene::new([]).await;
    let editor = Editor::start(&scene.user, &[]).await;
    let info = editor.greeting.agent_info.clone().unwrap();
    assert_eq!(info.name, "loom");
    assert!(editor.greeting.agent_capabilities.load_session);
    assert!(editor.greeting.auth_methods.is_empty());
    let session = editor.open(scene.user.work()).await.session_id;
    let commands = editor
        .until(&session, "commands", |update| match update {
            SessionUpdate::AvailableCommandsUpdate(update) => {
                let names = update.available_commands.iter();
                Some(
                    names
                        .map(|command| command.name.clone())
                        .collect::<Vec<_>>(),
                )
            }
            _ => None,
        })
        .await;
    assert!(commands.contains(&"compact".to_owned()), "{commands:?}");
    let answered = editor
        .line(|line| line["result"]["sessionId"] == session.0.as_ref())
        .await;
    let first = editor
        .line(|line| line["params"]["sessionId"] == session.0.as_ref())
        .await;
    let position = |wanted| editor.position(wanted);
    assert!(position(&answered) < position(&first));
    assert_eq!(editor.end().await, Some(0));
}

#[tokio::test]
async fn an_answer_a_thought_a_command_and_an_edit_are_shown_as_they_come() {
    let scene = Scene::new([
        Reply::new()
            .and_thinking("I must look.", "signed")
            .and_text("Let me see.")
            .and_tool_call("read_file", json!({"file_path": "notes.txt"})),
        edit("notes.txt", "two", "zwei"),
        bash("echo built"),
        Reply::text("All done."),
    ])
    .await;
    scene.write("notes.txt", "one\ntwo\nthree\n");
    let editor = Editor::start(&scene.user, &["--permission-mode", "full"]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    assert_eq!(editor.say(&session, "translate").await, StopReason::EndTurn);
    assert_eq!(editor.said(&session), "Let me see.All done.");
    let updates = editor.updates(&session);
    let thought = updates.iter().any(|update| {
        matches!(update, SessionUpdate::AgentThoughtChunk(chunk)
            if chunk.content == text("I must look."))
    });
    assert!(thought, "{updates:?}");
    let calls = editor.calls(&session);
    let titles: Vec<&str> = calls.iter().map(|call| call.title.as_str()).collect();
    assert_eq!(titles, ["Read notes.txt", "Edit notes.txt", "`echo built`"]);
    assert!(
        calls
            .iter()
            .all(|call| call.status == ToolCallStatus::Completed)
    );
    let kinds: Vec<ToolKind> = updates
        .iter()
        .filter_map(|update| match update {
            SessionUpdate::ToolCall(call) => Some(call.kind),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, [ToolKind::Read, ToolKind::Edit, ToolKind::Execute]);
    let [ToolCallContent::Diff(diff)] = calls[1].content.as_slice() else {
        panic!("an edit is a diff: {:?}", calls[1]);
    };
    assert_eq!(
        diff.path,
        scene.user.work().canonicalize().unwrap().join("notes.txt")
    );
    assert_eq!(diff.old_text.as_deref(), Some("one\ntwo\nthree\n"));
    assert_eq!(diff.new_text, "one\nzwei\nthree\n");
    assert!(calls[2].text().contains("built"), "{:?}", calls[2]);
    assert!(
        updates
            .iter()
            .any(|update| matches!(update, SessionUpdate::UsageUpdate(_)))
    );
    let title = updates.iter().find_map(|update| match update {
        SessionUpdate::SessionInfoUpdate(info) => info.title.value().cloned(),
        _ => None,
    });
    assert_eq!(title.as_deref(), Some("translate"));
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn what_a_command_prints_is_shown_while_it_runs() {
    let scene = Scene::new([
        bash("echo early; until test -e go; do sleep 0.05; done"),
        done(),
    ])
    .await;
    let editor = Editor::start(&scene.user, &["--permission-mode", "full"]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let turn = editor.begin(&session, vec![text("run it")]);
    editor
        .until(&session, "early output", |update| match update {
            SessionUpdate::ToolCallUpdate(update) => {
                let content = update.fields.content.as_ref()?.first()?;
                format!("{content:?}").contains("early").then_some(())
            }
            _ => None,
        })
        .await;
    fs::write(scene.user.work().join("go"), "").unwrap();
    assert_eq!(turn.await.unwrap().stop_reason, StopReason::EndTurn);
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn an_editor_with_terminals_gets_output_piece_by_piece() {
    let scene = Scene::new([bash("echo one; echo two"), done()]).await;
    let meta = serde_json::from_value(json!({"terminal_output": true}));
    let meta: agent_client_protocol::v1::schema::Meta = meta.unwrap();
    let capabilities = ClientCapabilities::new().meta(meta);
    let editor = Editor::able(&scene.user, &["--permission-mode", "full"], capabilities).await;
    let session = editor.open(scene.user.work()).await.session_id;
    editor.say(&session, "run it").await;
    let updates = editor.updates(&session);
    let call = updates.iter().find_map(|update| match update {
        SessionUpdate::ToolCall(call) => Some(call.clone()),
        _ => None,
    });
    let call = call.unwrap();
    assert!(
        matches!(&call.content[..], [ToolCallContent::Terminal(_)]),
        "{call:?}"
    );
    let pieces: String = updates
        .iter()
        .filter_map(|update| match update {
            SessionUpdate::ToolCallUpdate(update) => {
                let piece = update.meta.as_ref()?.get("terminal_output")?;
                Some(piece["data"].as_str()?.to_owned())
            }
            _ => None,
        })
        .collect();
    assert!(pieces.contains("one\ntwo"), "{pieces}");
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn a_list_of_what_is_to_do_is_a_plan() {
    let list = json!({"todos": [
        {"content": "look", "status": "completed"},
        {"content": "change", "status": "in_progress"},
        {"content": "test", "status": "pending"},
    ]});
    let scene = Scene::new([Reply::tool_call("todo_write", list), done()]).await;
    let editor = Editor::start(&scene.user, &[]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    editor.say(&session, "plan it").await;
    let plan = editor
        .until(&session, "a plan", |update| match update {
            SessionUpdate::Plan(plan) => Some(plan.clone()),
            _ => None,
        })
        .await;
    let entries = plan.entries.into_iter();
    let entries: Vec<_> = entries.map(|entry| (entry.content, entry.status)).collect();
    assert_eq!(
        entries,
        [
            ("look".to_owned(), PlanEntryStatus::Completed),
            ("change".to_owned(), PlanEntryStatus::InProgress),
            ("test".to_owned(), PlanEntryStatus::Pending),
        ]
    );
    assert!(
        editor.calls(&session).is_empty(),
        "the plan stands for the call"
    );
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn pictures_links_and_embedded_text_go_to_the_model() {
    let scene = Scene::new([done()]).await;
    let path = scene.write("two words.txt", "linked content\n");
    // The smallest PNG: one pixel.
    let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let editor = Editor::start(&scene.user, &[]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let uri = url(&path);
    let embedded = TextResourceContents::new("fn embedded() {}\n", "file:///elsewhere/lib.rs");
    let content = vec![
        text("Compare "),
        ContentBlock::ResourceLink(ResourceLink::new("two words.txt", uri)),
        text("with "),
        ContentBlock::Resource(EmbeddedResource::new(
            EmbeddedResourceResource::TextResourceContents(embedded),
        )),
        ContentBlock::Image(ImageContent::new(png, "image/png")),
        ContentBlock::ResourceLink(ResourceLink::new("Docs", "https://example.com/docs")),
    ];
    let response = editor.begin(&session, content).await.unwrap();
    assert_eq!(response.stop_reason, StopReason::EndTurn);
    let request = scene.model.last_request();
    let sent = request.messages().last().unwrap();
    let texts: Vec<&str> = sent["content"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|block| block["text"].as_str())
        .collect();
    assert_eq!(
        texts,
        [
            "Compare @\"two words.txt\" with `/elsewhere/lib.rs` [Docs](https://example.com/docs) ",
            "<file path=\"two words.txt\">\nlinked content\n</file>",
            "<resource uri=\"file:///elsewhere/lib.rs\">\nfn embedded() {}\n</resource>",
        ]
    );
    assert_eq!(sent["content"][3]["source"]["data"], png);
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn what_is_embedded_is_held_to_the_rules_that_deny_and_to_a_bound() {
    let scene = Scene::new([done()]).await;
    user_rules(&scene, "deny = [\"read_file(**/.env)\"]\n");
    let secret = scene.write(".env", "KEY=1\n");
    let editor = Editor::start(&scene.user, &[]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let embedded = |uri: &str, content: &str| {
        let resource = TextResourceContents::new(content, uri);
        let resource = EmbeddedResourceResource::TextResourceContents(resource);
        ContentBlock::Resource(EmbeddedResource::new(resource))
    };
    let content = vec![
        text("Look."),
        embedded(&url(&secret), "KEY=1\n"),
        embedded("log://build", &"x".repeat(5 << 20)),
    ];
    let response = editor.begin(&session, content).await.unwrap();
    assert_eq!(response.stop_reason, StopReason::EndTurn);
    let request = scene.model.last_request();
    let sent = serde_json::to_string(&request.messages()).unwrap();
    assert!(!sent.contains("KEY=1"), "{sent}");
    assert!(
        sent.contains("5202880 more bytes are left out"),
        "{}",
        sent.len()
    );
    assert!(sent.len() < 100_000, "{}", sent.len());
    let said = editor.said(&session);
    assert!(said.contains("`.env` is left out: a rule denies"), "{said}");
    assert!(said.contains("of `log://build` are left out"), "{said}");
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

fn url(path: &std::path::Path) -> String {
    format!("file://{}", path.display().to_string().replace(' ', "%20"))
}

#[tokio::test]
async fn a_picture_that_is_none_is_refused() {
    let scene = Scene::new([]).await;
    let editor = Editor::start(&scene.user, &[]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let content = vec![ContentBlock::Image(ImageContent::new(
        "bm90IGEgcGljdHVyZQ==",
        "image/png",
    ))];
    let error = editor.begin(&session, content).await.unwrap_err();
    assert!(error.message.contains("picture"), "{error:?}");
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn why_the_model_stopped_is_told() {
    for (stop, expected) in [
        (ModelStop::MaxTokens, StopReason::MaxTokens),
        (ModelStop::Refusal, StopReason::Refusal),
    ] {
        let scene = Scene::new([Reply::text("so far").stop_reason(stop)]).await;
        let editor = Editor::start(&scene.user, &[]).await;
        let session = editor.open(scene.user.work()).await.session_id;
        assert_eq!(editor.say(&session, "go").await, expected);
        assert_eq!(editor.end().await, Some(0));
    }
}

#[tokio::test]
async fn a_turn_that_makes_too_many_requests_says_so() {
    let scene = Scene::new([bash("echo 1"), bash("echo 2")]).await;
    let arguments = ["--permission-mode", "full", "--max-turns", "2"];
    let editor = Editor::start(&scene.user, &arguments).await;
    let session = editor.open(scene.user.work()).await.session_id;
    assert_eq!(
        editor.say(&session, "go").await,
        StopReason::MaxTurnRequests
    );
    assert!(
        editor.said(&session).contains("its limit"),
        "{}",
        editor.said(&session)
    );
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn commands_are_given_as_text() {
    let scene = Scene::new([write("made.txt", "x"), done(), Reply::text("reviewed")]).await;
    scene.write(".loom/commands/review.md", "Review $ARGUMENTS well.");
    let editor = Editor::start(&scene.user, &["--permission-mode", "full"]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    editor.say(&session, "make it").await;
    assert!(scene.has("made.txt"));
    assert_eq!(editor.say(&session, "/undo").await, StopReason::EndTurn);
    assert!(!scene.has("made.txt"));
    assert!(
        editor.said(&session).contains("back at point"),
        "{}",
        editor.said(&session)
    );
    scene.model.allow_rewritten_history();
    editor.say(&session, "/review this").await;
    let sent = serde_json::to_string(&scene.model.last_request().messages()).unwrap();
    assert!(sent.contains("Review this well."), "{sent}");
    let error = editor
        .begin(&session, vec![text("/nonsense")])
        .await
        .unwrap_err();
    assert!(error.message.contains("no command /nonsense"), "{error:?}");
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn two_sessions_in_two_folders_work_side_by_side() {
    let scene = Scene::new([]).await;
    let other = scene.user.home().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("which.txt"), "the other").unwrap();
    scene.write("which.txt", "the first");
    for marker in ["alpha", "beta"] {
        let script = scene.model.conversation(marker);
        script.reply(read("which.txt"));
        script.reply(Reply::text(format!("{marker} done")));
    }
    let editor = Editor::start(&scene.user, &[]).await;
    let first = editor.open(scene.user.work()).await.session_id;
    let second = editor.open(&other).await.session_id;
    let (a, b) = tokio::join!(editor.say(&first, "alpha"), editor.say(&second, "beta"));
    assert_eq!((a, b), (StopReason::EndTurn, StopReason::EndTurn));
    assert!(editor.said(&first).contains("alpha done"));
    assert!(editor.said(&second).contains("beta done"));
    assert!(editor.calls(&first)[0].text().contains("the first"));
    assert!(editor.calls(&second)[0].text().contains("the other"));
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}
