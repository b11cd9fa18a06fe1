//! Commands that people wrote as files: wherever they are given, they mean the same.

use loom_testing::model::Gate;
use serde_json::{Value, json};

use super::asking::Driven;
use super::hooks::{command, hooks};
use super::rules::user_rules;
use super::{Scene, bash, done};
use crate::events::{of_type, wait_until};

/// Writes a command of the person's own.
fn user_command(scene: &Scene, name: &str, text: &str) {
    let folder = scene.user.config_home().join("loom/commands");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.md")), text).unwrap();
}

/// Writes a command of the project.
fn project_command(scene: &Scene, name: &str, text: &str) {
    scene.write(&format!(".loom/commands/{name}.md"), text);
}

/// Returns what the person said last in the request with this number.
fn said(scene: &Scene, request: usize) -> String {
    let request = &scene.requests()[request];
    let mut messages = request.messages().iter().rev();
    let last = messages.find(|message| message["role"] == "user").unwrap();
    let texts = last["content"].as_array().unwrap().iter();
    let texts = texts.filter_map(|block| block["text"].as_str());
    texts.collect::<Vec<_>>().join("\n")
}

const ASK: [&str; 2] = ["--permission-mode", "ask"];

#[tokio::test]
async fn what_lines_for_the_shell_print_takes_their_place() {
    let scene = Scene::new([done()]).await;
    project_command(
        &scene,
        "review",
        "On !`echo main`:\n\n!`printf 'a\\nb\\n'; touch $1`\nReview $1.",
    );
    let played = scene.play(&[], "/review this");
    assert!(played.succeeded, "{:#?}", played.events);
    assert_eq!(said(&scene, 0), "On main:\n\na\nb\nReview this.");
    assert!(scene.has("this"));
    // They are calls like those of the model, and part of the turn.
    let kinds: Vec<&str> = played
        .events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .filter(|kind| kind.starts_with("turn.") || *kind == "item.completed")
        .collect();
    let item = "item.completed";
    assert_eq!(kinds[0], "turn.started");
    assert_eq!(kinds[1..3], [item, item], "{kinds:?}");
    assert_eq!(of_type(&played.events, "turn.started").len(), 1);
    assert_eq!(played.statuses(), ["completed", "completed"]);
    scene.end();
}

#[tokio::test]
async fn a_line_that_fails_or_is_refused_says_so_in_its_place() {
    let scene = Scene::new([done()]).await;
    user_rules(&scene, "deny = [\"bash(git push *)\"]\n");
    user_command(
        &scene,
        "sync",
        "---\nallowed-tools: Bash(git push:*)\n---\nOne: !`echo so far; exit 3`\nTwo: !`git push`\n",
    );
    let played = scene.play(&["--permission-mode", "full"], "/sync");
    assert_eq!(played.statuses(), ["failed", "denied"]);
    let said = said(&scene, 0);
    assert!(
        said.starts_with(
            "One: (`echo so far; exit 3` failed)\nso far\n(exit code 3)\nTwo: (`git push` was not run: "
        ),
        "{said}"
    );
    assert!(said.contains("bash(git push *)"), "{said}");
    scene.end();
}

#[tokio::test]
async fn a_hook_looks_at_each_line_and_at_the_whole_prompt() {
    let scene = Scene::new([]).await;
    hooks(
        &scene,
        &json!({
            "PreToolUse": [{"matcher": "Bash", "hooks": command("echo 'no network' >&2; exit 2")}],
            "UserPromptSubmit": [{"hooks": command("cat > seen.json; echo 'not like this' >&2; exit 2")}],
        }),
    );
    user_command(&scene, "fetch", "It says !`touch made`.");
    let played = scene.play(&[], "/fetch");
    assert_eq!(played.failure(), "prompt_blocked");
    assert!(!scene.has("made"));
    let seen: Value = serde_json::from_str(&scene.read("seen.json")).unwrap();
    let prompt = seen["prompt"].as_str().unwrap();
    assert!(prompt.contains("no network"), "{prompt}");
    scene.end();
}

#[tokio::test]
async fn the_person_is_asked_about_a_line_where_the_mode_asks() {
    let scene = Scene::new([done()]).await;
    user_command(&scene, "make", "It is !`touch made; echo made`.");
    let mut driven = Driven::start(&scene, &ASK);
    driven.prompt("/make");
    let started = driven.until("item.started");
    let opened = driven.until("inquiry.opened");
    assert_eq!(opened["inquiry"]["tool_call"], started["item"]["id"]);
    assert!(!scene.has("made") && scene.requests().is_empty());
    driven.answer(&opened["id"], json!({"type": "allow"}));
    driven.until("turn.completed");
    assert_eq!(said(&scene, 0), "It is made.");
    assert_eq!(driven.end(), Some(0));
    scene.end();
}

#[tokio::test]
async fn a_command_of_the_person_allows_itself_tools_for_its_turn_and_no_longer() {
    let scene = Scene::new([bash("touch two"), done(), bash("touch three"), done()]).await;
    user_command(
        &scene,
        "make",
        "---\nallowed-tools: Bash(touch:*)\n---\n!`touch one`Make two.",
    );
    let mut driven = Driven::start(&scene, &ASK);
    driven.prompt("/make");
    driven.until("turn.completed");
    assert!(scene.has("one") && scene.has("two"));
    driven.prompt("make three");
    let opened = driven.until("inquiry.opened");
    driven.answer(&opened["id"], json!({"type": "deny"}));
    driven.until("turn.completed");
    assert!(!scene.has("three"));
    assert_eq!(driven.end(), Some(0));
    scene.end();
}

#[tokio::test]
async fn a_command_of_the_project_allows_itself_nothing_until_it_is_trusted_as_it_is() {
    let scene = Scene::new([done(), done(), done()]).await;
    let text = |line: &str| format!("---\nallowed-tools: Bash(touch:*)\n---\n!`{line}`Well?");
    project_command(&scene, "make", &text("touch one"));
    let output = scene.user.loom([&ASK[..], &["-p", "/make"]].concat()).run();
    output.assert_success();
    assert!(!scene.has("one"));
    assert!(
        output.stderr.contains("tools that /make allows itself")
            && output.stderr.contains("loom trust"),
        "{}",
        output.stderr
    );

    let trusted = scene.user.loom(["trust", "--yes"]).run();
    trusted.assert_success();
    assert!(trusted.stdout.contains("touch one"), "{}", trusted.stdout);
    assert!(scene.play(&ASK, "/make").succeeded);
    assert!(scene.has("one"));

    project_command(&scene, "make", &text("touch two"));
    assert!(scene.play(&ASK, "/make").succeeded);
    assert!(!scene.has("two"));
    scene.end();
}

#[tokio::test]
async fn model_and_effort_of_a_command_hold_for_its_turn() {
    let scene = Scene::new([bash("true"), done(), done()]).await;
    user_command(
        &scene,
        "think",
        "---\nmodel: claude-opus-4-5\neffort: high\n---\nThink about $ARGUMENTS.",
    );
    let mut driven = Driven::start(&scene, &["--model", "claude-sonnet-4-6"]);
    driven.prompt("/think tabs");
    let settings = |event: Value| (event["model"].clone(), event["effort"].clone());
    let changed = settings(driven.until("settings.changed"));
    assert_eq!(changed, (json!("claude-opus-4-5"), json!("high")));
    let back = settings(driven.until("settings.changed"));
    assert_eq!(back, (json!("claude-sonnet-4-6"), Value::Null));
    driven.until("turn.completed");
    driven.prompt("and now?");
    driven.until("turn.completed");
    assert_eq!(driven.end(), Some(0));
    let asked: Vec<(String, Value)> = scene
        .requests()
        .iter()
        .map(|request| {
            let effort = &request.json()["output_config"]["effort"];
            (request.model().to_owned(), effort.clone())
        })
        .collect();
    let opus = ("claude-opus-4-5".to_owned(), json!("high"));
    let sonnet = ("claude-sonnet-4-6".to_owned(), Value::Null);
    assert_eq!(asked, [opus.clone(), opus, sonnet.clone()]);

    // The thread goes on with the session's model, too.
    scene.then([done()]);
    assert!(scene.play(&["--continue"], "once more").succeeded);
    assert_eq!(scene.model.last_request().model(), sonnet.0);
    scene.end();
}

#[tokio::test]
async fn the_model_comes_back_after_a_turn_that_fails() {
    let scene = Scene::new([loom_testing::Reply::status(400), done()]).await;
    user_command(&scene, "think", "---\nmodel: claude-opus-4-5\n---\nThink.");
    let mut driven = Driven::start(&scene, &["--model", "claude-sonnet-4-6"]);
    driven.prompt("/think");
    driven.until("turn.failed");
    driven.prompt("and now?");
    driven.until("turn.completed");
    assert_eq!(scene.model.last_request().model(), "claude-sonnet-4-6");
    driven.end();
    scene.end();
}

#[tokio::test]
async fn what_is_said_in_a_commands_turn_goes_out_with_its_next_request() {
    let first = Gate::new();
    let last = Gate::new();
    let scene = Scene::new([
        bash("true").gate_after(0, &first),
        done().gate_after(0, &last),
        done(),
    ])
    .await;
    user_command(&scene, "think", "---\nmodel: claude-opus-4-5\n---\nThink.");
    let mut driven = Driven::start(&scene, &["--model", "claude-sonnet-4-6"]);
    driven.prompt("/think");
    wait_until("the model is asked", || scene.requests().len() == 1);
    driven.prompt("about tabs");
    // The session takes lines in their order, so it has the prompt once it tells of this one.
    driven.say(&json!({"type": "dance"}));
    driven.until("item.completed");
    first.open();
    wait_until("the model is asked again", || scene.requests().len() == 2);
    assert_eq!(said(&scene, 1), "about tabs");
    driven.prompt("too late");
    driven.say(&json!({"type": "dance"}));
    driven
        .running
        .wait_for_line(|line| line.contains("is not understood"));
    last.open();
    driven.until("turn.completed");
    driven.until("turn.completed");
    assert_eq!(driven.end(), Some(0));
    let models: Vec<String> = scene
        .requests()
        .iter()
        .map(|request| request.model().to_owned())
        .collect();
    assert_eq!(
        models,
        ["claude-opus-4-5", "claude-opus-4-5", "claude-sonnet-4-6"]
    );
    assert_eq!(said(&scene, 2), "too late");
    scene.end();
}

#[tokio::test]
async fn what_was_said_in_a_commands_turn_is_kept_when_the_program_is_ended() {
    let gate = Gate::new();
    let scene = Scene::new([done().gate_after(0, &gate)]).await;
    user_command(&scene, "think", "---\neffort: low\n---\nThink.");
    let mut driven = Driven::start(&scene, &[]);
    driven.prompt("/think");
    wait_until("the model is asked", || scene.requests().len() == 1);
    driven.prompt("about tabs");
    driven.say(&json!({"type": "dance"}));
    driven.until("item.completed");
    driven.running.interrupt();
    driven.until("result");
    assert_eq!(driven.end(), Some(130));
    scene.then([done()]);
    assert!(scene.play(&["--continue"], "go on").succeeded);
    let request = &scene.requests()[1];
    let kept: String = request.messages().iter().map(Value::to_string).collect();
    assert!(kept.contains("about tabs"), "{kept}");
    scene.end();
}

#[tokio::test]
async fn a_line_is_stopped_with_its_turn_and_the_session_goes_on() {
    let scene = Scene::new([done()]).await;
    user_command(
        &scene,
        "hang",
        "It says !`touch begun; while :; do :; done`.",
    );
    let mut driven = Driven::start(&scene, &[]);
    driven.prompt("/hang");
    wait_until("the line runs", || scene.has("begun"));
    driven.say(&json!({"type": "cancel"}));
    let failed = driven.until("turn.failed");
    assert_eq!(failed["error"]["code"], "cancelled");
    let left = scene.user.processes();
    let left: Vec<_> = left.iter().filter(|line| line.contains("while")).collect();
    assert!(left.is_empty(), "{left:?}");
    driven.prompt("hello");
    driven.until("turn.completed");
    assert_eq!(said(&scene, 0), "hello");
    assert_eq!(driven.end(), Some(0));
    scene.end();
}

#[tokio::test]
async fn what_a_line_did_is_undone_with_its_turn() {
    let scene = Scene::new([done()]).await;
    user_command(&scene, "make", "It says !`echo made > made.txt`.");
    let mut terminal = scene.user.loom([""; 0]).spawn_on_terminal();
    terminal.wait_for("\nauto>");
    terminal.type_keys("/make\r");
    terminal.wait_for("Done.");
    assert!(scene.has("made.txt"));
    terminal.type_keys("/undo\r");
    terminal.wait_for("undoes this");
    assert!(!scene.has("made.txt"));
    terminal.type_keys("\u{4}");
    assert_eq!(terminal.wait(), 0);
    scene.end();
}

#[tokio::test]
async fn a_projects_command_mentions_nothing_outside_and_the_person_does() {
    let scene = Scene::new([done()]).await;
    let home = scene.user.home();
    std::fs::write(home.join("secret.txt"), "swordfish").unwrap();
    std::fs::write(home.join("notes.txt"), "buy bread").unwrap();
    scene.write("inside.txt", "a file of the project");
    project_command(
        &scene,
        "look",
        "At @~/secret.txt, @inside.txt, $1 and !`echo @~/secret.txt`.",
    );
    let output = scene.user.loom(["-p", "/look @~/notes.txt"]).run();
    output.assert_success();
    let said = said(&scene, 0);
    assert!(said.contains("a file of the project") && said.contains("buy bread"));
    assert!(!said.contains("swordfish"), "{said}");
    assert!(output.stderr.contains("stays inside"), "{}", output.stderr);
    scene.end();
}

#[tokio::test]
async fn a_name_that_means_nothing_is_not_sent_but_a_path_is() {
    let scene = Scene::new([done()]).await;
    project_command(&scene, "review", "Review.");
    let played = scene.play(&[], "/reviev main");
    assert_eq!(played.failure(), "unknown_command");
    let failed = of_type(&played.events, "turn.failed")[0];
    let message = failed["error"]["message"].as_str().unwrap();
    assert!(message.contains("perhaps /review"), "{message}");
    assert!(scene.requests().is_empty());

    assert!(scene.play(&[], "/tmp is nearly full").succeeded);
    assert_eq!(said(&scene, 0), "/tmp is nearly full");
    scene.end();
}

#[tokio::test]
async fn a_command_of_the_terminal_says_where_it_belongs() {
    let scene = Scene::new([]).await;
    for text in ["/help", "/mode nonsense"] {
        let played = scene.play(&[], text);
        assert_eq!(played.failure(), "command_of_terminal", "{text}");
    }
    scene.end();
}

#[tokio::test]
async fn what_is_refused_while_a_turn_runs_does_not_end_it() {
    let gate = Gate::new();
    let scene = Scene::new([done().gate_after(0, &gate)]).await;
    hooks(
        &scene,
        &json!({"UserPromptSubmit": [{"hooks": command(
            "if grep -q swordfish; then echo 'no secrets' >&2; exit 2; fi"
        )}]}),
    );
    let mut driven = Driven::start(&scene, &[]);
    driven.prompt("begin");
    wait_until("the model is asked", || scene.requests().len() == 1);
    let refused = [
        ("/nothing", "no command /nothing (unknown_command); "),
        ("say swordfish", "no secrets (prompt_blocked)"),
    ];
    for (text, expected) in refused {
        driven.prompt(text);
        let code = expected.split(['(', ')']).nth(1).unwrap();
        let line = driven.running.wait_for_line(|line| line.contains(code));
        let event: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(event["item"]["type"], "notice", "{event}");
        let message = event["item"]["message"].as_str().unwrap();
        assert!(message.contains(expected), "{message}");
    }
    gate.open();
    driven.until("turn.completed");
    assert_eq!(driven.end(), Some(0));
    scene.end();
}

#[tokio::test]
async fn what_is_wrong_with_the_files_is_told_at_the_start_and_on_request() {
    let scene = Scene::new([done()]).await;
    project_command(&scene, "model", "Never called.");
    project_command(&scene, "silent", "---\ndescription: nothing\n---\n");
    user_command(&scene, "odd", "---\nallowed-tools: Bash(a; b)\n---\nOdd.");
    scene.write(".loom/skills/broken/SKILL.md", "no name, no description\n");
    let expected = [
        "/model is a command of Loom itself",
        "silent.md: it is no command: it says nothing",
        "it does not allow itself \"Bash(a; b)\"",
        "SKILL.md",
    ];
    let output = scene.user.loom(["-p", "hello"]).run();
    output.assert_success();
    for warning in expected {
        assert!(
            output.stderr.contains(warning),
            "{warning}: {}",
            output.stderr
        );
    }

    let mut terminal = scene.user.loom([""; 0]).spawn_on_terminal();
    terminal.wait_for("it says nothing");
    terminal.wait_for("\nauto>");
    terminal.type_keys("/help\r");
    terminal.wait_for("/exit");
    terminal.wait_for("it says nothing");
    terminal.type_keys("\u{4}");
    assert_eq!(terminal.wait(), 0);
    scene.end();
}
