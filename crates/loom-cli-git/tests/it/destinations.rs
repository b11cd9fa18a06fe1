//! Where commits go: the branch that is checked out, or another one.

use std::fs;

use loom_cli_git::{CommitOptions, Git, Preparation};
use loom_testing::Repository as Scratch;

use crate::committing::{LINES, commit, seen, step, try_commit};
#[tokio::test]
async fn a_commit_that_is_checked_out_as_such_gets_another_on_top() {
    let scratch = Scratch::new().file("a", "1\n").commit("Start");
    scratch.git(&["checkout", "--quiet", "--detach"]);
    scratch.write("a", "2\n");
    let committed = commit(&scratch, vec![step("a", Some("1\n"), Some("2\n"))]).await;
    assert_eq!(committed.branch, None);
    assert_eq!(scratch.git(&["rev-parse", "HEAD"]), committed.id);
    assert_ne!(scratch.git(&["rev-parse", "main"]), committed.id);
    assert_eq!(seen(&scratch), [""; 3]);
}

#[tokio::test]
async fn another_branch_gets_commits_while_the_working_tree_and_the_index_stay() {
    let scratch = Scratch::new().file("a", LINES).commit("Start");
    let start = scratch.git(&["rev-parse", "HEAD"]);
    let options = CommitOptions {
        branch: Some("loom/work".to_owned()),
        ..CommitOptions::default()
    };
    let on_branch = |from: &str, to: &str| {
        let changes = vec![step("a", Some(from), Some(to))];
        let (scratch, options) = (&scratch, options.clone());
        async move {
            try_commit(scratch, changes, options)
                .await
                .unwrap()
                .unwrap()
        }
    };
    let first = LINES.replace('1', "first");
    let second = first.replace('9', "second");
    scratch.write("a", &second);
    scratch.write("staged", "x\n");
    scratch.git(&["add", "staged"]);
    let before = seen(&scratch);
    let one = on_branch(LINES, &first).await;
    let two = on_branch(&first, &second).await;
    assert_eq!(two.branch.as_deref(), Some("loom/work"));
    let log = scratch.git(&["log", "--format=%H", "loom/work"]);
    assert_eq!(log, format!("{}\n{}\n{start}", two.id, one.id));
    assert_eq!(scratch.git(&["ls-tree", "--name-only", "loom/work"]), "a");
    assert_eq!(scratch.git(&["show", "loom/work:a"]), second.trim_end());
    assert_eq!(seen(&scratch), before);
    assert_eq!(scratch.git(&["rev-parse", "HEAD"]), start);

    // What the working tree's branch has taken in is begun anew from there.
    scratch.git(&["stash", "--quiet"]);
    scratch.git(&["merge", "--quiet", "--ff-only", "loom/work"]);
    scratch.git(&["commit", "--quiet", "--allow-empty", "--message", "Go on"]);
    let three = on_branch(&second, LINES).await;
    let parent = scratch.git(&["rev-parse", &format!("{}^", three.id)]);
    assert_eq!(parent, scratch.git(&["rev-parse", "main"]));
}

#[tokio::test]
async fn branches_that_cannot_be_are_refused() {
    let scratch = Scratch::new().file("a", "1\n").commit("Start");
    let other = scratch.path().parent().unwrap().join("other");
    scratch.git(&[
        "worktree",
        "add",
        "--quiet",
        "-b",
        "busy",
        other.to_str().unwrap(),
    ]);
    let on = |branch: &str| {
        let options = CommitOptions {
            branch: Some(branch.to_owned()),
            ..CommitOptions::default()
        };
        try_commit(&scratch, vec![step("a", Some("1\n"), Some("2\n"))], options)
    };
    let error = on("busy").await.unwrap_err();
    let text = format!("the branch busy is checked out in {}", other.display());
    assert_eq!(error.to_string(), text);
    let error = on("bad..name").await.unwrap_err();
    assert_eq!(error.to_string(), "`bad..name` is not the name of a branch");
    // In its own working tree it is the branch that is checked out.
    let linked = Git::new(scratch.environment())
        .discover(&other)
        .await
        .unwrap()
        .unwrap();
    let options = CommitOptions {
        branch: Some("busy".to_owned()),
        ..CommitOptions::default()
    };
    fs::write(other.join("a"), "2\n").unwrap();
    let changes = vec![step("a", Some("1\n"), Some("2\n"))];
    let Preparation::Ready(prepared) = linked.prepare(changes, options).await.unwrap() else {
        panic!("there is something to commit");
    };
    let committed = prepared.commit("In the other tree").await.unwrap().unwrap();
    assert_eq!(scratch.git(&["rev-parse", "busy"]), committed.id);
    assert_eq!(
        scratch.git(&["-C", other.to_str().unwrap(), "status", "--porcelain"]),
        ""
    );
}
