//! The tool `write_file`.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use insta::assert_snapshot;
use loom_common_core::{ChangeKind, FileChange, ToolStatus};
use serde_json::{Value, json};

use crate::scratch::Scratch;

fn write(path: &str, content: &str) -> Value {
    json!({"file_path": path, "content": content})
}

/// A workspace whose file `a.txt` was read.
async fn with_read(content: impl AsRef<[u8]>) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("a.txt", content);
    scratch
        .run("read_file", json!({"file_path": "a.txt"}))
        .await;
    scratch
}

#[tokio::test]
async fn a_new_file_is_made_with_its_folders() {
    let scratch = Scratch::new();
    let output = scratch
        .run("write_file", write("src/deep/a.txt", "one\ntwo\n"))
        .await;
    assert_eq!(output.status, ToolStatus::Completed);
    assert_eq!(output.text(), "Made src/deep/a.txt: 2 lines.");
    assert_eq!(
        output.changes,
        [FileChange {
            path: "src/deep/a.txt".to_owned(),
            kind: ChangeKind::Added,
            diff: "@@ -0,0 +1,2 @@\n+one\n+two\n".to_owned(),
        }]
    );
    assert_eq!(scratch.read("src/deep/a.txt"), "one\ntwo\n");
}

#[tokio::test]
async fn a_file_that_was_read_is_overwritten() {
    let scratch = with_read("one\ntwo\n").await;
    assert_snapshot!(scratch.text("write_file", write("a.txt", "one\n2\n")).await, @"
    Wrote a.txt.
    @@ -1,2 +1,2 @@
     one
    -two
    +2
    ");
    assert_eq!(scratch.read("a.txt"), "one\n2\n");
    // And again: what it wrote it knows.
    scratch.text("write_file", write("a.txt", "3\n")).await;
    assert_eq!(scratch.read("a.txt"), "3\n");
}

#[tokio::test]
async fn a_file_that_was_not_read_is_not_overwritten() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "precious\n");
    scratch.write("empty.txt", "\n");
    assert_eq!(
        scratch.failure("write_file", write("a.txt", "x")).await,
        "a.txt exists, and you have not read it. Read it first, so that nothing is lost that should \
         stay; or change a part of it instead. Nothing was changed."
    );
    assert_eq!(scratch.read("a.txt"), "precious\n");
    // There is nothing to lose.
    scratch.text("write_file", write("empty.txt", "x")).await;
}

#[tokio::test]
async fn a_file_that_changed_since_it_was_read_is_not_overwritten() {
    let scratch = with_read("one\n").await;
    scratch.write("a.txt", "by somebody else\n");
    let told = scratch.failure("write_file", write("a.txt", "x")).await;
    assert!(told.contains("has changed on disk since"), "{told}");
    assert_eq!(scratch.read("a.txt"), "by somebody else\n");
}

#[tokio::test]
async fn line_ends_and_the_byte_order_mark_of_the_file_are_kept() {
    for (old, new) in [
        ("one\r\ntwo\r\n", "1\r\n2"),
        ("\u{feff}one\n", "\u{feff}1\n2"),
        ("one\r\ntwo\nthree\n", "1\n2"),
    ] {
        let scratch = with_read(old).await;
        scratch.text("write_file", write("a.txt", "1\n2")).await;
        assert_eq!(scratch.read("a.txt"), new);
    }
    // Those of a new file are the model's.
    let scratch = Scratch::new();
    scratch.text("write_file", write("a.bat", "1\r\n2\n")).await;
    assert_eq!(scratch.read("a.bat"), "1\r\n2\n");
}

#[tokio::test]
async fn permissions_survive_and_links_are_followed() {
    let scratch = with_read("#!/bin/sh\n").await;
    fs::set_permissions(scratch.path("a.txt"), Permissions::from_mode(0o755)).unwrap();
    symlink("a.txt", scratch.path("link")).unwrap();
    scratch.text("write_file", write("link", "new\n")).await;
    assert!(scratch.path("link").is_symlink());
    assert_eq!(scratch.read("a.txt"), "new\n");
    let mode = fs::metadata(scratch.path("a.txt")).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o755);
}

#[tokio::test]
async fn the_same_content_changes_nothing() {
    let scratch = with_read("one\r\n").await;
    let output = scratch.run("write_file", write("a.txt", "one\n")).await;
    assert_eq!(
        output.text(),
        "a.txt has this content already; nothing was changed."
    );
    assert_eq!(output.changes, []);
}

#[tokio::test]
async fn what_cannot_be_written_is_refused_with_the_reason() {
    let scratch = with_read("one\n").await;
    fs::create_dir(scratch.path("folder")).unwrap();
    scratch.write("latin1.txt", b"caf\xe9\n");
    scratch.write("read-only.txt", "x\n");
    fs::set_permissions(scratch.path("read-only.txt"), Permissions::from_mode(0o444)).unwrap();
    let mut told = Vec::new();
    for path in [
        "folder",
        "latin1.txt",
        "read-only.txt",
        "a.txt/b",
        ".git/config",
        "../out.txt",
    ] {
        told.push(scratch.failure("write_file", write(path, "x\n")).await);
    }
    assert_snapshot!(told.join("\n"));
    assert!(!scratch.outside().join("out.txt").exists());
}
