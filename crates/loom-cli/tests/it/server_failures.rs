//! A server that is not there, that refuses, that has nothing to offer, that goes away.

use loom_testing::{CommandLine, FakeModel, Gate, Reply};
use rustix::process::{Pid, Signal, kill_process};

use crate::events::{failure, notices, prompt, result, stream};

/// An address on which nothing listens: its port was free a moment ago.
fn dead_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_with_what_to_do() {
    let address = dead_address();
    let user = CommandLine::new();
    let output = user
        .loom(["--server-url", &address, "--token", "loom_x", "-p", "go"])
        .run();
    output.assert_code(1);
    assert!(output.stderr.contains(&address), "{}", output.stderr);
    assert!(
        output.stderr.contains("hint: run `loom doctor`"),
        "{}",
        output.stderr
    );
    assert_eq!(output.stdout, "");

    let stream = [
        "--output-format",
        "stream-json",
        "--server-url",
        &address,
        "--token",
        "loom_x",
    ];
    let output = user.loom(stream.into_iter().chain(["-p", "go"])).run();
    let events = output.assert_code(1).json_lines();
    assert_eq!(failure(&events).0, "session_not_started");
    assert_eq!(result(&events)["is_error"], true);
}

#[tokio::test]
async fn a_server_without_a_token_says_how_to_get_one() {
    let user = CommandLine::new();
    let output = user
        .loom(["--server-url", &dead_address(), "-p", "go"])
        .run();
    output.assert_code(2);
    assert!(
        output.stderr.contains("loom-server token create"),
        "{}",
        output.stderr
    );
}

#[tokio::test]
async fn a_wrong_token_says_where_tokens_are_set() {
    let model = FakeModel::start().await;
    let user = CommandLine::with_model(&model);
    user.loom(["server", "start"]).run().assert_success();
    let url = user.local_server().unwrap().url;
    let output = user
        .loom(["--server-url", &url, "--token", "loom_wrong", "-p", "go"])
        .run();
    output.assert_code(1);
    assert!(output.stderr.contains("LOOM_TOKEN"), "{}", output.stderr);
    assert!(!output.stderr.contains("loom_wrong"), "{}", output.stderr);
    assert_eq!(model.requests().len(), 0);
}

#[tokio::test]
async fn a_server_without_a_provider_says_which_variables_to_set() {
    let user = CommandLine::new();
    let output = user.loom(["-p", "go"]).run();
    output.assert_code(1);
    assert!(
        output.stderr.contains("ANTHROPIC_API_KEY"),
        "{}",
        output.stderr
    );
}

#[tokio::test]
async fn an_unknown_provider_is_named_beside_those_there_are() {
    let model = FakeModel::start().await;
    let user = CommandLine::with_model(&model);
    let output = user.loom(["--provider", "nobody", "-p", "go"]).run();
    output.assert_code(2);
    assert!(output.stderr.contains("`nobody`"), "{}", output.stderr);
    assert!(
        output.stderr.contains("anthropic, openai"),
        "{}",
        output.stderr
    );
}

#[tokio::test]
async fn a_server_that_cannot_start_shows_the_end_of_its_log() {
    let mut user = CommandLine::new();
    user.set_env("LOOM_LOG_FORMAT", "yaml");
    let output = user.loom(["-p", "go"]).run();
    output.assert_code(1);
    assert!(
        output.stderr.contains("loom-server did not start"),
        "{}",
        output.stderr
    );
    assert!(
        output.stderr.contains("LOOM_LOG_FORMAT"),
        "{}",
        output.stderr
    );
    assert!(output.stderr.contains("server.log"), "{}", output.stderr);
}

#[tokio::test]
async fn the_database_of_the_project_is_left_alone() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("yes"));
    let mut user = CommandLine::with_model(&model);
    user.set_env(
        "DATABASE_URL",
        "postgres://project:secret@127.0.0.1:1/project",
    );
    stream(&user, &["-p", "go"]).assert_success();
    assert!(user.data_home().join("loom/loom.db").is_file());
}

#[tokio::test]
async fn a_server_that_is_not_to_be_started_is_not_started() {
    let mut user = CommandLine::new();
    user.set_env("LOOM_SERVER_AUTO_START", "false");
    let output = user.loom(["-p", "go"]).run();
    output.assert_code(1);
    assert!(
        output.stderr.contains("loom server start"),
        "{}",
        output.stderr
    );
    assert_eq!(user.processes(), [""; 0]);
}

#[tokio::test]
async fn a_server_program_that_is_not_there_says_how_to_name_it() {
    let mut user = CommandLine::new();
    user.set_env("LOOM_SERVER_PROGRAM", "/nowhere/loom-server");
    let output = user.loom(["-p", "go"]).run();
    output.assert_code(1);
    assert!(
        output.stderr.contains("LOOM_SERVER_PROGRAM"),
        "{}",
        output.stderr
    );
}

#[tokio::test]
async fn a_server_that_dies_in_the_middle_of_an_answer_is_started_anew() {
    let model = FakeModel::start().await;
    let gate = Gate::new();
    model.reply(
        Reply::text("one two three")
            .delta_chars(1)
            .gate_after(6, &gate),
    );
    model.reply(Reply::text("here again"));
    let user = CommandLine::with_model(&model);
    let mut running = user
        .loom(["--output-format", "stream-json", "-p", "go"])
        .spawn();
    running.wait_for_line(|line| line.contains("item.updated"));
    let first = user.local_server().unwrap();
    let pid = Pid::from_raw(i32::try_from(first.pid).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    let output = running.wait();
    let events = output.assert_success().json_lines();
    assert_eq!(result(&events)["text"], "here again");
    assert_eq!(notices(&events).len(), 1);
    assert_ne!(user.local_server().unwrap().pid, first.pid);
    gate.open();
}

#[tokio::test]
async fn sessions_that_start_at_once_share_one_server() {
    let model = FakeModel::start().await;
    let user = CommandLine::with_model(&model);
    for _ in 0..4 {
        model.reply(Reply::text("yes"));
    }
    let running: Vec<_> = (0..4)
        .map(|number| user.loom(["-p", &format!("prompt {number}")]).spawn())
        .collect();
    for session in running {
        session.wait().assert_success();
    }
    let servers = user
        .processes()
        .into_iter()
        .filter(|process| process.contains("loom-server"))
        .count();
    assert_eq!(servers, 1, "{:?}", user.processes());
}

#[tokio::test]
async fn a_server_of_another_version_is_used_and_named() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("yes"));
    let user = CommandLine::with_model(&model);
    user.loom(["server", "start"]).run().assert_success();
    let path = user.state_home().join("loom/server.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    let text = text.replace(": ", ":");
    assert!(text.contains(&version), "{text}");
    std::fs::write(&path, text.replace(&version, "\"version\":\"0.0.1\"")).unwrap();
    let output = prompt(&user, "go");
    output.assert_success();
    assert!(output.stderr.contains("version 0.0.1"), "{}", output.stderr);
    assert!(
        output.stderr.contains("loom server stop"),
        "{}",
        output.stderr
    );
}

#[tokio::test]
async fn a_thread_store_of_a_newer_version_is_left_alone() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("yes"));
    let user = CommandLine::with_model(&model);
    stream(&user, &["-p", "go"]).assert_success();
    let path = user.data_home().join("loom/threads.db");
    let url = format!("sqlite://{}", path.display());
    {
        use sqlx::{Connection, SqliteConnection};
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        sqlx::query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'from the future', 1, x'00', 0)",
        )
        .execute(&mut connection)
        .await
        .unwrap();
        connection.close().await.unwrap();
    }
    let output = user.loom(["-p", "go"]).run();
    output.assert_code(1);
    assert!(output.stderr.contains("newer version"), "{}", output.stderr);
    assert!(output.stderr.contains("hint: "), "{}", output.stderr);
    assert_eq!(model.requests().len(), 1);
}
