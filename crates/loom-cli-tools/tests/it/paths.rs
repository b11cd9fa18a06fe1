//! Paths: what stays inside the workspace, and what does not.

use std::fs;
use std::os::unix::fs::symlink;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::scratch::Scratch;

fn read(path: &str) -> Value {
    json!({"file_path": path})
}

/// A workspace with links of all kinds, and a secret outside of it.
fn with_links() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("real/a.txt", "inside\n");
    fs::write(scratch.outside().join("secret.txt"), "secret\n").unwrap();
    let link = |target: &str, name: &str| symlink(target, scratch.path(name)).unwrap();
    link("real/a.txt", "in-file");
    link("real", "in-folder");
    link("../secret.txt", "out-file");
    link("..", "out-folder");
    link("../out-folder", "real/twice");
    link("loop-b", "loop-a");
    link("loop-a", "loop-b");
    link("real/later.txt", "dangling");
    link("/etc/passwd", "absolute");
    scratch
}

#[tokio::test]
async fn paths_may_be_relative_absolute_and_roundabout() {
    let scratch = with_links();
    let absolute = scratch.path("real/a.txt");
    for path in [
        "real/a.txt",
        "./real/../real//a.txt",
        "../workspace/real/a.txt",
        absolute.to_str().unwrap(),
        "in-file",
        "in-folder/a.txt",
        "out-folder/workspace/real/a.txt",
    ] {
        assert_eq!(
            scratch.text("read_file", read(path)).await,
            "     1\tinside",
            "{path}"
        );
    }
}

#[tokio::test]
async fn no_path_leads_out_of_the_workspace() {
    let scratch = with_links();
    let outside = scratch.outside();
    let mut texts = Vec::new();
    for path in [
        "../secret.txt",
        "real/../../secret.txt",
        outside.join("secret.txt").to_str().unwrap(),
        "/etc/passwd",
        "out-file",
        "out-folder/secret.txt",
        "real/twice/secret.txt",
        "absolute",
        "missing/../../secret.txt",
    ] {
        texts.push(scratch.failure("read_file", read(path)).await);
    }
    assert_snapshot!(texts.join("\n"));
}

#[tokio::test]
async fn no_tool_works_outside_of_the_workspace() {
    let scratch = with_links();
    let is_refused = |text: String| {
        assert!(text.contains("outside of the workspace"), "{text}");
    };
    is_refused(
        scratch
            .failure("list_files", json!({"path": "out-folder"}))
            .await,
    );
    is_refused(
        scratch
            .failure("glob", json!({"pattern": "*", "path": ".."}))
            .await,
    );
    is_refused(
        scratch
            .failure("grep", json!({"pattern": "secret", "path": "out-file"}))
            .await,
    );
    for path in ["out-file", "out-folder/new.txt", "../new.txt"] {
        for old in ["secret", ""] {
            let arguments = json!({"file_path": path, "old_string": old, "new_string": "x"});
            is_refused(scratch.failure("edit_file", arguments).await);
        }
    }
    assert_eq!(
        fs::read_to_string(scratch.outside().join("secret.txt")).unwrap(),
        "secret\n"
    );
    assert!(!scratch.outside().join("new.txt").exists());
}

#[tokio::test]
async fn searches_do_not_follow_links() {
    let scratch = with_links();
    assert_eq!(
        scratch
            .text("grep", json!({"pattern": "secret|inside"}))
            .await,
        "real/a.txt\n1:inside"
    );
}

#[tokio::test]
async fn paths_that_cannot_be_are_refused_with_the_reason() {
    let scratch = with_links();
    let mut texts = Vec::new();
    for path in [
        "",
        "~",
        "~/secret.txt",
        "a\0b",
        "loop-a",
        "loop-a/x",
        &"n".repeat(256),
        &"d/".repeat(3000),
    ] {
        texts.push(scratch.failure("read_file", read(path)).await);
    }
    assert_snapshot!(texts.join("\n"));
}

#[tokio::test]
async fn an_edit_through_a_link_changes_the_target_and_keeps_the_link() {
    let scratch = with_links();
    scratch
        .text(
            "edit_file",
            json!({"file_path": "in-file", "old_string": "inside", "new_string": "edited"}),
        )
        .await;
    assert!(scratch.path("in-file").is_symlink());
    assert_eq!(scratch.read("real/a.txt"), "edited\n");
}

#[tokio::test]
async fn a_file_made_through_a_dangling_link_is_its_target() {
    let scratch = with_links();
    scratch
        .text(
            "edit_file",
            json!({"file_path": "dangling", "old_string": "", "new_string": "new\n"}),
        )
        .await;
    assert!(scratch.path("dangling").is_symlink());
    assert_eq!(scratch.read("real/later.txt"), "new\n");
}

#[tokio::test]
async fn an_edit_does_not_reach_what_version_control_runs() {
    let scratch = with_links();
    std::fs::create_dir(scratch.path(".git")).unwrap();
    std::fs::write(scratch.path(".git/config"), "[core]\n").unwrap();
    std::os::unix::fs::symlink(".git/config", scratch.path("innocent")).unwrap();
    let hook = json!({"file_path": ".git/hooks/pre-commit", "old_string": "", "new_string": "x"});
    let through_link = json!({"file_path": "innocent", "old_string": "[core]", "new_string": "[core]\nfsmonitor = x"});
    for arguments in [hook, through_link] {
        let told = scratch.failure("edit_file", arguments).await;
        assert!(told.contains("version control"), "{told}");
    }
    assert_eq!(scratch.read(".git/config"), "[core]\n");
    assert!(!scratch.path(".git/hooks").exists());
    // What only looks like it may be changed.
    scratch
        .text(
            "edit_file",
            json!({"file_path": ".github/a.yml", "old_string": "", "new_string": "x"}),
        )
        .await;
}

#[tokio::test]
async fn a_workspace_below_a_folder_of_version_control_can_be_edited() {
    let outer = Scratch::new();
    outer.write(".git/worktrees/a/b.txt", "one\n");
    outer.write(".git/worktrees/a/.git", "gitdir: elsewhere\n");
    let scratch = Scratch::in_workspace(outer.path(".git/worktrees/a").to_str().unwrap());
    scratch
        .text(
            "edit_file",
            json!({"file_path": "b.txt", "old_string": "one", "new_string": "two"}),
        )
        .await;
    assert_eq!(scratch.read("b.txt"), "two\n");
    let told = scratch
        .failure(
            "edit_file",
            json!({"file_path": ".git", "old_string": "elsewhere", "new_string": "x"}),
        )
        .await;
    assert!(told.contains("version control"), "{told}");
}
