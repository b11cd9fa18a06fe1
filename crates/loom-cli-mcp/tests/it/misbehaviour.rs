//! Servers that crash, hang, flood, babble, and change their minds.

use loom_cli_mcp::ServerState;
use loom_common_core::{ProgressSink, ToolCall, ToolStatus};
use serde_json::{Value, json};

use crate::scene::{Scene, fake, gone, is_alive, within};

/// Returns the processes that a server noted at its starts.
fn starts(log: &std::path::Path) -> Vec<u32> {
    std::fs::read_to_string(log)
        .unwrap()
        .lines()
        .map(|line| line.strip_prefix("started ").unwrap().parse().unwrap())
        .collect()
}

fn option(name: &str, value: impl std::fmt::Display) -> String {
    format!("{name}={value}")
}

fn flag(name: &str) -> String {
    name.to_owned()
}

#[tokio::test]
async fn a_crash_fails_the_call_with_what_the_server_said_and_the_server_comes_back() {
    let scene = Scene::new();
    let log = scene.path("log");
    let servers = json!({"fake": fake([option("log", log.display())])});
    let session = scene.settled(&servers).await;

    let crashed = session.call("mcp__fake__crash", json!({})).await;
    assert_eq!(crashed.status, ToolStatus::Failed);
    assert_eq!(
        crashed.text(),
        "the server `fake` went away during the call; it is started again. Its process ended \
         with exit code 3. It said last:\nout of cheese"
    );

    // A call waits for the server that is starting.
    let echo = session.call("mcp__fake__echo", json!({"a": 1})).await;
    assert_eq!(echo.text(), "{\"a\":1}");
    let processes = starts(&log);
    assert_eq!(processes.len(), 2);
    assert!(!is_alive(processes[0]));
    session.shutdown().await;
    assert!(!is_alive(processes[1]));
}

#[tokio::test]
async fn a_server_that_does_not_start_is_given_up_with_the_reason() {
    let scene = Scene::new();
    let log = scene.path("log");
    let servers = json!({
        "broken": fake([option("log", log.display()), option("exit", 7)]),
        "absent": {"command": "no-such-program-anywhere"},
        "unset": {"command": "node", "args": ["${NOT_SET}"]},
        "fake": fake([]),
    });
    let session = scene.settled(&servers).await;
    let broken = session.wait_for("broken", ServerState::Failed).await;
    assert_eq!(
        broken.reason.unwrap(),
        "It ended before it was ready. It was tried 3 times. Its process ended with exit code 7. \
         It said last:\nthe license has expired"
    );
    assert_eq!(starts(&log).len(), 3);
    let absent = session.wait_for("absent", ServerState::Failed).await;
    assert_eq!(
        absent.reason.unwrap(),
        "`no-such-program-anywhere` cannot be started: No such file or directory (os error 2)."
    );
    let unset = session.wait_for("unset", ServerState::Failed).await;
    assert_eq!(
        unset.reason.unwrap(),
        "Its definition: the environment variable NOT_SET is not set."
    );
    // The others are not harmed.
    let echo = session.call("mcp__fake__echo", json!({})).await;
    assert_eq!(echo.text(), "{}");

    // Another attempt is made when somebody wants one.
    session.servers.retry("broken").unwrap();
    session
        .wait_until("broken", |_| starts(&log).len() > 3)
        .await;
    session.shutdown().await;
}

#[tokio::test]
async fn a_slow_start_delays_nothing_and_its_tools_come_later() {
    let mut scene = Scene::new();
    scene.limits.offered_tools = 100;
    let gate = scene.path("gate");
    let servers = json!({
        "slow": fake([option("slow", gate.display())]),
        "quick": fake([]),
    });
    scene.configure(&servers);
    let session = scene.start();
    session.wait_for("quick", ServerState::Ready).await;
    session.update();
    let before = session.registry.definitions();
    assert!(
        before
            .iter()
            .all(|tool| tool.name.starts_with("mcp__quick__"))
    );
    assert_eq!(session.status("slow").state, ServerState::Connecting);

    std::fs::write(&gate, "").unwrap();
    session.wait_for("slow", ServerState::Ready).await;
    session.update();
    let after = session.registry.definitions();
    assert_eq!(after.len(), 2 * before.len());
    // What the model was told stays at the beginning.
    assert_eq!(after[..before.len()], before);
    session.shutdown().await;
}

#[tokio::test]
async fn a_start_that_never_ends_is_given_up() {
    let scene = Scene::new();
    let log = scene.path("log");
    let mut server = fake([option("log", log.display()), flag("silent")]);
    server["startupTimeout"] = json!(300);
    let session = scene.settled(&json!({"silent": server})).await;
    let status = session.wait_for("silent", ServerState::Failed).await;
    assert_eq!(
        status.reason.unwrap(),
        "It was not ready within 0.3 s. It was tried 3 times. Its process ended with exit code 0."
    );
    for process in starts(&log) {
        assert!(!is_alive(process));
    }
    session.shutdown().await;
}

#[tokio::test]
async fn a_call_without_an_answer_ends_and_the_server_is_told() {
    let mut server = fake([]);
    server["timeout"] = json!(300);
    let session = Scene::new().settled(&json!({"fake": server})).await;
    let hung = session.call("mcp__fake__hang", json!({})).await;
    assert_eq!(hung.status, ToolStatus::Failed);
    assert_eq!(
        hung.text(),
        "the server `fake` was silent for 0.3 s, and was told that nobody waits any more"
    );
    let told = session.call("mcp__fake__await_cancel", json!({})).await;
    assert_eq!(told.text(), "cancelled");
    // It answers when it is asked whether it lives, and so it may go on.
    assert_eq!(session.status("fake").state, ServerState::Ready);
    session.shutdown().await;
}

#[tokio::test]
async fn a_dropped_call_is_cancelled_on_the_server() {
    let session = Scene::new().settled(&json!({"fake": fake([])})).await;
    let context = session.context(ProgressSink::discard());
    let call = ToolCall {
        id: "1".to_owned(),
        name: "mcp__fake__hang".to_owned(),
        arguments: "{}".to_owned(),
        extra: Default::default(),
    };
    let mut running = session.registry.run(&call, &context);
    // Something that is answered after it shows that the call is under way.
    tokio::select! {
        output = &mut running => panic!("{output:?}"),
        echo = session.call("mcp__fake__echo", json!({})) => {
            assert_eq!(echo.status, ToolStatus::Completed);
        }
    }
    drop(running);
    let told = session.call("mcp__fake__await_cancel", json!({})).await;
    assert_eq!(told.text(), "cancelled");
    session.shutdown().await;
}

#[tokio::test]
async fn a_server_that_hangs_is_restarted() {
    let scene = Scene::new();
    let log = scene.path("log");
    let mut server = fake([option("log", log.display())]);
    server["timeout"] = json!(300);
    let session = scene.settled(&json!({"fake": server})).await;
    let deaf = session.call("mcp__fake__deaf", json!({})).await;
    assert_eq!(deaf.status, ToolStatus::Failed);
    session
        .wait_until("fake", |status| {
            status.state == ServerState::Ready && starts(&log).len() == 2
        })
        .await;
    let echo = session.call("mcp__fake__echo", json!({})).await;
    assert_eq!(echo.status, ToolStatus::Completed);
    session.shutdown().await;
}

#[tokio::test]
async fn garbage_between_messages_is_skipped() {
    let session = Scene::new().settled(&json!({"fake": fake([])})).await;
    let output = session.call("mcp__fake__garbage", json!({})).await;
    assert_eq!(output.text(), "still here");
    let batch = session.call("mcp__fake__batch", json!({})).await;
    assert_eq!(batch.text(), "in a batch");
    let crashed = session.call("mcp__fake__crash", json!({})).await;
    assert!(
        crashed.text().contains(
            "Its standard output, which is for the protocol, holds 3 other line(s), the first of \
             them: \"Listening on port 1234\"."
        ),
        "{crashed:?}"
    );
    session.shutdown().await;
}

#[tokio::test]
async fn a_server_that_only_babbles_is_given_up() {
    let session = Scene::new()
        .settled(&json!({"fake": fake([flag("babble"), flag("silent")])}))
        .await;
    let status = session.wait_for("fake", ServerState::Failed).await;
    let reason = status.reason.unwrap();
    assert!(
        reason.starts_with("It ended before it was ready. It was tried 3 times.")
            && reason.contains("\"blah blah blah\""),
        "{reason}"
    );
    session.shutdown().await;
}

#[tokio::test]
async fn answers_that_break_the_protocol_fail_their_call_at_once() {
    let session = Scene::new().settled(&json!({"fake": fake([])})).await;
    let bad = session.call("mcp__fake__bad_answer", json!({})).await;
    assert_eq!(bad.status, ToolStatus::Failed);
    assert!(
        bad.text().contains("the answer breaks the protocol"),
        "{bad:?}"
    );
    let large = session.call("mcp__fake__too_large", json!({})).await;
    assert_eq!(
        large.text(),
        "the server `fake` answered with the error -32603: the answer is longer than 8388608 bytes"
    );
    let error = session.call("mcp__fake__error", json!({})).await;
    assert_eq!(
        error.text(),
        "the server `fake` answered with the error -32602: no such color"
    );
    let failed = session.call("mcp__fake__fail", json!({})).await;
    assert_eq!(
        (failed.status, failed.text().as_str()),
        (ToolStatus::Failed, "it broke")
    );
    session.shutdown().await;
}

#[tokio::test]
async fn a_long_answer_is_shortened_and_kept() {
    let scene = Scene::new();
    let session = scene.settled(&json!({"fake": fake([])})).await;
    let output = session
        .call("mcp__fake__huge", json!({"bytes": 2_000_000}))
        .await;
    let text = output.text();
    assert!(text.len() < 31_000, "{}", text.len());
    assert!(text.contains("bytes left out"), "{}", &text[15_000..15_300]);
    let kept: Vec<u64> = std::fs::read_dir(scene.path("outputs/session"))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .filter(|&length| length > 0)
        .collect();
    assert_eq!(kept, [2_000_000]);
    session.shutdown().await;
}

#[tokio::test]
async fn floods_are_dropped_and_the_call_is_answered() {
    let session = Scene::new().settled(&json!({"fake": fake([])})).await;
    let (output, progress) = session
        .call_noting_progress("mcp__fake__flood_progress", json!({}))
        .await;
    assert_eq!(output.text(), "done");
    assert!(progress.lines().count() <= 200);
    assert!(progress.len() < 200 * 400, "{}", progress.len());

    let output = session.call("mcp__fake__flood_log", json!({})).await;
    assert_eq!(output.text(), "done");
    assert!(session.status("fake").log.len() <= 40);

    let output = session.call("mcp__fake__ping_flood", json!({})).await;
    assert_eq!(output.text(), "done");
    session.shutdown().await;
}

#[tokio::test]
async fn a_list_without_end_is_cut() {
    let scene = Scene::new();
    let servers = json!({
        "endless": fake([flag("endless")]),
        "many": fake([option("many", 3000)]),
    });
    let session = scene.settled(&servers).await;
    assert_eq!(session.status("endless").tools, 1);
    assert_eq!(session.status("many").tools, 1000);
    session.shutdown().await;
}

#[tokio::test]
async fn a_changed_list_is_followed_without_touching_what_the_model_was_told() {
    let session = Scene::new().settled(&json!({"fake": fake([])})).await;
    let before = session.registry.definitions();
    session.call("mcp__fake__change", json!({})).await;
    let has_newcomer = || {
        session.update();
        let names = session.registry.names();
        names.iter().any(|name| name == "mcp__fake__newcomer")
    };
    session.wait_until("fake", |_| has_newcomer()).await;
    let after = session.registry.definitions();
    assert_eq!(after[..before.len()], before);
    assert_eq!(after.len(), before.len() + 1);

    let newcomer = session.call("mcp__fake__newcomer", json!({})).await;
    assert_eq!(newcomer.text(), "called newcomer");
    let vanished = session.call("mcp__fake__echo", json!({})).await;
    assert_eq!(vanished.status, ToolStatus::Failed);
    assert_eq!(
        vanished.text(),
        "The server `fake` does not offer the tool `echo` any more. Go on without it."
    );
    session.shutdown().await;
}

#[tokio::test]
async fn a_server_gets_the_root_no_model_and_no_person() {
    let scene = Scene::new();
    let session = scene.settled(&json!({"fake": fake([])})).await;
    let json_of = |output: loom_common_core::ToolOutput| -> Value {
        serde_json::from_str(&output.text()).unwrap()
    };
    let roots = json_of(session.call("mcp__fake__roots", json!({})).await);
    let workspace = format!("file://{}/", scene.workspace().display());
    assert_eq!(roots, json!({"roots": [{"uri": workspace}]}));
    let sampled = json_of(session.call("mcp__fake__sample", json!({})).await);
    assert_eq!(sampled["code"], -32601);
    let asked = json_of(session.call("mcp__fake__ask", json!({})).await);
    assert_eq!(asked, json!({"action": "decline"}));
    session.shutdown().await;
}

#[tokio::test]
async fn a_server_inherits_no_secrets_but_those_that_are_named() {
    let mut scene = Scene::new();
    for (name, value) in [
        ("LANGUAGE", "de"),
        ("GITHUB_TOKEN", "ghp_1"),
        ("NAMED_KEY", "k"),
    ] {
        scene.environment.push((name.to_owned(), value.to_owned()));
    }
    let mut server = fake([]);
    server["env"] = json!({"NAMED_KEY": "${NAMED_KEY}", "MODE": "${MODE:-quiet}"});
    let session = scene.settled(&json!({"fake": server})).await;
    let variable = async |name: &str| {
        let output = session.call("mcp__fake__env", json!({"name": name}));
        output.await.text()
    };
    assert_eq!(variable("LANGUAGE").await, "de");
    assert_eq!(variable("GITHUB_TOKEN").await, "(unset)");
    assert_eq!(variable("NAMED_KEY").await, "k");
    assert_eq!(variable("MODE").await, "quiet");
    session.shutdown().await;
}

#[tokio::test]
async fn the_end_of_the_session_ends_stubborn_servers_and_what_they_started() {
    let scene = Scene::new();
    let log = scene.path("log");
    let servers = json!({"fake": fake([option("log", log.display()), flag("stubborn")])});
    let session = scene.settled(&servers).await;
    let child = session
        .call("mcp__fake__leave_child", json!({}))
        .await
        .text();
    let child: u32 = child.parse().unwrap();
    let server = starts(&log)[0];
    assert!(is_alive(server) && is_alive(child));
    let servers = session.servers.clone();
    session.shutdown().await;
    assert!(!is_alive(server) && !is_alive(child));

    assert_eq!(servers.status()[0].state, ServerState::Stopped);
    let refused = within(servers.read_resource("fake", "x://y")).await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "the server `fake` is not available: the session is over"
    );
}

#[tokio::test]
async fn dropping_the_session_ends_the_servers() {
    let scene = Scene::new();
    let log = scene.path("log");
    let servers = json!({"fake": fake([option("log", log.display())])});
    let session = scene.settled(&servers).await;
    let server = starts(&log)[0];
    assert!(is_alive(server));
    drop(session);
    gone(server).await;
}

#[test]
fn the_end_of_the_runtime_ends_the_servers() {
    let scene = Scene::new();
    let log = scene.path("log");
    let servers = json!({"fake": fake([option("log", log.display()), flag("stubborn")])});
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let session = runtime.block_on(scene.settled(&servers));
    let server = starts(&log)[0];
    assert!(is_alive(server));
    // As a program ends that forgot the servers.
    drop(runtime);
    assert!(!is_alive(server));
    drop(session);
}
