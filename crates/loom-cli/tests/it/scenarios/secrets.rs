//! Secrets in what tools give back: kept from the model, from the stored thread, and from harm.

use loom_testing::Reply;
use serde_json::json;

use super::{Scene, bash, done, edit, read};

const SECRET: &str = "swordfish-0123456789";
const PLACEHOLDER: &str = "[REDACTED:deploy-token]";

async fn scene(replies: impl IntoIterator<Item = Reply>) -> Scene {
    let mut scene = Scene::new(replies).await;
    scene.user.set_env("DEPLOY_TOKEN", SECRET);
    scene.write("settings.toml", format!("token = \"{SECRET}\"\nport = 1\n"));
    scene
}

/// Returns all that is stored of the only thread.
fn stored(scene: &Scene) -> String {
    let list = scene.user.loom(["threads", "list", "--json"]).run();
    let list: serde_json::Value = serde_json::from_str(&list.stdout).unwrap();
    let id = list[0]["id"].as_str().unwrap().to_owned();
    let shown = scene.user.loom(["threads", "show", &id, "--json"]).run();
    shown.assert_success();
    shown.stdout
}

#[tokio::test]
async fn the_model_works_around_a_secret_that_it_is_not_shown() {
    let scene = scene([
        read("settings.toml"),
        bash("cat settings.toml"),
        Reply::tool_call(
            "write_file",
            json!({
                "file_path": "settings.toml",
                "content": format!("token = \"{PLACEHOLDER}\"\nport = 2\n"),
            }),
        ),
        edit("settings.toml", "port = 1", "port = 2"),
        done(),
    ])
    .await;
    let played = scene.play(&[], "change the port");
    assert_eq!(
        played.statuses(),
        ["completed", "completed", "denied", "completed"],
        "{:?}",
        scene.told()
    );
    for request in scene.requests() {
        assert!(!String::from_utf8_lossy(request.body()).contains(SECRET));
    }
    let refusal = scene.requests()[3].tool_results().pop().unwrap().content;
    assert!(refusal.contains("the secret's place"), "{refusal}");
    let notices = played.notices();
    let kept = format!("the model is shown {PLACEHOLDER} in the place of a secret");
    assert_eq!(notices.iter().filter(|notice| **notice == kept).count(), 1);
    assert_eq!(
        scene.read("settings.toml"),
        format!("token = \"{SECRET}\"\nport = 2\n")
    );
    let stored = stored(&scene);
    assert!(stored.contains(PLACEHOLDER) && !stored.contains(SECRET));
    scene.end();
}

#[tokio::test]
async fn what_the_model_may_see_is_not_stored_all_the_same() {
    let mut scene = scene([bash(&format!("echo {SECRET}")), done()]).await;
    scene.user.set_env("LOOM_REDACT_RESULTS", "false");
    scene.play(&[], &format!("say {SECRET}"));
    assert_eq!(scene.told(), [SECRET]);
    let stored = stored(&scene);
    assert!(stored.contains(&format!("say {PLACEHOLDER}")), "{stored}");
    assert!(stored.contains(&format!("echo {PLACEHOLDER}")), "{stored}");
    assert!(!stored.contains(SECRET), "{stored}");
    scene.end();
}

#[tokio::test]
async fn a_thread_is_stored_as_it_is_where_that_is_wanted() {
    let mut scene = scene([done()]).await;
    scene.user.set_env("LOOM_REDACT_THREADS", "false");
    scene.play(&[], &format!("say {SECRET}"));
    assert!(stored(&scene).contains(SECRET));
    scene.end();
}

#[tokio::test]
async fn a_placeholder_that_was_stored_is_not_written_back_after_a_resume() {
    let scene = scene([read("settings.toml"), done()]).await;
    scene.play(&[], "look");
    let overwrite = format!("printf 'token = \"{PLACEHOLDER}\"' > settings.toml");
    scene.then([bash(&overwrite), done()]);
    let played = scene.play(&["--continue"], "go on");
    assert_eq!(played.statuses(), ["denied"], "{:?}", scene.told());
    assert!(scene.read("settings.toml").contains(SECRET));
    scene.end();
}

#[tokio::test]
async fn a_file_of_the_project_shows_the_model_nothing_that_rules_withhold() {
    let scene = Scene::new([done(), done()]).await;
    scene.write(".env", "PASSWORD=swordfish\n");
    scene.write("notes.md", "swordfish too\n");
    scene.write("AGENTS.md", "See @.env and @./notes.md\n");
    scene.write(".loom/commands/fix.md", "Fix it by @.env and @notes.md\n");
    super::rules::user_rules(&scene, "deny = [\"read_file(notes.md)\"]\n");
    for prompt in ["look", "/fix"] {
        let told = scene.user.loom(["-p", prompt]).run();
        told.assert_success();
        for name in [".env", "notes.md"] {
            let withheld = format!("{name} is not shown to the model");
            assert!(told.stderr.contains(&withheld), "{prompt} {name}: {told}");
        }
    }
    for request in scene.requests() {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        assert!(!body.contains("swordfish"), "{body}");
    }
    scene.end();
}
