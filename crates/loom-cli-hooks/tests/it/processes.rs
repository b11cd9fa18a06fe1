//! Hooks that hang, flood, leave things behind or look at what they should not.

use std::fs;
use std::path::Path;

use loom_cli_hooks::{Decision, Event, Outcome};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::json;

use crate::scratch::{Scratch, command, warnings};

/// Makes a named pipe, and returns what the first to write into it says.
fn pipe(path: &Path) -> tokio::task::JoinHandle<String> {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let path = path.to_owned();
    // While a blocking task runs, paused time does not advance by itself.
    tokio::task::spawn_blocking(move || fs::read_to_string(path).unwrap())
}

/// Waits until a process is gone, or at least dead.
fn wait_until_gone(id: &str) {
    let stat = format!("/proc/{}/stat", id.trim());
    while fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
        std::thread::yield_now();
    }
}

/// Says which process it started, and hangs.
const HANG: &str = "trap '' TERM; sleep 1000 & echo $! > \"$SCRATCH/pipe\"; wait";

#[tokio::test(start_paused = true)]
async fn a_hook_that_hangs_is_killed_with_all_it_started() {
    let scratch = Scratch::with_hook(
        "PreToolUse",
        json!({"type": "command", "command": HANG, "timeout": 7}),
    );
    let child = pipe(&scratch.path("pipe"));
    let outcome = scratch.before_command().await;
    assert_eq!(outcome.decision, Decision::Proceed);
    assert_eq!(
        warnings(&outcome),
        [format!(
            "PreToolUse hook `{HANG}` was killed: it ran longer than its 7 s"
        )]
    );
    wait_until_gone(&child.await.unwrap());
}

#[tokio::test]
async fn a_hook_whose_event_is_cancelled_is_killed() {
    let scratch = Scratch::with_hook("PreToolUse", command(HANG));
    let child = pipe(&scratch.path("pipe"));
    let child = tokio::select! {
        outcome = scratch.before_command() => panic!("{outcome:?}"),
        child = child => child.unwrap(),
    };
    wait_until_gone(&child);
}

#[tokio::test]
async fn a_flood_is_read_on_and_dropped() {
    let line = "head -c 50000000 /dev/zero; head -c 50000000 /dev/zero >&2";
    let scratch = Scratch::with_hook("PreToolUse", command(line));
    assert_eq!(scratch.before_command().await, Outcome::default());
}

#[tokio::test]
async fn a_hook_need_not_read_what_it_is_told() {
    let prompt = "x".repeat(10_000_000);
    let scratch = Scratch::with_hook("UserPromptSubmit", command("exec 0<&-; echo seen"));
    let outcome = scratch
        .run(&Event::UserPromptSubmit { prompt: &prompt })
        .await;
    assert_eq!(outcome.context, ["seen"]);
}

#[tokio::test]
async fn a_hook_that_leaves_something_behind_is_not_waited_for() {
    let line = "sleep 1000 & echo $! > \"$SCRATCH/left\"; echo seen";
    let scratch = Scratch::with_hook("UserPromptSubmit", command(line));
    let outcome = scratch.run(&Event::UserPromptSubmit { prompt: "p" }).await;
    assert_eq!(outcome.context, ["seen"]);
    let left = scratch.read("left").trim().parse().unwrap();
    let left = rustix::process::Pid::from_raw(left).unwrap();
    // It still runs, or else this fails.
    rustix::process::kill_process(left, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn hooks_run_side_by_side() {
    // Each waits for the other: one after the other they would never end.
    let hooks = json!({"UserPromptSubmit": [{"hooks": [
        command("echo to > \"$SCRATCH/one\"; cat \"$SCRATCH/two\""),
        command("cat \"$SCRATCH/one\"; echo fro > \"$SCRATCH/two\""),
    ]}]});
    let scratch = Scratch::with_hooks(&hooks);
    for name in ["one", "two"] {
        let mode = Mode::from_raw_mode(0o600);
        mknodat(CWD, scratch.path(name), FileType::Fifo, mode, 0).unwrap();
    }
    let outcome = scratch.run(&Event::UserPromptSubmit { prompt: "p" }).await;
    assert_eq!(outcome.context, ["fro", "to"]);
}

#[tokio::test]
async fn secrets_are_inherited_only_by_hooks_that_name_them() {
    let line = "echo \"$A_SECRET|$CLAUDE_PROJECT_DIR|$PWD\"";
    for (inherited, expected) in [(json!([]), ""), (json!(["A_SECRET"]), "s3cret")] {
        let entry = json!({"type": "command", "command": line, "inheritEnv": inherited});
        let scratch = Scratch::with_hook("UserPromptSubmit", entry);
        let outcome = scratch.run(&Event::UserPromptSubmit { prompt: "p" }).await;
        let workspace = scratch.workspace().to_string_lossy().into_owned();
        assert_eq!(
            outcome.context,
            [format!("{expected}|{workspace}|{workspace}")]
        );
    }
}

#[tokio::test]
async fn with_arguments_a_command_is_started_without_a_shell() {
    let entry = json!({"type": "command", "command": "printf", "args": ["%s", "$HOME; a b"]});
    let scratch = Scratch::with_hook("UserPromptSubmit", entry);
    let outcome = scratch.run(&Event::UserPromptSubmit { prompt: "p" }).await;
    assert_eq!(outcome.context, ["$HOME; a b"]);
}

#[tokio::test]
async fn a_program_that_is_missing_is_shown() {
    let entry = json!({"type": "command", "command": "no-such-program", "args": []});
    let outcome = Scratch::with_hook("PreToolUse", entry)
        .before_command()
        .await;
    assert_eq!(outcome.decision, Decision::Proceed);
    assert_eq!(
        warnings(&outcome),
        [
            "PreToolUse hook `no-such-program` could not be started: No such file or directory \
          (os error 2)"
        ]
    );
}

#[tokio::test]
async fn nobody_waits_for_a_hook_in_the_background() {
    let line = "cat \"$SCRATCH/go\" > /dev/null; echo done > \"$SCRATCH/pipe\"; exit 2";
    let entry = json!({"type": "command", "command": line, "async": true});
    let scratch = Scratch::with_hook("PreToolUse", entry);
    let go = scratch.path("go");
    mknodat(CWD, &go, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let done = pipe(&scratch.path("pipe"));
    assert_eq!(scratch.before_command().await, Outcome::default());
    tokio::task::spawn_blocking(move || fs::write(go, "go").unwrap());
    assert_eq!(done.await.unwrap(), "done\n");
}
