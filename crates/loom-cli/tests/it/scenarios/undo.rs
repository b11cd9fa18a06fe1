//! What was done can be undone: files, conversation, or both, without the person's own repository.

use loom_testing::Reply;
use loom_testing::command_line::Running;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{Scene, bash, done, edit, read, write};
use crate::events::{stream, wait_until};

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

/// A command that has made a file, and has not ended.
const STARTS_AND_STAYS: &str = "echo $$ > pid; echo agent > agent.txt; echo begun; exec sleep 1000";

/// Starts a run whose command has begun, and does not end.
fn run_that_stays(scene: &Scene) -> Running {
    let full = [
        "--permission-mode",
        "full",
        "--output-format",
        "stream-json",
    ];
    let mut running = scene.user.loom(full.iter().chain(&["-p", "go"])).spawn();
    running.wait_for_line(|line| line.contains(r"begun\n"));
    running
}

/// Writes what the person writes by hand: one file that was there, and one that was not.
fn work_by_hand(scene: &Scene) {
    scene.write("mine.txt", "by hand\n");
    scene.write("new.txt", "by hand\n");
}

fn assert_work_by_hand_stands(scene: &Scene) {
    assert_eq!(scene.read("mine.txt"), "by hand\n");
    assert!(scene.has("new.txt"));
}

#[tokio::test]
async fn what_the_person_does_after_a_stopped_run_stays() {
    let scene = Scene::new([bash(STARTS_AND_STAYS)]).await;
    scene.write("mine.txt", "before\n");
    let running = run_that_stays(&scene);
    running.interrupt();
    running.wait().assert_code(130);
    work_by_hand(&scene);
    let report = rewind(&scene, &["--to", &last_turn(&scene), "--files"]);
    assert!(!scene.has("agent.txt"));
    assert_eq!(report["kept"], json!([]));
    assert_work_by_hand_stands(&scene);
    scene.end();
}

#[tokio::test]
async fn what_the_person_does_after_a_stopped_call_stays_also_a_turn_later() {
    let scene = Scene::new([bash(STARTS_AND_STAYS)]).await;
    scene.write("mine.txt", "before\n");
    let full = ["--permission-mode", "full"];
    let mut terminal = scene.user.loom(full).spawn_on_terminal();
    terminal.wait_for("\nfull>");
    terminal.type_keys("go\r");
    wait_until("the command has begun", || scene.has("agent.txt"));
    terminal.type_keys("\u{3}");
    terminal.wait_for("the turn was stopped");
    work_by_hand(&scene);
    scene.then([
        write("second.txt", "agent\n"),
        Reply::text("Second is over."),
    ]);
    terminal.type_keys("go on\r");
    terminal.wait_for("Second is over.");
    let first = points(&scene)[0]["number"].to_string();
    terminal.type_keys(&format!("/rewind {first} files\r"));
    terminal.wait_for("the files are back");
    assert!(!scene.has("agent.txt") && !scene.has("second.txt"));
    assert_work_by_hand_stands(&scene);
    terminal.type_keys("\u{4}");
    assert_eq!(terminal.wait(), 0);
    scene.end();
}

#[tokio::test]
async fn what_was_done_after_loom_was_killed_is_named_and_stays_unless_forced() {
    let scene = Scene::new([bash(STARTS_AND_STAYS)]).await;
    scene.write("mine.txt", "before\n");
    let running = run_that_stays(&scene);
    running.signal(Signal::KILL);
    // What the command left behind holds the output open; end it as a person would.
    let pid = scene.read("pid");
    let killed = scene.user.program("kill", ["-9", pid.trim()]).run();
    killed.assert_success();
    let _ = running.wait();
    work_by_hand(&scene);
    let turn = last_turn(&scene);
    let report = rewind(&scene, &["--to", &turn, "--files"]);
    let kept: Vec<&Value> = report["kept"].as_array().unwrap().iter().collect();
    let named: Vec<&Value> = kept.iter().map(|kept| &kept["path"]).collect();
    assert_eq!(named, ["agent.txt", "mine.txt", "new.txt", "pid"]);
    assert!(
        kept.iter().all(|kept| kept["reason"] == "cut_off"),
        "{report}"
    );
    assert_work_by_hand_stands(&scene);
    rewind(&scene, &["--to", &turn, "--files", "--force"]);
    assert!(!scene.has("agent.txt") && !scene.has("new.txt"));
    assert_eq!(scene.read("mine.txt"), "before\n");
}

fn in_background(line: &str) -> Reply {
    let arguments = json!({"command": line, "run_in_background": true});
    Reply::tool_call("bash", arguments)
}

#[tokio::test]
async fn what_a_command_did_in_the_background_is_undone() {
    let wait = json!({"command_id": "c1", "wait_ms": 60_000});
    let scene = Scene::new([
        in_background("sleep 1; echo bg > bg.txt"),
        Reply::tool_call("command_output", wait),
        done(),
    ])
    .await;
    let full = ["--permission-mode", "full"];
    assert!(scene.play(&full, "build it").succeeded);
    assert_eq!(scene.read("bg.txt"), "bg\n");
    rewind(&scene, &["--to", &last_turn(&scene), "--files"]);
    assert!(!scene.has("bg.txt"));
    scene.end();
}

#[tokio::test]
async fn undo_beside_a_command_in_the_background_says_that_it_runs_and_keeps_what_may_be_the_persons()
 {
    let scene = Scene::new([
        in_background("exec sleep 1000"),
        write("agent.txt", "agent\n"),
        Reply::text("It is up."),
    ])
    .await;
    let full = ["--permission-mode", "full"];
    let mut terminal = scene.user.loom(full).spawn_on_terminal();
    terminal.wait_for("\nfull>");
    terminal.type_keys("serve it\r");
    terminal.wait_for("It is up.");
    scene.write("new.txt", "by hand\n");
    terminal.type_keys("/undo\r");
    terminal.wait_for("still running: bash exec sleep 1000");
    terminal.wait_for("left as it is: new.txt");
    assert!(scene.has("new.txt") && !scene.has("agent.txt"));
    terminal.type_keys("\u{4}");
    assert_eq!(terminal.wait(), 0);
    scene.end();
}

#[tokio::test]
async fn undoing_twice_undoes_two_turns() {
    let scene = Scene::new([write("one.txt", "1\n"), Reply::text("One is over.")]).await;
    let mut terminal = scene.user.loom([""; 0]).spawn_on_terminal();
    terminal.wait_for("\nauto>");
    terminal.type_keys("one\r");
    terminal.wait_for("One is over.");
    scene.then([write("two.txt", "2\n"), Reply::text("Two is over.")]);
    terminal.type_keys("two\r");
    terminal.wait_for("Two is over.");
    terminal.type_keys("/undo\r");
    terminal.wait_for("conversation are back");
    assert!(scene.has("one.txt") && !scene.has("two.txt"));
    terminal.type_keys("/undo\r");
    wait_until("the first turn is undone", || !scene.has("one.txt"));
    terminal.type_keys("/undo\r");
    terminal.wait_for("there is no turn to undo");
    terminal.type_keys("\u{4}");
    assert_eq!(terminal.wait(), 0);
    scene.end();
}
