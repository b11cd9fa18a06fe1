//! The tool `bash`.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::symlink;
use std::sync::{Arc, mpsc};

use insta::assert_snapshot;
use loom_cli_sandbox::{NetworkAccess, Sandbox, SandboxSetup};
use loom_cli_tools::{ToolRegistry, ToolSetup};
use loom_common_config::Environment;
use loom_common_core::{Confinement, ProgressSink};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::marked::{alive, endless, mark, until_alive};
use crate::scratch::{Scratch, call, environment, path_variable};

fn command(command: &str) -> Value {
    json!({"command": command})
}

fn within(milliseconds: u64, command: &str) -> Value {
    json!({"command": command, "kill_after_ms": milliseconds})
}

/// Runs a command that must start `count` processes with this mark before its time is up, and
/// returns the text of the failure.
async fn time_out_after_start(
    scratch: &Scratch,
    mark: &str,
    count: usize,
    command: &str,
) -> String {
    let started = Cell::new(false);
    let watch = async {
        until_alive(mark, count).await;
        started.set(true);
        std::future::pending::<()>().await;
    };
    let text = tokio::select! {
        text = scratch.failure("bash", within(3000, command)) => text,
        () = watch => unreachable!("it waits for ever"),
    };
    assert!(started.get(), "not all processes were started: {text}");
    text
}

#[tokio::test]
async fn both_outputs_come_in_order() {
    let scratch = Scratch::new();
    assert_eq!(
        scratch
            .text("bash", command("echo one; echo two >&2; echo three; pwd"))
            .await,
        format!("one\ntwo\nthree\n{}", scratch.workspace().display())
    );
}

#[tokio::test]
async fn a_command_without_output_says_so() {
    let scratch = Scratch::new();
    assert_eq!(scratch.text("bash", command("true")).await, "(no output)");
}

#[tokio::test]
async fn a_command_that_fails_shows_its_exit_code() {
    let scratch = Scratch::new();
    assert_eq!(
        scratch.failure("bash", command("echo no; exit 3")).await,
        "no\n(exit code 3)"
    );
    assert_eq!(
        scratch.failure("bash", command("exit 1")).await,
        "(exit code 1)"
    );
}

#[tokio::test]
async fn a_command_that_is_killed_shows_the_signal() {
    let scratch = Scratch::new();
    assert_eq!(
        scratch
            .failure("bash", command("echo a; kill -SEGV $$"))
            .await,
        "a\n(killed by signal 11)"
    );
}

#[tokio::test]
async fn nothing_can_wait_for_an_answer() {
    let scratch = Scratch::new();
    assert_eq!(
        scratch
            .text(
                "bash",
                command("cat; read answer || echo no input; (: < /dev/tty) 2>/dev/null || echo no terminal")
            )
            .await,
        "no input\nno terminal"
    );
}

#[tokio::test]
async fn commands_inherit_the_environment_without_secrets() {
    let scratch = Scratch::new();
    let environment = environment([
        ("PATH", path_variable().as_str()),
        ("HOME", "/home/me"),
        ("DATABASE_URL", "mine"),
        ("DATABASE_TOKEN", "secret"),
        ("ANTHROPIC_API_KEY", "secret"),
        ("OPENAI_API_KEY", "secret"),
        ("LOOM_TOKEN", "secret"),
        ("LOOM_SERVER_OPENAI_API_KEY_FILE", "secret"),
        ("LOOM_LOG", "debug"),
        ("PAGER", "less"),
    ]);
    let registry = ToolRegistry::builtin(ToolSetup {
        environment,
        ..ToolSetup::default()
    });
    let call = call(
        "bash",
        r#"{"command": "env | grep -vE '^(PATH|PWD|SHLVL|_|LOOM_COMMAND)=' | sort"}"#,
    );
    let output = registry.run(&call, &scratch.context).await;
    assert_snapshot!(output.text(), @"
    DATABASE_URL=mine
    DEBIAN_FRONTEND=noninteractive
    GIT_EDITOR=true
    GIT_PAGER=cat
    GIT_TERMINAL_PROMPT=0
    HOME=/home/me
    LOOM_LOG=debug
    MANPAGER=cat
    PAGER=cat
    SSH_ASKPASS_REQUIRE=never
    SYSTEMD_PAGER=cat
    TERM=dumb
    ");
}

#[tokio::test]
async fn where_there_is_no_bash_sh_is_used() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("bin")).unwrap();
    symlink("/bin/sh", scratch.path("bin/sh")).unwrap();
    let registry = ToolRegistry::builtin(ToolSetup {
        environment: environment([("PATH", scratch.path("bin").to_str().unwrap())]),
        ..ToolSetup::default()
    });
    let call = call("bash", r#"{"command": "echo $0"}"#);
    assert_eq!(registry.run(&call, &scratch.context).await.text(), "sh");
}

#[tokio::test]
async fn a_workspace_that_is_gone_is_named() {
    let scratch = Scratch::new();
    fs::remove_dir(scratch.workspace()).unwrap();
    assert_eq!(
        scratch.failure("bash", command("true")).await,
        "cannot start a shell in WORKSPACE: it does not exist"
    );
}

#[tokio::test]
async fn escape_sequences_and_bytes_that_are_not_utf8_do_not_reach_the_model() {
    let scratch = Scratch::new();
    assert_eq!(
        scratch
            .text(
                "bash",
                command(r"printf '\033[1;31mred\033[0m caf\351 \342\202\254\n10%%\r100%%\n'")
            )
            .await,
        "red caf\u{fffd} €\n100%"
    );
}

#[tokio::test]
async fn a_flood_of_output_is_cut_in_the_middle_and_takes_no_memory() {
    let scratch = Scratch::new();
    let text = scratch
        .text(
            "bash",
            command("echo first; head -c 200000000 /dev/zero | tr '\\0' 'y'; echo; echo last"),
        )
        .await;
    assert!(
        text.starts_with("first\nyyy") && text.ends_with("yyy\nlast"),
        "{text}"
    );
    let left_out: usize = text
        .split_once("\n… ")
        .and_then(|(_, rest)| rest.split_once(" bytes left out …\n"))
        .unwrap()
        .0
        .parse()
        .unwrap();
    let marker = format!("\n… {left_out} bytes left out …\n").len();
    assert!(text.len() <= 30_000 + marker);
    assert_eq!(
        text.len() - marker + left_out,
        "first\n".len() + 200_000_000 + "\nlast".len()
    );
    let peak = peak_memory();
    assert!(peak < 150_000_000, "{peak} bytes at most in use");
}

/// The most memory that this process had in use, in bytes.
fn peak_memory() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: usize = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kilobytes * 1024
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_killed_and_its_output_kept() {
    let scratch = Scratch::new();
    let mark = mark("timeout");
    let started = format!("echo started; {}", endless(&mark));
    assert_snapshot!(time_out_after_start(&scratch, &mark, 1, &started).await, @"
    started
    (killed: it ran longer than its kill_after_ms of 3000)
    ");
    assert_eq!(alive(&mark), 0);
}

#[tokio::test]
async fn an_endless_flood_of_output_does_not_hide_the_time_out() {
    let scratch = Scratch::new();
    let text = scratch.failure("bash", within(500, "yes")).await;
    assert!(
        text.starts_with("y\ny\n") && text.contains("(killed: "),
        "{text}"
    );
}

#[tokio::test]
async fn a_command_that_ignores_the_request_to_end_is_killed() {
    let scratch = Scratch::new();
    let mark = mark("stubborn");
    let stubborn = format!("trap '' TERM; ({}) & wait; wait", endless(&mark));
    time_out_after_start(&scratch, &mark, 1, &stubborn).await;
    assert_eq!(alive(&mark), 0);
}

#[tokio::test]
async fn a_command_has_a_moment_to_clean_up() {
    let scratch = Scratch::new();
    scratch.write("lock", "");
    let tidy = "trap 'rm lock; exit' TERM; sleep 1000 & wait";
    scratch.failure("bash", within(500, tidy)).await;
    assert!(!scratch.path("lock").exists());
}

#[tokio::test]
async fn what_left_the_session_is_killed_too() {
    let scratch = Scratch::new();
    let mark = mark("escaped");
    // The first left the session and still has its parent; the second has neither.
    let escape = format!(
        "setsid bash -c '{0}' & (setsid bash -c '{0}' &) & sleep 1000",
        endless(&mark)
    );
    time_out_after_start(&scratch, &mark, 2, &escape).await;
    assert_eq!(alive(&mark), 0);
}

#[tokio::test]
async fn what_runs_in_the_background_outlives_the_call() {
    let scratch = Scratch::new();
    let mark = mark("background");
    let background = format!("({}) & echo $! > id; echo started", endless(&mark));
    assert_snapshot!(scratch.text("bash", command(&background)).await, @"
    started
    (something that the command put into the background is still running, as c1: command_output has what it prints, command_stop ends it)
    ");
    until_alive(&mark, 1).await;
    scratch.text("bash", command("kill $(cat id)")).await;
}

#[tokio::test]
async fn a_background_process_with_its_output_in_a_file_is_not_mentioned() {
    let scratch = Scratch::new();
    let mark = mark("silent");
    let background = format!("({}) > log 2>&1 & echo $! > id", endless(&mark));
    assert_eq!(
        scratch.text("bash", command(&background)).await,
        "(no output)"
    );
    until_alive(&mark, 1).await;
    scratch.text("bash", command("kill $(cat id)")).await;
}

#[tokio::test]
async fn dropping_the_call_kills_all_that_it_started() {
    let scratch = Scratch::new();
    let mark = mark("dropped");
    let many = format!(
        "({0}) & setsid bash -c '{0}' & (setsid bash -c '{0}' &) & (trap '' TERM; {0}) & wait",
        endless(&mark)
    );
    tokio::select! {
        output = scratch.run("bash", command(&many)) => panic!("it ended: {}", output.text()),
        () = until_alive(&mark, 4) => {}
    }
    assert_eq!(alive(&mark), 0);
}

#[tokio::test]
async fn dropping_the_call_lets_a_command_remove_its_lock() {
    let mut scratch = Scratch::new();
    scratch.write("lock", "");
    let ready = Arc::new(Notify::new());
    let notify = Arc::clone(&ready);
    scratch.context.progress = ProgressSink::new(move |_| notify.notify_one());
    let tidy = "trap 'rm lock; exit' TERM; echo ready; sleep 1000 & wait";
    tokio::select! {
        output = scratch.run("bash", command(tidy)) => panic!("it ended: {}", output.text()),
        () = ready.notified() => {}
    }
    assert!(!scratch.path("lock").exists());
}

#[tokio::test]
async fn output_is_passed_on_while_the_command_runs() {
    let mut scratch = Scratch::new();
    let (sender, receiver) = mpsc::channel();
    scratch.context.progress =
        ProgressSink::new(move |piece| sender.send(piece.to_owned()).unwrap());
    scratch.text("bash", command("mkfifo pipe")).await;
    let scratch = &scratch;
    // The command goes on only after its first output was seen.
    let (output, ()) = tokio::join!(scratch.text("bash", command("echo one; cat pipe")), async {
        let pipe = scratch.path("pipe");
        tokio::task::spawn_blocking(move || {
            assert_eq!(receiver.recv().unwrap(), "one\n");
            fs::write(pipe, "two\n").unwrap();
            assert_eq!(receiver.recv().unwrap(), "two\n");
        })
        .await
        .unwrap();
    });
    assert_eq!(output, "one\ntwo");
}

#[tokio::test]
async fn calls_run_side_by_side() {
    let scratch = Scratch::new();
    scratch.text("bash", command("mkfifo there back")).await;
    let (first, second) = tokio::join!(
        scratch.text("bash", command("echo ping > there; cat back")),
        scratch.text("bash", command("cat there; echo pong > back")),
    );
    assert_eq!((first.as_str(), second.as_str()), ("pong", "ping"));
}

/// A sandbox that cannot confine anything, as where the kernel refuses.
async fn without_rung(folder: &std::path::Path) -> Arc<Sandbox> {
    let folders = ["workspace", "home", "tmp"].map(|name| folder.join(name));
    for folder in &folders {
        fs::create_dir_all(folder).unwrap();
    }
    let [workspace, home, temporary] = folders;
    let setup = SandboxSetup {
        launcher: "/nowhere/loom".into(),
        workspace,
        writable: Vec::new(),
        visible: Vec::new(),
        home,
        environment: Environment::default(),
        network: NetworkAccess::Off,
        temporary,
        rungs: Vec::new(),
    };
    Arc::new(Sandbox::probe(setup).await.unwrap())
}

#[tokio::test]
async fn a_sandbox_that_does_not_work_never_runs_a_command_unconfined() {
    let folder = tempfile::tempdir().unwrap();
    let mut scratch = Scratch::with_setup(ToolSetup {
        environment: environment([("PATH", path_variable().as_str())]),
        sandbox: Some(without_rung(folder.path()).await),
        ..ToolSetup::default()
    });
    let told = scratch.failure("bash", command("echo unconfined")).await;
    assert!(told.contains("outside_sandbox"), "{told}");
    // What was decided for the call counts, not what it asks for.
    let asking = json!({"command": "echo unconfined", "outside_sandbox": true});
    scratch.failure("bash", asking.clone()).await;
    scratch.context.confinement = Confinement::Free;
    assert_eq!(scratch.text("bash", asking).await, "unconfined");
}

#[tokio::test]
async fn with_a_sandbox_the_model_can_ask_to_run_outside() {
    let folder = tempfile::tempdir().unwrap();
    let registry = ToolRegistry::builtin(ToolSetup {
        sandbox: Some(without_rung(folder.path()).await),
        ..ToolSetup::default()
    });
    let definitions = registry.definitions();
    let bash = definitions.iter().find(|tool| tool.name == "bash").unwrap();
    assert_snapshot!(serde_json::to_string_pretty(bash).unwrap());
}
