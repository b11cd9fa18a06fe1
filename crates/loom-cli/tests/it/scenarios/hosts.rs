//! Hosts that the sandbox refuses to commands, and the person who is asked for them.

use std::fs;
use std::path::PathBuf;

use loom_testing::Reply;
use serde_json::{Value, json};

use super::asking::Driven;
use super::{Scene, bash, done};

/// A reply that asks the sandbox's proxy for hosts, each twice, prints what it says, and fails. No name
/// below `.invalid` is ever known, so an allowed host is a bad gateway.
fn reach(hosts: &[&str]) -> Reply {
    bash(&line(hosts))
}

fn line(hosts: &[&str]) -> String {
    let hosts: Vec<String> = hosts.iter().map(|host| format!("{host} {host}")).collect();
    format!(
        r#"for host in {}; do
            exec 3<>"/dev/tcp/127.0.0.1/${{HTTPS_PROXY##*:}}"
            printf 'CONNECT %s HTTP/1.1\r\n\r\n' "$host" >&3
            IFS= read -r line <&3; echo "${{line%$'\r'}}"
            exec 3>&-
        done; false"#,
        hosts.join(" ")
    )
}

fn config(scene: &Scene) -> PathBuf {
    let folder = scene.user.config_home().join("loom");
    fs::create_dir_all(&folder).unwrap();
    folder.join("config.toml")
}

fn allow(hosts: &[&str], scope: &str) -> Value {
    json!({"type": "allow", "remember": {"rules": hosts, "scope": scope}})
}

#[tokio::test]
async fn a_refused_host_is_asked_for_once_and_allowed_until_the_session_ends() {
    let scene = Scene::new([
        reach(&["a.invalid:443", "b.invalid:8443"]),
        reach(&["a.invalid:443", "b.invalid:8443"]),
        done(),
    ])
    .await;
    let mut driven = Driven::start(&scene, &[]);
    driven.prompt("fetch it");
    let opened = driven.until("inquiry.opened");
    assert_eq!(
        opened["inquiry"],
        json!({
            "type": "hosts",
            "tool_call": opened["inquiry"]["tool_call"],
            "hosts": ["a.invalid", "b.invalid:8443"],
        })
    );
    driven.answer(&opened["id"], json!({"type": "allow"}));
    assert_eq!(driven.until("inquiry.closed")["outcome"], "accepted");
    driven.until("turn.completed");
    let told = scene.told();
    assert_eq!(told[0].matches("403 Forbidden").count(), 4, "{}", told[0]);
    assert!(
        told[0].contains("lets commands reach a.invalid, b.invalid:8443 from now on"),
        "{}",
        told[0]
    );
    assert_eq!(told[1].matches("502 Bad Gateway").count(), 4, "{}", told[1]);
    assert!(!config(&scene).exists());
    assert_eq!(driven.end(), Some(0));
    scene.end();
}

#[tokio::test]
async fn a_host_that_is_always_allowed_goes_to_the_configuration_with_its_comments_kept() {
    let scene = Scene::new([reach(&["a.invalid:443"]), done()]).await;
    let before = "# Mine.\n[tools]\ndiagnostics = false # slow\n";
    fs::write(config(&scene), before).unwrap();
    let mut driven = Driven::start(&scene, &[]);
    driven.prompt("fetch it");
    let opened = driven.until("inquiry.opened");
    driven.answer(&opened["id"], allow(&["*.invalid", "a.invalid"], "user"));
    driven.until("turn.completed");
    assert_eq!(driven.end(), Some(0));
    assert_eq!(
        fs::read_to_string(config(&scene)).unwrap(),
        format!("{before}\n[sandbox]\nallow_hosts = [\"*.invalid\", \"a.invalid\"]\n")
    );

    scene.then([reach(&["b.invalid:443"]), done()]);
    assert!(scene.play(&[], "fetch the other").succeeded);
    assert!(scene.told()[0].contains("502 Bad Gateway"));
    scene.end();
}

#[tokio::test]
async fn a_host_that_is_not_allowed_stays_out() {
    let scene = Scene::new([reach(&["a.invalid:443"]), reach(&["a.invalid:443"]), done()]).await;
    let mut driven = Driven::start(&scene, &[]);
    driven.prompt("fetch it");
    let answers = [
        json!({"type": "deny"}),
        json!({"type": "deny", "instead": "use the copy in vendor"}),
    ];
    for answer in answers {
        let opened = driven.until("inquiry.opened");
        driven.answer(&opened["id"], answer);
    }
    driven.until("turn.completed");
    let told = scene.told();
    assert!(
        told[0].contains("does not let commands reach a.invalid. Do not try it again"),
        "{}",
        told[0]
    );
    assert!(
        told[1].contains("403 Forbidden") && told[1].contains("says: use the copy in vendor"),
        "{}",
        told[1]
    );
    assert_eq!(driven.end(), Some(0));
    scene.end();
}

#[tokio::test]
async fn a_host_that_a_rule_denies_is_not_asked_for() {
    let scene = Scene::new([reach(&["a.invalid:443"]), done()]).await;
    config(&scene);
    fs::write(
        scene.user.config_home().join("loom/permissions.toml"),
        "deny = [\"web_fetch(a.invalid)\"]\n",
    )
    .unwrap();
    let mut driven = Driven::start(&scene, &[]);
    driven.prompt("fetch it");
    driven.until("turn.completed");
    let told = &scene.told()[0];
    assert!(
        told.contains("`web_fetch(a.invalid)`") && told.contains("Denied"),
        "{told}"
    );
    assert_eq!(driven.end(), Some(0));
    scene.end();
}

#[tokio::test]
async fn where_nobody_can_be_asked_the_model_is_told_how_hosts_are_allowed() {
    let scene = Scene::new([reach(&["a.invalid:443"]), done()]).await;
    fs::write(config(&scene), "sandbox.allow_hosts = [\"b.invalid\"]\n").unwrap();
    assert!(scene.play(&[], "fetch it").succeeded);
    let told = &scene.told()[0];
    assert!(
        told.contains("cannot be asked") && told.contains("`sandbox.allow_hosts`"),
        "{told}"
    );
    scene.end();
}

#[tokio::test]
async fn the_question_for_a_host_comes_up_on_the_terminal() {
    let scene = Scene::new([
        reach(&["a.invalid:443"]),
        reach(&["a.invalid:443"]),
        Reply::text("It is not there."),
    ])
    .await;
    let mut terminal = scene.user.loom([""; 0]).spawn_on_terminal();
    terminal.wait_for("\nauto>");
    terminal.type_keys("fetch it\r");
    let screen = terminal.wait_for("let commands reach it?");
    assert!(screen.contains("  1. a.invalid"), "{screen}");
    terminal.type_keys("y\r");
    terminal.wait_for("It is not there.");
    assert!(scene.told()[1].contains("502 Bad Gateway"));
    terminal.type_keys("\u{4}");
    assert_eq!(terminal.wait(), 0);
    scene.end();
}

#[tokio::test]
async fn a_host_that_was_refused_in_the_background_is_asked_for_as_well() {
    let in_background = json!({"command": line(&["a.invalid:443"]), "run_in_background": true});
    let scene = Scene::new([
        Reply::tool_call("bash", in_background),
        Reply::tool_call("command_output", json!({"wait_ms": 60_000})),
        done(),
    ])
    .await;
    let mut driven = Driven::start(&scene, &[]);
    driven.prompt("fetch it");
    // It may be refused while its start is still waited for, or later.
    let opened = driven.until("inquiry.opened");
    assert_eq!(opened["inquiry"]["hosts"], json!(["a.invalid"]));
    driven.answer(&opened["id"], json!({"type": "deny"}));
    driven.until("turn.completed");
    let told = scene.told().join("\n");
    assert_eq!(
        told.matches("does not let commands reach").count(),
        1,
        "{told}"
    );
    assert_eq!(driven.end(), Some(0));
    scene.end();
}
