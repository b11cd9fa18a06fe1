//! The hermetic command line, with `sh` in the place of `loom`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use loom_testing::command_line::LocalServer;
use loom_testing::{CommandLine, FakeModel};
use rustix::process::Signal;
use serde_json::json;

/// What a failing assertion says.
fn panic_message(run: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(run)).expect_err("it must panic");
    panic.downcast_ref::<String>().unwrap().clone()
}

/// Whether a process does something still; one that has ended may wait for its parent to notice.
fn runs(pid: &str) -> bool {
    std::fs::read_link(format!("/proc/{pid}/exe")).is_ok()
}

#[test]
fn a_command_sees_nothing_of_this_machine() {
    let command_line = CommandLine::new();
    let output = command_line
        .program("env", [""; 0])
        .env("EXTRA", "1")
        .env_remove("TZ")
        .run();
    let home = command_line.home().to_str().unwrap();
    let mut variables: Vec<_> = output
        .assert_success()
        .stdout
        .lines()
        .map(|line| line.replace(home, "~"))
        .collect();
    variables.retain(|variable| !variable.starts_with("LLVM_PROFILE_FILE="));
    variables.sort_unstable();
    assert_eq!(
        variables,
        [
            "EXTRA=1",
            "GIT_AUTHOR_EMAIL=ada@example.org",
            "GIT_AUTHOR_NAME=Ada Example",
            "GIT_COMMITTER_EMAIL=ada@example.org",
            "GIT_COMMITTER_NAME=Ada Example",
            "GIT_CONFIG_GLOBAL=/dev/null",
            "GIT_CONFIG_NOSYSTEM=1",
            "GIT_TERMINAL_PROMPT=0",
            "HOME=~",
            "LC_ALL=C.UTF-8",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "TERM=dumb",
            "TMPDIR=~/tmp",
            "XDG_CACHE_HOME=~/.cache",
            "XDG_CONFIG_HOME=~/.config",
            "XDG_DATA_HOME=~/.local/share",
            "XDG_RUNTIME_DIR=~/run",
            "XDG_STATE_HOME=~/.local/state",
        ]
    );
}

#[tokio::test]
async fn the_server_of_a_user_with_a_model_talks_to_it() {
    let model = FakeModel::start().await;
    model.expect_api_key("secret");
    let command_line = CommandLine::with_model(&model);
    let output = command_line
        .program("sh", ["-c", "env | grep ^LOOM_ | sort"])
        .run();
    let expected = format!(
        "LOOM_SERVER_ANTHROPIC_API_KEY=secret\nLOOM_SERVER_ANTHROPIC_BASE_URL={url}\n\
         LOOM_SERVER_OPENAI_API_KEY=secret\nLOOM_SERVER_OPENAI_BASE_URL={url}/v1\n",
        url = model.url()
    );
    assert_eq!(output.stdout, expected);
}

#[test]
fn a_command_gets_its_folder_and_its_input() {
    let command_line = CommandLine::new();
    let output = command_line
        .program("sh", ["-c", "pwd; cat"])
        .stdin("typed\n")
        .run();
    assert_eq!(
        output.stdout,
        format!("{}\ntyped\n", command_line.work().display())
    );
    let output = command_line.program("cat", [""; 0]).run();
    assert_eq!((output.stdout.as_str(), output.code), ("", Some(0)));
    let output = command_line.program("pwd", [""; 0]).current_dir("/").run();
    assert_eq!(output.stdout, "/\n");
}

#[test]
fn an_end_by_a_signal_has_no_exit_code() {
    let command_line = CommandLine::new();
    let output = command_line.program("sh", ["-c", "kill -9 $$"]).run();
    assert_eq!((output.code, output.signal), (None, Some(9)));
}

#[test]
fn a_failed_assertion_shows_command_folder_and_output() {
    let command_line = CommandLine::new();
    std::fs::create_dir(command_line.work().join("src")).unwrap();
    let output = command_line
        .program("sh", ["-c", "echo out; echo err >&2; exit 3"])
        .run();
    let message = panic_message(|| {
        output.assert_success();
    });
    let expected = format!(
        "the exit code is not 0:\n\
         command: sh -c 'echo out; echo err >&2; exit 3'\n\
         folder:  {}\n\
         files:   src/\n\
         end:     exit code 3\n\
         --- standard output ---\nout\n\
         --- standard error ---\nerr\n",
        command_line.work().display()
    );
    assert_eq!(message, expected);
}

#[test]
fn json_is_read_from_lines_or_as_a_whole() {
    let command_line = CommandLine::new();
    let output = command_line
        .program("echo", ["{\"a\": 1}\n{\"b\": 2}"])
        .run();
    assert_eq!(output.json_lines(), [json!({"a": 1}), json!({"b": 2})]);
    let message = panic_message(|| drop(output.json()));
    assert!(
        message.starts_with("standard output is no JSON (trailing characters at line 2"),
        "{message}"
    );
    let output = command_line.program("echo", ["{}\nnonsense"]).run();
    let message = panic_message(|| drop(output.json_lines()));
    assert!(
        message.starts_with("line 2 of standard output is no JSON"),
        "{message}"
    );
}

#[test]
fn lines_can_be_read_while_the_command_runs() {
    let command_line = CommandLine::new();
    let script = "echo one; echo two; echo ready >&2; exec sleep 1000";
    let mut running = command_line.program("sh", ["-c", script]).spawn();
    assert_eq!(running.next_line().as_deref(), Some("one"));
    assert_eq!(running.wait_for_line(|line| line.starts_with('t')), "two");
    running.wait_for_stderr("ready");
    running.signal(Signal::TERM);
    let output = running.wait();
    assert_eq!(
        (output.stdout.as_str(), output.signal),
        ("one\ntwo\n", Some(15))
    );
}

#[test]
fn a_last_line_may_lack_its_end() {
    let command_line = CommandLine::new();
    let mut running = command_line.program("printf", ["one\ntwo"]).spawn();
    assert_eq!(running.next_line().as_deref(), Some("one"));
    assert_eq!(running.next_line().as_deref(), Some("two"));
    assert_eq!(running.next_line(), None);
}

#[test]
fn waiting_for_a_line_that_does_not_come_shows_what_came() {
    let command_line = CommandLine::new();
    let mut running = command_line.program("echo", ["something else"]).spawn();
    let message = panic_message(|| drop(running.wait_for_line(|line| line == "ready")));
    assert!(
        message.contains("--- standard output ---\nsomething else\n"),
        "{message}"
    );
}

/// A shell that waits for another one, which says when it is ready and when it is interrupted.
const INTERRUPTIBLE: &str = r#"
    trap 'exit 130' INT
    sh -c 'trap "echo interrupted; exit" INT; sleep 1000 >/dev/null 2>&1 & echo ready; wait'
"#;

#[test]
fn an_interrupt_reaches_the_whole_group() {
    let command_line = CommandLine::new();
    let mut running = command_line.program("sh", ["-c", INTERRUPTIBLE]).spawn();
    running.wait_for_line(|line| line == "ready");
    running.interrupt();
    let output = running.wait();
    assert_eq!(
        (output.stdout.as_str(), output.code),
        ("ready\ninterrupted\n", Some(130))
    );
}

#[test]
fn a_dropped_command_is_killed_with_its_children() {
    let command_line = CommandLine::new();
    let mut running = command_line
        .program("sh", ["-c", "sleep 1000 & echo $!; wait"])
        .spawn();
    let pid = running.next_line().unwrap();
    assert!(runs(&pid));
    drop(running);
    assert_eq!(command_line.processes(), [""; 0]);
}

#[test]
fn nothing_is_left_behind() {
    let command_line = CommandLine::new();
    let script = "setsid sleep 1000 >/dev/null 2>&1 & echo $!";
    let output = command_line.program("sh", ["-c", script]).run();
    let pid = output.stdout.trim();
    assert!(
        command_line.processes()[0].starts_with(&format!("{pid} ")),
        "{:?}",
        command_line.processes()
    );
    let home = command_line.home().to_owned();
    drop(command_line);
    assert!(!runs(pid));
    assert!(!home.exists());
}

#[test]
fn the_shared_server_is_stopped_kindly() {
    let command_line = CommandLine::new();
    let outside = tempfile::tempdir().unwrap();
    let farewell = outside.path().join("farewell");
    // Any program of that name will do.
    let server = command_line.home().join("loom-server");
    std::fs::copy("/bin/sh", &server).unwrap();
    let script = "trap 'echo bye > $FAREWELL; exit 0' TERM; echo up > $FAREWELL.up; while :; do sleep 1000 & wait; done";
    let launch = "setsid \"$0\" -c \"$1\" >/dev/null 2>&1 & while [ ! -e $FAREWELL.up ]; do sleep 0.01; done";
    let output = command_line
        .program(
            "sh",
            [
                "-c".as_ref(),
                launch.as_ref(),
                server.as_os_str(),
                script.as_ref(),
            ],
        )
        .env("FAREWELL", &farewell)
        .run();
    output.assert_success();
    assert!(!farewell.exists());
    drop(command_line);
    assert_eq!(std::fs::read_to_string(farewell).unwrap(), "bye\n");
}

#[test]
fn the_state_file_of_the_shared_server_is_read() {
    let command_line = CommandLine::new();
    assert_eq!(command_line.local_server(), None);
    let folder = command_line.state_home().join("loom");
    std::fs::create_dir_all(&folder).unwrap();
    let json = json!({"pid": 7, "url": "http://127.0.0.1:1", "token": "t", "version": "1.0.0", "commit": "c"});
    std::fs::write(folder.join("server.json"), json.to_string()).unwrap();
    let expected = LocalServer {
        pid: 7,
        url: "http://127.0.0.1:1".to_owned(),
        token: "t".to_owned(),
        version: "1.0.0".to_owned(),
    };
    assert_eq!(command_line.local_server(), Some(expected));
}

#[test]
fn a_terminal_takes_keys_and_shows_a_screen() {
    let command_line = CommandLine::new();
    let script = "test -t 0 && test -t 1 && stty size && printf 'name? ' && read name && echo \"hello $name\"; exit 3";
    let mut terminal = command_line
        .program("sh", ["-c", script])
        .spawn_on_terminal();
    assert_eq!(terminal.wait_for("name?"), "40 120\nname?");
    terminal.type_keys("Ada\r");
    assert_eq!(terminal.wait_for("hello"), "40 120\nname? Ada\nhello Ada");
    assert_eq!(terminal.wait(), 3);
}

#[test]
fn control_c_interrupts_what_runs_on_the_terminal() {
    let command_line = CommandLine::new();
    let mut terminal = command_line
        .program("sh", ["-c", INTERRUPTIBLE])
        .spawn_on_terminal();
    terminal.wait_for("ready");
    terminal.type_keys("\x03");
    terminal.wait_for("interrupted");
    assert_eq!(terminal.wait(), 130);
}

#[test]
fn waiting_for_text_that_does_not_come_shows_the_screen() {
    let command_line = CommandLine::new();
    let terminal = command_line
        .program("echo", ["something else"])
        .spawn_on_terminal();
    let message = panic_message(|| drop(terminal.wait_for("ready")));
    let expected = "\"ready\" did not come onto the screen:\ncommand: echo 'something else'\n--- screen ---\nsomething else\n";
    assert_eq!(message, expected);
}

#[test]
fn a_dropped_terminal_ends_its_command() {
    let command_line = CommandLine::new();
    let terminal = command_line
        .program("sh", ["-c", "echo ready; exec sleep 1000"])
        .spawn_on_terminal();
    terminal.wait_for("ready");
    assert_eq!(command_line.processes().len(), 1);
    drop(terminal);
    assert_eq!(command_line.processes(), [""; 0]);
}
