//! Work that is handed to subagents.

use loom_testing::Reply;
use serde_json::{Value, json};

use super::{Scene, done, read, write};

fn task(kind: &str, prompt: &str) -> Reply {
    Reply::tool_call(
        "task",
        json!({"description": "a piece of work", "prompt": prompt, "kind": kind}),
    )
}

#[tokio::test]
async fn a_subagent_explores_and_reports_and_its_work_is_shown_below_the_call() {
    let scene = Scene::new([
        task("explore", "Find the number."),
        read("a.txt"),
        Reply::text("It is 4711."),
        done(),
    ])
    .await;
    scene.write("a.txt", "4711\n");
    let played = scene.play(&[], "what is the number?");
    assert!(played.succeeded);
    assert!(
        scene.told()[0].contains("It is 4711."),
        "{:?}",
        scene.told()
    );
    let below: Vec<&Value> = played
        .items("tool_call")
        .into_iter()
        .filter(|item| item["parent"] == "item_1")
        .collect();
    assert_eq!(below.len(), 1, "{:#?}", played.events);
    let names = scene.requests()[1].tool_names();
    assert!(
        names.contains(&"grep".to_owned()) && !names.contains(&"bash".to_owned()),
        "{names:?}"
    );
    scene.end();
}

#[tokio::test]
async fn a_subagent_that_explores_can_change_nothing() {
    let scene = Scene::new([
        task("explore", "Write it."),
        write("a.txt", "a"),
        Reply::text("I cannot."),
        done(),
    ])
    .await;
    let played = scene.play(&["--permission-mode", "full"], "write it");
    assert!(played.succeeded);
    assert!(!scene.has("a.txt"));
    scene.end();
}

#[tokio::test]
async fn what_a_subagent_did_is_undone_with_the_turn() {
    let scene = Scene::new([
        task("general", "Write a.txt."),
        write("a.txt", "a"),
        Reply::text("Written."),
        done(),
    ])
    .await;
    let played = scene.play(&["--permission-mode", "full"], "write it");
    assert!(
        played.succeeded && scene.has("a.txt"),
        "{:#?}",
        played.events
    );
    scene
        .user
        .loom(["rewind", "--to", "1", "--files"])
        .run()
        .assert_success();
    assert!(!scene.has("a.txt"));
    scene.end();
}

#[tokio::test]
async fn subagents_work_side_by_side() {
    let scene = Scene::new([task("explore", "Find red.").and_tool_call(
        "task",
        json!({"description": "another", "prompt": "Find blue.", "kind": "explore"}),
    )])
    .await;
    scene
        .model
        .conversation("Find red.")
        .reply(Reply::text("red is here"));
    scene
        .model
        .conversation("Find blue.")
        .reply(Reply::text("blue is there"));
    scene.then([done()]);
    assert!(scene.play(&[], "find both").succeeded);
    let told = scene.told();
    assert!(
        told[0].contains("red is here") && told[1].contains("blue is there"),
        "{told:?}"
    );
    scene.end();
}

#[tokio::test]
async fn a_subagent_without_an_end_is_stopped_and_says_so() {
    let mut replies = vec![task("explore", "Look for ever.")];
    replies.extend((0..60).map(|number| read(&format!("{number}.txt"))));
    replies.push(done());
    let scene = Scene::new(replies).await;
    for number in 0..60 {
        scene.write(&format!("{number}.txt"), format!("{number}\n"));
    }
    let played = scene.play(&[], "look");
    assert!(played.succeeded, "{:?}", played.answer());
    assert!(
        scene.told()[0].contains("did not get to its end"),
        "{:?}",
        scene.told()
    );
    scene.end();
}
