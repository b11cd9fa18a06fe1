//! Commands in the background: `bash`, `command_output`, `command_stop`.

use std::fs;

use insta::assert_snapshot;
use loom_cli_tools::{OutputLimits, OutputStore, ToolRegistry, ToolSetup};
use loom_common_core::ToolStatus;
use serde_json::{Value, json};

use crate::marked::{alive, endless, mark, until_alive};
use crate::scratch::{Scratch, environment, path_variable};

fn background(command: &str) -> Value {
    json!({"command": command, "run_in_background": true})
}

fn news(id: &str) -> Value {
    json!({"command_id": id})
}

/// Waits for the end of a command.
fn end(id: &str) -> Value {
    json!({"command_id": id, "wait_ms": 60_000})
}

/// Makes the seconds that a command has run the same for each run.
fn timeless(text: &str) -> String {
    match text.split_once("running for ") {
        Some((before, after)) => {
            let after = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
            format!("{before}running for N{}", timeless(after))
        }
        None => text.to_owned(),
    }
}

#[tokio::test]
async fn a_command_that_takes_longer_goes_on_in_the_background() {
    let scratch = Scratch::new();
    scratch
        .text("bash", json!({"command": "mkfifo pipe"}))
        .await;
    let slow = json!({"command": "echo started; cat pipe; echo done", "timeout_ms": 500});
    assert_snapshot!(scratch.text("bash", slow).await, @"
    started
    (the command is still running after 500 ms and goes on in the background as c1; you are told when it ends. command_output has what it prints from now on and can wait for it, command_stop ends it)
    ");
    assert_snapshot!(timeless(&scratch.text("command_output", news("c1")).await), @"
    (no new output)
    (running for N s)
    ");
    let pipe = scratch.path("pipe");
    let write = tokio::task::spawn_blocking(move || fs::write(pipe, "through the pipe\n"));
    assert_snapshot!(scratch.text("command_output", end("c1")).await, @"
    through the pipe
    done
    (exit code 0)
    ");
    write.await.unwrap().unwrap();
    assert_snapshot!(scratch.text("command_output", json!({})).await, @"c1: `echo started; cat pipe; echo done` (exit code 0)");
}

#[tokio::test]
async fn a_command_is_put_into_the_background_at_once() {
    let scratch = Scratch::new();
    let mark = mark("at-once");
    let text = scratch.text("bash", background(&endless(&mark))).await;
    assert!(text.contains("runs in the background as c1"), "{text}");
    until_alive(&mark, 1).await;
    assert_snapshot!(scratch.text("command_stop", news("c1")).await, @"(stopped)");
    assert_eq!(alive(&mark), 0);
    assert_snapshot!(scratch.text("command_output", news("c1")).await, @"
    (no new output)
    (stopped)
    ");
}

#[tokio::test]
async fn a_command_that_fails_at_once_is_not_put_into_the_background() {
    let scratch = Scratch::new();
    assert_snapshot!(scratch.failure("bash", background("echo no; exit 3")).await, @"
    no
    (exit code 3)
    ");
    assert_snapshot!(scratch.text("command_output", json!({})).await, @"No command runs in the background, and none has.");
}

#[tokio::test]
async fn the_end_of_a_command_is_told_once_with_the_next_output() {
    let scratch = Scratch::new();
    scratch
        .text("bash", json!({"command": "mkfifo go gone"}))
        .await;
    scratch
        .text(
            "bash",
            background("cat go; echo last words; exec 2> gone; exit 4"),
        )
        .await;
    fs::write(scratch.path("go"), "").unwrap();
    // Opening the other end waits for the command to come there.
    fs::read(scratch.path("gone")).unwrap();
    let mut notices = Vec::new();
    while notices.is_empty() {
        let output = scratch.run("glob", json!({"pattern": "nothing"})).await;
        let text = output.text();
        notices.extend(text.strip_prefix("No files match.\n").map(str::to_owned));
    }
    assert_eq!(
        notices,
        [
            "(the background command c1, `cat go; echo last words; exec 2> gone; exit 4`, has ended: \
          exit code 4; command_output has what it printed)"
        ]
    );
    assert_eq!(scratch.registry.take_notices(), Vec::<String>::new());
    assert_snapshot!(scratch.text("command_output", news("c1")).await, @"
    last words
    (exit code 4)
    ");
}

#[tokio::test]
async fn who_waits_for_the_end_is_not_told_again() {
    let scratch = Scratch::new();
    scratch.text("bash", json!({"command": "mkfifo go"})).await;
    scratch.text("bash", background("cat go")).await;
    fs::write(scratch.path("go"), "").unwrap();
    scratch.text("command_output", end("c1")).await;
    assert_eq!(scratch.registry.take_notices(), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_command_left_behind_can_be_stopped() {
    let scratch = Scratch::new();
    let mark = mark("left-behind");
    let command = format!("({}) & echo started", endless(&mark));
    let text = scratch.text("bash", json!({"command": command})).await;
    assert!(text.contains("still running, as c1"), "{text}");
    until_alive(&mark, 1).await;
    assert_snapshot!(scratch.text("command_stop", news("c1")).await, @"(stopped)");
    assert_eq!(alive(&mark), 0);
}

#[tokio::test]
async fn a_hard_limit_holds_in_the_background_too() {
    let scratch = Scratch::new();
    let mark = mark("hard-limit");
    let command = format!("trap '' TERM; ({}) & wait; wait", endless(&mark));
    let call = json!({"command": command, "run_in_background": true, "kill_after_ms": 1000});
    scratch.text("bash", call).await;
    assert_snapshot!(scratch.text("command_output", end("c1")).await, @"
    (no new output)
    (killed: it ran longer than its kill_after_ms of 1000)
    ");
    assert_eq!(alive(&mark), 0);
}

#[tokio::test]
async fn the_end_of_the_session_ends_all_that_was_started() {
    let scratch = Scratch::new();
    let mark = mark("session");
    scratch.text("bash", background(&endless(&mark))).await;
    let quiet = format!("({}) > log 2>&1 &", endless(&mark));
    scratch.text("bash", json!({"command": quiet})).await;
    let away = format!("setsid bash -c '{}' > log 2>&1 &", endless(&mark));
    scratch.text("bash", json!({"command": away})).await;
    until_alive(&mark, 3).await;
    scratch.registry.shutdown().await;
    assert_eq!(alive(&mark), 0);
    assert_eq!(scratch.registry.take_notices().len(), 1);
}

#[tokio::test]
async fn a_session_that_is_dropped_ends_its_commands() {
    let scratch = Scratch::new();
    let mark = mark("dropped-session");
    scratch.text("bash", background(&endless(&mark))).await;
    let quiet = format!("({}) > log 2>&1 &", endless(&mark));
    scratch.text("bash", json!({"command": quiet})).await;
    until_alive(&mark, 2).await;
    drop(scratch);
    while alive(&mark) > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn there_cannot_be_any_number_of_commands() {
    let scratch = Scratch::new();
    scratch.text("bash", json!({"command": "mkfifo go"})).await;
    for _ in 0..16 {
        scratch
            .text("bash", json!({"command": "cat go", "timeout_ms": 1}))
            .await;
    }
    let told = scratch
        .failure("bash", json!({"command": "cat go", "timeout_ms": 1}))
        .await;
    assert_snapshot!(told, @"16 commands run in the background, and there can be no more. This one was killed. Stop one with command_stop; command_output lists them.");
    scratch.text("command_stop", news("c7")).await;
    scratch
        .text("bash", json!({"command": "cat go", "timeout_ms": 1}))
        .await;
}

#[tokio::test]
async fn a_command_that_is_not_there_is_answered_with_those_that_are() {
    let scratch = Scratch::new();
    assert_snapshot!(scratch.failure("command_stop", news("c1")).await, @"No command runs in the background, and none has.");
    scratch.text("bash", json!({"command": "mkfifo go"})).await;
    scratch.text("bash", background("cat go")).await;
    assert_snapshot!(scratch.failure("command_output", news("7")).await, @r#"There is no command "7". There are c1."#);
}

#[tokio::test]
async fn a_flood_goes_to_a_file_of_bounded_size_and_takes_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let limits = OutputLimits {
        file_bytes: 1_000_000,
        ..OutputLimits::default()
    };
    let scratch = Scratch::with_setup(ToolSetup {
        environment: environment([("PATH", path_variable().as_str())]),
        outputs: OutputStore::new(folder.path(), "session", limits),
        ..ToolSetup::default()
    });
    let flood = "head -c 20000000 /dev/zero | tr '\\0' 'y'; echo; echo last";
    let text = scratch.text("bash", json!({"command": flood})).await;
    let file = folder.path().join("session/00001-bash.txt");
    assert!(text.contains(&format!("are in {} (more is not kept)", file.display())));
    assert!(text.ends_with("yyy\nlast"));
    assert_eq!(fs::metadata(&file).unwrap().len(), 1_000_000);
}

#[tokio::test]
async fn the_whole_of_a_long_output_can_be_read_and_searched() {
    let folder = tempfile::tempdir().unwrap();
    let scratch = Scratch::with_setup(ToolSetup {
        environment: environment([("PATH", path_variable().as_str())]),
        outputs: OutputStore::new(folder.path(), "session", OutputLimits::default()),
        ..ToolSetup::default()
    });
    let text = scratch.text("bash", json!({"command": "seq 100000"})).await;
    let file = text
        .split_once("the whole is in ")
        .and_then(|(_, rest)| rest.split_once(" (100000 lines)"))
        .unwrap()
        .0;
    let page = json!({"file_path": file, "offset": 50_000, "limit": 1});
    let page = scratch.text("read_file", page).await;
    assert!(page.starts_with(" 50000\t50000\n"), "{page}");
    let found = json!({"pattern": "^77777$", "path": file});
    assert_eq!(
        scratch.text("grep", found).await,
        format!("{file}\n77777:77777")
    );
    // But not changed.
    let edit = json!({"file_path": file, "old_string": "77777", "new_string": "x"});
    let output = scratch.run("edit_file", edit).await;
    assert_eq!(output.status, ToolStatus::Failed);
}

#[tokio::test]
async fn a_registry_without_commands_ends_at_once() {
    ToolRegistry::builtin(ToolSetup::default()).shutdown().await;
}
