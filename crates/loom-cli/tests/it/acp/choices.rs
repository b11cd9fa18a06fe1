//! Modes, models and options.

use agent_client_protocol::v1::schema::{
    SessionConfigKind, SessionConfigOption, SessionConfigOptionValue, SessionConfigSelectOptions,
    SessionUpdate, SetSessionConfigOptionRequest, SetSessionModeRequest, StopReason,
};

use super::editor::{Editor, text};
use crate::scenarios::{Scene, done};

/// The value of an option, and what else it could be.
fn values(options: &[SessionConfigOption], id: &str) -> (String, Vec<String>) {
    let option = options
        .iter()
        .find(|option| option.id.0.as_ref() == id)
        .unwrap();
    let SessionConfigKind::Select(select) = &option.kind else {
        panic!("{option:?}");
    };
    let SessionConfigSelectOptions::Ungrouped(offered) = &select.options else {
        panic!("{option:?}");
    };
    let offered = offered.iter().map(|option| option.value.0.to_string());
    (select.current_value.0.to_string(), offered.collect())
}

fn set(
    session: &agent_client_protocol::v1::schema::SessionId,
    id: &'static str,
    value: &'static str,
) -> SetSessionConfigOptionRequest {
    SetSessionConfigOptionRequest::new(
        session.clone(),
        id,
        SessionConfigOptionValue::value_id(value),
    )
}

#[tokio::test]
async fn modes_models_and_efforts_are_offered_and_chosen() {
    let scene = Scene::new([done()]).await;
    scene
        .model
        .list_models(["claude-sonnet-5-5", "claude-haiku-5"]);
    let editor = Editor::start(&scene.user, &[]).await;
    let opened = editor.open(scene.user.work()).await;
    let session = opened.session_id.clone();
    let modes = opened.modes.clone().unwrap();
    let ids: Vec<&str> = modes
        .available_modes
        .iter()
        .map(|mode| mode.id.0.as_ref())
        .collect();
    assert_eq!(ids, ["plan", "ask", "auto", "full"]);
    assert_eq!(modes.current_mode_id.0.as_ref(), "auto");
    let options = opened.config_options.clone().unwrap();
    assert_eq!(values(&options, "mode").0, "auto");
    let (_, models) = values(&options, "model");
    assert!(
        models.contains(&"anthropic/claude-haiku-5".to_owned()),
        "{models:?}"
    );
    assert_eq!(
        values(&options, "effort").1,
        ["default", "low", "medium", "high"]
    );

    let mode = SetSessionModeRequest::new(session.clone(), "plan");
    editor.request(mode).await.unwrap();
    let told = editor
        .updates(&session)
        .into_iter()
        .find_map(|update| match update {
            SessionUpdate::CurrentModeUpdate(update) => Some(update.current_mode_id.0.to_string()),
            _ => None,
        });
    assert_eq!(told.as_deref(), Some("plan"));

    let chosen = editor
        .request(set(&session, "model", "anthropic/claude-haiku-5"))
        .await;
    let options = chosen.unwrap().config_options;
    assert_eq!(values(&options, "model").0, "anthropic/claude-haiku-5");
    assert_eq!(values(&options, "mode").0, "plan");
    let chosen = editor
        .request(set(&session, "effort", "high"))
        .await
        .unwrap();
    assert_eq!(values(&chosen.config_options, "effort").0, "high");
    assert_eq!(editor.say(&session, "go").await, StopReason::EndTurn);
    assert_eq!(scene.model.last_request().model(), "claude-haiku-5");
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}

#[tokio::test]
async fn what_is_not_offered_is_refused() {
    let scene = Scene::new([]).await;
    let editor = Editor::start(&scene.user, &[]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let mode = SetSessionModeRequest::new(session.clone(), "yolo");
    assert!(editor.request(mode).await.is_err());
    for (id, value) in [
        ("mode", "x"),
        ("effort", "x"),
        ("model", "x"),
        ("model", "nope/no-such"),
        ("model", "anthropic/no-such"),
        ("color", "red"),
    ] {
        let error = editor.request(set(&session, id, value)).await.unwrap_err();
        assert_eq!(error.code.value(), -32602, "{error:?}");
    }
    assert_eq!(editor.end().await, Some(0));
}

#[tokio::test]
async fn what_is_chosen_by_a_command_is_checked_and_told() {
    let scene = Scene::new([done()]).await;
    scene.model.list_models(["claude-sonnet-5-5"]);
    let editor = Editor::start(&scene.user, &[]).await;
    let session = editor.open(scene.user.work()).await.session_id;
    let unknown = editor.begin(&session, vec![text("/model nope/x")]).await;
    let error = unknown.unwrap_err();
    assert!(
        error.message.contains("knows no provider `nope`"),
        "{error:?}"
    );
    for command in ["/mode plan", "/effort low", "/model anthropic/unlisted"] {
        assert_eq!(editor.say(&session, command).await, StopReason::EndTurn);
    }
    let said = editor.said(&session);
    for told in [
        "mode plan",
        "effort low",
        "anthropic lists no model unlisted",
        "model unlisted (anthropic)",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert_eq!(editor.say(&session, "go").await, StopReason::EndTurn);
    assert_eq!(scene.model.last_request().model(), "unlisted");
    assert_eq!(editor.end().await, Some(0));
    scene.end();
}
