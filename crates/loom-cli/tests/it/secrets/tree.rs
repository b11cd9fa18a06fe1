//! Files and folders as they are.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use loom_testing::{CommandLine, Repository};
use serde_json::json;

use super::{assert_sarif, at, places, scan, scan_places, token};

#[test]
fn findings_are_shown_by_file_with_the_secret_taken_out_of_the_line() {
    let user = CommandLine::new();
    let (a, b) = (token('a'), token('b'));
    let repository = Repository::new()
        .file(
            "src/main.py",
            format!("import os\n\nTOKENS = [\"{a}\", \"{b}\"]\n"),
        )
        .file(
            "notes.txt",
            format!("{}{a}{}\n", "long ".repeat(50), " rest".repeat(50)),
        )
        .file("fine.txt", "nothing\n")
        .file("bell\u{7}\n.txt", format!("\u{1b}[2J{a}"))
        .commit("Start");
    let output = scan(&user, repository.path(), &[]);
    output.assert_code(1);
    insta::assert_snapshot!("findings", output.stdout);
    insta::assert_snapshot!("summary", output.stderr);
    let quiet = scan(&user, repository.path(), &["-q"]);
    assert_eq!((quiet.stdout, quiet.stderr.as_str()), (output.stdout, ""));
}

#[test]
fn where_there_is_nothing_the_exit_code_is_0() {
    let user = CommandLine::new();
    fs::write(user.work().join("fine.txt"), "nothing\n").unwrap();
    let output = scan(&user, user.work(), &[]);
    output.assert_success();
    assert_eq!(output.stdout, "");
    assert_eq!(output.stderr, "no secrets found in 1 file, 8 B\n");
}

#[test]
fn ignored_files_are_left_out_unless_they_are_tracked_or_named() {
    let user = CommandLine::new();
    let repository = Repository::new()
        .file(".gitignore", "*.env\nbuild/\n")
        .file("tracked.env", token('a'));
    repository.git(&["add", "--force", "tracked.env"]);
    let repository = repository
        .commit("Start")
        .file("ignored.env", token('a'))
        .file("build/out", token('a'))
        .file(".hidden/new", token('a'));
    let found = |arguments: &[&str]| scan_places(&user, &repository, arguments);
    assert_eq!(found(&[]), at(&[(".hidden/new", 1), ("tracked.env", 1)]));
    assert_eq!(found(&["ignored.env", "."]).len(), 3);
    assert_eq!(
        found(&["ignored.env", "build/out"]),
        at(&[("build/out", 1), ("ignored.env", 1)])
    );
    assert_eq!(found(&["--no-ignore"]).len(), 4);
    // Paths are told from the top wherever it begins.
    let output = user
        .loom(["-C", ".hidden", "secrets", "scan", "--format", "json"])
        .current_dir(repository.path())
        .run();
    assert_eq!(places(&output), at(&[(".hidden/new", 1)]));
}

#[test]
fn binary_files_are_left_out_and_utf_16_is_read() {
    let user = CommandLine::new();
    let text = format!("\u{feff}one\r\ntwo {}\r\n", token('a'));
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let repository = Repository::new()
        .file("binary", format!("\0\0{}", token('a')))
        .file("little.txt", little)
        .file("big.txt", big);
    assert_eq!(
        scan_places(&user, &repository, &[]),
        at(&[("big.txt", 2), ("little.txt", 2)])
    );
    let output = scan(&user, repository.path(), &[]);
    assert!(output.stderr.contains("; 1 binary left out\n"), "{output}");
    assert_eq!(
        scan_places(&user, &repository, &["--binary", "binary"]),
        at(&[("binary", 1)])
    );
}

#[test]
fn names_may_be_any_bytes_and_special_files_do_not_hold_it_up() {
    let user = CommandLine::new();
    let repository = Repository::new().file(OsStr::from_bytes(b"\xff\n%.txt"), token('a'));
    let pipe = repository.path().join("pipe");
    user.program("mkfifo", [&pipe]).run().assert_success();
    std::os::unix::fs::symlink("/dev/zero", repository.path().join("endless")).unwrap();
    assert_eq!(
        scan_places(&user, &repository, &[]),
        at(&[("\u{fffd}\n%.txt", 1)])
    );
    let output = scan(&user, repository.path(), &["--format", "sarif"]);
    assert_sarif(
        &output.json(),
        &[("github-pat", "%EF%BF%BD%0A%25.txt", 1, 1)],
    );
    assert_eq!(scan_places(&user, &repository, &["pipe"]), []);
}

#[test]
fn large_files_are_left_out_with_a_notice() {
    let user = CommandLine::new();
    let file = fs::File::create(user.work().join("large")).unwrap();
    file.set_len((1 << 20) + 1).unwrap();
    let output = scan(&user, user.work(), &["--max-file-size", "1"]);
    output.assert_success();
    assert_eq!(
        output.stderr,
        "left out: large has 1048577 bytes, more than 1048576\nno secrets found in 0 files, 0 B\n"
    );
    let output = scan(
        &user,
        user.work(),
        &["--max-file-size", "1", "--format", "json"],
    );
    assert_eq!(
        output.json()["omitted"],
        json!([{ "path": "large", "reason": "has 1048577 bytes, more than 1048576" }])
    );
}

#[test]
fn comments_and_baselines_take_findings_out() {
    let user = CommandLine::new();
    let repository = Repository::new()
        .file(
            "example",
            format!(
                "x = '{}' # loom:allow\ny = '{}' // gitleaks:allow\n",
                token('a'),
                token('b')
            ),
        )
        .file("old", token('c'));
    let output = scan(&user, repository.path(), &[]);
    assert!(
        output.stderr.contains("; 2 allowed by a comment\n"),
        "{output}"
    );

    let missing = scan(&user, repository.path(), &["--baseline", "known.json"]);
    missing.assert_code(2);
    assert!(
        missing
            .stderr
            .ends_with("hint: --write-baseline makes one\n"),
        "{missing}"
    );
    let written = scan(
        &user,
        repository.path(),
        &["--baseline", "known.json", "--write-baseline", "old"],
    );
    let path = repository.path().join("known.json");
    assert_eq!(
        written.assert_success().stdout,
        format!("1 finding in the baseline {}\n", path.display())
    );
    assert!(!repository.read("known.json").contains(&token('c')));

    // A known secret stays known elsewhere, and does not hide a new one.
    repository.write("moved", format!("first\n{}", token('c')));
    let known = scan(&user, repository.path(), &["--baseline", "known.json"]);
    assert!(
        known
            .assert_success()
            .stderr
            .contains("; 2 known by the baseline"),
        "{known}"
    );
    repository.write("moved", format!("{} {}", token('c'), token('d')));
    let new = scan_places(&user, &repository, &["--baseline", "known.json"]);
    assert_eq!(new, at(&[("moved", 1)]));

    repository.write("known.json", "{\"version\": 7, \"findings\": []}");
    let newer = scan(&user, repository.path(), &["--baseline", "known.json"]);
    newer.assert_code(2);
    assert!(newer.stderr.contains("its version is 7"), "{newer}");
}

#[test]
fn a_report_goes_into_a_file() {
    let user = CommandLine::new();
    let repository = Repository::new().file("a b", format!("ä {}", token('a')));
    let output = scan(
        &user,
        repository.path(),
        &["--format", "sarif", "--output", "out.sarif"],
    );
    assert_eq!(output.assert_code(1).stdout, "");
    let report = serde_json::from_str(&repository.read("out.sarif")).unwrap();
    assert_sarif(&report, &[("github-pat", "a%20b", 1, 3)]);
    let region = &report["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region["snippet"]["text"], "ä [REDACTED:github-pat]");
    scan(&user, repository.path(), &["--output", "no/such/folder"]).assert_code(2);
}

#[test]
fn on_a_terminal_the_progress_goes_away_when_it_is_done() {
    let user = CommandLine::new();
    let repository = Repository::new()
        .file("a", "x\n".repeat(10))
        .commit("Start");
    let terminal = user
        .loom(["secrets", "scan"])
        .current_dir(repository.path())
        .spawn_on_terminal();
    terminal.wait_for("no secrets found in 1 file, 20 B");
    assert_eq!(terminal.screen(), "no secrets found in 1 file, 20 B");
}
