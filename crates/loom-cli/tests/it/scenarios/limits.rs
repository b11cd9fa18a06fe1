//! What keeps a run from going on for ever, and what it says when it is stopped.

use std::time::Duration;

use loom_testing::Reply;
use loom_testing::model::Usage;
use serde_json::json;

use super::asking::Driven;
use super::{Scene, bash, done, edit, read};
use crate::events::{result, wait_until};

/// What costs dollars, not cents.
fn a_million_tokens() -> Usage {
    Usage {
        input_tokens: 1_000_000,
        output_tokens: 1_000_000,
        ..Usage::default()
    }
}

fn task(kind: &str) -> Reply {
    Reply::tool_call(
        "task",
        json!({"description": "a piece of work", "prompt": "Look.", "kind": kind}),
    )
}

/// A model whose prices are known.
const MODEL: [&str; 2] = ["--model", "claude-sonnet-4-5"];

#[tokio::test]
async fn a_turn_stops_after_as_many_requests_as_it_may_make() {
    let scene = Scene::new([bash("echo 1"), bash("echo 2")]).await;
    let played = scene.play(&["--max-turns", "2"], "count");
    assert!(!played.succeeded);
    assert_eq!(played.failure(), "max_turns");
    scene.end();
}

#[tokio::test]
async fn a_run_stops_when_it_has_cost_what_it_may() {
    let scene = Scene::new([bash("touch made").usage(a_million_tokens())]).await;
    let played = scene.play(
        &["--max-cost", "0.01", "--model", "claude-sonnet-4-5"],
        "make it",
    );
    assert_eq!(played.failure(), "max_cost", "{:#?}", played.events);
    assert!(!scene.has("made"), "what was not paid for is not done");
    let cost = played.events.last().unwrap()["cost_micros"].as_u64();
    assert!(cost.is_some_and(|cost| cost > 10_000), "{cost:?}");
    assert_eq!(played.notices(), Vec::<String>::new());
    scene.end();
}

#[tokio::test]
async fn a_run_stops_when_a_subagent_has_cost_what_is_left() {
    let scene = Scene::new([task("explore"), read("a.txt").usage(a_million_tokens())]).await;
    scene.write("a.txt", "one\n");
    let played = scene.play(&[&MODEL[..], &["--max-cost", "0.01"]].concat(), "look");
    assert!(!played.succeeded);
    assert_eq!(played.failure(), "max_cost", "{:#?}", played.events);
    // Neither asks once more: not the subagent after its answer, nor the agent after the task.
    assert_eq!(scene.requests().len(), 2);
    let result = result(&played.events);
    assert!(result["cost_micros"].as_u64().unwrap() > 18_000_000);
    assert_eq!(result["usage"]["input_tokens"], 1_000_100);
    scene.end();
}

#[tokio::test]
async fn what_a_subagent_has_cost_that_is_stopped_counts() {
    let scene = Scene::new([
        task("general"),
        bash("touch begun; sleep 1000").usage(a_million_tokens()),
    ])
    .await;
    let arguments = [&MODEL[..], &["--permission-mode", "full"]].concat();
    let mut driven = Driven::start(&scene, &arguments);
    driven.prompt("look");
    wait_until("the subagent's command runs", || scene.has("begun"));
    driven.say(&json!({"type": "cancel"}));
    assert_eq!(driven.until("turn.failed")["error"]["code"], "cancelled");
    driven.running.close_stdin();
    let result = driven.until("result");
    assert!(
        result["cost_micros"].as_u64().unwrap() > 18_000_000,
        "{result}"
    );
    assert_eq!(result["usage"]["input_tokens"], 1_000_100);
    driven.end();
    scene.end();
}

#[tokio::test]
async fn a_limit_of_the_cost_that_does_not_hold_is_told() {
    let scene = Scene::new([done()]).await;
    let played = scene.play(&["--max-cost", "1", "--model", "dreamt-up"], "hello");
    assert!(played.succeeded);
    let [notice] = &played.notices()[..] else {
        panic!("{:#?}", played.events);
    };
    assert!(
        notice.starts_with("the prices of ") && notice.contains("dreamt-up are not known"),
        "{notice}"
    );
    scene.end();
}

#[tokio::test]
async fn a_call_that_fails_again_and_again_is_told_and_then_stopped() {
    let again = || edit("a.txt", "not there", "x");
    let scene = Scene::new([read("a.txt"), again(), again(), again(), again(), again()]).await;
    scene.write("a.txt", "one\n");
    let played = scene.play(&[], "edit it");
    assert_eq!(played.failure(), "loop");
    let told = scene.told().join("\n");
    assert!(
        told.contains("[Note: this call has failed in the same way 4 times."),
        "{told}"
    );
    let after_two = scene.requests()[3].tool_results();
    let told = &after_two.last().unwrap().content;
    assert!(!told.contains("[Note:"), "{told}");
    scene.end();
}

#[tokio::test]
async fn the_meter_tells_how_full_the_context_is() {
    let usage = Usage {
        input_tokens: 1_200,
        output_tokens: 34,
        ..Usage::default()
    };
    let scene = Scene::new([done().usage(usage)]).await;
    let played = scene.play(&MODEL, "hello");
    let updated = played
        .events
        .iter()
        .rfind(|event| event["type"] == "context.updated")
        .unwrap();
    assert_eq!(updated["used_tokens"], 1_234);
    assert!(updated["window_tokens"].as_u64().unwrap() >= 200_000);
    scene.end();
}

#[tokio::test]
async fn a_full_context_is_shortened_and_the_persons_words_stay() {
    let scene =
        Scene::filling_up([Reply::text("They want the parser to accept tabs."), done()]).await;
    let prompt = "let the parser accept tabs, and never touch vendor/";
    let played = scene.play(&MODEL, prompt);
    assert!(played.succeeded, "{:#?}", played.events);
    assert_eq!(played.items("compaction").len(), 1, "{:#?}", played.events);
    let last = scene.model.last_request();
    let said: String = last.messages().iter().map(ToString::to_string).collect();
    assert!(said.contains("never touch vendor/"), "{said}");
    assert!(said.contains("accept tabs"), "{said}");
    assert_eq!(last.tool_names(), scene.requests()[0].tool_names());
    scene.end();
}

#[tokio::test]
async fn a_person_whose_words_are_shortened_is_told() {
    let scene = Scene::filling_up([Reply::text("They want the log read."), done()]).await;
    let mut driven = Driven::start(&scene, &MODEL);
    driven.prompt(&format!("read {}", "this log\n".repeat(40_000)));
    let told = "1 of your messages were shortened and 0 left out; say again";
    driven.running.wait_for_line(|line| line.contains(told));
    driven.until("turn.completed");
    assert_eq!(driven.end(), Some(0));
    scene.end();
}

#[tokio::test]
async fn when_no_summary_comes_the_person_is_told_and_the_turn_goes_on_all_the_same() {
    let scene = Scene::filling_up([Reply::status(400), done()]).await;
    let played = scene.play(&MODEL, "keep this in mind");
    assert!(played.succeeded, "{:#?}", played.events);
    let without = |notice: &String| {
        notice.starts_with("no summary could be made (")
            && notice.ends_with("); old results of tools were left out instead")
    };
    let notices = played.notices();
    assert!(notices.iter().any(without), "{notices:?}");
    assert_eq!(played.items("compaction").len(), 1);
    let said: String = scene
        .model
        .last_request()
        .messages()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(said.contains("keep this in mind"), "{said}");
    scene.end();
}

#[tokio::test]
async fn a_command_that_runs_too_long_is_handed_back_and_ends_with_the_session() {
    let mut scene = Scene::new([bash("echo begun; while :; do :; done"), done()]).await;
    scene.user.set_env("LOOM_BASH_TIMEOUT_MS", "200");
    let played = scene.play(&[], "run it");
    assert!(played.succeeded);
    assert!(scene.told()[0].contains("begun"), "{:?}", scene.told());
    let left: Vec<String> = scene
        .user
        .processes()
        .into_iter()
        .filter(|process| process.contains("while"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
    scene.end();
}

#[tokio::test]
async fn a_command_in_the_background_is_read_and_stopped() {
    let scene = Scene::new([Reply::tool_call(
        "bash",
        json!({"command": "echo begun; while :; do :; done", "run_in_background": true}),
    )])
    .await;
    scene.model.reply_with(move |request| {
        let told = request.tool_results().remove(0).content;
        let (_, id) = told.split_once("in the background as ").unwrap();
        let id: String = id
            .chars()
            .take_while(|part| part.is_alphanumeric())
            .collect();
        Reply::tool_call("command_stop", json!({"command_id": id}))
    });
    scene.then([done()]);
    let played = scene.play(&["--permission-mode", "full"], "run it");
    assert!(played.succeeded);
    assert_eq!(
        played.statuses(),
        ["completed", "completed"],
        "{:?}",
        scene.told()
    );
    scene.end();
}

#[tokio::test]
async fn a_slow_model_does_not_make_the_run_lose_anything() {
    let scene = Scene::new([Reply::text("slow but sure")
        .delta_chars(1)
        .pace(Duration::from_millis(1))])
    .await;
    assert_eq!(scene.play(&[], "hello").answer(), "slow but sure");
    scene.end();
}
