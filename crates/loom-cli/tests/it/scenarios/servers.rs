//! Servers of tools that ask the person, and what prompts mention of them.

use std::fs;
use std::path::PathBuf;

use loom_testing::model::Gate;
use loom_testing::{ModelRequest, Reply};
use serde_json::{Value, json};

use super::asking::Driven;
use super::{Scene, done};
use crate::events::{of_type, wait_until};

/// The server that asks what it is told to ask.
const SERVER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../loom-cli-mcp/tests/servers/fake.mjs"
);

/// Configures the server under the name `notes`.
fn serve(scene: &Scene) {
    let path = std::env::vars_os().find(|(name, _)| name == "PATH");
    let node: PathBuf = std::env::split_paths(&path.unwrap().1)
        .map(|folder| folder.join("node"))
        .find(|program| program.exists())
        .expect("node is installed");
    let folder = scene.user.config_home().join("loom");
    fs::create_dir_all(&folder).unwrap();
    let servers = json!({"mcpServers": {"notes": {
        "command": node, "args": [SERVER, "resources"],
    }}});
    fs::write(folder.join("mcp.json"), servers.to_string()).unwrap();
    fs::write(
        folder.join("permissions.toml"),
        "allow = [\"mcp__notes__ask\"]\n",
    )
    .unwrap();
}

fn ask(arguments: Value) -> Reply {
    Reply::tool_call("mcp__notes__ask", arguments)
}

fn form() -> Value {
    json!({"params": {
        "message": "Who are you?",
        "requestedSchema": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "minLength": 2},
                "age": {"type": "integer", "default": 42},
                "password": {"type": "string"},
            },
            "required": ["name"],
        },
    }})
}

/// Returns all that the model was sent of the person's words.
fn said(request: &ModelRequest) -> String {
    let messages = request.messages().iter();
    messages.map(Value::to_string).collect()
}

#[tokio::test]
async fn a_server_s_form_is_filled_in_over_the_stream_and_checked() {
    let scene = Scene::new([ask(form()), done()]).await;
    serve(&scene);
    let mut driven = Driven::start(&scene, &[]);
    driven.prompt("ask me");
    let opened = driven.until("inquiry.opened");
    assert_eq!(
        opened["inquiry"],
        json!({
            "type": "form",
            "server": "notes",
            "message": "Who are you?",
            "fields": [
                {"name": "name", "type": "text", "min_length": 2, "required": true},
                {"name": "age", "type": "number", "whole": true, "default": 42.0},
                {"name": "password", "type": "text", "seems_secret": true},
            ],
        })
    );
    let submit = |values: Value| json!({"type": "submit", "values": values});
    driven.answer(&opened["id"], submit(json!({"name": "A"})));
    let notice = driven.until("item.completed");
    assert_eq!(
        notice["item"]["message"],
        "the answer to inquiry_1 is not taken: the field \"name\" wants a text, 2 characters at least"
    );
    driven.answer(&opened["id"], submit(json!({"name": "Ada", "age": 36})));
    assert_eq!(driven.until("inquiry.closed")["outcome"], "accepted");
    driven.until("turn.completed");
    let told: Value = serde_json::from_str(&scene.told()[0]).unwrap();
    assert_eq!(
        told,
        json!({"action": "accept", "content": {"name": "Ada", "age": 36}})
    );
    assert_eq!(driven.end(), Some(0));
    scene.end();
}

#[tokio::test]
async fn a_form_is_declined_or_put_away() {
    let scene = Scene::new([ask(form()), ask(form()), done()]).await;
    serve(&scene);
    let mut driven = Driven::start(&scene, &[]);
    driven.prompt("ask me");
    for (answer, outcome) in [("deny", "declined"), ("dismiss", "dismissed")] {
        let opened = driven.until("inquiry.opened");
        driven.answer(&opened["id"], json!({"type": answer}));
        assert_eq!(driven.until("inquiry.closed")["outcome"], outcome);
    }
    driven.until("turn.completed");
    let answers: Vec<Value> = scene
        .requests()
        .last()
        .unwrap()
        .tool_results()
        .iter()
        .map(|result| serde_json::from_str(&result.content).unwrap())
        .collect();
    assert_eq!(
        answers,
        [json!({"action": "decline"}), json!({"action": "cancel"})]
    );
    assert_eq!(driven.end(), Some(0));
    scene.end();
}

#[tokio::test]
async fn an_address_is_shown_and_never_opened() {
    let link = |url: &str| {
        json!({"params": {
            "mode": "url", "message": "Log in.", "url": url, "elicitationId": "1",
        }})
    };
    let scene = Scene::new([
        ask(link("https://login.example.com/start?id=1")),
        ask(link("javascript:alert(1)")),
        done(),
    ])
    .await;
    serve(&scene);
    let mut driven = Driven::start(&scene, &[]);
    driven.prompt("log me in");
    let opened = driven.until("inquiry.opened");
    assert_eq!(
        opened["inquiry"],
        json!({
            "type": "link",
            "server": "notes",
            "message": "Log in.",
            "url": "https://login.example.com/start?id=1",
            "host": "login.example.com",
        })
    );
    driven.answer(&opened["id"], json!({"type": "allow"}));
    driven.until("turn.completed");
    // The second one was refused without a question.
    assert!(scene.told()[0].contains("accept"), "{:?}", scene.told());
    assert!(scene.told()[1].contains("one of http or https"));
    assert_eq!(driven.end(), Some(0));
    scene.end();
}

#[tokio::test]
async fn a_server_that_asks_and_asks_is_cut_short() {
    let scene = Scene::new([ask(json!({"times": 30})), done()]).await;
    serve(&scene);
    let mut driven = Driven::start(&scene, &[]);
    driven.prompt("ask me");
    let notice = driven
        .running
        .wait_for_line(|line| line.contains("asks too much"));
    assert!(notice.contains("the server of tools notes"), "{notice}");
    for number in 1..=10 {
        let id = json!(format!("inquiry_{number}"));
        driven.answer(&id, json!({"type": "dismiss"}));
    }
    driven.until("turn.completed");
    let told = scene.told()[0].clone();
    assert_eq!(
        (
            told.matches("cancel").count(),
            told.matches("decline").count()
        ),
        (10, 20),
        "{told}"
    );
    assert_eq!(driven.end(), Some(0));
    scene.end();
}

#[tokio::test]
async fn a_question_goes_with_the_turn_that_it_was_asked_in() {
    let scene = Scene::new([ask(form()), done()]).await;
    serve(&scene);
    let mut driven = Driven::start(&scene, &[]);
    driven.prompt("ask me");
    driven.until("inquiry.opened");
    driven.say(&json!({"type": "cancel"}));
    assert_eq!(driven.until("inquiry.closed")["outcome"], "withdrawn");
    driven.until("turn.failed");
    driven.prompt("go on");
    driven.until("turn.completed");
    assert_eq!(driven.end(), Some(0));
    scene.end();
}

#[tokio::test]
async fn without_a_person_servers_cannot_ask() {
    let scene = Scene::new([ask(form()), done()]).await;
    serve(&scene);
    assert!(scene.play(&[], "ask me").succeeded);
    assert_eq!(scene.told(), ["{\"action\":\"decline\"}"]);
    scene.end();
}

#[tokio::test]
async fn a_form_is_filled_in_on_the_terminal() {
    let scene = Scene::new([ask(form()), Reply::text("Thank you.")]).await;
    serve(&scene);
    let mut terminal = scene.user.loom([""; 0]).spawn_on_terminal();
    terminal.wait_for("\nauto>");
    // What is mentioned is waited for, and so is the server.
    terminal.type_keys("ask me about @notes:notes://one\r");
    let screen = terminal.wait_for("fill it in?");
    assert!(
        screen.contains("The server of tools notes asks you:") && screen.contains("Beware:"),
        "{screen}"
    );
    terminal.type_keys("y\r");
    terminal.wait_for("\nname:");
    terminal.type_keys("A\r");
    terminal.wait_for("this field wants a text, 2 characters at least");
    terminal.type_keys("Ada\r");
    terminal.wait_for("\nage [42]:");
    terminal.type_keys("\r");
    terminal.wait_for("\npassword:");
    terminal.type_keys("\r");
    terminal.wait_for("send this?");
    terminal.type_keys("y\r");
    terminal.wait_for("Thank you.");
    let told: Value = serde_json::from_str(&scene.told()[0]).unwrap();
    assert_eq!(
        told,
        json!({"action": "accept", "content": {"name": "Ada", "age": 42}})
    );
    terminal.type_keys("\u{4}");
    assert_eq!(terminal.wait(), 0);
    scene.end();
}

#[tokio::test]
async fn resources_go_with_a_prompt_wherever_it_is_said() {
    let scene = Scene::new([done(), done(), done()]).await;
    serve(&scene);
    let attached = |request: &ModelRequest| {
        let said = said(request);
        assert!(
            said.contains("<resource server=\\\"notes\\\" uri=\\\"notes://one\\\">")
                && said.contains("remember the milk"),
            "{said}"
        );
    };
    assert!(scene.play(&[], "what is in @notes:notes://one?").succeeded);
    attached(&scene.model.last_request());

    let mut driven = Driven::start(&scene, &[]);
    driven.prompt("what is in @notes:notes://one, @notes:notes://picture and @notes:memo:1?");
    driven.until("turn.completed");
    assert_eq!(driven.end(), Some(0));
    attached(&scene.model.last_request());
    let said_then = said(&scene.model.last_request());
    assert!(
        said_then.contains("image/png") && said_then.contains("call the plumber"),
        "{said_then}"
    );

    let mut terminal = scene.user.loom([""; 0]).spawn_on_terminal();
    terminal.wait_for("\nauto>");
    terminal.type_keys("what is in @notes:notes://one?\r");
    terminal.wait_for("Done.");
    attached(&scene.model.last_request());
    terminal.type_keys("\u{4}");
    assert_eq!(terminal.wait(), 0);
    scene.end();
}

#[tokio::test]
async fn resources_that_are_not_there_are_told_and_other_words_stay_words() {
    let scene = Scene::new([done()]).await;
    serve(&scene);
    let mut driven = Driven::start(&scene, &[]);
    driven.prompt("@notes:notes://two @nobody:a://b @someone:else");
    let mut notices = Vec::new();
    for _ in 0..2 {
        let notice = driven.until("item.completed");
        notices.push(notice["item"]["message"].as_str().unwrap().to_owned());
    }
    assert!(
        notices[0].starts_with("@notes:notes://two is not attached:")
            && notices[0].contains("no such resource"),
        "{notices:?}"
    );
    assert!(
        notices[1].contains("there is no server `nobody`"),
        "{notices:?}"
    );
    driven.until("turn.completed");
    assert_eq!(driven.end(), Some(0));
    let said = said(&scene.model.last_request());
    assert!(
        said.contains("@someone:else") && !said.contains("<resource"),
        "{said}"
    );
    scene.end();
}

#[tokio::test]
async fn a_server_s_prompt_is_a_command() {
    let scene = Scene::new([Reply::text("Good day, Ada.")]).await;
    serve(&scene);
    let mut terminal = scene.user.loom([""; 0]).spawn_on_terminal();
    terminal.wait_for("\nauto>");
    terminal.type_keys("/mcp__notes__greet Ada\r");
    terminal.wait_for("Good day, Ada.");
    assert!(said(&scene.model.last_request()).contains("Greet Ada politely."));
    terminal.type_keys("\u{4}");
    assert_eq!(terminal.wait(), 0);
    scene.end();
}

#[tokio::test]
async fn an_answer_does_not_wait_for_the_prompt_that_needs_it() {
    let gate = Gate::new();
    let scene = Scene::new([done().gate_after(0, &gate), done()]).await;
    serve(&scene);
    let mut driven = Driven::start(&scene, &[]);
    driven.prompt("begin");
    wait_until("the model is asked", || scene.requests().len() == 1);
    driven.prompt("look at @notes:notes://asks");
    let opened = driven.until("inquiry.opened");
    driven.answer(&opened["id"], json!({"type": "submit", "values": {}}));
    assert_eq!(driven.until("inquiry.closed")["outcome"], "accepted");
    driven.until("queue.changed");
    gate.open();
    assert_eq!(driven.end(), Some(0));
    let asked = said(&scene.model.last_request());
    assert!(asked.contains("accept"), "{asked}");
    scene.end();
}

#[tokio::test]
async fn a_stop_drops_a_prompt_that_is_not_understood_yet() {
    let scene = Scene::new([done(), done()]).await;
    serve(&scene);
    let mut driven = Driven::start(&scene, &[]);
    // What is over, and what is said after the stop, it does not touch.
    driven.prompt("hello");
    driven.until("turn.completed");
    driven.prompt("look at @notes:notes://never");
    driven.prompt("and at this");
    driven.say(&json!({"type": "cancel"}));
    for _ in 0..2 {
        assert_eq!(driven.until("turn.failed")["error"]["code"], "cancelled");
    }
    driven.prompt("go on");
    driven.until("turn.completed");
    assert_eq!(driven.end(), Some(0));
    let asked = said(&scene.model.last_request());
    assert!(
        asked.contains("go on") && !asked.contains("look at"),
        "{asked}"
    );
    scene.end();
}

#[tokio::test]
async fn a_prompt_that_its_server_does_not_make_is_no_unknown_command() {
    let scene = Scene::new([]).await;
    serve(&scene);
    let played = scene.play(&[], "/mcp__notes__greet");
    assert_eq!(played.failure(), "prompt_failed");
    let message = of_type(&played.events, "turn.failed")[0]["error"]["message"].to_string();
    assert!(message.contains("whom"), "{message}");
    scene.end();
}
