//! Rules of permission, whoever wrote them.

use loom_testing::Reply;
use serde_json::json;

use super::{Scene, bash, done, read};

pub(crate) fn user_rules(scene: &Scene, rules: &str) {
    let folder = scene.user.config_home().join("loom");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("permissions.toml"), rules).unwrap();
}

#[tokio::test]
async fn a_rule_allows_without_asking_and_each_part_of_a_line_is_judged() {
    let scene = Scene::new([
        bash("touch one && touch two"),
        bash("touch three; rm one"),
        bash("touch $(rm two; echo four)"),
        done(),
    ])
    .await;
    user_rules(&scene, "allow = [\"bash(touch *)\"]\n");
    let played = scene.play(&["--permission-mode", "ask"], "go");
    assert_eq!(
        played.statuses(),
        ["completed", "denied", "denied"],
        "{:?}",
        scene.told()
    );
    assert!(scene.has("one") && scene.has("two") && !scene.has("three"));
    scene.end();
}

#[tokio::test]
async fn a_rule_that_denies_holds_in_every_mode_and_says_which_it_is() {
    let scene = Scene::new([bash("git push --force"), done()]).await;
    user_rules(&scene, "deny = [\"bash(git push *)\"]\n");
    let played = scene.play(&["--permission-mode", "full"], "push");
    assert_eq!(played.statuses(), ["denied"]);
    let told = &scene.told()[0];
    assert!(
        told.contains("bash(git push *)") && told.contains("permissions.toml"),
        "{told}"
    );
    scene.end();
}

#[tokio::test]
async fn a_rule_of_the_project_that_denies_counts_at_once() {
    let scene = Scene::new([read("secrets/key.txt"), done()]).await;
    scene.write("secrets/key.txt", "swordfish");
    scene.write(
        ".loom/permissions.toml",
        "deny = [\"read_file(secrets/**)\"]\n",
    );
    let played = scene.play(&[], "read it");
    assert_eq!(played.statuses(), ["denied"], "{:?}", scene.told());
    scene.end();
}

#[tokio::test]
async fn a_search_of_the_folder_above_does_not_show_what_is_denied() {
    let scene = Scene::new([
        Reply::tool_call("grep", json!({"pattern": "swordfish"})),
        Reply::tool_call("list_files", json!({})),
        done(),
    ])
    .await;
    for path in ["notes.txt", ".env", "secrets/key.txt"] {
        scene.write(path, "swordfish");
    }
    user_rules(&scene, "deny = [\"read_file(secrets/**)\"]\n");
    let played = scene.play(&[], "look for it");
    assert_eq!(played.statuses(), ["completed", "completed"]);
    let searched = scene.requests()[1].tool_results()[0].content.clone();
    assert_eq!(
        searched,
        "notes.txt\n1:swordfish\n(not searched, as rules of permission withhold it: .env, secrets)"
    );
    let listed = &scene.told()[0];
    assert!(
        listed.contains(".env") && !listed.contains("key.txt"),
        "{listed}"
    );
    scene.end();
}

#[tokio::test]
async fn a_rule_of_the_project_that_allows_counts_only_when_trusted() {
    let scene = Scene::new([bash("touch made"), done()]).await;
    scene.write(".loom/permissions.toml", "allow = [\"bash(touch *)\"]\n");
    let played = scene.play(&["--permission-mode", "ask"], "make it");
    assert_eq!(played.statuses(), ["denied"]);
    scene.user.loom(["trust", "--yes"]).run().assert_success();
    scene.then([bash("touch made"), done()]);
    let played = scene.play(&["--permission-mode", "ask"], "make it");
    assert_eq!(played.statuses(), ["completed"], "{:?}", scene.told());
    scene.end();
}

#[tokio::test]
async fn a_broken_file_of_rules_keeps_the_session_from_starting() {
    let scene = Scene::new([]).await;
    user_rules(&scene, "deny = [\"bash(git push\"]\n");
    let output = scene.user.loom(["-p", "hello"]).run();
    assert_ne!(output.code, Some(0));
    assert!(output.stderr.contains("permissions.toml"), "{output}");
    scene.end();
}
