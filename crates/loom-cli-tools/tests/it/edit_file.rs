//! The tool `edit_file`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;
use loom_common_core::{ChangeKind, FileChange, ToolStatus};
use serde_json::{Value, json};

use crate::scratch::Scratch;

fn edit(path: &str, old: &str, new: &str) -> Value {
    json!({"file_path": path, "old_string": old, "new_string": new})
}

/// The names in a folder, to see that nothing is left behind.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn an_edit_reports_the_change_as_a_diff() {
    let scratch = Scratch::new();
    scratch.write("src/a.rs", "fn a() {\n    one();\n}\n");
    let output = scratch
        .run("edit_file", edit("src/a.rs", "one", "two"))
        .await;
    assert_eq!(output.status, ToolStatus::Completed);
    let diff = "@@ -1,3 +1,3 @@\n fn a() {\n-    one();\n+    two();\n }\n";
    assert_eq!(
        output.text(),
        format!("Edited src/a.rs.\n{}", diff.trim_end())
    );
    assert_eq!(
        output.changes,
        [FileChange {
            path: "src/a.rs".to_owned(),
            kind: ChangeKind::Modified,
            diff: diff.to_owned(),
        }]
    );
    assert_eq!(scratch.read("src/a.rs"), "fn a() {\n    two();\n}\n");
    assert_eq!(names(&scratch.path("src")), ["a.rs"]);
}

#[tokio::test]
async fn an_empty_old_string_makes_a_new_file_with_its_folders() {
    let scratch = Scratch::new();
    let output = scratch
        .run("edit_file", edit("a/b/c.txt", "", "one\ntwo\n"))
        .await;
    assert_eq!(
        output.text(),
        "Made a/b/c.txt: 2 lines.\n@@ -0,0 +1,2 @@\n+one\n+two"
    );
    assert_eq!(
        output.changes,
        [FileChange {
            path: "a/b/c.txt".to_owned(),
            kind: ChangeKind::Added,
            diff: "@@ -0,0 +1,2 @@\n+one\n+two\n".to_owned(),
        }]
    );
    assert_eq!(scratch.read("a/b/c.txt"), "one\ntwo\n");
    assert_eq!(names(&scratch.path("a/b")), ["c.txt"]);
}

#[tokio::test]
async fn an_empty_old_string_fills_an_empty_file_and_no_other() {
    let scratch = Scratch::new();
    scratch.write("empty.txt", "\n");
    scratch.write("full.txt", "text\n");
    scratch
        .text("edit_file", edit("empty.txt", "", "one\n"))
        .await;
    assert_eq!(scratch.read("empty.txt"), "one\n");
    assert_snapshot!(
        scratch.failure("edit_file", edit("full.txt", "", "one\n")).await,
        @"full.txt exists and is not empty. To change it, give the text to replace as old_string; read the file first if need be. Nothing was changed."
    );
    assert_eq!(scratch.read("full.txt"), "text\n");
}

#[tokio::test]
async fn an_edit_with_other_white_space_tells_the_model() {
    let scratch = Scratch::new();
    scratch.write("a.py", "def f():\n\tif x:\n\t\treturn 1\n");
    assert_snapshot!(
        scratch
            .text(
                "edit_file",
                edit(
                    "a.py",
                    "    if x:\n        return 1\n",
                    "    if x:\n        return 2\n"
                )
            )
            .await
    );
    assert_eq!(scratch.read("a.py"), "def f():\n\tif x:\n\t\treturn 2\n");
}

#[tokio::test]
async fn an_edit_that_does_not_fit_changes_nothing() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "one\ntwo\n");
    assert_snapshot!(
        scratch.failure("edit_file", edit("a.txt", "three", "four")).await,
        @"a.txt: old_string is not in the file. No line of it is. Read the file again. Nothing was changed."
    );
    assert_eq!(scratch.read("a.txt"), "one\ntwo\n");
}

#[tokio::test]
async fn line_ends_byte_order_mark_and_missing_last_line_end_survive() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "\u{feff}one\r\ntwo\r\nthree");
    scratch
        .text("edit_file", edit("a.txt", "two\n", "2\n2a\n"))
        .await;
    assert_eq!(scratch.read("a.txt"), "\u{feff}one\r\n2\r\n2a\r\nthree");
}

#[tokio::test]
async fn permissions_survive() {
    let scratch = Scratch::new();
    scratch.write("run.sh", "#!/bin/sh\necho one\n");
    fs::set_permissions(scratch.path("run.sh"), fs::Permissions::from_mode(0o750)).unwrap();
    scratch
        .text("edit_file", edit("run.sh", "one", "two"))
        .await;
    let mode = fs::metadata(scratch.path("run.sh"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o750);
}

#[tokio::test]
async fn a_file_that_changed_since_it_was_read_is_not_overwritten() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "one\ntwo\n");
    scratch
        .text("read_file", json!({"file_path": "a.txt"}))
        .await;
    scratch.write("a.txt", "one\ntwo\nthree\n");
    assert_snapshot!(
        scratch.failure("edit_file", edit("a.txt", "two", "2")).await,
        @"a.txt has changed on disk since you last read it, so nothing was written. Read it again, then make the edit against its present content."
    );
    assert_eq!(scratch.read("a.txt"), "one\ntwo\nthree\n");
    scratch
        .text("read_file", json!({"file_path": "a.txt"}))
        .await;
    scratch.text("edit_file", edit("a.txt", "two", "2")).await;
    assert_eq!(scratch.read("a.txt"), "one\n2\nthree\n");
}

#[tokio::test]
async fn a_file_that_was_only_touched_can_be_edited() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "one\n");
    scratch
        .text("read_file", json!({"file_path": "a.txt"}))
        .await;
    scratch
        .text("bash", json!({"command": "touch -d 2001-01-01 a.txt"}))
        .await;
    scratch.text("edit_file", edit("a.txt", "one", "1")).await;
    assert_eq!(scratch.read("a.txt"), "1\n");
}

#[tokio::test]
async fn a_file_can_be_edited_again_without_reading_it_again() {
    let scratch = Scratch::new();
    scratch.text("edit_file", edit("a.txt", "", "one\n")).await;
    scratch.text("edit_file", edit("a.txt", "one", "two")).await;
    scratch
        .text("edit_file", edit("a.txt", "two", "three"))
        .await;
    assert_eq!(scratch.read("a.txt"), "three\n");
    scratch.write("a.txt", "three, by somebody else\n");
    scratch
        .failure("edit_file", edit("a.txt", "three", "four"))
        .await;
    assert_eq!(scratch.read("a.txt"), "three, by somebody else\n");
}

#[tokio::test]
async fn a_file_that_was_never_read_can_be_edited() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "one\n");
    assert_eq!(
        scratch.text("edit_file", edit("a.txt", "one", "1")).await,
        "Edited a.txt.\n@@ -1 +1 @@\n-one\n+1"
    );
}

#[tokio::test]
async fn a_file_that_vanished_is_missing() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "one\n");
    scratch
        .text("read_file", json!({"file_path": "a.txt"}))
        .await;
    fs::remove_file(scratch.path("a.txt")).unwrap();
    assert_snapshot!(
        scratch.failure("edit_file", edit("a.txt", "one", "1")).await,
        @"a.txt does not exist in the workspace WORKSPACE. Find files with glob or list_files."
    );
    assert!(!scratch.path("a.txt").exists());
}

#[tokio::test]
async fn a_read_only_file_is_not_changed() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "one\n");
    fs::set_permissions(scratch.path("a.txt"), fs::Permissions::from_mode(0o444)).unwrap();
    assert_snapshot!(
        scratch.failure("edit_file", edit("a.txt", "one", "1")).await,
        @"cannot write a.txt: the file is read-only (if it should be changed all the same, `chmod u+w` it first). Nothing was changed."
    );
    assert_eq!(scratch.read("a.txt"), "one\n");
}

#[tokio::test]
async fn what_is_not_text_is_not_edited() {
    let scratch = Scratch::new();
    scratch.write("latin1.txt", b"caf\xe9 one\n");
    scratch.write("data", b"one\0two");
    scratch.write("folder/a.txt", "");
    let mut texts = Vec::new();
    for file in ["latin1.txt", "data", "folder", "."] {
        texts.push(scratch.failure("edit_file", edit(file, "one", "1")).await);
    }
    texts.push(scratch.failure("edit_file", edit("folder", "", "1")).await);
    texts.push(
        scratch
            .failure("edit_file", edit("data/a.txt", "", "1"))
            .await,
    );
    assert_snapshot!(texts.join("\n"));
    assert_eq!(
        fs::read(scratch.path("latin1.txt")).unwrap(),
        b"caf\xe9 one\n"
    );
}

#[tokio::test]
async fn a_folder_in_which_nothing_can_be_made_is_named_as_the_cause() {
    // Permissions do not bind root. Nobody can make files in this folder of the kernel's.
    let scratch = Scratch::in_workspace("/sys/kernel");
    let text = scratch
        .failure("edit_file", edit("loom.txt", "", "one\n"))
        .await;
    assert!(
        text.starts_with("cannot write loom.txt: no file can be made in its folder: ")
            && text.ends_with(". Nothing was changed."),
        "{text}"
    );
    let text = scratch
        .failure("edit_file", edit("loom/loom.txt", "", "one\n"))
        .await;
    assert!(
        text.starts_with("cannot write loom/loom.txt: its folder cannot be made: ")
            && text.ends_with(". Nothing was changed."),
        "{text}"
    );
}

#[tokio::test]
async fn a_writable_file_in_a_folder_that_is_not_stays_as_it_is() {
    // A process's name is a file that can be written, in a folder where nothing can be made.
    let scratch = Scratch::in_workspace(&format!("/proc/{}", std::process::id()));
    let name = scratch.read("comm");
    let text = scratch
        .failure("edit_file", edit("comm", &name, "other\n"))
        .await;
    assert!(
        text.starts_with("cannot write comm: no file can be made in its folder: "),
        "{text}"
    );
    assert_eq!(scratch.read("comm"), name);
}

/// By itself this edit succeeds. The next test runs it once more where it cannot.
#[tokio::test]
async fn a_large_edit_is_made_whole_or_not_at_all() {
    let scratch = Scratch::new();
    let old = "x".repeat(100_000);
    scratch.write("a.txt", &old);
    let new = "y".repeat(5_000_000);
    let output = scratch.run("edit_file", edit("a.txt", &old, &new)).await;
    let expected = match output.status {
        ToolStatus::Completed => new,
        _ => {
            println!("{}", output.text());
            old
        }
    };
    assert!(scratch.read("a.txt") == expected);
    assert_eq!(names(scratch.workspace()), ["a.txt"]);
}

#[test]
fn a_write_that_fails_half_way_leaves_the_old_content() {
    // A limit on the size of files stands in for a full disk: the kernel takes a part of the
    // content and refuses the rest, and no right is needed to set it.
    let output = Command::new("bash")
        .arg("-c")
        .arg("ulimit -f 1000; trap '' XFSZ; exec \"$@\"")
        .arg("bash")
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "edit_file::a_large_edit_is_made_whole_or_not_at_all",
            "--nocapture",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains(
            "cannot write a.txt: the file would pass the size limit. Nothing was changed."
        ),
        "{text}"
    );
}

#[tokio::test]
async fn a_long_diff_is_cut_for_the_model_only() {
    let scratch = Scratch::new();
    let text: String = (0..10_000)
        .map(|number| format!("line {number}\n"))
        .collect();
    let output = scratch.run("edit_file", edit("a.txt", "", &text)).await;
    assert_eq!(output.status, ToolStatus::Completed);
    assert!(output.text().len() < 31_000);
    assert!(
        output.text().ends_with(" bytes of the diff left out …"),
        "{}",
        output.text()
    );
    assert_eq!(output.changes[0].diff.lines().count(), 10_001);
}
