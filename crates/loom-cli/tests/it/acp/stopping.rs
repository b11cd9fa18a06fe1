//! Cancelling, at every stage.

use std::time::Duration;

use agent_client_protocol::v1::schema::{
    ListSessionsRequest, PermissionOptionKind, RequestPermissionOutcome, RequestPermissionResponse,
    SessionUpdate, StopReason, ToolCallStatus,
};
use loom_testing::{Gate, Reply};
use rustix::process::{Pid, Signal, kill_process};

use super::editor::{Editor, choose, text};
use crate::scenarios::{Scene, bash, done};

/// Less than a server is waited for that says nothing.
const HANGS: Duration = Duration::from_secs(8);

#[tokio::test]
async fn an_answer_is_stopped_up_to_the_provider_and_the_session_goes_on() {
    let gate = Gate::new();
    let slow = Reply::text("one two three")
        .delta_chars(1)
        .gate_after(8, &gate);
    let scene = Scene::new([slow, Reply::text("again")]).await;
    let editor = Editor::start(&scene.user, &[]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let turn = editor.begin(&session, vec![text("count")]);
    gate.reached().await;
    editor.cancel(&session);
    assert_eq!(turn.await.unwrap().stop_reason, StopReason::Cancelled);
    scene.model.client_disconnected().await;
    assert_eq!(editor.say(&session, "again").await, StopReason::EndTurn);
    assert!(editor.said(&session).ends_with("again"));
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn a_command_is_stopped_with_its_processes() {
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
    editor.cancel(&session);
    assert_eq!(turn.await.unwrap().stop_reason, StopReason::Cancelled);
    assert_eq!(editor.calls(&session)[0].status, ToolCallStatus::Failed);
    let left = scene.user.processes();
    assert!(
        !left.iter().any(|process| process.contains("sleep")),
        "{left:?}"
    );
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn a_question_is_withdrawn_and_its_late_answer_does_nothing() {
    let scene = Scene::new([bash("touch made"), Reply::text("fine")]).await;
    let mut editor = Editor::start(&scene.user, &["--permission-mode", "ask"]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let turn = editor.begin(&session, vec![text("make it")]);
    let (request, responder) = editor.permission().await;
    editor.cancel(&session);
    assert_eq!(turn.await.unwrap().stop_reason, StopReason::Cancelled);
    responder.cancellation().cancelled().await;
    responder
        .respond(choose(&request, PermissionOptionKind::AllowOnce))
        .unwrap();
    assert_eq!(editor.say(&session, "and now?").await, StopReason::EndTurn);
    assert!(!scene.has("made"));
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn an_answer_that_says_cancelled_stops_the_turn() {
    let scene = Scene::new([bash("touch made")]).await;
    let mut editor = Editor::start(&scene.user, &["--permission-mode", "ask"]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let turn = editor.begin(&session, vec![text("make it")]);
    let (_, responder) = editor.permission().await;
    let cancelled = RequestPermissionResponse::new(RequestPermissionOutcome::Cancelled);
    responder.respond(cancelled).unwrap();
    assert_eq!(turn.await.unwrap().stop_reason, StopReason::Cancelled);
    assert!(!scene.has("made"));
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn a_cancel_after_the_end_does_nothing() {
    let scene = Scene::new([done(), done()]).await;
    let editor = Editor::start(&scene.user, &[]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    editor.cancel(&session);
    assert_eq!(editor.say(&session, "one").await, StopReason::EndTurn);
    editor.cancel(&session);
    editor.cancel(&"T-unknown".into());
    assert_eq!(editor.say(&session, "two").await, StopReason::EndTurn);
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn a_second_prompt_is_refused_but_after_a_cancel_it_waits() {
    let gate = Gate::new();
    let slow = Reply::text("slow").gate_after(0, &gate);
    let scene = Scene::new([slow, Reply::text("second")]).await;
    let editor = Editor::start(&scene.user, &[]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let first = editor.begin(&session, vec![text("first")]);
    gate.reached().await;
    let error = editor
        .begin(&session, vec![text("too early")])
        .await
        .unwrap_err();
    assert!(error.message.contains("another prompt"), "{error:?}");
    editor.cancel(&session);
    let second = editor.begin(&session, vec![text("second")]);
    assert_eq!(first.await.unwrap().stop_reason, StopReason::Cancelled);
    assert_eq!(second.await.unwrap().stop_reason, StopReason::EndTurn);
    assert!(editor.said(&session).ends_with("second"));
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn an_answer_that_says_cancelled_does_not_stop_the_next_prompt() {
    let scene = Scene::new([]).await;
    let mut editor = Editor::start(&scene.user, &["--permission-mode", "ask"]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    // Which of the three is seen first is chance.
    for round in 0..10 {
        scene.then([bash("touch made"), done()]);
        let first = editor.begin(&session, vec![text("make it")]);
        let (_, responder) = editor.permission().await;
        editor.cancel(&session);
        let cancelled = RequestPermissionResponse::new(RequestPermissionOutcome::Cancelled);
        responder.respond(cancelled).unwrap();
        let second = editor.begin(&session, vec![text("go on")]);
        let ends = (
            first.await.unwrap().stop_reason,
            second.await.unwrap().stop_reason,
        );
        let expected = (StopReason::Cancelled, StopReason::EndTurn);
        assert_eq!(ends, expected, "in round {round}");
    }
    assert!(!scene.has("made"));
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn an_order_is_stopped_while_the_server_hangs() {
    let scene = Scene::new([done()]).await;
    let editor = Editor::start(&scene.user, &[]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let server = scene.user.local_server().unwrap().pid;
    let server = i32::try_from(server).ok().and_then(Pid::from_raw).unwrap();
    kill_process(server, Signal::STOP).unwrap();
    let order = editor.begin(&session, vec![text("/model anthropic/other")]);
    // What is asked after it is answered: the order is under way.
    editor.request(ListSessionsRequest::new()).await.unwrap();
    editor.cancel(&session);
    let ended = tokio::time::timeout(HANGS, order).await;
    kill_process(server, Signal::CONT).unwrap();
    let ended = ended.expect("an order that is stopped ends before its server answers");
    assert_eq!(ended.unwrap().stop_reason, StopReason::Cancelled);
    assert_eq!(editor.say(&session, "go on").await, StopReason::EndTurn);
    assert_ne!(scene.model.last_request().model(), "other");
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}
