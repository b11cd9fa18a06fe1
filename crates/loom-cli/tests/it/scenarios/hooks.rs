//! Programs of the person run around what the agent does.

use serde_json::{Value, json};

use super::asking::Driven;
use super::{Scene, bash, done, write};
use crate::events::{failure, wait_until};

/// A line of a hook that takes its time when it is run first, and then says something.
const SLOW_AT_FIRST: &str = "[ -e begun ] || { touch begun; sleep 1000; }; echo 'seen by a hook'";

/// Expects that nothing of a hook runs any more.
fn has_ended(scene: &Scene) {
    let mut left = scene.user.processes();
    left.retain(|process| process.contains("sleep"));
    assert_eq!(left, Vec::<String>::new());
}

/// Writes the person's hooks.
pub(crate) fn hooks(scene: &Scene, hooks: &Value) {
    let folder = scene.user.config_home().join("loom");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("hooks.json"),
        json!({"hooks": hooks}).to_string(),
    )
    .unwrap();
}

pub(crate) fn command(line: &str) -> Value {
    json!([{"type": "command", "command": line}])
}

#[tokio::test]
async fn a_hook_keeps_a_command_from_running_and_says_why() {
    let scene = Scene::new([bash("touch made"), done()]).await;
    hooks(
        &scene,
        &json!({"PreToolUse": [{"matcher": "Bash", "hooks": command("echo 'not on Fridays' >&2; exit 2")}]}),
    );
    let played = scene.play(&["--permission-mode", "full"], "make it");
    assert_eq!(played.statuses(), ["denied"]);
    assert!(
        scene.told()[0].contains("not on Fridays"),
        "{:?}",
        scene.told()
    );
    assert!(!scene.has("made"));
    scene.end();
}

#[tokio::test]
async fn a_hook_reads_the_call_and_tells_the_model_something_after_it() {
    let scene = Scene::new([write("a.txt", "a"), done()]).await;
    hooks(
        &scene,
        &json!({"PostToolUse": [{"matcher": "Write", "hooks": command(
            "cat > seen.json; echo '{\"hookSpecificOutput\": {\"hookEventName\": \"PostToolUse\", \"additionalContext\": \"format it\"}}'"
        )}]}),
    );
    let played = scene.play(&[], "write it");
    assert_eq!(played.statuses(), ["completed"]);
    let seen: Value = serde_json::from_str(&scene.read("seen.json")).unwrap();
    assert_eq!(seen["tool_name"], "Write");
    assert!(scene.told()[0].contains("format it"), "{:?}", scene.told());
    scene.end();
}

#[tokio::test]
async fn a_hook_of_the_project_runs_only_once_it_is_trusted() {
    let scene = Scene::new([done()]).await;
    let hook = json!({"hooks": {"UserPromptSubmit": [{"hooks": command("touch ran")}]}});
    scene.write(".loom/hooks.json", hook.to_string());
    assert!(scene.play(&[], "hello").succeeded);
    assert!(!scene.has("ran"));

    scene.user.loom(["trust", "--yes"]).run().assert_success();
    scene.then([done()]);
    assert!(scene.play(&[], "hello").succeeded);
    assert!(scene.has("ran"));
    scene.end();
}

#[tokio::test]
async fn a_prompt_that_a_hook_blocks_does_not_reach_the_model() {
    let scene = Scene::new([]).await;
    hooks(
        &scene,
        &json!({"UserPromptSubmit": [{"hooks": command("echo 'no secrets please' >&2; exit 2")}]}),
    );
    let played = scene.play(&[], "my password is swordfish");
    assert_eq!(played.failure(), "prompt_blocked");
    assert!(scene.requests().is_empty());
    scene.end();
}

#[tokio::test]
async fn a_hook_at_the_end_makes_the_agent_go_on_in_the_same_turn() {
    let scene = Scene::new([done(), bash("touch tested"), done()]).await;
    hooks(
        &scene,
        &json!({"Stop": [{"hooks": command("[ -e tested ] || { echo 'run the tests' >&2; exit 2; }")}]}),
    );
    let played = scene.play(&["--permission-mode", "full"], "finish");
    assert!(played.succeeded);
    assert!(scene.has("tested"));
    let turns = played
        .events
        .iter()
        .filter(|event| event["type"] == "turn.started");
    assert_eq!(turns.count(), 1);
    scene.end();
}

#[tokio::test]
async fn a_hook_that_hangs_is_ended_and_the_work_goes_on() {
    let scene = Scene::new([bash("touch made"), done()]).await;
    hooks(
        &scene,
        &json!({"PreToolUse": [{"hooks": [{"type": "command", "command": "while :; do :; done", "timeout": 1}]}]}),
    );
    let played = scene.play(&["--permission-mode", "full"], "make it");
    assert!(played.succeeded && scene.has("made"));
    assert!(!played.notices().is_empty(), "the person learns of it");
    scene.end();
}

#[tokio::test]
async fn a_stop_ends_the_hooks_of_a_prompt_and_the_next_prompt_passes() {
    for event in ["UserPromptSubmit", "SessionStart"] {
        let scene = Scene::new([]).await;
        hooks(&scene, &json!({event: [{"hooks": command(SLOW_AT_FIRST)}]}));
        let mut driven = Driven::start(&scene, &[]);
        driven.prompt("first");
        wait_until("the hook runs", || scene.has("begun"));
        driven.say(&json!({"type": "cancel"}));
        let failed = driven.until("turn.failed");
        assert_eq!(failed["error"]["code"], "cancelled");
        let hint = failed["error"]["hint"].as_str().unwrap();
        assert!(hint.contains("has not seen what you said"), "{hint}");
        has_ended(&scene);

        scene.then([done()]);
        driven.prompt("second");
        driven.until("turn.completed");
        assert_eq!(driven.end(), Some(0));
        let [request] = &scene.requests()[..] else {
            panic!("{event}: {} requests", scene.requests().len());
        };
        let said: String = request.messages().iter().map(ToString::to_string).collect();
        assert!(said.contains("second") && !said.contains("first"), "{said}");
        assert!(said.contains("seen by a hook"), "{event}: {said}");
        scene.end();
    }
}

#[tokio::test]
async fn a_stop_is_heard_behind_more_prompts_than_may_wait_for_a_hook() {
    let scene = Scene::new([]).await;
    hooks(
        &scene,
        &json!({"UserPromptSubmit": [{"hooks": command(SLOW_AT_FIRST)}]}),
    );
    let mut driven = Driven::start(&scene, &[]);
    driven.prompt("first");
    wait_until("the hook runs", || scene.has("begun"));
    for number in 0..65 {
        driven.prompt(&format!("number {number}"));
    }
    let refused = driven.until("turn.failed");
    assert_eq!(refused["error"]["code"], "too_many_prompts");
    driven.say(&json!({"type": "cancel"}));
    assert_eq!(driven.until("turn.failed")["error"]["code"], "cancelled");
    has_ended(&scene);
    driven.end();
    scene.end();
}

#[tokio::test]
async fn ctrl_c_ends_the_hooks_of_a_prompt_and_the_run() {
    let scene = Scene::new([]).await;
    let hook = json!({"UserPromptSubmit": [{"hooks": command(SLOW_AT_FIRST)}]});
    hooks(&scene, &hook);
    let arguments = ["--output-format", "stream-json", "-p", "hello"];
    let running = scene.user.loom(arguments).spawn();
    wait_until("the hook runs", || scene.has("begun"));
    running.interrupt();
    let output = running.wait();
    let events = output.assert_code(130).json_lines();
    assert_eq!(failure(&events).0, "cancelled");
    assert!(scene.requests().is_empty());
    has_ended(&scene);
    scene.end();
}
