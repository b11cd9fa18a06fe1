//! `loom sandbox` as a command: exit codes, signals, terminal, status.

use rustix::process::Signal;

use super::cage::{Cage, person};

#[test]
fn the_exit_code_of_the_command_is_passed_on() {
    for cage in Cage::all() {
        let user = person();
        for (script, code) in [
            ("exit 0", 0),
            ("exit 3", 3),
            ("exit 255", 255),
            ("kill -KILL $$", 137),
        ] {
            cage.run(&user, script).assert_code(code);
        }
        let missing = cage.loom(&user, &["--", "no-such-program"]).run();
        missing.assert_code(127);
        assert!(
            missing.stderr.contains("cannot run no-such-program"),
            "{missing}"
        );
        cage.loom(&user, &["--", "/etc/passwd"])
            .run()
            .assert_code(126);
    }
}

#[test]
fn streams_and_arguments_are_the_commands() {
    for cage in Cage::all() {
        let user = person();
        let output = cage
            .loom(
                &user,
                &["printf", "%s|", "a b", "--write", "-C", "$HOME", ""],
            )
            .run();
        assert_eq!(
            output.stdout, "a b|--write|-C|$HOME||",
            "{cage:?}: {output}"
        );
        let output = cage
            .loom(&user, &["--", "bash", "-c", "cat; echo error >&2"])
            .stdin("input")
            .run();
        assert_eq!(
            (output.stdout.as_str(), output.stderr.as_str()),
            ("input", "error\n")
        );
    }
}

#[test]
fn signals_are_passed_on() {
    for cage in Cage::all() {
        let user = person();
        let script = "trap 'echo asked; exit 7' TERM; echo ready; while :; do sleep 0.02; done";
        let mut running = cage.loom(&user, &["--", "bash", "-c", script]).spawn();
        running.wait_for_line(|line| line == "ready");
        running.signal(Signal::TERM);
        let output = running.wait();
        output.assert_code(7);
        assert!(output.stdout.contains("asked"), "{cage:?}: {output}");
    }
}

#[test]
fn a_killed_launcher_takes_the_command_with_it() {
    for cage in Cage::all() {
        let user = person();
        let mut running = cage
            .loom(
                &user,
                &[
                    "--",
                    "flock",
                    "--no-fork",
                    "lock",
                    "bash",
                    "-c",
                    "echo ready; exec sleep 1000",
                ],
            )
            .spawn();
        running.wait_for_line(|line| line == "ready");
        let children = format!("/proc/{0}/task/{0}/children", running.id());
        let script = format!("kill -KILL $(cat {children}) && flock lock true");
        user.program("bash", ["-c", &script]).run().assert_success();
        running.wait().assert_code(137);
    }
}

#[test]
fn a_terminal_works() {
    for cage in Cage::all() {
        let user = person();
        let script = "test -t 0 && test -t 1 && echo terminal; read line; echo got $line; \
             echo tty > /dev/tty; echo error > /dev/stderr";
        let mut terminal = cage
            .loom(&user, &["--", "bash", "-c", script])
            .spawn_on_terminal();
        terminal.wait_for("terminal");
        terminal.type_keys("hello\r");
        for text in ["got hello", "tty", "error"] {
            terminal.wait_for(text);
        }
        assert_eq!(terminal.wait(), 0, "{cage:?}");
    }
}

#[test]
fn an_interrupt_from_the_terminal_reaches_the_command_once() {
    for cage in Cage::all() {
        let user = person();
        let script = "perl -e '$| = 1; my $count = 0; \
             $SIG{INT} = sub { $count++; print \"interrupt $count\\n\" }; print \"ready\\n\"; \
             select(undef, undef, undef, 0.02) while $count < 2'";
        let mut terminal = cage
            .loom(&user, &["--", "bash", "-c", script])
            .spawn_on_terminal();
        terminal.wait_for("ready");
        terminal.type_keys("\u{3}");
        terminal.wait_for("interrupt 1");
        terminal.type_keys("\u{3}");
        let screen = terminal.wait_for("interrupt 2");
        assert!(!screen.contains("interrupt 3"), "{cage:?}: {screen}");
        assert_eq!(terminal.wait(), 0, "{cage:?}");
    }
}

#[test]
fn the_status_names_the_rung_and_why_it_is_not_a_stronger_one() {
    let user = person();
    let landlock = Cage::Landlock
        .loom(&user, &["--status", "--json"])
        .run()
        .json();
    assert_eq!(landlock["status"]["rung"], "landlock");
    assert!(
        landlock["status"]["landlock"].as_u64().is_some(),
        "{landlock}"
    );
    assert!(
        !landlock["limits"].as_array().unwrap().is_empty(),
        "{landlock}"
    );

    let text = user.loom(["sandbox", "--status"]).run();
    text.assert_success();
    assert!(text.stdout.starts_with("rung      "), "{text}");
}

#[test]
fn without_a_rung_nothing_runs() {
    let user = person();
    let output = user
        .loom(["sandbox", "--rung", "bubblewrap", "--", "touch", "ran"])
        .env("PATH", "/nonexistent")
        .run();
    output.assert_code(1);
    assert!(output.stderr.contains("bwrap is not installed"), "{output}");
    assert!(output.stderr.contains("hint: "), "{output}");
    assert!(!user.work().join("ran").exists());
}

#[test]
fn a_command_or_the_status_must_be_asked_for() {
    let user = person();
    user.loom(["sandbox"]).run().assert_code(2);
    user.loom(["sandbox", "--write", "missing", "--", "true"])
        .run()
        .assert_code(2);
    let output = user
        .loom(["sandbox", "--allow-host", "https://x", "--", "true"])
        .run();
    output.assert_code(2);
    assert!(output.stderr.contains("is no host"), "{output}");
}

#[test]
fn the_doctor_names_the_rung() {
    let user = person();
    let output = user.loom(["doctor"]).run();
    assert!(output.stdout.contains("sandbox"), "{output}");
    assert!(output.stdout.contains("seccomp"), "{output}");
}
