//! What the agent may do in each mode, and how the mode is left.

use loom_testing::Reply;
use serde_json::json;

use super::{Scene, bash, done, edit, read, write};

#[tokio::test]
async fn plan_mode_reads_runs_what_only_reads_and_changes_nothing() {
    let scene = Scene::new([
        read("a.txt"),
        bash("ls && git --version"),
        edit("a.txt", "one", "two"),
        bash("touch made"),
        Reply::text("I would change a.txt."),
    ])
    .await;
    scene.write("a.txt", "one\n");
    let played = scene.play(&["--permission-mode", "plan"], "look");
    assert_eq!(
        played.statuses(),
        ["completed", "completed", "denied", "denied"],
        "{:?}",
        scene.told()
    );
    assert_eq!(scene.read("a.txt"), "one\n");
    assert!(!scene.has("made"));
    assert!(scene.requests()[0].first_user_text().contains("plan mode"));
    scene.end();
}

#[tokio::test]
async fn without_a_person_a_plan_is_the_answer() {
    let scene = Scene::new([
        Reply::tool_call("present_plan", json!({"plan": "1. Change a.txt."})),
        Reply::text("1. Change a.txt."),
    ])
    .await;
    let played = scene.play(&["--permission-mode", "plan"], "plan it");
    assert!(played.succeeded);
    assert!(
        scene.told()[0].contains("Nobody is there to approve"),
        "{:?}",
        scene.told()
    );
    scene.end();
}

#[tokio::test]
async fn ask_mode_without_a_person_denies_and_says_why() {
    let scene = Scene::new([write("a.txt", "a"), bash("touch b"), bash("ls"), done()]).await;
    let played = scene.play(&["--permission-mode", "ask"], "make it");
    assert_eq!(played.statuses(), ["denied", "denied", "completed"]);
    assert!(!scene.has("a.txt") && !scene.has("b"));
    assert!(played.succeeded, "a denial is no failure of the run");
    scene.end();
}

#[tokio::test]
async fn auto_mode_runs_commands_in_the_sandbox_without_asking() {
    let scene = Scene::new([bash("echo made > inside && cat inside"), done()]).await;
    let played = scene.play(&["--permission-mode", "auto"], "make it");
    assert_eq!(played.statuses(), ["completed"], "{:?}", scene.told());
    assert_eq!(scene.read("inside"), "made\n");
    scene.end();
}

#[tokio::test]
async fn a_command_that_the_sandbox_refuses_explains_itself() {
    let scene = Scene::new([bash("echo x > ../outside"), done()]).await;
    let played = scene.play(&["--permission-mode", "auto"], "write it");
    assert_eq!(played.statuses(), ["failed"]);
    let told = &scene.told()[0];
    assert!(
        told.contains("sandbox") && told.contains("outside_sandbox"),
        "{told}"
    );
    assert!(!scene.has("../outside"));
    scene.end();
}

#[tokio::test]
async fn leaving_the_sandbox_needs_a_person() {
    let scene = Scene::new([
        Reply::tool_call(
            "bash",
            json!({"command": "echo x > ../outside", "outside_sandbox": true, "reason": "it was asked for"}),
        ),
        done(),
    ])
    .await;
    let played = scene.play(&["--permission-mode", "auto"], "write it");
    assert_eq!(played.statuses(), ["denied"], "{:?}", scene.told());
    assert!(!scene.has("../outside"));
    scene.end();
}

/// A program that a command in the sandbox has put into the settings of a repository would run outside.
#[tokio::test]
async fn looking_from_outside_runs_nothing_that_was_prepared_inside() {
    let prepare =
        "git init -q . && git config core.fsmonitor 'touch ../escaped; false' && git add -A";
    let outside = |line: &str| {
        Reply::tool_call(
            "bash",
            json!({"command": line, "outside_sandbox": true, "reason": "to look"}),
        )
    };
    let scene = Scene::new([bash(prepare), outside("git status"), done()]).await;
    scene.write("a", "a");
    let played = scene.play(&["--permission-mode", "auto"], "look");
    assert_eq!(played.statuses().len(), 2);
    assert!(!scene.has("../escaped"), "{:?}", scene.told());
    scene.end();
}

#[tokio::test]
async fn a_rule_for_commands_lets_none_of_them_out_of_the_sandbox() {
    let scene = Scene::new([
        Reply::tool_call(
            "bash",
            json!({"command": "touch ../outside", "outside_sandbox": true, "reason": "it was asked for"}),
        ),
        done(),
    ])
    .await;
    super::rules::user_rules(&scene, "allow = [\"bash(touch *)\"]\n");
    let played = scene.play(&["--permission-mode", "auto"], "make it");
    assert_eq!(played.statuses(), ["denied"], "{:?}", scene.told());
    assert!(!scene.has("../outside"));
    scene.end();
}

#[tokio::test]
async fn full_mode_runs_outside_of_the_sandbox() {
    let scene = Scene::new([bash("echo x > ../outside"), done()]).await;
    let played = scene.play(&["--permission-mode", "full"], "write it");
    assert_eq!(played.statuses(), ["completed"], "{:?}", scene.told());
    assert!(scene.has("../outside"));
    scene.end();
}

#[tokio::test]
async fn an_edit_outside_of_the_folder_needs_a_person_also_in_auto_mode() {
    let scene = Scene::new([write("../outside.txt", "x"), done()]).await;
    let played = scene.play(&["--permission-mode", "auto"], "write it");
    assert_eq!(played.statuses(), ["denied"], "{:?}", scene.told());
    assert!(!scene.has("../outside.txt"));
    scene.end();
}

#[tokio::test]
async fn secrets_of_the_environment_do_not_reach_commands_unless_named() {
    let mut scene = Scene::new([
        bash("echo ${MY_API_TOKEN:-none} ${KEPT_TOKEN:-none} ${PLAIN:-none}"),
        done(),
    ])
    .await;
    for name in ["MY_API_TOKEN", "KEPT_TOKEN", "PLAIN"] {
        scene.user.set_env(name, "value");
    }
    scene.user.set_env("LOOM_KEEP_ENVIRONMENT", "KEPT_TOKEN");
    assert!(scene.play(&[], "echo").succeeded);
    assert!(
        scene.told()[0].contains("none value value"),
        "{:?}",
        scene.told()
    );
    scene.end();
}

#[tokio::test]
async fn a_command_in_the_sandbox_reads_no_credentials() {
    let scene = Scene::new([bash("cat ~/.ssh/id_ed25519; ls -A ~/.ssh"), done()]).await;
    let ssh = scene.user.home().join(".ssh");
    std::fs::create_dir(&ssh).unwrap();
    std::fs::write(ssh.join("id_ed25519"), "PRIVATE-KEY-BYTES").unwrap();
    scene.play(&["--permission-mode", "auto"], "read it");
    assert!(
        !scene.told()[0].contains("PRIVATE-KEY-BYTES"),
        "{:?}",
        scene.told()
    );
    scene.end();
}

#[tokio::test]
async fn a_credential_file_is_not_read_without_a_person() {
    let scene = Scene::new([read("~/.ssh/id_ed25519"), done()]).await;
    let ssh = scene.user.home().join(".ssh");
    std::fs::create_dir(&ssh).unwrap();
    let key = ssh.join("id_ed25519");
    std::fs::write(&key, "PRIVATE-KEY-BYTES").unwrap();
    let played = scene.play(&["--permission-mode", "auto"], "read it");
    assert_ne!(played.statuses(), ["completed"]);
    scene.then([read(key.to_str().unwrap()), done()]);
    let played = scene.play(&["--permission-mode", "auto"], "read it by its whole path");
    assert_eq!(played.statuses(), ["denied"], "{:?}", scene.told());
    scene.end();
}
