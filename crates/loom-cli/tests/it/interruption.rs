//! Ctrl-C and worse, at every stage: the thread is saved, and can be resumed.

use loom_testing::command_line::Running;
use loom_testing::{CommandLine, FakeModel, Gate, Reply};
use rustix::process::Signal;
use serde_json::json;

use crate::events::{failure, result, stream, thread_id};

fn spawn(user: &CommandLine) -> Running {
    let arguments = [
        "--output-format",
        "stream-json",
        "--permission-mode",
        "full",
        "-p",
        "go",
    ];
    user.loom(arguments).spawn()
}

/// Expects the end of an interrupted run, and that its thread goes on with `messages` before the
/// new prompt.
fn resumes(user: &CommandLine, model: &FakeModel, running: Running, messages: usize) {
    let output = running.wait();
    let events = output.assert_code(130).json_lines();
    assert_eq!(failure(&events).0, "cancelled");
    assert_eq!(result(&events)["is_error"], true);
    model.reply(Reply::text("on it"));
    let id = thread_id(&events);
    stream(user, &["--resume", &id, "-p", "go on"]).assert_success();
    assert_eq!(model.last_request().messages().len(), messages + 1);
    model.verify();
}

#[tokio::test]
async fn ctrl_c_before_the_first_token() {
    let model = FakeModel::start().await;
    let gate = Gate::new();
    model.reply(Reply::text("never").gate_after(0, &gate));
    let user = CommandLine::with_model(&model);
    let running = spawn(&user);
    gate.reached().await;
    running.interrupt();
    resumes(&user, &model, running, 1);
}

#[tokio::test]
async fn ctrl_c_in_the_middle_of_an_answer_cancels_the_call_up_to_the_provider() {
    let model = FakeModel::start().await;
    let gate = Gate::new();
    model.reply(
        Reply::text("one two three")
            .delta_chars(1)
            .gate_after(8, &gate),
    );
    let user = CommandLine::with_model(&model);
    let mut running = spawn(&user);
    running.wait_for_line(|line| line.contains("item.updated"));
    running.interrupt();
    model.client_disconnected().await;
    resumes(&user, &model, running, 2);
}

#[tokio::test]
async fn ctrl_c_while_a_tool_runs_ends_its_processes() {
    let model = FakeModel::start().await;
    let command = "echo begun; sleep 1000 & wait";
    model.reply(Reply::tool_call("bash", json!({"command": command})));
    let user = CommandLine::with_model(&model);
    let mut running = spawn(&user);
    running.wait_for_line(|line| line.contains(r"begun\n"));
    running.interrupt();
    resumes(&user, &model, running, 3);
    let left = user.processes();
    assert!(
        !left.iter().any(|process| process.contains("sleep")),
        "{left:?}"
    );
}

#[tokio::test]
async fn ctrl_c_while_waiting_to_ask_again() {
    let model = FakeModel::start().await;
    model.reply(Reply::status(429).retry_after(50));
    let user = CommandLine::with_model(&model);
    let mut running = spawn(&user);
    running.wait_for_line(|line| line.contains("asking again"));
    running.interrupt();
    resumes(&user, &model, running, 1);
}

#[tokio::test]
async fn a_request_to_end_saves_as_ctrl_c_does() {
    let model = FakeModel::start().await;
    let gate = Gate::new();
    model.reply(
        Reply::text("one two three")
            .delta_chars(1)
            .gate_after(8, &gate),
    );
    let user = CommandLine::with_model(&model);
    let mut running = spawn(&user);
    running.wait_for_line(|line| line.contains("item.updated"));
    running.signal(Signal::TERM);
    resumes(&user, &model, running, 2);
}

#[tokio::test]
async fn a_killed_session_can_be_resumed_and_the_model_is_told() {
    let model = FakeModel::start().await;
    let command = "echo $$ > pid; echo begun; exec sleep 1000";
    model.reply(Reply::tool_call("bash", json!({"command": command})));
    let user = CommandLine::with_model(&model);
    let mut running = spawn(&user);
    running.wait_for_line(|line| line.contains(r"begun\n"));
    running.signal(Signal::KILL);
    // What the command left behind holds the output open; end it as a person would.
    let pid = std::fs::read_to_string(user.work().join("pid")).unwrap();
    user.program("kill", ["-9", pid.trim()])
        .run()
        .assert_success();
    let _ = running.wait();

    model.reply(Reply::text("on it"));
    stream(&user, &["--continue", "-p", "go on"]).assert_success();
    let results = model.last_request().tool_results();
    assert_eq!(results.len(), 1);
    assert!(
        results[0]
            .content
            .contains("Whether it took effect is not known"),
        "{results:?}"
    );
    model.verify();
}

#[tokio::test]
async fn ctrl_c_while_the_server_starts() {
    let model = FakeModel::start().await;
    let mut user = CommandLine::with_model(&model);
    // A server that takes its time: it never becomes ready.
    let program = user.home().join("slow-server");
    std::fs::write(&program, "#!/bin/sh\necho begun >&2\nexec sleep 1000\n").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, executable).unwrap();
    user.set_env("LOOM_SERVER_PROGRAM", &program);
    let running = spawn(&user);
    let log = user.state_home().join("loom/server.log");
    crate::events::wait_until("the server is started", || {
        std::fs::read_to_string(&log).is_ok_and(|text| text.contains("begun"))
    });
    running.interrupt();
    let output = running.wait();
    let events = output.assert_code(130).json_lines();
    assert_eq!(failure(&events).0, "cancelled");
    assert_eq!(model.requests().len(), 0);
    let left = user.processes();
    assert!(
        !left.iter().any(|process| process.contains("sleep")),
        "{left:?}"
    );
}

#[tokio::test]
async fn a_reader_that_does_not_read_does_not_keep_loom_from_ending() {
    let model = FakeModel::start().await;
    let gate = Gate::new();
    let flood = Reply::text("x".repeat(4 << 20)).delta_chars(4096);
    model.reply(flood.gate_after(4, &gate));
    let user = CommandLine::with_model(&model);
    let fifo = user.work().join("fifo");
    user.program("mkfifo", [&fifo]).run().assert_success();
    // Opened for reading and never read: writing blocks once the pipe is full.
    let script = "exec 3<> fifo; exec \"$0\" --output-format stream-json -p go > fifo";
    let running = user
        .program("bash", ["-c", script, env!("CARGO_BIN_EXE_loom")])
        .spawn();
    gate.reached().await;
    gate.open();
    running.signal(Signal::INT);
    running.signal(Signal::TERM);
    running.wait().assert_code(130);
}
