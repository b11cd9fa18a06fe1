//! The tool `glob`.

use std::fs::File;
use std::time::{Duration, SystemTime};

use insta::assert_snapshot;
use serde_json::json;

use crate::scratch::Scratch;

/// Makes files, each older than the one before.
fn files(scratch: &Scratch, names: &[&str]) {
    for (age, name) in names.iter().enumerate() {
        scratch.write(name, "");
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 - age as u64);
        let file = File::options()
            .write(true)
            .open(scratch.path(name))
            .unwrap();
        file.set_modified(time).unwrap();
    }
}

async fn glob(scratch: &Scratch, pattern: &str) -> String {
    scratch.text("glob", json!({"pattern": pattern})).await
}

#[tokio::test]
async fn files_are_found_newest_first() {
    let scratch = Scratch::new();
    files(
        &scratch,
        &[
            "b.rs",
            "src/c.rs",
            "a.rs",
            "src/deep/d.rs",
            "e.txt",
            ".hidden.rs",
        ],
    );
    assert_eq!(
        glob(&scratch, "*.rs").await,
        "b.rs\nsrc/c.rs\na.rs\nsrc/deep/d.rs\n.hidden.rs"
    );
    assert_eq!(glob(&scratch, "src/*.rs").await, "src/c.rs");
    assert_eq!(
        glob(&scratch, "src/**/*.rs").await,
        "src/c.rs\nsrc/deep/d.rs"
    );
    assert_eq!(glob(&scratch, "./src/**").await, "src/c.rs\nsrc/deep/d.rs");
    assert_eq!(glob(&scratch, "[ae].{rs,txt}").await, "a.rs\ne.txt");
    assert_eq!(glob(&scratch, "c.rs").await, "src/c.rs");
    assert_eq!(
        glob(&scratch, scratch.path("src/*").to_str().unwrap()).await,
        "src/c.rs"
    );
    assert_eq!(
        scratch
            .text("glob", json!({"pattern": "*.rs", "path": "src"}))
            .await,
        "src/c.rs\nsrc/deep/d.rs"
    );
    assert_eq!(glob(&scratch, "*.py").await, "No files match.");
}

#[tokio::test]
async fn files_of_the_same_age_are_sorted_by_path() {
    let scratch = Scratch::new();
    for name in ["c", "a", "b/x"] {
        files(&scratch, &[name]);
    }
    assert_eq!(glob(&scratch, "**").await, "a\nb/x\nc");
}

#[tokio::test]
async fn what_git_ignores_is_left_out() {
    let scratch = Scratch::new();
    files(&scratch, &["a.rs", "target/b.rs", ".git/c.rs"]);
    scratch.write(".gitignore", "target\n");
    assert_eq!(glob(&scratch, "*.rs").await, "a.rs");
}

#[tokio::test]
async fn of_many_files_the_newest_are_returned() {
    let scratch = Scratch::new();
    let names: Vec<String> = (0..250).map(|number| format!("{number:03}")).collect();
    files(
        &scratch,
        &names.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    assert_eq!(
        glob(&scratch, "*").await,
        format!(
            "{}\n(the newest 200 of 250 files; narrow the pattern down or give a path)",
            names[..200].join("\n")
        )
    );
}

#[tokio::test]
async fn a_pattern_that_is_wrong_is_explained() {
    let scratch = Scratch::new();
    assert_snapshot!(
        scratch.failure("glob", json!({"pattern": "src/[a"})).await,
        @r"`pattern` is not a pattern: unclosed character class; missing ']'. Patterns are like `*.rs`, `src/**/*.ts`, `*.{js,jsx}`; a backslash takes the meaning from a special character."
    );
}
