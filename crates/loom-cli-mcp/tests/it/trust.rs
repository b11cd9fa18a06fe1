//! Servers that come with a repository, and those that are switched off.

use std::fs;

use loom_cli_mcp::{Distrust, McpConfig, Scope, ServerState, TrustStore};
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
    let config = scene.config();
    let store = TrustStore::new(&scene.path("state"));
    let names = |store: &TrustStore, config: &McpConfig| -> Vec<String> {
        let untrusted = store.untrusted(&config.servers);
        untrusted
            .iter()
            .map(|server| server.entry.name.clone())
            .collect()
    };
    assert_eq!(names(&store, &config), ["one", "two"]);
    store.trust(&[config.server("one").unwrap()]).unwrap();
    assert_eq!(names(&store, &config), ["two"]);

    // The same words in another project are another server.
    let elsewhere = Scene::new();
    elsewhere.configure_project(&json!({"one": {"command": "one"}}));
    let other = elsewhere.config();
    assert_eq!(names(&store, &other), ["one"]);

    store.distrust(config.server("one").unwrap()).unwrap();
    assert_eq!(names(&store, &config), ["one", "two"]);
}

#[test]
fn a_server_is_trusted_as_long_as_the_files_that_it_names_stay() {
    let scene = Scene::new();
    let (script, options) = (
        scene.workspace().join("tools/mcp.py"),
        scene.workspace().join("options"),
    );
    fs::create_dir(script.parent().unwrap()).unwrap();
    fs::write(&script, "print(1)").unwrap();
    let definition = json!({"command": "/usr/bin/python3", "args": ["tools/mcp.py", "options"]});
    scene.configure_project(&json!({"ours": definition}));
    let store = TrustStore::new(&scene.path("state"));
    let distrust = || -> Vec<Distrust> {
        let config = scene.config();
        let untrusted = store.untrusted(&config.servers);
        untrusted.into_iter().map(|server| server.why).collect()
    };
    let trust = || store.trust(&[scene.config().server("ours").unwrap()]);
    assert_eq!(distrust(), [Distrust::Unknown]);
    trust().unwrap();
    assert_eq!(distrust(), []);

    fs::write(&script, "print(2)").unwrap();
    assert_eq!(distrust(), [Distrust::Changed(script.clone())]);
    trust().unwrap();
    assert_eq!(distrust(), []);

    // What it names and was not there is not what was trusted either.
    fs::write(&options, "").unwrap();
    assert_eq!(distrust(), [Distrust::Changed(options)]);
    trust().unwrap();
    let other = json!({"command": "/usr/bin/python3", "args": ["tools/mcp.py"]});
    scene.configure_project(&json!({"ours": other}));
    assert_eq!(distrust(), [Distrust::Redefined]);

    // What cannot be read cannot be trusted.
    fs::remove_file(&script).unwrap();
    std::os::unix::fs::symlink("mcp.py", &script).unwrap();
    let why = distrust();
    assert!(
        matches!(&why[..], [Distrust::Unpinned(problem)] if problem.contains("tools/mcp.py")),
        "{why:?}"
    );
    assert!(trust().unwrap_err().to_string().contains("tools/mcp.py"));
}

#[test]
fn what_was_trusted_before_files_were_pinned_is_asked_for_anew() {
    let scene = Scene::new();
    scene.configure_project(&json!({"one": {"command": "one"}}));
    let file = scene.files().project;
    let stored = json!({file.to_str().unwrap(): {"one": "00ff"}});
    fs::create_dir(scene.path("state")).unwrap();
    fs::write(scene.path("state/mcp-trust.json"), stored.to_string()).unwrap();
    let (store, config) = (TrustStore::new(&scene.path("state")), scene.config());
    assert_eq!(store.untrusted(&config.servers)[0].why, Distrust::Unknown);
    store.trust(&[config.server("one").unwrap()]).unwrap();
    assert!(store.untrusted(&config.servers).is_empty());
}

#[tokio::test]
async fn a_server_whose_file_changes_during_the_session_is_not_started_again() {
    let scene = Scene::new();
    let script = scene.workspace().join("server.mjs");
    let fake = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/fake.mjs");
    fs::copy(fake, &script).unwrap();
    scene.configure_project(&json!({"fake": {"command": "node", "args": ["server.mjs"]}}));
    let store = TrustStore::new(&scene.path("state"));
    store
        .trust(&[scene.config().server("fake").unwrap()])
        .unwrap();
    let session = scene.start();
    session.wait_for("fake", ServerState::Ready).await;
    session.update();
    let mut text = fs::read_to_string(&script).unwrap();
    text.push_str("\n// more");
    fs::write(&script, text).unwrap();
    session.call("mcp__fake__crash", json!({})).await;
    let status = session.wait_for("fake", ServerState::Untrusted).await;
    let reason = status.reason.unwrap();
    assert!(
        reason.starts_with(&format!(
            "It is not started: {}, which its definition names, has changed since you trusted it.",
            script.display()
        )) && reason.contains("`loom mcp trust fake`"),
        "{reason}"
    );
    session.shutdown().await;
}

#[test]
fn a_damaged_trust_store_trusts_nobody_and_is_not_overwritten() {
    let scene = Scene::new();
    scene.configure_project(&json!({"one": {"command": "one"}}));
    let config = scene.config();
    fs::create_dir(scene.path("state")).unwrap();
    fs::write(scene.path("state/mcp-trust.json"), "{\"half").unwrap();
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
