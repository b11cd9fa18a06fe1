//! What is staged, what the history has brought in, and the contents themselves.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use loom_cli_git::{Git, GitError, HistoryQuery, Repository};
use loom_testing::Repository as Scratch;

async fn open(scratch: &Scratch) -> Repository {
    let git = Git::new(scratch.environment());
    git.discover(&scratch.path()).await.unwrap().unwrap()
}

/// Returns path and content of what is staged.
async fn staged(repository: &Repository) -> Vec<(String, String)> {
    let mut objects = repository.objects().unwrap();
    let mut contents = Vec::new();
    for file in repository.staged().await.unwrap() {
        let size = objects.open(&file.blob).await.unwrap().unwrap();
        let mut content = Vec::new();
        loop {
            let piece = objects.read().await.unwrap();
            if piece.is_empty() {
                break;
            }
            content.extend_from_slice(piece);
        }
        assert_eq!(content.len() as u64, size);
        let name = file.path.to_string_lossy().into_owned();
        contents.push((name, String::from_utf8(content).unwrap()));
    }
    contents
}

/// Returns subject of the commit, path and content for what the history has brought in.
async fn history(scratch: &Scratch, query: HistoryQuery) -> Vec<[String; 3]> {
    let repository = open(scratch).await;
    let mut additions = repository.additions(&query).unwrap();
    let mut told = Vec::new();
    while let Some(addition) = additions.next().await.unwrap() {
        let commit = &addition.commit;
        assert_eq!(commit.author, "Ada Example <ada@example.org>");
        assert!(commit.date.starts_with("2026-01-01T00:0"), "{commit:?}");
        told.push([
            scratch.git(&["show", "--no-patch", "--format=%s", &commit.id]),
            addition.path.to_string_lossy().into_owned(),
            scratch.git(&["cat-file", "blob", &addition.blob]),
        ]);
    }
    told
}

#[tokio::test]
async fn what_is_staged_comes_from_the_index_also_before_the_first_commit() {
    let scratch = Scratch::new();
    let raw = OsStr::from_bytes(b"sub/\xff\nname");
    scratch.write(raw, "staged\n");
    scratch.write("large", "x".repeat(300_000));
    scratch.git(&["add", "--all"]);
    scratch.write(raw, "not staged\n");
    let repository = open(&scratch).await;
    let name = raw.to_string_lossy().into_owned();
    let expected = [
        ("large".to_owned(), "x".repeat(300_000)),
        (name, "staged\n".to_owned()),
    ];
    assert_eq!(staged(&repository).await, expected);
    assert_eq!(
        repository.added_lines(Path::new(raw)).await.unwrap(),
        [1..=1]
    );
}

#[tokio::test]
async fn the_new_lines_of_a_staged_file_are_told() {
    let scratch = Scratch::new()
        .file("a", "1\n2\n3\n4\n5\n")
        .file("gone", "x")
        .file(":(top)*", "x\n")
        .commit("Start");
    scratch.write("a", "1\nnew\n3\n4\nmore\nstill more\n5\n");
    scratch.write(":(top)*", "x\ny\n");
    scratch.git(&["rm", "--quiet", "gone"]);
    scratch.git(&["add", "--all"]);
    scratch.git(&["config", "diff.context", "7"]);
    scratch.git(&["config", "diff.external", "false"]);
    let repository = open(&scratch).await;
    let names: Vec<_> = staged(&repository)
        .await
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, [":(top)*", "a"]);
    assert_eq!(
        repository.added_lines(Path::new("a")).await.unwrap(),
        [2..=2, 5..=6]
    );
    assert_eq!(
        repository.added_lines(Path::new(":(top)*")).await.unwrap(),
        [2..=2]
    );
}

#[tokio::test]
async fn in_a_merge_only_lines_that_neither_side_has_are_new() {
    let scratch = Scratch::new().file("a", "1\n2\n3\n").commit("Start");
    scratch.git(&["checkout", "--quiet", "-b", "other"]);
    let scratch = scratch.file("a", "theirs\n1\n2\n3\n").commit("Theirs");
    scratch.git(&["checkout", "--quiet", "main"]);
    let scratch = scratch.file("a", "1\n2\n3\nours\n").commit("Ours");
    scratch.git(&["merge", "--quiet", "--no-commit", "other"]);
    scratch.write("a", "theirs\n1\n2\nboth\n3\nours\n");
    scratch.git(&["add", "a"]);
    let repository = open(&scratch).await;
    assert_eq!(
        repository.added_lines(Path::new("a")).await.unwrap(),
        [4..=4]
    );
}

#[tokio::test]
async fn a_hook_can_name_another_index() {
    let scratch = Scratch::new().file("a", "1\n").commit("Start");
    let index = scratch.path().join(".git/other-index");
    std::fs::copy(scratch.path().join(".git/index"), &index).unwrap();
    scratch.write("a", "2\n");
    scratch.git(&["add", "a"]);
    let repository = open(&scratch).await;
    assert_eq!(
        staged(&repository).await,
        [("a".to_owned(), "2\n".to_owned())]
    );
    assert_eq!(staged(&repository.with_index(index)).await, []);
}

#[tokio::test]
async fn the_history_tells_each_addition_with_the_oldest_commit_first() {
    let scratch = Scratch::new()
        .file("a", "1")
        .file("gone", "x")
        .commit("One");
    scratch.git(&["checkout", "--quiet", "-b", "other"]);
    let scratch = scratch.file("b\nc", "2").commit("Two");
    scratch.git(&["checkout", "--quiet", "main"]);
    let scratch = scratch.file("a", "3").commit("Three");
    scratch.git(&["merge", "--quiet", "--no-commit", "other"]);
    scratch.git(&["rm", "--quiet", "gone"]);
    std::os::unix::fs::symlink("a", scratch.path().join("link")).unwrap();
    let scratch = scratch.file("a", "only in the merge").commit("Merge");
    let told = |texts: [&str; 3]| texts.map(str::to_owned);
    let all = history(&scratch, HistoryQuery::default()).await;
    let mut sorted = all.clone();
    sorted.sort();
    let expected = [
        told(["Merge", "a", "only in the merge"]),
        told(["One", "a", "1"]),
        told(["One", "gone", "x"]),
        told(["Three", "a", "3"]),
        told(["Two", "b\nc", "2"]),
    ];
    assert_eq!(sorted, expected);
    assert_eq!((&all[0][0][..], &all[4][0][..]), ("One", "Merge"));
    let query = HistoryQuery {
        range: Some("main^..main".to_owned()),
        since: Some("2000-01-01".to_owned()),
    };
    assert_eq!(
        history(&scratch, query).await,
        [
            told(["Two", "b\nc", "2"]),
            told(["Merge", "a", "only in the merge"])
        ]
    );
    let query = HistoryQuery {
        range: None,
        since: Some("2100-01-01".to_owned()),
    };
    assert_eq!(history(&scratch, query).await, [] as [[String; 3]; 0]);
}

#[tokio::test]
async fn a_range_that_is_none_is_told_and_is_no_option() {
    let scratch = Scratch::new().file("a", "1").commit("One");
    let repository = open(&scratch).await;
    for range in ["nonsense", "--output=stolen"] {
        let query = HistoryQuery {
            range: Some(range.to_owned()),
            since: None,
        };
        let error = repository
            .additions(&query)
            .unwrap()
            .next()
            .await
            .unwrap_err();
        assert!(matches!(error, GitError::Failed { .. }), "{error:?}");
        assert!(error.to_string().contains(range), "{error}");
    }
    assert!(!scratch.path().join("stolen").exists());
}

#[tokio::test]
async fn without_a_commit_the_history_is_empty() {
    assert_eq!(
        history(&Scratch::new(), HistoryQuery::default()).await,
        [] as [[String; 3]; 0]
    );
}

#[tokio::test]
async fn contents_that_are_missing_or_half_read_do_not_disturb_the_next() {
    let scratch = Scratch::new()
        .file("large", "y".repeat(300_000))
        .file("empty", "")
        .file("small", "small")
        .commit("One");
    let hash = |path: &str| scratch.git(&["rev-parse", &format!("HEAD:{path}")]);
    let repository = open(&scratch).await;
    let mut objects = repository.objects().unwrap();
    assert_eq!(objects.open(&"1".repeat(40)).await.unwrap(), None);
    assert_eq!(objects.open("no hash\n").await.unwrap(), None);
    assert_eq!(objects.open(&hash("large")).await.unwrap(), Some(300_000));
    assert!(!objects.read().await.unwrap().is_empty());
    assert_eq!(objects.open(&hash("empty")).await.unwrap(), Some(0));
    assert_eq!(objects.open(&hash("small")).await.unwrap(), Some(5));
    assert_eq!(objects.read().await.unwrap(), b"small");
    assert_eq!(objects.read().await.unwrap(), b"");
    assert_eq!(objects.read().await.unwrap(), b"");
}

#[tokio::test]
async fn a_shallow_clone_and_the_folder_of_hooks_are_known() {
    let scratch = Scratch::new()
        .file("a", "1")
        .commit("One")
        .file("a", "2")
        .commit("Two");
    let repository = open(&scratch).await;
    assert!(!repository.is_shallow().await.unwrap());
    let hooks = scratch.path().join(".git/hooks");
    assert_eq!(repository.hooks_folder().await.unwrap(), hooks);
    scratch.git(&["config", "core.hooksPath", "my hooks"]);
    let hooks = scratch.path().join("my hooks");
    assert_eq!(repository.hooks_folder().await.unwrap(), hooks);
    let source = format!("file://{}", scratch.path().display());
    scratch.git(&["clone", "--quiet", "--depth=1", &source, "clone"]);
    let git = Git::new(scratch.environment());
    let clone = git
        .discover(&scratch.path().join("clone"))
        .await
        .unwrap()
        .unwrap();
    assert!(clone.is_shallow().await.unwrap());
}

#[tokio::test]
async fn tracked_files_that_are_ignored_all_the_same_are_known() {
    let scratch = Scratch::new()
        .file(".gitignore", "*.env\n")
        .file("my.env", "x");
    scratch.git(&["add", "--force", "my.env"]);
    let scratch = scratch.commit("One").file("other.env", "x");
    let ignored = open(&scratch).await.tracked_but_ignored().await.unwrap();
    assert_eq!(ignored, [Path::new("my.env")]);
}
