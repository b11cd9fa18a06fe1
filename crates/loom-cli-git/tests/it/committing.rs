//! Commits of some changes: what the history has of them, and what is left of the person's own.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use loom_cli_git::{
    CommitOptions, Committed, FileChange, Git, GitError, LeftOutReason, Preparation, Repository,
    Version,
};
use loom_testing::Repository as Scratch;

pub(crate) const LINES: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

pub(crate) async fn repository(scratch: &Scratch) -> Repository {
    let git = Git::new(scratch.environment());
    git.discover(&scratch.path()).await.unwrap().unwrap()
}

pub(crate) fn file(text: impl AsRef<[u8]>) -> Version {
    Version::File {
        bytes: text.as_ref().to_vec(),
        is_executable: false,
    }
}

/// A step of a file by its texts.
pub(crate) fn step(
    path: impl AsRef<Path>,
    without: Option<&str>,
    with: Option<&str>,
) -> FileChange {
    FileChange {
        path: path.as_ref().to_owned(),
        moved_from: None,
        without: without.map(file),
        with: with.map(file),
    }
}

pub(crate) async fn try_commit(
    scratch: &Scratch,
    changes: Vec<FileChange>,
    options: CommitOptions,
) -> Result<Option<Committed>, GitError> {
    match repository(scratch).await.prepare(changes, options).await? {
        Preparation::Ready(prepared) => prepared.commit("Change it\n\nTrailer: x").await,
        Preparation::Nothing(_) => Ok(None),
    }
}

pub(crate) async fn commit(scratch: &Scratch, changes: Vec<FileChange>) -> Committed {
    let made = try_commit(scratch, changes, CommitOptions::default()).await;
    made.unwrap().unwrap()
}

pub(crate) async fn left_out(
    scratch: &Scratch,
    changes: Vec<FileChange>,
) -> Vec<(String, LeftOutReason)> {
    let prepared = repository(scratch)
        .await
        .prepare(changes, CommitOptions::default())
        .await
        .unwrap();
    let left_out = match &prepared {
        Preparation::Ready(prepared) => prepared.left_out(),
        Preparation::Nothing(left_out) => left_out,
    };
    left_out
        .iter()
        .map(|left| (left.path.display().to_string(), left.reason))
        .collect()
}

/// What a person sees of a repository besides its history.
pub(crate) fn seen(scratch: &Scratch) -> [String; 3] {
    [
        scratch.git(&["status", "--porcelain"]),
        scratch.git(&["diff"]),
        scratch.git(&["diff", "--cached"]),
    ]
}

#[tokio::test]
async fn a_commit_has_the_changes_and_its_message_and_leaves_nothing_behind() {
    let scratch = Scratch::new()
        .file("a", "old\n")
        .file("gone", "x\n")
        .commit("Start");
    let start = scratch.git(&["rev-parse", "HEAD"]);
    scratch.write("a", "new\n");
    scratch.write("folder/b", "made\n");
    fs::remove_file(scratch.path().join("gone")).unwrap();
    let committed = commit(
        &scratch,
        vec![
            step("a", Some("old\n"), Some("new\n")),
            step("gone", Some("x\n"), None),
            step("folder/b", None, Some("made\n")),
        ],
    )
    .await;
    assert_eq!(committed.id, scratch.git(&["rev-parse", "HEAD"]));
    assert_eq!(committed.branch.as_deref(), Some("main"));
    assert_eq!(committed.message, "Change it\n\nTrailer: x\n");
    let files: Vec<_> = committed
        .files
        .iter()
        .map(|path| path.to_str().unwrap())
        .collect();
    assert_eq!(files, ["a", "folder/b", "gone"]);
    assert_eq!(scratch.git(&["rev-parse", "HEAD^"]), start);
    assert_eq!(
        scratch.git(&["show", "--format=%an %ae %cn%n%B", "--name-status"]),
        "Ada Example ada@example.org Ada Example\nChange it\n\nTrailer: x\n\n\nM\ta\nA\tfolder/b\nD\tgone"
    );
    assert_eq!(seen(&scratch), [""; 3]);
    assert!(
        scratch
            .git(&["reflog", "-1"])
            .ends_with("commit: Change it")
    );
    assert_eq!(scratch.git(&["fsck", "--strict", "--no-dangling"]), "");
    let entries = fs::read_dir(scratch.path().join(".git")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let left: Vec<_> = names
        .filter(|name| name.contains("loom") || name.contains("lock"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test]
async fn what_the_person_has_staged_and_not_staged_stays_so_also_in_the_same_file() {
    let scratch = Scratch::new()
        .file("both", LINES)
        .file("staged", "x\n")
        .file("unstaged", "x\n")
        .file("removed", "x\n")
        .commit("Start");
    let both = |one: &str, five: &str, nine: &str| {
        let text = LINES.replace('1', one).replace('5', five);
        text.replace('9', nine)
    };
    scratch.write("both", both("staged", "5", "9"));
    scratch.write("staged", "y\n");
    scratch.write("untracked", "x\n");
    scratch.write("meant", "x\n");
    scratch.git(&["add", "both", "staged"]);
    scratch.git(&["add", "--intent-to-add", "meant"]);
    scratch.git(&["rm", "--cached", "--quiet", "removed"]);
    scratch.write("unstaged", "y\n");
    scratch.write("both", both("staged", "5", "unstaged"));
    let before = seen(&scratch);
    scratch.write("both", both("staged", "agent", "unstaged"));
    scratch.write("made", "x\n");
    commit(
        &scratch,
        vec![
            step(
                "both",
                Some(&both("staged", "5", "unstaged")),
                Some(&both("staged", "agent", "unstaged")),
            ),
            step("made", None, Some("x\n")),
        ],
    )
    .await;
    assert_eq!(
        scratch.git(&["show", "HEAD:both"]),
        both("1", "agent", "9").trim_end()
    );
    let after = seen(&scratch);
    assert_eq!(after[0], before[0]);
    let hunks = |diff: &str| {
        let lines = diff.lines().filter(|line| line.starts_with(['+', '-']));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(hunks(&after[1]), hunks(&before[1]));
    assert_eq!(hunks(&after[2]), hunks(&before[2]));
    assert_eq!(
        scratch.git(&["show", ":both"]),
        both("staged", "agent", "9").trim_end()
    );
}

#[tokio::test]
async fn what_cannot_be_separated_is_left_out_with_the_reason() {
    let library = Scratch::new().file("a", "a\n").commit("Library");
    let scratch = Scratch::new()
        .file("same-line", "1\n")
        .file("staged-line", "1\n")
        .file("hidden", "1\n")
        .file("sparse", "1\n")
        .file("fine", "1\n")
        .commit("Start");
    scratch.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        library.path().to_str().unwrap(),
        "library",
    ]);
    let scratch = scratch.commit("Add the library");
    scratch.write("staged-line", "staged\n");
    scratch.git(&["add", "staged-line"]);
    scratch.git(&["update-index", "--assume-unchanged", "hidden"]);
    scratch.git(&["update-index", "--skip-worktree", "sparse"]);
    let changes = vec![
        step("same-line", Some("person\n"), Some("agent\n")),
        step("staged-line", Some("1\n"), Some("agent\n")),
        step("hidden", Some("1\n"), Some("2\n")),
        step("sparse", Some("1\n"), Some("2\n")),
        step("persons-new", Some("x\n"), Some("y\n")),
        step("library/a", Some("a\n"), Some("b\n")),
        step("huge", None, Some(&"x".repeat(10_000_001))),
        step("fine", Some("1\n"), Some("2\n")),
    ];
    let mut left = left_out(&scratch, changes.clone()).await;
    left.sort_by(|(a, _), (b, _)| a.cmp(b));
    use LeftOutReason::{Elsewhere, Inseparable, Overlooked, Staged, TooLarge, Untracked};
    let expected = [
        ("hidden", Overlooked),
        ("huge", TooLarge),
        ("library/a", Elsewhere),
        ("persons-new", Untracked),
        ("same-line", Inseparable),
        ("sparse", Overlooked),
        ("staged-line", Staged),
    ];
    assert_eq!(
        left,
        expected.map(|(path, reason)| (path.to_owned(), reason))
    );
    let committed = commit(&scratch, changes).await;
    assert_eq!(committed.files, [Path::new("fine")]);
    assert_eq!(
        scratch.git(&["diff", "--cached", "--name-only"]),
        "staged-line"
    );
}

#[tokio::test]
async fn what_the_commit_has_already_is_nothing_to_commit() {
    let scratch = Scratch::new().file("a", "2\n").commit("Start");
    let before = scratch.git(&["rev-parse", "HEAD"]);
    let changes = vec![
        step("a", Some("1\n"), Some("2\n")),
        step("never-tracked", Some("x\n"), None),
    ];
    let made = try_commit(&scratch, changes, CommitOptions::default())
        .await
        .unwrap();
    assert_eq!(made, None);
    assert_eq!(scratch.git(&["rev-parse", "HEAD"]), before);
}

#[tokio::test]
async fn links_programs_binary_files_and_names_in_bytes_are_committed_as_they_are() {
    let scratch = Scratch::new()
        .file("run", "#!/bin/sh\n")
        .file("data", b"\0\x01")
        .commit("Start");
    let raw = OsStr::from_bytes(b"na\xff\n\"me");
    scratch.write(raw, "x");
    scratch.write("data", b"\0\x02");
    symlink("data", scratch.path().join("link")).unwrap();
    fs::set_permissions(
        scratch.path().join("run"),
        fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    let version = |bytes: &[u8], is_executable| {
        Some(Version::File {
            bytes: bytes.to_vec(),
            is_executable,
        })
    };
    let change = |path: &OsStr, without, with| FileChange {
        path: path.into(),
        moved_from: None,
        without,
        with,
    };
    let target = b"data".to_vec();
    commit(
        &scratch,
        vec![
            change(raw, None, version(b"x", false)),
            change(
                "data".as_ref(),
                version(b"\0\x01", false),
                version(b"\0\x02", false),
            ),
            change("link".as_ref(), None, Some(Version::Link { target })),
            change(
                "run".as_ref(),
                version(b"#!/bin/sh\n", false),
                version(b"#!/bin/sh\n", true),
            ),
        ],
    )
    .await;
    assert_eq!(seen(&scratch), [""; 3]);
    let modes = scratch.git(&["ls-tree", "HEAD", "--format=%(objectmode) %(path)"]);
    assert_eq!(
        modes,
        "100644 data\n120000 link\n100644 \"na\\377\\n\\\"me\"\n100755 run"
    );
}

#[tokio::test]
async fn line_ends_and_filters_of_the_repository_hold() {
    let scratch = Scratch::new()
        .file(".gitattributes", "*.txt text eol=crlf\n*.up filter=up\n")
        .commit("Start");
    scratch.git(&["config", "filter.up.clean", "tr a-z A-Z"]);
    scratch.git(&["config", "filter.up.smudge", "tr A-Z a-z"]);
    scratch.write("a.txt", LINES.replace('\n', "\r\n"));
    scratch.write("b.up", "small\n");
    let scratch = scratch.commit("Add files");
    assert_eq!(scratch.git(&["show", "HEAD:b.up"]), "SMALL");
    // The person's line is not committed; its line ends are those of the working tree.
    let persons = LINES.replace('1', "person").replace('\n', "\r\n");
    let agents = persons.replace('9', "agent");
    scratch.write("a.txt", &agents);
    scratch.write("b.up", "other\n");
    commit(
        &scratch,
        vec![
            step("a.txt", Some(&persons), Some(&agents)),
            step("b.up", Some("small\n"), Some("other\n")),
        ],
    )
    .await;
    let expected = LINES.replace('9', "agent");
    assert_eq!(scratch.git(&["show", "HEAD:a.txt"]), expected.trim_end());
    assert_eq!(scratch.git(&["show", "HEAD:b.up"]), "OTHER");
    assert_eq!(scratch.git(&["status", "--porcelain"]), " M a.txt");
}

#[tokio::test]
async fn the_first_commit_holds_the_changes_and_not_what_is_staged() {
    let scratch = Scratch::new();
    scratch.write("persons", "x\n");
    scratch.git(&["add", "persons"]);
    scratch.write("agents", "x\n");
    let committed = commit(&scratch, vec![step("agents", None, Some("x\n"))]).await;
    assert_eq!(committed.branch.as_deref(), Some("main"));
    assert_eq!(scratch.git(&["ls-tree", "--name-only", "HEAD"]), "agents");
    assert_eq!(scratch.git(&["status", "--porcelain"]), "A  persons");
    assert!(
        scratch
            .git(&["reflog", "-1"])
            .ends_with("commit (initial): Change it")
    );
}

#[tokio::test]
async fn the_patch_is_told_ahead_of_the_commit_and_within_bounds() {
    let scratch = Scratch::new().file("a", "1\n").commit("Start");
    let changes = vec![step("a", Some("1\n"), Some("2\n"))];
    let repository = repository(&scratch).await;
    let prepared = repository
        .prepare(changes, CommitOptions::default())
        .await
        .unwrap();
    let Preparation::Ready(prepared) = prepared else {
        panic!("there is something to commit");
    };
    let patch = String::from_utf8(prepared.patch(10_000).await.unwrap()).unwrap();
    assert!(patch.ends_with("@@ -1 +1 @@\n-1\n+2\n"), "{patch}");
    assert_eq!(prepared.patch(7).await.unwrap(), patch.as_bytes()[..7]);
    assert_eq!(prepared.files().collect::<Vec<_>>(), [Path::new("a")]);
    drop(prepared);
    assert_eq!(scratch.git(&["status", "--porcelain"]), "");
}

#[tokio::test]
async fn sparse_and_split_indexes_stay_what_they_are() {
    let scratch = Scratch::new()
        .file("in/a", "1\n")
        .file("out/b", "1\n")
        .file("top", "1\n")
        .commit("Start");
    scratch.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "in"]);
    scratch.write("in/a", "2\n");
    commit(&scratch, vec![step("in/a", Some("1\n"), Some("2\n"))]).await;
    assert_eq!(seen(&scratch), [""; 3]);
    assert_eq!(
        scratch.git(&["ls-tree", "-r", "--name-only", "HEAD"]),
        "in/a\nout/b\ntop"
    );

    let scratch = Scratch::new()
        .file("a", "1\n")
        .file("b", "1\n")
        .commit("Start");
    scratch.git(&["update-index", "--split-index"]);
    scratch.write("a", "2\n");
    scratch.write("b", "2\n");
    scratch.git(&["add", "b"]);
    commit(&scratch, vec![step("a", Some("1\n"), Some("2\n"))]).await;
    assert_eq!(scratch.git(&["status", "--porcelain"]), "M  b");
}

#[tokio::test]
async fn a_folder_takes_the_place_of_a_file_and_a_file_that_of_a_folder() {
    let scratch = Scratch::new()
        .file("a", "1\n")
        .file("b/c", "1\n")
        .commit("Start");
    fs::remove_file(scratch.path().join("a")).unwrap();
    fs::remove_dir_all(scratch.path().join("b")).unwrap();
    scratch.write("a/inner", "1\n");
    scratch.write("b", "1\n");
    commit(
        &scratch,
        vec![
            step("a", Some("1\n"), None),
            step("a/inner", None, Some("1\n")),
            step("b", None, Some("1\n")),
            step("b/c", Some("1\n"), None),
        ],
    )
    .await;
    assert_eq!(
        scratch.git(&["ls-tree", "-r", "--name-only", "HEAD"]),
        "a/inner\nb"
    );
    assert_eq!(seen(&scratch), [""; 3]);
    // Where the file has to stay, nothing can be below it.
    let changes = vec![
        step("b", Some("person\n"), None),
        step("b/inner", None, Some("1\n")),
    ];
    let left = left_out(&scratch, changes).await;
    let inseparable = |path: &str| (path.to_owned(), LeftOutReason::Inseparable);
    assert_eq!(left, [inseparable("b"), inseparable("b/inner")]);
}

#[tokio::test]
async fn a_file_that_was_moved_leaves_the_persons_changes_of_it_uncommitted() {
    let scratch = Scratch::new()
        .file("old", LINES)
        .file("staged", LINES)
        .commit("Start");
    let persons = LINES.replace('1', "person");
    let agents = persons.replace('9', "agent");
    scratch.write("staged", &persons);
    scratch.git(&["add", "staged"]);
    for (from, to) in [("old", "new"), ("staged", "moved")] {
        fs::remove_file(scratch.path().join(from)).unwrap();
        scratch.write(to, &agents);
    }
    let moved = |from: &str, to: &str| FileChange {
        moved_from: Some(from.into()),
        ..step(to, Some(&persons), Some(&agents))
    };
    scratch.write("never-tracked", "x\n");
    let untracked = FileChange {
        moved_from: Some("somewhere".into()),
        ..step("never-tracked", Some("x\n"), Some("x\n"))
    };
    let changes = vec![moved("old", "new"), moved("staged", "moved"), untracked];
    commit(&scratch, changes).await;
    let expected = LINES.replace('9', "agent");
    for path in ["new", "moved"] {
        assert_eq!(
            scratch.git(&["show", &format!("HEAD:{path}")]),
            expected.trim_end()
        );
    }
    assert_eq!(
        scratch.git(&["ls-tree", "--name-only", "HEAD"]),
        "moved\nnew"
    );
    assert_eq!(
        scratch.git(&["status", "--porcelain"]),
        "M  moved\n M new\n?? never-tracked"
    );
}
