//! Servers that come with a repository, and those that are switched off.

use loom_cli_mcp::{McpConfig, Scope, ServerState, TrustStore};
use serde_json::json;

use crate::scene::{Scene, fake, within};

#[tokio::test]
async fn a_project_s_server_starts_only_when_it_is_trusted() {
    let scene = Scene::new();
    let log = scene.path("log");
    scene.configure_project(&json!({"fake": fake([format!("log={}", log.display())])}));
    let session = scene.start();
    within(session.servers.settled()).await;
    let status = session.status("fake");
    assert_eq!(
        (status.state, status.scope),
        (ServerState::Untrusted, Scope::Project)
    );
    assert_eq!(
        session.servers.retry("fake").unwrap_err().to_string(),
        "the server `fake` is not available: the person has not trusted it"
    );
    session.update();
    assert!(session.registry.names().is_empty());
    assert!(!log.exists());

    session.servers.trust("fake").unwrap();
    session.wait_for("fake", ServerState::Ready).await;
    session.update();
    assert!(!session.registry.names().is_empty());
    session.shutdown().await;

    // It is remembered, until the definition changes.
    let session = scene.start();
    session.wait_for("fake", ServerState::Ready).await;
    session.shutdown().await;
    scene.configure_project(&json!({"fake": fake([
        format!("log={}", log.display()),
        "stubborn".to_owned(),
    ])}));
    let session = scene.start();
    within(session.servers.settled()).await;
    assert_eq!(session.status("fake").state, ServerState::Untrusted);
    session.shutdown().await;
}

#[test]
fn trust_is_for_one_file_and_can_be_taken_back() {
    let scene = Scene::new();
    scene.configure_project(&json!({
        "one": {"command": "one"},
        "two": {"url": "https://example.com/mcp"},
    }));
    let config = McpConfig::load(scene.files());
    let store = TrustStore::new(&scene.path("state"));
    let names = |store: &TrustStore, config: &McpConfig| -> Vec<String> {
        let untrusted = store.untrusted(&config.servers);
        untrusted.iter().map(|server| server.name.clone()).collect()
    };
    assert_eq!(names(&store, &config), ["one", "two"]);
    store.trust(&[config.server("one").unwrap()]).unwrap();
    assert_eq!(names(&store, &config), ["two"]);

    // The same words in another project are another server.
    let elsewhere = Scene::new();
    elsewhere.configure_project(&json!({"one": {"command": "one"}}));
    let other = McpConfig::load(elsewhere.files());
    assert_eq!(names(&store, &other), ["one"]);

    store.distrust(config.server("one").unwrap()).unwrap();
    assert_eq!(names(&store, &config), ["one", "two"]);
}

#[test]
fn a_damaged_trust_store_trusts_nobody_and_is_not_overwritten() {
    let scene = Scene::new();
    scene.configure_project(&json!({"one": {"command": "one"}}));
    let config = McpConfig::load(scene.files());
    std::fs::create_dir(scene.path("state")).unwrap();
    std::fs::write(scene.path("state/mcp-trust.json"), "{\"half").unwrap();
    let store = TrustStore::new(&scene.path("state"));
    assert_eq!(store.untrusted(&config.servers).len(), 1);
    let error = store.trust(&[config.server("one").unwrap()]).unwrap_err();
    assert!(error.to_string().contains("is damaged"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_switched_off_is_not_started() {
    let scene = Scene::new();
    let log = scene.path("log");
    let mut server = fake([format!("log={}", log.display())]);
    server["disabled"] = json!(true);
    let session = scene.settled(&json!({"fake": server})).await;
    assert_eq!(session.status("fake").state, ServerState::Disabled);
    assert!(!log.exists());
    session.shutdown().await;
}

#[tokio::test]
async fn a_project_cannot_slip_another_program_under_the_name_of_the_person_s() {
    let scene = Scene::new();
    scene.configure_project(&json!({"fake": {"command": "evil"}}));
    let session = scene.settled(&json!({"fake": fake([])})).await;
    let status = session.servers.status();
    assert_eq!(status.len(), 1);
    assert_eq!(
        (status[0].scope, status[0].state),
        (Scope::User, ServerState::Ready)
    );
    session.shutdown().await;
}
