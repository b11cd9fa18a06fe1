//! Sessions are threads: they are listed, loaded, resumed, closed and deleted.

use agent_client_protocol::v1::schema::{
    CloseSessionRequest, ContentBlock, DeleteSessionRequest, ListSessionsRequest,
    LoadSessionRequest, ResumeSessionRequest, SessionId, SessionUpdate, StopReason,
    ToolCallContent, ToolCallStatus,
};
use loom_testing::{Gate, Reply};

use super::editor::Editor;
use crate::scenarios::{Scene, done, edit, read};

/// A thread with a read and an edit, and its id.
async fn worked(scene: &Scene) -> SessionId {
    scene.write("notes.txt", "one\n");
    let editor = Editor::start(&scene.user, &["--permission-mode", "full"]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    editor.say(&session, "change the notes").await;
    assert_eq!(editor.end().await, Some(0));
    session
}

fn replies() -> [Reply; 3] {
    [
        read("notes.txt"),
        edit("notes.txt", "one", "two"),
        Reply::text("Changed."),
    ]
}

#[tokio::test]
async fn a_thread_is_loaded_with_all_that_was_said_and_goes_on() {
    let scene = Scene::new(replies()).await;
    let session = worked(&scene).await;
    let editor = Editor::start(&scene.user, &[]).await;
    let load = LoadSessionRequest::new(session.clone(), scene.user.work());
    let response = editor.request(load).await.unwrap();
    // A thread that was worked on in full mode goes on in it.
    assert_eq!(response.modes.unwrap().current_mode_id.0.as_ref(), "full");
    let updates = editor.updates(&session);
    let Some(SessionUpdate::UserMessageChunk(prompt)) = updates.first() else {
        panic!("{updates:?}");
    };
    let ContentBlock::Text(prompt) = &prompt.content else {
        panic!("{prompt:?}");
    };
    assert_eq!(prompt.text, "change the notes");
    assert_eq!(editor.said(&session), "Changed.");
    let calls = editor.calls(&session);
    let titles: Vec<&str> = calls.iter().map(|call| call.title.as_str()).collect();
    assert_eq!(titles, ["Read notes.txt", "Edit notes.txt"]);
    assert!(
        calls
            .iter()
            .all(|call| call.status == ToolCallStatus::Completed)
    );
    assert!(
        matches!(&calls[1].content[..], [ToolCallContent::Diff(diff)]
        if diff.old_text.as_deref() == Some("one") && diff.new_text == "two")
    );

    scene.then([Reply::text("Going on.")]);
    assert_eq!(editor.say(&session, "go on").await, StopReason::EndTurn);
    assert_eq!(scene.model.last_request().messages().len(), 7);
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn a_thread_is_resumed_without_a_word() {
    let scene = Scene::new(replies()).await;
    let session = worked(&scene).await;
    let editor = Editor::start(&scene.user, &[]).await;
    let resume = ResumeSessionRequest::new(session.clone(), scene.user.work());
    editor.request(resume).await.unwrap();
    scene.then([Reply::text("Going on.")]);
    assert_eq!(editor.say(&session, "go on").await, StopReason::EndTurn);
    assert_eq!(editor.said(&session), "Going on.");
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn threads_are_listed_with_titles_by_folder_and_deleted() {
    let scene = Scene::new([done(), done()]).await;
    let other = scene.user.home().join("other");
    std::fs::create_dir(&other).unwrap();
    let editor = Editor::start(&scene.user, &[]).await;
    let first = editor.open(scene.user.work()).await.session_id;
    editor.say(&first, "the first").await;
    let second = editor.open(&other).await.session_id;
    editor.say(&second, "the second").await;

    let all = editor.request(ListSessionsRequest::new()).await.unwrap();
    let titles: Vec<_> = all
        .sessions
        .iter()
        .map(|info| info.title.as_deref())
        .collect();
    assert_eq!(titles, [Some("the second"), Some("the first")]);
    assert!(all.sessions.iter().all(|info| info.updated_at.is_some()));
    assert_eq!(all.next_cursor, None);
    let here = ListSessionsRequest::new().cwd(scene.user.work());
    let here = editor.request(here).await.unwrap();
    assert_eq!(here.sessions.len(), 1);
    assert_eq!(here.sessions[0].session_id, first);

    editor
        .request(DeleteSessionRequest::new(second.clone()))
        .await
        .unwrap();
    let left = editor.request(ListSessionsRequest::new()).await.unwrap();
    assert_eq!(left.sessions.len(), 1);
    let load = LoadSessionRequest::new(second, &other);
    let error = editor.request(load).await.unwrap_err();
    assert!(error.message.contains("there is no thread"), "{error:?}");
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn a_session_that_was_closed_takes_nothing_more_and_is_loaded_again() {
    let scene = Scene::new([done(), Reply::text("back")]).await;
    let editor = Editor::start(&scene.user, &[]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    editor.say(&session, "one").await;
    editor
        .request(CloseSessionRequest::new(session.clone()))
        .await
        .unwrap();
    let again = CloseSessionRequest::new(session.clone());
    assert!(editor.request(again).await.is_err());
    let said = super::editor::text("two");
    let error = editor.begin(&session, vec![said]).await.unwrap_err();
    assert_eq!(error.code.value(), -32002, "{error:?}");
    let load = LoadSessionRequest::new(session.clone(), scene.user.work());
    editor.request(load).await.unwrap();
    assert_eq!(editor.say(&session, "two").await, StopReason::EndTurn);
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn a_thread_of_another_folder_is_not_loaded_here() {
    let scene = Scene::new([done()]).await;
    let other = scene.user.home().join("other");
    std::fs::create_dir(&other).unwrap();
    let editor = Editor::start(&scene.user, &[]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    editor.say(&session, "one").await;
    let load = LoadSessionRequest::new(session, other);
    let error = editor.request(load).await.unwrap_err();
    assert!(error.message.contains("belongs to"), "{error:?}");
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn a_session_goes_on_when_it_cannot_be_loaded_again() {
    let gate = Gate::new();
    let scene = Scene::new([Reply::text("slow").gate_after(0, &gate)]).await;
    let other = scene.user.home().join("other");
    std::fs::create_dir(&other).unwrap();
    let editor = Editor::start(&scene.user, &[]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let turn = editor.begin(&session, vec![super::editor::text("hello")]);
    gate.reached().await;
    let nowhere = scene.user.home().join("nowhere");
    let load = LoadSessionRequest::new(session.clone(), nowhere);
    let error = editor.request(load).await.unwrap_err();
    assert!(error.message.contains("nowhere"), "{error:?}");
    let resume = ResumeSessionRequest::new(session.clone(), other);
    let error = editor.request(resume).await.unwrap_err();
    assert!(error.message.contains("belongs to"), "{error:?}");
    gate.open();
    assert_eq!(turn.await.unwrap().stop_reason, StopReason::EndTurn);
    assert_eq!(editor.said(&session), "slow");
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}
