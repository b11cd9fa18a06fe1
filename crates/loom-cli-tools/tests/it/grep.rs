//! The tool `grep`.

use std::fs::{self, File};
use std::io::Write as _;

use insta::assert_snapshot;
use loom_cli_tools::ToolLimits;
use serde_json::{Value, json};

use crate::scratch::Scratch;

/// A small project.
fn project() -> Scratch {
    let scratch = Scratch::new();
    scratch.write(
        "src/main.rs",
        "fn main() {\n    run();\n}\n\nfn run() {\n    todo!();\n}\n",
    );
    scratch.write("src/lib.rs", "//! A library.\n\npub fn run() {}\n");
    scratch.write("docs/guide.md", "Call `run()`.\n");
    scratch.write(".github/ci.yml", "- run: cargo test\n");
    scratch
}

#[tokio::test]
async fn matching_lines_come_with_numbers_sorted_by_path() {
    assert_snapshot!(
        project().text("grep", json!({"pattern": r"run\b"})).await,
        @"
    .github/ci.yml
    1:- run: cargo test

    docs/guide.md
    1:Call `run()`.

    src/lib.rs
    3:pub fn run() {}

    src/main.rs
    2:    run();
    5:fn run() {
    "
    );
}

#[tokio::test]
async fn context_lines_are_marked_and_gaps_shown() {
    let scratch = Scratch::new();
    let lines: String = (1..=20).map(|number| format!("line {number}\n")).collect();
    scratch.write("a.txt", lines);
    assert_snapshot!(
        scratch.text("grep", json!({"pattern": "line (3|5|15)$", "context": 1})).await,
        @"
    a.txt
    2-line 2
    3:line 3
    4-line 4
    5:line 5
    6-line 6
    --
    14-line 14
    15:line 15
    16-line 16
    "
    );
    assert_snapshot!(
        scratch
            .text("grep", json!({"pattern": "line 7", "context": 1, "before_context": 0, "after_context": 2}))
            .await,
        @"
    a.txt
    7:line 7
    8-line 8
    9-line 9
    "
    );
}

#[tokio::test]
async fn paths_or_counts_can_be_had_instead_of_lines() {
    let scratch = project();
    assert_snapshot!(
        scratch
            .text("grep", json!({"pattern": "fn", "output_mode": "files_with_matches"}))
            .await,
        @"
    src/lib.rs
    src/main.rs
    "
    );
    assert_snapshot!(
        scratch.text("grep", json!({"pattern": "fn", "output_mode": "count"})).await,
        @"
    src/lib.rs:1
    src/main.rs:2
    (3 in all)
    "
    );
}

#[tokio::test]
async fn a_search_can_be_narrowed_to_a_folder_a_file_and_a_pattern() {
    let scratch = project();
    let files = async |path: &str, glob: Value| {
        scratch
            .text(
                "grep",
                json!({"pattern": "run", "path": path, "glob": glob, "output_mode": "files_with_matches"}),
            )
            .await
    };
    assert_eq!(files("src", Value::Null).await, "src/lib.rs\nsrc/main.rs");
    assert_eq!(files("src/main.rs", Value::Null).await, "src/main.rs");
    assert_eq!(files(".", json!("*.md")).await, "docs/guide.md");
    assert_eq!(
        files(".", json!("*.{md,yml}")).await,
        ".github/ci.yml\ndocs/guide.md"
    );
    assert_eq!(files(".", json!("src/l*")).await, "src/lib.rs");
    assert_eq!(files("src", json!("src/l*")).await, "src/lib.rs");
    assert_eq!(files("src", json!("l*")).await, "src/lib.rs");
    assert_eq!(
        files(".", json!("!*.rs")).await,
        ".github/ci.yml\ndocs/guide.md"
    );
    assert_eq!(files(".", json!("docs/")).await, "docs/guide.md");
    assert_eq!(files(".", json!("*.py")).await, "No matches.");
}

#[tokio::test]
async fn what_git_ignores_is_left_out_unless_it_is_named() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path(".git")).unwrap();
    scratch.write(".git/config", "needle\n");
    scratch.write(".gitignore", "target/\n*.log\n!keep.log\n");
    scratch.write("sub/.gitignore", "/generated.rs\n");
    for file in [
        "a.rs",
        "b.log",
        "keep.log",
        "target/c.rs",
        "sub/generated.rs",
        "sub/d.rs",
    ] {
        scratch.write(file, "needle\n");
    }
    let files = async |path: &str| {
        let arguments =
            json!({"pattern": "needle", "path": path, "output_mode": "files_with_matches"});
        scratch.text("grep", arguments).await
    };
    assert_eq!(files(".").await, "a.rs\nkeep.log\nsub/d.rs");
    assert_eq!(files("sub").await, "sub/d.rs");
    assert_eq!(files("target").await, "target/c.rs");
    assert_eq!(files("b.log").await, "b.log");
}

#[tokio::test]
async fn ignore_files_count_without_a_repository_but_not_those_above_the_workspace() {
    let scratch = Scratch::new();
    fs::write(scratch.outside().join(".gitignore"), "*\n").unwrap();
    scratch.write(".gitignore", "*.log\n");
    scratch.write("a.rs", "needle\n");
    scratch.write("b.log", "needle\n");
    assert_eq!(
        scratch.text("grep", json!({"pattern": "needle"})).await,
        "a.rs\n1:needle"
    );
}

#[tokio::test]
async fn a_workspace_inside_of_a_repository_obeys_its_ignore_files() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.outside().join(".git")).unwrap();
    fs::write(scratch.outside().join(".gitignore"), "*.log\n").unwrap();
    scratch.write("a.rs", "needle\n");
    scratch.write("b.log", "needle\n");
    assert_eq!(
        scratch.text("grep", json!({"pattern": "needle"})).await,
        "a.rs\n1:needle"
    );
}

#[tokio::test]
async fn binary_files_are_skipped() {
    let scratch = Scratch::new();
    scratch.write("a.bin", b"needle\n\0needle\n");
    scratch.write("b.txt", "needle\n");
    for mode in ["files_with_matches", "content", "count"] {
        let text = scratch
            .text("grep", json!({"pattern": "needle", "output_mode": mode}))
            .await;
        assert!(!text.contains("a.bin") && text.contains("b.txt"), "{text}");
    }
}

#[tokio::test]
async fn a_file_that_turns_binary_is_searched_up_to_there() {
    let scratch = Scratch::new();
    let text = "text\n".repeat(20_000);
    scratch.write("a.log", format!("needle\n{text}needle \0\nneedle\n"));
    assert_eq!(
        scratch.text("grep", json!({"pattern": "needle"})).await,
        "a.log\n1:needle"
    );
}

#[tokio::test]
async fn bytes_that_are_not_utf8_do_not_stop_the_search() {
    let scratch = Scratch::new();
    scratch.write("a.txt", b"caf\xe9 needle\r\nother\r\n");
    assert_eq!(
        scratch.text("grep", json!({"pattern": "needle"})).await,
        "a.txt\n1:caf\u{fffd} needle"
    );
}

#[tokio::test]
async fn of_a_long_line_the_part_around_the_match_is_shown() {
    let scratch = Scratch::new();
    scratch.write(
        "a.js",
        format!("{}needle{}\n", "a".repeat(100_000), "b".repeat(100_000)),
    );
    let text = scratch.text("grep", json!({"pattern": "needle"})).await;
    assert_eq!(
        text,
        format!("a.js\n1:…{}needle{}…", "a".repeat(100), "b".repeat(294))
    );
}

#[tokio::test]
async fn a_match_may_span_lines_on_demand() {
    let scratch = project();
    assert_snapshot!(
        scratch
            .text("grep", json!({"pattern": r"fn run\(\) \{.*\}", "multiline": true, "glob": "*.rs"}))
            .await,
        @"
    src/lib.rs
    3:pub fn run() {}

    src/main.rs
    5:fn run() {
    6:    todo!();
    7:}
    "
    );
}

#[tokio::test]
async fn case_counts_unless_it_is_not_to() {
    let scratch = project();
    assert_eq!(
        scratch.text("grep", json!({"pattern": "CALL"})).await,
        "No matches."
    );
    assert_eq!(
        scratch
            .text("grep", json!({"pattern": "CALL", "case_insensitive": true}))
            .await,
        "docs/guide.md\n1:Call `run()`."
    );
}

#[tokio::test]
async fn a_pattern_that_is_wrong_is_shown_with_the_place() {
    let scratch = project();
    assert_snapshot!(
        scratch
            .failure("grep", json!({"pattern": "fn main("}))
            .await
    );
    assert_snapshot!(scratch.failure("grep", json!({"pattern": r"a\nb"})).await);
    assert_snapshot!(
        scratch
            .failure("grep", json!({"pattern": "a", "glob": "src/{a"}))
            .await
    );
    assert_snapshot!(
        scratch.failure("grep", json!({"pattern": "a", "path": "source"})).await,
        @"source does not exist in the workspace WORKSPACE. Did you mean src?"
    );
}

#[tokio::test]
async fn the_first_results_by_path_are_kept_each_time() {
    let scratch = Scratch::new();
    for number in 0..300 {
        scratch.write(&format!("{number:03}.txt"), "needle\nneedle\n");
    }
    let expected = "000.txt\n1:needle\n2:needle\n\n001.txt\n1:needle\n2:needle\n\n002.txt\n\
                    1:needle\n(5 of 600 matches in 300 files are shown; narrow the search down \
                    with path, glob or a longer pattern)";
    for _ in 0..10 {
        let text = scratch
            .text("grep", json!({"pattern": "needle", "head_limit": 5}))
            .await;
        assert_eq!(text, expected);
    }
    let files = scratch
        .text(
            "grep",
            json!({"pattern": "needle", "head_limit": 2, "output_mode": "files_with_matches"}),
        )
        .await;
    assert_eq!(
        files,
        "000.txt\n001.txt\n(2 of 300 files are shown; narrow the search down with path, glob or a \
         longer pattern)"
    );
}

#[tokio::test]
async fn results_are_bounded_in_bytes() {
    let scratch = Scratch::with_limits(ToolLimits {
        max_output_bytes: 500,
        ..ToolLimits::default()
    });
    for number in 0..50 {
        scratch.write(
            &format!("{number:02}.txt"),
            format!("needle {}\n", "x".repeat(90)),
        );
    }
    scratch.write("one.txt", format!("start\n{}end\n", "x\n".repeat(10_000)));
    let text = scratch.text("grep", json!({"pattern": "needle"})).await;
    assert!(text.starts_with("00.txt\n1:needle xxx"), "{text}");
    assert!(
        text.contains("\n(4 of 50 matches in 50 files are shown; "),
        "{text}"
    );
    assert!(text.len() < 700, "{text}");
    scratch.write("00.txt", format!("needle {}\n", "x".repeat(300)));
    scratch.write("01.txt", format!("needle {}\n", "x".repeat(300)));
    let text = scratch.text("grep", json!({"pattern": "needle"})).await;
    assert!(
        text.starts_with("00.txt\n1:needle xxx")
            && text.contains("x\n(1 of 50 matches in 50 files"),
        "{text}"
    );
    let spanning = json!({"pattern": "start.*end", "multiline": true});
    let text = scratch.text("grep", spanning).await;
    assert!(
        text.starts_with("one.txt\n1:start\n2:x\n") && text.ends_with("\n…"),
        "{text}"
    );
    assert!(text.len() < 700, "{text}");
}

#[tokio::test]
async fn the_size_of_a_file_does_not_matter() {
    let scratch = Scratch::new();
    let mut log = File::create(scratch.path("large.log")).unwrap();
    let filler = "nothing to see here\n".repeat(1000);
    for _ in 0..500 {
        log.write_all(filler.as_bytes()).unwrap();
    }
    log.write_all(b"needle\n").unwrap();
    // Sparse, and binary after its first page: not read to its end.
    let mut sparse = File::create(scratch.path("sparse.log")).unwrap();
    sparse.write_all(b"needle\n").unwrap();
    sparse.set_len(1 << 42).unwrap();
    assert_eq!(
        scratch.text("grep", json!({"pattern": "needle"})).await,
        "large.log\n500001:needle"
    );
}

#[tokio::test]
async fn an_empty_workspace_has_no_matches() {
    let scratch = Scratch::new();
    assert_eq!(
        scratch.text("grep", json!({"pattern": "a"})).await,
        "No matches."
    );
}
