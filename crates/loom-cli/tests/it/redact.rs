//! `loom redact`: pipes, and files in their place.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use loom_testing::CommandLine;
use loom_testing::command_line::Output;
use serde_json::json;

use crate::secrets::{assert_sarif, token};

/// Returns the names in the folder where commands run.
fn listing(user: &CommandLine) -> Vec<String> {
    let entries = fs::read_dir(user.work()).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn file(user: &CommandLine, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = user.work().join(name);
    fs::write(&path, text).unwrap();
    path
}

fn write(user: &CommandLine, files: &[&str]) -> Output {
    user.loom(["redact", "--write"].iter().chain(files)).run()
}

#[test]
fn a_pipe_comes_out_without_secrets_and_otherwise_as_it_was() {
    let user = CommandLine::new();
    let text = format!("a\r\nkey: {}\n\u{1b}[31mred ünd no end", token('a'));
    let output = user.loom(["redact"]).stdin(text).run();
    output.assert_success();
    let expected = "a\r\nkey: [REDACTED:github-pat]\n\u{1b}[31mred ünd no end";
    assert_eq!(output.stdout, expected);
    assert_eq!(output.stderr, "1 secret redacted: github-pat 1\n");

    let again = user.loom(["redact", "--check"]).stdin(expected).run();
    again.assert_success();
    assert_eq!(
        (again.stdout.as_str(), again.stderr.as_str()),
        (expected, "")
    );

    let check = user
        .loom(["redact", "--check", "-q", "-"])
        .stdin(token('a'))
        .run();
    check.assert_code(1);
    assert_eq!(
        (check.stdout.as_str(), check.stderr.as_str()),
        ("[REDACTED:github-pat]", "")
    );
}

#[test]
fn a_line_comes_out_when_it_is_complete() {
    let user = CommandLine::new();
    let mut tail = user.loom(["redact"]).open_stdin().spawn();
    for letter in ['a', 'b', 'c'] {
        tail.write_line(&format!("{letter} {}", token(letter)));
        let line = tail.next_line();
        assert_eq!(line, Some(format!("{letter} [REDACTED:github-pat]")));
    }
    tail.close_stdin();
    assert_eq!(
        tail.wait().assert_success().stderr,
        "3 secrets redacted: github-pat 3\n"
    );
}

#[test]
fn an_interruption_ends_a_pipe_that_waits() {
    let user = CommandLine::new();
    let mut tail = user.loom(["redact"]).open_stdin().spawn();
    tail.write_line("x");
    assert_eq!(tail.next_line().as_deref(), Some("x"));
    tail.interrupt();
    let output = tail.wait();
    output.assert_code(130);
    assert_eq!(output.stderr, "");
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let user = CommandLine::new();
    file(&user, "long", "line\n".repeat(200_000));
    let loom = user.loom(["--version"]).run();
    loom.assert_success();
    let script = "\"$LOOM\" redact long long | head -n 1; test \"${PIPESTATUS[0]}\" = 0";
    let program = std::env::current_exe().unwrap();
    let program = program.ancestors().nth(2).unwrap().join("loom");
    let output = user
        .program("bash", ["-c", script])
        .env("LOOM", program)
        .run();
    output.assert_success();
    assert_eq!(
        (output.stdout.as_str(), output.stderr.as_str()),
        ("line\n", "")
    );
}

#[test]
fn files_are_written_in_their_place_as_what_they_were() {
    let user = CommandLine::new();
    let secret = token('a');
    let settings = file(&user, "settings", format!("one\r\n{secret}\r\n"));
    fs::set_permissions(&settings, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("settings", user.work().join("link")).unwrap();
    let clean = file(&user, "clean", "nothing\n");
    let binary = file(&user, "binary", format!("\0{secret}"));
    let utf_16 =
        |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let wide = file(&user, "wide", utf_16(&format!("\u{feff}a {secret}\r\n")));
    let state = |path: &Path| {
        let metadata = fs::metadata(path).unwrap();
        (
            metadata.ino(),
            metadata.mtime_nsec(),
            fs::read(path).unwrap(),
        )
    };
    let before = (state(&clean), state(&binary));

    let output = write(&user, &["link", "clean", "binary", "wide"]);
    output.assert_success();
    assert_eq!(output.stdout, "");
    assert_eq!(
        output.stderr,
        "warning: binary is binary and was left alone\n2 secrets redacted in 2 files: github-pat 2\n"
    );
    assert_eq!(
        fs::read(&settings).unwrap(),
        b"one\r\n[REDACTED:github-pat]\r\n"
    );
    assert_eq!(fs::metadata(&settings).unwrap().mode() & 0o777, 0o640);
    assert_eq!(
        fs::read_link(user.work().join("link")).unwrap(),
        Path::new("settings")
    );
    assert_eq!(
        fs::read(&wide).unwrap(),
        utf_16("\u{feff}a [REDACTED:github-pat]\r\n")
    );
    assert_eq!((state(&clean), state(&binary)), before);
    assert_eq!(
        listing(&user),
        ["binary", "clean", "link", "settings", "wide"]
    );

    let again = write(&user, &["link", "clean", "wide"]);
    assert_eq!(again.assert_success().stderr, "nothing to redact\n");
    write(&user, &["--binary", "--check", "binary"]).assert_code(1);
    assert_eq!(fs::read(&binary).unwrap(), b"\0[REDACTED:github-pat]");
}

#[test]
fn other_names_of_a_file_are_told_of() {
    let user = CommandLine::new();
    let one = file(&user, "one", token('a'));
    fs::hard_link(&one, user.work().join("two")).unwrap();
    let output = write(&user, &["one"]);
    assert!(
        output
            .assert_success()
            .stderr
            .contains("warning: one has other names"),
        "{output}"
    );
    assert_eq!(
        fs::read_to_string(user.work().join("two")).unwrap(),
        token('a')
    );
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_done() {
    let user = CommandLine::new();
    let last = file(&user, "last", token('a'));
    fs::create_dir(user.work().join("folder")).unwrap();
    let output = write(&user, &["gone", "folder", "last"]);
    output.assert_code(2);
    assert!(output.stderr.contains("error: cannot read "), "{output}");
    assert!(
        output.stderr.contains("folder: it is not a file"),
        "{output}"
    );
    assert_eq!(fs::read(&last).unwrap(), b"[REDACTED:github-pat]");

    let output = user.loom(["redact", "gone", "folder", "last"]).run();
    output.assert_code(2);
    assert_eq!(output.stdout, "[REDACTED:github-pat]");
    let output = user.loom(["redact", "--write", "-"]).run();
    output.assert_code(2);
    assert!(
        output.stderr.contains("hint: leave out --write"),
        "{output}"
    );
}

#[test]
fn an_interruption_leaves_the_old_file_or_the_new_one_and_nothing_else() {
    let user = CommandLine::new();
    let text = format!("{}\n{}", token('a'), "some words of text\n".repeat(100_000));
    let path = file(&user, "large", &text);
    let running = user.loom(["redact", "--write", "-q", "large"]).spawn();
    // Its new file stands beside it while it is written.
    let is_written = || listing(&user).len() > 1;
    let is_done = || fs::metadata(&path).unwrap().len() != text.len() as u64;
    while !is_written() && !is_done() {
        std::thread::yield_now();
    }
    running.interrupt();
    let output = running.wait();
    assert!(matches!(output.code, Some(0 | 130)), "{output}");
    assert_eq!(listing(&user), ["large"]);
    let left = fs::read_to_string(&path).unwrap();
    let redacted = text.replace(&token('a'), "[REDACTED:github-pat]");
    assert!(left == text || left == redacted);
}

#[test]
fn a_report_tells_places_and_no_secrets() {
    let user = CommandLine::new();
    file(&user, "a", format!("\n  {}", token('a')));
    let output = user.loom(["redact", "-q", "--report", "json", "a"]).run();
    output.assert_success();
    assert!(!output.stderr.contains(&token('a')), "{output}");
    let report: serde_json::Value = serde_json::from_str(&output.stderr).unwrap();
    let finding = &report["findings"][0];
    assert_eq!(
        json!([
            finding["path"],
            finding["rule"],
            finding["line"],
            finding["column"]
        ]),
        json!(["a", "github-pat", 2, 3])
    );

    let arguments = [
        "redact",
        "--report",
        "sarif",
        "--report-path",
        "report.sarif",
    ];
    let output = user.loom(arguments).stdin(token('a')).run();
    assert_eq!(
        output.assert_success().stderr,
        "1 secret redacted: github-pat 1\n"
    );
    let report = fs::read_to_string(user.work().join("report.sarif")).unwrap();
    let report = serde_json::from_str(&report).unwrap();
    assert_sarif(&report, &[("github-pat", "stdin", 1, 1)]);
}

#[test]
fn own_rules_replace_the_built_in_ones_or_extend_them() {
    let user = CommandLine::new();
    let rule = "[[rules]]\nid = \"own\"\nregex = '''own-[0-9]{8}'''\n";
    file(&user, "own.toml", rule);
    file(
        &user,
        "both.toml",
        format!("[extend]\nuseDefault = true\n{rule}"),
    );
    let text = format!("own-73920185 {}", token('a'));
    let redact = |rules: &str| {
        let output = user
            .loom(["redact", "--rules", rules])
            .stdin(text.clone())
            .run();
        output.assert_success().stdout.clone()
    };
    assert_eq!(redact("own.toml"), format!("[REDACTED:own] {}", token('a')));
    assert_eq!(redact("both.toml"), "[REDACTED:own] [REDACTED:github-pat]");
}

#[test]
fn what_loom_was_given_is_known_in_any_form() {
    let user = CommandLine::new();
    let output = user
        .loom(["redact", "-q"])
        .env("LOOM_TOKEN", "plain words that nobody guesses")
        .stdin("x plain%20words%20that%20nobody%20guesses y")
        .run();
    assert_eq!(output.assert_success().stdout, "x [REDACTED:loom-token] y");
}
