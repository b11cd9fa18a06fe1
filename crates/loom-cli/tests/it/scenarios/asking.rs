//! A program drives the session over standard input: prompts, answers, other settings.

use loom_testing::Reply;
use loom_testing::command_line::Running;
use serde_json::{Value, json};

use super::{Scene, bash, done, write};

const STREAM: [&str; 5] = [
    "--input-format",
    "stream-json",
    "--output-format",
    "stream-json",
    "-p",
];

/// A session that a program drives.
pub(crate) struct Driven {
    pub(crate) running: Running,
}

impl Driven {
    pub(crate) fn start(scene: &Scene, arguments: &[&str]) -> Self {
        let all: Vec<&str> = arguments.iter().copied().chain(STREAM).collect();
        Self {
            running: scene.user.loom(all).open_stdin().spawn(),
        }
    }

    pub(crate) fn say(&mut self, input: &Value) {
        self.running.write_line(&input.to_string());
    }

    pub(crate) fn prompt(&mut self, text: &str) {
        self.say(&json!({"type": "prompt", "content": text}));
    }

    pub(crate) fn answer(&mut self, id: &Value, answer: Value) {
        self.say(&json!({"type": "answer", "id": id, "answer": answer}));
    }

    /// Skips to the next event of a type.
    pub(crate) fn until(&mut self, kind: &str) -> Value {
        let needle = format!("\"type\":\"{kind}\"");
        let line = self.running.wait_for_line(|line| line.contains(&needle));
        serde_json::from_str(&line).unwrap()
    }

    /// Closes the input and returns the exit code.
    pub(crate) fn end(mut self) -> Option<i32> {
        self.running.close_stdin();
        self.running.wait().code
    }
}

#[tokio::test]
async fn a_permission_is_asked_and_given_over_the_stream() {
    let scene = Scene::new([bash("echo made > made.txt"), done()]).await;
    let mut driven = Driven::start(&scene, &["--permission-mode", "ask"]);
    driven.prompt("make it");
    let opened = driven.until("inquiry.opened");
    assert_eq!(opened["inquiry"]["type"], "permission");
    assert_eq!(
        opened["inquiry"]["arguments"]["command"],
        "echo made > made.txt"
    );
    assert!(!scene.has("made.txt"));
    driven.answer(&opened["id"], json!({"type": "allow"}));
    assert_eq!(driven.until("inquiry.closed")["outcome"], "accepted");
    driven.until("turn.completed");
    assert!(scene.has("made.txt"));
    assert_eq!(driven.end(), Some(0));
    scene.end();
}

#[tokio::test]
async fn a_remembered_rule_is_not_asked_for_again_not_even_tomorrow() {
    let scene = Scene::new([bash("touch one"), bash("touch two"), done()]).await;
    let mut driven = Driven::start(&scene, &["--permission-mode", "ask"]);
    driven.prompt("make them");
    let opened = driven.until("inquiry.opened");
    driven.answer(
        &opened["id"],
        json!({"type": "allow", "remember": {"rules": ["bash(touch *)"], "scope": "project"}}),
    );
    driven.until("turn.completed");
    assert!(scene.has("one") && scene.has("two"));
    assert_eq!(driven.end(), Some(0));

    scene.then([bash("touch three"), done()]);
    let played = scene.play(&["--permission-mode", "ask"], "make another");
    assert_eq!(played.statuses(), ["completed"], "{:?}", scene.told());
    assert!(scene.has("three"));
    scene.end();
}

#[tokio::test]
async fn a_denial_with_words_reaches_the_model() {
    let scene = Scene::new([bash("rm -rf build"), done()]).await;
    let mut driven = Driven::start(&scene, &["--permission-mode", "ask"]);
    driven.prompt("clean");
    let opened = driven.until("inquiry.opened");
    driven.answer(
        &opened["id"],
        json!({"type": "deny", "instead": "list it first"}),
    );
    driven.until("turn.completed");
    assert!(scene.told()[0].contains("list it first"));
    assert_eq!(driven.end(), Some(0));
    scene.end();
}

#[tokio::test]
async fn a_question_that_cannot_be_answered_any_more_is_withdrawn() {
    let scene = Scene::new([bash("touch made"), done()]).await;
    let mut driven = Driven::start(&scene, &["--permission-mode", "ask"]);
    driven.prompt("make it");
    driven.until("inquiry.opened");
    assert_eq!(
        driven.end(),
        Some(0),
        "the run goes on without the answer and ends"
    );
    assert!(!scene.has("made"));
    scene.end();
}

#[tokio::test]
async fn a_plan_is_approved_and_carried_out() {
    let scene = Scene::new([
        Reply::tool_call("present_plan", json!({"plan": "1. Make a.txt."})),
        write("a.txt", "a"),
        done(),
    ])
    .await;
    let mut driven = Driven::start(&scene, &["--permission-mode", "plan"]);
    driven.prompt("make a.txt");
    let opened = driven.until("inquiry.opened");
    assert_eq!(
        opened["inquiry"],
        json!({"type": "plan", "plan": "1. Make a.txt."})
    );
    driven.answer(&opened["id"], json!({"type": "approve", "mode": "auto"}));
    assert_eq!(driven.until("settings.changed")["permission_mode"], "auto");
    driven.until("turn.completed");
    assert!(scene.has("a.txt"));
    assert_eq!(driven.end(), Some(0));
    scene.end();
}

#[tokio::test]
async fn a_plan_that_is_not_approved_is_changed() {
    let plan = |text: &str| Reply::tool_call("present_plan", json!({"plan": text}));
    let scene = Scene::new([plan("1. Rewrite it."), plan("1. Patch it."), done()]).await;
    let mut driven = Driven::start(&scene, &["--permission-mode", "plan"]);
    driven.prompt("mend it");
    let first = driven.until("inquiry.opened");
    driven.answer(&first["id"], json!({"type": "deny", "instead": "smaller"}));
    let second = driven.until("inquiry.opened");
    assert_eq!(second["inquiry"]["plan"], "1. Patch it.");
    driven.answer(&second["id"], json!({"type": "approve", "mode": "ask"}));
    driven.until("turn.completed");
    assert_eq!(driven.end(), Some(0));
    scene.end();
}

#[tokio::test]
async fn a_question_of_the_model_is_answered() {
    let scene = Scene::new([
        Reply::tool_call(
            "ask_user",
            json!({"question": "Which?", "options": ["red", "blue"]}),
        ),
        done(),
    ])
    .await;
    let mut driven = Driven::start(&scene, &[]);
    driven.prompt("paint it");
    let opened = driven.until("inquiry.opened");
    assert_eq!(opened["inquiry"]["options"], json!(["red", "blue"]));
    driven.answer(&opened["id"], json!({"type": "reply", "text": "blue"}));
    driven.until("turn.completed");
    assert!(scene.told()[0].contains("blue"));
    assert_eq!(driven.end(), Some(0));
    scene.end();
}

#[tokio::test]
async fn the_mode_is_set_in_the_middle_of_a_session() {
    let scene = Scene::new([done(), bash("touch made"), done()]).await;
    let mut driven = Driven::start(&scene, &["--permission-mode", "plan"]);
    driven.prompt("look");
    driven.until("turn.completed");
    driven.say(&json!({"type": "set_permission_mode", "mode": "full"}));
    assert_eq!(driven.until("settings.changed")["permission_mode"], "full");
    driven.prompt("make it");
    driven.until("turn.completed");
    assert!(scene.has("made"));
    let said = scene.requests()[1]
        .messages()
        .iter()
        .map(Value::to_string)
        .collect::<String>();
    assert!(said.contains("full mode"), "the model is told: {said}");
    assert_eq!(driven.end(), Some(0));
    scene.end();
}

#[tokio::test]
async fn another_model_takes_over_in_the_middle_of_a_session() {
    let scene = Scene::new([done(), done()]).await;
    let mut driven = Driven::start(&scene, &["--model", "model-one"]);
    driven.prompt("first");
    driven.until("turn.completed");
    driven.say(&json!({"type": "set_model", "model": "model-two"}));
    driven.until("settings.changed");
    driven.prompt("second");
    driven.until("turn.completed");
    assert_eq!(driven.end(), Some(0));
    let models: Vec<String> = scene
        .requests()
        .iter()
        .map(|request| request.model().to_owned())
        .collect();
    assert_eq!(models, ["model-one", "model-two"]);
    scene.end();
}

#[tokio::test]
async fn a_conversation_is_shortened_on_request() {
    let scene = Scene::new([done(), Reply::text("They greeted."), done()]).await;
    scene.model.allow_rewritten_history();
    let mut driven = Driven::start(&scene, &[]);
    driven.prompt("a long story that matters");
    driven.until("turn.completed");
    driven.say(&json!({"type": "compact", "instructions": "keep names"}));
    driven.until("turn.completed");
    driven.prompt("go on");
    driven.until("turn.completed");
    assert_eq!(driven.end(), Some(0));
    let said: String = scene
        .model
        .last_request()
        .messages()
        .iter()
        .map(Value::to_string)
        .collect();
    assert!(
        said.contains("a long story that matters") && said.contains("go on"),
        "{said}"
    );
    scene.end();
}

#[tokio::test]
async fn a_line_that_makes_no_sense_is_told_and_changes_nothing() {
    let scene = Scene::new([done()]).await;
    let mut driven = Driven::start(&scene, &[]);
    driven.say(&json!({"type": "dance"}));
    let notice = driven
        .running
        .wait_for_line(|line| line.contains("is not understood"));
    assert!(notice.contains("\"level\":\"warning\""), "{notice}");
    driven.prompt("hello");
    driven.until("turn.completed");
    assert_eq!(driven.end(), Some(0));
    scene.end();
}
