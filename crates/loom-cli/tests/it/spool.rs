//! `loom spool` as a process: what shells, pipes and several programs at once see.

use std::collections::BTreeSet;
use std::fs;

use loom_testing::CommandLine;
use loom_testing::command_line::Output;

fn spool(user: &CommandLine, arguments: &[&str]) -> Output {
    user.loom(["spool"].iter().chain(arguments)).run()
}

/// A repository beside git, with one stitch.
fn wound() -> CommandLine {
    let user = CommandLine::new();
    spool(&user, &["wind"]).assert_success();
    fs::write(user.work().join("a"), "1\n").unwrap();
    spool(&user, &["knot", "-m", "One"]).assert_success();
    user
}

#[test]
fn who_told_git_their_name_need_not_tell_it_again() {
    let user = wound();
    let output = spool(&user, &["trace", "-r", "@-", "-G"]);
    output.assert_success();
    assert!(output.stdout.contains(" ada@example.org "), "{output}");
    assert_eq!(output.stderr, "");
    let log = user
        .program("git", ["log", "--format=%an <%ae> %s", "--all"])
        .run();
    assert!(
        log.stdout.contains("Ada Example <ada@example.org> One\n"),
        "{log}"
    );
}

#[test]
fn exit_codes_tell_failures_from_wrong_use() {
    let user = wound();
    let cases: &[(&[&str], i32)] = &[
        (&["tension"], 0),
        (&["redo"], 1),
        (&["trace", "-r", "nonsense"], 2),
        (&["no-such-command"], 2),
        (&["knot"], 2),
    ];
    for (arguments, code) in cases {
        spool(&user, arguments).assert_code(*code);
    }
    let error = spool(&user, &["redo"]);
    assert_eq!(error.stdout, "");
    assert!(error.stderr.starts_with("error: "), "{error}");
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let user = wound();
    for number in 0..20 {
        let text = number.to_string();
        spool(&user, &["stitch", "-m", &text]).assert_success();
    }
    let line = format!(
        "{} spool trace -r :: -p | head -n 1; echo \"${{PIPESTATUS[0]}}\"",
        env!("CARGO_BIN_EXE_loom")
    );
    let output = user.program("bash", ["-c", &line]).run();
    output.assert_success();
    assert_eq!(output.stderr, "");
    assert!(output.stdout.ends_with("\n0\n"), "{output}");
}

#[test]
fn a_full_disk_loses_nothing() {
    let user = wound();
    // Git compresses, so it has to be something that cannot be.
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let noise = std::iter::repeat_with(|| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    });
    let noise: Vec<_> = noise.take(10_000).flat_map(u64::to_le_bytes).collect();
    fs::write(user.work().join("b"), noise).unwrap();
    let loom = env!("CARGO_BIN_EXE_loom");
    // The system refuses files over this size, as it does on a full disk.
    let full = user
        .program(
            "prlimit",
            ["--fsize=20000", loom, "spool", "knot", "-m", "Two"],
        )
        .run();
    assert_ne!(full.code, Some(0), "{full}");
    let output = spool(&user, &["knot", "-m", "Two"]);
    output.assert_success();
    let trace = spool(&user, &["trace", "-r", "..@-", "-G", "-s"]);
    assert!(
        trace.stdout.contains("A b\n") && trace.stdout.contains("A a\n"),
        "{trace}"
    );
    let fsck = user.program("git", ["fsck", "--strict"]).run();
    fsck.assert_success();
}

#[test]
fn several_at_once_lose_nothing() {
    const EACH: usize = 5;
    let user = wound();
    let running: Vec<_> = (0..EACH)
        .flat_map(|number| {
            let stitch = format!("loom {number}");
            let branch = format!("git-{number}");
            [
                user.loom([
                    "spool",
                    "stitch",
                    "--no-edit",
                    "-m",
                    &stitch,
                    "subject(One)",
                ])
                .spawn(),
                user.program("git", ["branch", &branch]).spawn(),
                user.loom(["spool", "tension"]).spawn(),
            ]
        })
        .collect();
    for running in running {
        running.wait().assert_success();
    }
    let output = spool(&user, &["trace", "-r", "subject(One)+", "--json"]);
    let made: BTreeSet<_> = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|stitch| stitch["description"].as_str().unwrap().trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect();
    let expected = (0..EACH).map(|number| format!("loom {number}"));
    assert_eq!(made, expected.collect());
    let pins = spool(&user, &["pin", "list", "--json"]);
    assert_eq!(pins.stdout.lines().count(), EACH, "{pins}");
}
