//! What stays the person's, however it is mixed with what is committed.

use std::fs;
use std::path::Path;

use loom_cli_git::LeftOutReason;
use loom_testing::Repository as Scratch;

use crate::committing::{commit, left_out, step};
use crate::obstacles::scratch;

#[tokio::test]
async fn what_is_in_the_place_of_a_file_stays_and_the_file_is_left_out() {
    let scratch = scratch();
    // A folder in the place of a file that the person has taken away.
    fs::remove_file(scratch.path().join("other")).unwrap();
    scratch.write("other/new", "agents\n");
    scratch.write("a", "2\n");
    let changes = vec![
        step("a", Some("1\n"), Some("2\n")),
        step("other/new", None, Some("agents\n")),
    ];
    let committed = commit(&scratch, changes).await;
    assert_eq!(committed.files, [Path::new("a")]);
    assert_eq!(committed.left_out.len(), 1);
    assert_eq!(
        scratch.git(&["ls-tree", "-r", "--name-only", "HEAD"]),
        "a\nother"
    );

    // A file in the place of a folder with something that is only staged.
    scratch.write("x/y", "staged\n");
    scratch.git(&["add", "x/y"]);
    fs::remove_dir_all(scratch.path().join("x")).unwrap();
    scratch.write("x", "agents\n");
    let changes = vec![step("x", None, Some("agents\n"))];
    let left = left_out(&scratch, changes).await;
    assert_eq!(left[0].1, LeftOutReason::Staged);
    assert_eq!(scratch.git(&["diff", "--cached", "--name-only"]), "x/y");
}

#[tokio::test]
async fn a_submodule_that_is_not_checked_out_stays() {
    let scratch = scratch();
    let head = scratch.git(&["rev-parse", "HEAD"]);
    scratch.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{head},lib"),
    ]);
    scratch.git(&["commit", "--quiet", "-m", "Add lib"]);
    scratch.write("lib/new", "agents\n");
    let changes = vec![step("lib/new", None, Some("agents\n"))];
    let left = left_out(&scratch, changes).await;
    assert_eq!(left[0].1, LeftOutReason::Elsewhere);

    // What is staged of it is the person's, whatever git is told to overlook.
    scratch.git(&["config", "submodule.lib.ignore", "all"]);
    let head = scratch.git(&["rev-parse", "HEAD"]);
    scratch.git(&["update-index", "--cacheinfo", &format!("160000,{head},lib")]);
    scratch.write("a", "2\n");
    commit(&scratch, vec![step("a", Some("1\n"), Some("2\n"))]).await;
    assert_eq!(
        scratch.git(&["show", "--format=", "--name-only", "HEAD"]),
        "a"
    );
}

#[tokio::test]
async fn what_git_ignores_is_left_out() {
    let scratch = scratch();
    scratch.write(".gitignore", ".env\n");
    let changes = vec![step(".env", None, Some("A=1\n"))];
    let left = left_out(&scratch, changes).await;
    assert_eq!(left[0].1, LeftOutReason::Ignored);
}

#[tokio::test]
async fn line_ends_that_git_leaves_alone_are_left_alone() {
    let scratch = Scratch::new()
        .file("dos", "1\r\n2\r\n3\r\n")
        .commit("Start");
    scratch.git(&["config", "core.autocrlf", "true"]);
    scratch.write("dos", "1\r\n2\r\n3\r\n4\r\n");
    let changes = vec![step(
        "dos",
        Some("1\r\n2\r\n3\r\n"),
        Some("1\r\n2\r\n3\r\n4\r\n"),
    )];
    let committed = commit(&scratch, changes).await;
    assert_eq!(committed.left_out, []);
    assert_eq!(scratch.git(&["diff", "HEAD", "--stat"]), "");
    assert_eq!(scratch.git(&["cat-file", "-s", "HEAD:dos"]), "12");
}

#[tokio::test]
async fn files_of_the_same_content_are_merged_each_by_itself() {
    let content = |first: &str, last: &str| {
        let middle: String = (0..20_000).map(|line| format!("line {line}\n")).collect();
        format!("{first}\n{middle}{last}\n")
    };
    let (head, own) = (content("first", "last"), content("persons", "last"));
    let both = content("persons", "agents");
    let names: Vec<String> = (0..8).map(|number| format!("f{number}")).collect();
    let mut scratch = Scratch::new();
    for name in &names {
        scratch = scratch.file(name, &head);
    }
    let scratch = scratch.commit("Start");
    for name in &names {
        scratch.write(name, &both);
    }
    let changes = names.iter().map(|name| step(name, Some(&own), Some(&both)));
    let committed = commit(&scratch, changes.collect()).await;
    assert_eq!(committed.left_out, []);
    let expected = content("first", "agents");
    for name in &names {
        let shown = scratch.git(&["show", &format!("HEAD:{name}")]);
        assert!(shown == expected.trim_end(), "{name}");
    }
}

#[tokio::test]
async fn deletions_alone_are_committed_whatever_the_hash() {
    for format in ["sha1", "sha256"] {
        let scratch = Scratch::new();
        let again = [
            "-c",
            &format!("alias.anew=!rm -rf .git && git init --quiet --object-format={format}"),
            "anew",
        ];
        scratch.git(&again);
        let scratch = scratch.file("a", "1\n").file("b", "1\n").commit("Start");
        fs::remove_file(scratch.path().join("a")).unwrap();
        let changes = vec![step("a", Some("1\n"), None)];
        commit(&scratch, changes).await;
        assert_eq!(scratch.git(&["ls-tree", "--name-only", "HEAD"]), "b");
    }
}
