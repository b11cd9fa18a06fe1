//! What the agent asks by way of the editor.

use agent_client_protocol::v1::schema::{
    ClientCapabilities, CreateElicitationResponse, ElicitationAcceptAction, ElicitationAction,
    ElicitationCapabilities, ElicitationContentValue, ElicitationFormCapabilities, ElicitationMode,
    PermissionOptionKind, SessionUpdate, StopReason, ToolCallStatus,
};
use loom_testing::Reply;
use serde_json::json;

use super::editor::{Editor, choose, text};
use crate::scenarios::{Scene, bash, done};

const ASK: [&str; 2] = ["--permission-mode", "ask"];

#[tokio::test]
async fn a_call_waits_for_permission_and_runs_with_it() {
    let scene = Scene::new([bash("echo made > made.txt"), done()]).await;
    let mut editor = Editor::start(&scene.user, &ASK).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let turn = editor.begin(&session, vec![text("make it")]);
    let (request, responder) = editor.permission().await;
    assert_eq!(request.session_id, session);
    assert!(!scene.has("made.txt"));
    assert_eq!(
        request.tool_call.fields.status,
        Some(ToolCallStatus::Pending)
    );
    let kinds: Vec<PermissionOptionKind> =
        request.options.iter().map(|option| option.kind).collect();
    for kind in [
        PermissionOptionKind::AllowOnce,
        PermissionOptionKind::AllowAlways,
        PermissionOptionKind::RejectOnce,
        PermissionOptionKind::RejectAlways,
    ] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    assert_eq!(
        request.tool_call.tool_call_id.0.as_ref(),
        editor.calls(&session)[0].id
    );
    let allowed = choose(&request, PermissionOptionKind::AllowOnce);
    responder.respond(allowed).unwrap();
    assert_eq!(turn.await.unwrap().stop_reason, StopReason::EndTurn);
    assert!(scene.has("made.txt"));
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn a_rule_that_is_remembered_answers_the_next_question() {
    let scene = Scene::new([bash("touch one"), bash("touch one"), done()]).await;
    let mut editor = Editor::start(&scene.user, &ASK).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let turn = editor.begin(&session, vec![text("make it twice")]);
    let (request, responder) = editor.permission().await;
    let always = choose(&request, PermissionOptionKind::AllowAlways);
    responder.respond(always).unwrap();
    assert_eq!(turn.await.unwrap().stop_reason, StopReason::EndTurn);
    let statuses: Vec<ToolCallStatus> = editor
        .calls(&session)
        .iter()
        .map(|call| call.status)
        .collect();
    assert_eq!(statuses, [ToolCallStatus::Completed; 2]);
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn what_is_rejected_for_the_session_is_not_asked_again() {
    let scene = Scene::new([bash("touch one"), bash("touch one"), done()]).await;
    let mut editor = Editor::start(&scene.user, &ASK).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let turn = editor.begin(&session, vec![text("try it twice")]);
    let (request, responder) = editor.permission().await;
    let never = choose(&request, PermissionOptionKind::RejectAlways);
    responder.respond(never).unwrap();
    assert_eq!(turn.await.unwrap().stop_reason, StopReason::EndTurn);
    let statuses: Vec<ToolCallStatus> = editor
        .calls(&session)
        .iter()
        .map(|call| call.status)
        .collect();
    assert_eq!(statuses, [ToolCallStatus::Failed; 2]);
    assert!(!scene.has("one"));
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

fn question() -> Reply {
    Reply::tool_call(
        "ask_user",
        json!({"question": "Which color?", "options": ["red", "blue"]}),
    )
}

#[tokio::test]
async fn a_question_with_options_is_chosen_from() {
    let scene = Scene::new([question(), done()]).await;
    let mut editor = Editor::start(&scene.user, &[]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let turn = editor.begin(&session, vec![text("paint")]);
    let (request, responder) = editor.permission().await;
    let names: Vec<&str> = request
        .options
        .iter()
        .map(|option| option.name.as_str())
        .collect();
    assert_eq!(names, ["red", "blue", "None of these"]);
    assert_eq!(
        request.tool_call.fields.title.as_deref(),
        Some("Which color?")
    );
    responder
        .respond(choose(&request, PermissionOptionKind::AllowOnce))
        .unwrap();
    turn.await.unwrap();
    assert!(scene.told()[0].contains("red"), "{:?}", scene.told());
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

fn with_forms() -> ClientCapabilities {
    let forms = ElicitationCapabilities::new().form(ElicitationFormCapabilities::new());
    ClientCapabilities::new().elicitation(forms)
}

#[tokio::test]
async fn a_question_is_a_form_where_the_editor_has_forms() {
    let scene = Scene::new([question(), done()]).await;
    let mut editor = Editor::able(&scene.user, &[], with_forms()).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let turn = editor.begin(&session, vec![text("paint")]);
    let (request, responder) = editor.elicitation().await;
    assert_eq!(request.message, "Which color?");
    let ElicitationMode::Form(form) = &request.mode else {
        panic!("{request:?}");
    };
    let fields: Vec<&String> = form.requested_schema.properties.keys().collect();
    assert_eq!(fields, ["answer", "choice"]);
    let words = ElicitationContentValue::String("green, of course".to_owned());
    let accept = ElicitationAcceptAction::new().content(std::collections::BTreeMap::from([(
        "answer".to_owned(),
        words,
    )]));
    responder
        .respond(CreateElicitationResponse::new(ElicitationAction::Accept(
            accept,
        )))
        .unwrap();
    turn.await.unwrap();
    assert!(
        scene.told()[0].contains("green, of course"),
        "{:?}",
        scene.told()
    );
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn a_question_that_the_editor_cannot_show_is_told_and_declined() {
    let question = Reply::tool_call("ask_user", json!({"question": "What is it called?"}));
    let scene = Scene::new([question, done()]).await;
    let editor = Editor::start(&scene.user, &[]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    assert_eq!(editor.say(&session, "name it").await, StopReason::EndTurn);
    let said = editor.said(&session);
    assert!(said.contains("What is it called?"), "{said}");
    assert!(
        scene.told()[0].contains("end of your answer"),
        "{:?}",
        scene.told()
    );
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn a_plan_is_approved_and_the_mode_changes() {
    let plan = Reply::tool_call("present_plan", json!({"plan": "1. Write it."}));
    let scene = Scene::new([plan, done()]).await;
    let mut editor = Editor::start(&scene.user, &["--permission-mode", "plan"]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let turn = editor.begin(&session, vec![text("plan it")]);
    let (request, responder) = editor.permission().await;
    assert!(format!("{:?}", request.tool_call.fields.content).contains("1. Write it."));
    responder
        .respond(choose(&request, PermissionOptionKind::AllowOnce))
        .unwrap();
    turn.await.unwrap();
    let mode = editor
        .until(&session, "another mode", |update| match update {
            SessionUpdate::CurrentModeUpdate(update) => Some(update.current_mode_id.clone()),
            _ => None,
        })
        .await;
    assert_eq!(mode.0.as_ref(), "auto");
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}
