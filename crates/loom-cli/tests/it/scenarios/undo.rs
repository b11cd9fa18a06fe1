//! What was done can be undone: files, conversation, or both, without the person's own repository.

use serde_json::Value;

use super::{Scene, bash, done, edit, read, write};
use crate::events::stream;

/// Returns the points of the newest thread.
fn points(scene: &Scene) -> Vec<Value> {
    let output = scene.user.loom(["rewind", "--list", "--json"]).run();
    output.assert_success();
    output.json().as_array().unwrap().clone()
}

/// Returns the number of the newest point before a turn.
fn last_turn(scene: &Scene) -> String {
    let points = points(scene);
    let turn = points.iter().rev().find(|point| point["kind"] == "turn");
    turn.expect("there is a turn")["number"].to_string()
}

fn rewind(scene: &Scene, arguments: &[&str]) -> Value {
    let all = ["rewind", "--json"].iter().chain(arguments);
    let output = scene.user.loom(all).run();
    output.assert_success();
    output.json()
}

#[tokio::test]
async fn edits_and_what_a_command_did_are_undone_byte_for_byte() {
    let scene = Scene::new([
        read("a.txt"),
        edit("a.txt", "one", "two"),
        bash("rm b.txt && printf 'new\\n' > c.txt && mkdir -p sub && mv d.bin sub/"),
        done(),
    ])
    .await;
    scene.write("a.txt", "one\r\n");
    scene.write("b.txt", "keep me\n");
    scene.write("d.bin", [0, 159, 146, 150]);
    assert!(
        scene
            .play(&["--permission-mode", "full"], "change it")
            .succeeded
    );
    assert!(!scene.has("b.txt") && scene.has("c.txt") && scene.has("sub/d.bin"));

    rewind(&scene, &["--to", &last_turn(&scene), "--files"]);
    assert_eq!(scene.read("a.txt"), "one\r\n");
    assert_eq!(scene.read("b.txt"), "keep me\n");
    assert_eq!(
        std::fs::read(scene.user.work().join("d.bin")).unwrap(),
        [0, 159, 146, 150]
    );
    assert!(!scene.has("c.txt") && !scene.has("sub/d.bin"));
    scene.end();
}

#[tokio::test]
async fn going_back_is_itself_undone() {
    let scene = Scene::new([write("a.txt", "made\n"), done()]).await;
    assert!(scene.play(&[], "make a.txt").succeeded);
    let report = rewind(&scene, &["--to", &last_turn(&scene)]);
    assert!(!scene.has("a.txt"));
    rewind(&scene, &["--to", &report["undo"].to_string()]);
    assert_eq!(scene.read("a.txt"), "made\n");
    scene.end();
}

#[tokio::test]
async fn a_conversation_that_went_back_goes_on_from_there() {
    let scene = Scene::new([done()]).await;
    assert!(scene.play(&[], "first").succeeded);
    scene.then([write("b.txt", "b"), done()]);
    assert!(scene.play(&["--continue"], "second").succeeded);
    rewind(&scene, &["--to", &last_turn(&scene), "--conversation"]);
    assert!(scene.has("b.txt"), "files stay");

    scene.model.allow_rewritten_history();
    scene.then([done()]);
    assert!(scene.play(&["--continue"], "third").succeeded);
    let said: Vec<String> = scene
        .model
        .last_request()
        .messages()
        .iter()
        .map(ToString::to_string)
        .collect();
    let said = said.join("\n");
    assert!(said.contains("first") && said.contains("third"), "{said}");
    assert!(!said.contains("second"), "{said}");
    scene.end();
}

#[tokio::test]
async fn what_the_person_changed_in_between_stays() {
    let scene = Scene::new([write("agent.txt", "agent\n"), done()]).await;
    scene.write("mine.txt", "before\n");
    assert!(scene.play(&[], "make it").succeeded);
    scene.write("mine.txt", "after\n");
    rewind(&scene, &["--to", &last_turn(&scene), "--files"]);
    assert!(!scene.has("agent.txt"));
    assert_eq!(scene.read("mine.txt"), "after\n");
    scene.end();
}

#[tokio::test]
async fn a_file_that_the_person_changed_too_is_left_alone_unless_forced() {
    let scene = Scene::new([write("a.txt", "agent\n"), done()]).await;
    assert!(scene.play(&[], "make it").succeeded);
    scene.write("a.txt", "the person's\n");
    let turn = last_turn(&scene);
    let report = rewind(&scene, &["--to", &turn, "--files"]);
    assert_eq!(report["kept"][0]["path"], "a.txt", "{report}");
    assert_eq!(scene.read("a.txt"), "the person's\n");
    rewind(&scene, &["--to", &turn, "--files", "--force"]);
    assert!(!scene.has("a.txt"));
    scene.end();
}

#[tokio::test]
async fn undo_leaves_no_trace_in_the_folder_and_in_git() {
    let scene = Scene::new([write("a.txt", "a"), done()]).await;
    let git = |arguments: &[&str]| {
        let output = scene.user.program("git", arguments).run();
        output.assert_success();
        output.stdout
    };
    git(&["init", "-q"]);
    git(&["status", "--porcelain"]);
    assert!(scene.play(&[], "make it").succeeded);
    assert_eq!(git(&["status", "--porcelain"]), "?? a.txt\n");
    assert_eq!(git(&["for-each-ref"]), "");
    rewind(&scene, &["--to", &last_turn(&scene), "--files"]);
    assert_eq!(git(&["status", "--porcelain"]), "");
    scene.end();
}

#[tokio::test]
async fn each_turn_and_each_call_that_could_change_something_is_a_point() {
    let scene = Scene::new([read("a.txt"), edit("a.txt", "one", "two"), done()]).await;
    scene.write("a.txt", "one\n");
    assert!(scene.play(&[], "change it").succeeded);
    let points = points(&scene);
    let kinds: Vec<&str> = points
        .iter()
        .map(|point| point["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["turn", "call"], "{points:#?}");
    assert_eq!(points[0]["label"], "change it");
    assert_eq!(points[0]["changes"][0]["path"], "a.txt");
    scene.end();
}

#[tokio::test]
async fn without_undo_the_session_works_and_says_nothing() {
    let mut scene = Scene::new([write("a.txt", "a"), done()]).await;
    scene.user.set_env("LOOM_UNDO", "false");
    let output = stream(&scene.user, &["-p", "make it"]);
    output.assert_success();
    assert!(scene.has("a.txt"));
    assert!(points(&scene).is_empty());
    scene.end();
}
