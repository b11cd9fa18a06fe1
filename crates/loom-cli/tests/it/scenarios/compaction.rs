//! Hooks ahead of a compaction, and answers that the end of the context cuts.

use loom_testing::Reply;
use loom_testing::command_line::Output;
use loom_testing::model::{Gate, StopReason, Usage};
use serde_json::{Value, json};

use super::asking::Driven;
use super::hooks::{command, hooks};
use super::{Played, Scene, bash, done, full};
use crate::events::wait_until;

/// What it counts when there is room.
fn half() -> Usage {
    Usage {
        input_tokens: 90_000,
        ..full()
    }
}

const MODEL: [&str; 2] = ["--model", "claude-sonnet-4-5"];

/// Returns what the model was asked in the request with this number, all of it.
fn said(scene: &Scene, request: usize) -> String {
    let request = &scene.requests()[request];
    request.messages().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_hook_reads_why_and_adds_to_what_the_summary_heeds() {
    let scene = Scene::filling_up([Reply::text("They count."), done()]).await;
    hooks(
        &scene,
        &json!({"PreCompact": [
            {"matcher": "auto", "hooks": command("cat > seen.json; echo 'keep the issue numbers'")},
            {"matcher": "manual", "hooks": command("touch manual")},
        ]}),
    );
    let played = scene.play(&MODEL, "count");
    assert!(played.succeeded, "{:#?}", played.events);
    let seen: Value = serde_json::from_str(&scene.read("seen.json")).unwrap();
    assert_eq!(
        (
            &seen["hook_event_name"],
            &seen["trigger"],
            &seen["custom_instructions"]
        ),
        (&json!("PreCompact"), &json!("auto"), &json!(""))
    );
    assert!(!scene.has("manual"));
    assert!(said(&scene, 2).contains("keep the issue numbers"));
    assert!(!said(&scene, 3).contains("keep the issue numbers"));
    scene.end();
}

#[tokio::test]
async fn a_compaction_by_hand_that_a_hook_blocks_says_why_and_changes_nothing() {
    let scene = Scene::new([bash("seq 1 5000").usage(half()), done(), done()]).await;
    hooks(
        &scene,
        &json!({"PreCompact": [{"hooks": command("cat > seen.json; echo 'not before the release' >&2; exit 2")}]}),
    );
    let mut driven = Driven::start(&scene, &MODEL);
    driven.prompt("count");
    driven.until("turn.completed");
    driven.say(&json!({"type": "compact", "instructions": "the numbers"}));
    let failed = driven.until("turn.failed");
    assert_eq!(failed["error"]["code"], "compaction_blocked");
    let message = failed["error"]["message"].as_str().unwrap();
    assert!(message.ends_with("not before the release"), "{message}");
    driven.prompt("go on");
    driven.until("turn.completed");
    assert_eq!(driven.end(), Some(0));
    let seen: Value = serde_json::from_str(&scene.read("seen.json")).unwrap();
    assert_eq!(
        (&seen["trigger"], &seen["custom_instructions"]),
        (&json!("manual"), &json!("the numbers"))
    );
    scene.end();
}

#[tokio::test]
async fn a_turn_goes_on_when_a_hook_blocks_and_the_next_request_asks_it_again() {
    let scene = Scene::filling_up([
        bash("echo more").usage(full()),
        Reply::text("They count."),
        done(),
    ])
    .await;
    hooks(
        &scene,
        &json!({"PreCompact": [{"hooks": command("[ -e asked ] || { touch asked; echo 'not yet' >&2; exit 2; }")}]}),
    );
    let played = scene.play(&MODEL, "count");
    assert!(played.succeeded, "{:#?}", played.events);
    let notices = played.notices();
    assert!(
        notices.contains(&"a hook keeps the conversation from being shortened: not yet".to_owned()),
        "{notices:?}"
    );
    assert_eq!(played.items("compaction").len(), 1);
    scene.end();
}

#[tokio::test]
async fn a_hook_that_hangs_is_ended_and_the_conversation_shortened() {
    let scene = Scene::filling_up([Reply::text("They count."), done()]).await;
    hooks(
        &scene,
        &json!({"PreCompact": [{"hooks": [{"type": "command", "command": "while :; do :; done", "timeout": 1}]}]}),
    );
    let played = scene.play(&MODEL, "count");
    assert!(played.succeeded, "{:#?}", played.events);
    assert_eq!(played.items("compaction").len(), 1);
    let notices = played.notices();
    let killed = |notice: &String| notice.contains("PreCompact") && notice.contains("killed");
    assert!(notices.iter().any(killed), "{notices:?}");
    scene.end();
}

/// Plays a turn whose answer ends because the context is full, and comes again.
async fn cut(format: &str) -> (Scene, Output) {
    let summary = Gate::new();
    let scene = Scene::new([
        bash("seq 1 5000").usage(half()),
        Reply::text("The sum is").stop_reason(StopReason::ModelContextWindowExceeded),
        Reply::text("They add numbers.").gate_after(0, &summary),
        Reply::text("The sum is 12502500."),
    ])
    .await;
    scene.model.allow_rewritten_history();
    let arguments = [MODEL[0], MODEL[1], "--output-format", format, "-p", "add"];
    let running = scene.user.loom(arguments).spawn();
    wait_until("a lighter conversation is summed up", || {
        scene.requests().len() == 3
    });
    scene.model.allow_rewritten_history();
    summary.open();
    let output = running.wait();
    output.assert_success();
    (scene, output)
}

#[tokio::test]
async fn an_answer_that_the_context_cuts_is_marked_and_comes_again() {
    let (scene, output) = cut("stream-json").await;
    let played = Played {
        succeeded: true,
        events: output.json_lines(),
    };
    let messages: Vec<_> = played
        .items("agent_message")
        .into_iter()
        .map(|item| (item["text"].clone(), item["interrupted"].clone()))
        .collect();
    assert_eq!(
        messages,
        [
            (json!("The sum is"), json!(true)),
            (json!("The sum is 12502500."), Value::Null),
        ]
    );
    assert_eq!(played.answer(), "The sum is 12502500.");
    let last = said(&scene, 3);
    assert!(
        !last.contains("The sum is"),
        "nothing of it is kept: {last}"
    );
    scene.end();
}

#[tokio::test]
async fn the_printer_says_why_an_answer_begins_anew() {
    let (scene, output) = cut("text").await;
    assert_eq!(output.stdout, "The sum is 12502500.\n");
    let (_, shown) = output.stderr.split_once("The sum is").unwrap();
    let lines: Vec<&str> = shown.lines().filter(|line| !line.is_empty()).collect();
    let [cut, full, shortening, shortened, anew] = lines[..] else {
        panic!("{lines:#?}");
    };
    assert_eq!(
        [cut, full, shortening, anew],
        [
            " [cut here]",
            "the model's context is full; it is asked again once the conversation is shorter",
            "the conversation is being shortened to what matters",
            "The sum is 12502500.",
        ]
    );
    assert!(
        shortened.starts_with("the conversation was shortened from"),
        "{shortened}"
    );
    scene.end();
}
