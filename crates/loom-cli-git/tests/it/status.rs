//! What differs in a working tree.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use loom_cli_git::{Branch, Change, ChangeKind, Git, Status, Untracked};
use loom_testing::Repository as Scratch;

async fn status(scratch: &Scratch, untracked: Untracked) -> Status {
    let git = Git::new(scratch.environment());
    let repository = git.discover(&scratch.path()).await.unwrap().unwrap();
    repository.status(untracked).await.unwrap()
}

fn tracked(path: &str, staged: char, unstaged: char, from: Option<&str>) -> Change {
    Change {
        path: path.into(),
        kind: ChangeKind::Tracked {
            staged,
            unstaged,
            from: from.map(Into::into),
            is_submodule: false,
        },
    }
}

fn untracked(path: impl AsRef<OsStr>) -> Change {
    Change {
        path: path.as_ref().into(),
        kind: ChangeKind::Untracked,
    }
}

#[tokio::test]
async fn each_kind_of_change_is_told_by_its_path_in_bytes() {
    let scratch = Scratch::new()
        .file("changed", "1\n")
        .file("half staged", "1\n")
        .file("removed", "1\n")
        .file("old -> name", "a long text that is recognised again\n")
        .commit("Start");
    assert!(status(&scratch, Untracked::Files).await.is_clean());
    scratch.write("changed", "2\n");
    scratch.write("half staged", "2\n");
    scratch.git(&["add", "half staged"]);
    scratch.write("half staged", "3\n");
    fs::remove_file(scratch.path().join("removed")).unwrap();
    scratch.git(&["mv", "old -> name", "new\nname"]);
    let raw = OsStr::from_bytes(b"new/\xff\"name");
    scratch.write(raw, "x");
    scratch.write("new/other", "x");
    let expected = vec![
        tracked("changed", '.', 'M', None),
        tracked("half staged", 'M', 'M', None),
        tracked("new\nname", 'R', '.', Some("old -> name")),
        tracked("removed", '.', 'D', None),
    ];
    let found = status(&scratch, Untracked::None).await;
    assert_eq!(found.changes, expected);
    let branch = Branch {
        name: Some("main".to_owned()),
        commit: Some(scratch.git(&["rev-parse", "HEAD"])),
        ..Branch::default()
    };
    assert_eq!(found.branch, branch);
    let with = |more: Vec<Change>| [expected.clone(), more].concat();
    assert_eq!(
        status(&scratch, Untracked::Folders).await.changes,
        with(vec![untracked("new/")])
    );
    assert_eq!(
        status(&scratch, Untracked::Files).await.changes,
        with(vec![untracked("new/other"), untracked(raw)])
    );
}

#[tokio::test]
async fn conflicts_submodules_and_the_branch_that_is_followed_are_told() {
    let library = Scratch::new().file("a", "a").commit("Library");
    let scratch = Scratch::new().file("a", "1\n").commit("Start");
    let source = library.path().display().to_string();
    scratch.git(&["submodule", "--quiet", "add", &source, "library"]);
    let scratch = scratch.commit("Use the library");
    scratch.git(&["branch", "other"]);
    let scratch = scratch.file("a", "2\n").commit("Two");
    scratch.git(&["branch", "--set-upstream-to=other", "--quiet"]);
    scratch.git(&["checkout", "--quiet", "other"]);
    let scratch = scratch.file("a", "3\n").commit("Three");
    scratch.git(&["checkout", "--quiet", "main"]);
    scratch.write("library/b", "new");
    scratch.git(&["-c", "alias.try=!git merge other || true", "try"]);
    let found = status(&scratch, Untracked::Files).await;
    let unmerged = Change {
        path: "a".into(),
        kind: ChangeKind::Unmerged,
    };
    let submodule = Change {
        path: "library".into(),
        kind: ChangeKind::Tracked {
            staged: '.',
            unstaged: 'M',
            from: None,
            is_submodule: true,
        },
    };
    assert_eq!(found.changes, [submodule, unmerged]);
    assert_eq!(
        (
            found.branch.upstream.as_deref(),
            found.branch.ahead,
            found.branch.behind
        ),
        (Some("other"), 1, 1)
    );
}

#[tokio::test]
async fn before_the_first_commit_there_is_a_branch_and_no_commit() {
    let scratch = Scratch::new();
    scratch.write("a", "a");
    let found = status(&scratch, Untracked::Files).await;
    assert_eq!(found.branch.name.as_deref(), Some("main"));
    assert_eq!(found.branch.commit, None);
    assert_eq!(found.changes, [untracked("a")]);
}
