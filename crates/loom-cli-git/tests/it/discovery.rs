//! Which repository a folder is in, and of what kind it is.

use std::fs;
use std::path::Path;

use loom_cli_git::{Git, Metadata, Operation, Repository};
use loom_testing::Repository as Scratch;

async fn found(scratch: &Scratch, folder: &Path) -> Repository {
    let git = Git::new(scratch.environment());
    git.discover(folder).await.unwrap().unwrap()
}

fn started() -> Scratch {
    Scratch::new().file("src/a.rs", "a\n").commit("Start")
}

#[tokio::test]
async fn a_folder_without_a_repository_is_in_none() {
    let scratch = started();
    let elsewhere = tempfile::tempdir().unwrap();
    let git = Git::new(scratch.environment());
    assert!(git.discover(elsewhere.path()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_working_tree_is_found_from_a_folder_in_it() {
    let scratch = started();
    let top = scratch.path().canonicalize().unwrap();
    let repository = found(&scratch, &top.join("src")).await;
    assert_eq!(repository.work_tree(), Some(top.as_path()));
    assert_eq!(repository.git_dir(), top.join(".git"));
    assert!(!repository.is_linked());
    assert_eq!(repository.superproject(), None);
}

#[tokio::test]
async fn a_linked_working_tree_shares_the_folder_of_the_first() {
    let scratch = started();
    scratch.git(&["worktree", "add", "--quiet", "../linked"]);
    let linked = scratch.path().parent().unwrap().join("linked");
    let repository = found(&scratch, &linked).await;
    assert!(repository.is_linked());
    assert_eq!(
        repository.common_dir().canonicalize().unwrap(),
        scratch.path().join(".git").canonicalize().unwrap()
    );
    assert_eq!(
        repository.metadata().await.unwrap().branch.as_deref(),
        Some("linked")
    );
}

#[tokio::test]
async fn a_submodule_knows_the_tree_above_it() {
    let (scratch, library) = (started(), started());
    let source = library.path().display().to_string();
    scratch.git(&["submodule", "--quiet", "add", &source, "library"]);
    let top = scratch.path().canonicalize().unwrap();
    let repository = found(&scratch, &top.join("library/src")).await;
    assert_eq!(repository.work_tree(), Some(top.join("library").as_path()));
    assert_eq!(repository.superproject(), Some(top.as_path()));
}

#[tokio::test]
async fn a_bare_repository_and_the_folder_of_git_have_no_working_tree() {
    let scratch = started();
    scratch.git(&["clone", "--quiet", "--bare", ".", "../bare"]);
    let bare = scratch.path().parent().unwrap().join("bare");
    for folder in [bare, scratch.path().join(".git/refs")] {
        let repository = found(&scratch, &folder).await;
        assert_eq!(repository.work_tree(), None, "{}", folder.display());
        assert!(repository.metadata().await.unwrap().commit.is_some());
    }
}

#[tokio::test]
async fn names_of_folders_may_hold_line_ends() {
    let scratch = started();
    let odd = scratch.path().parent().unwrap().join("a\nb");
    fs::rename(scratch.path(), &odd).unwrap();
    let repository = found(&scratch, &odd).await;
    let top = repository.work_tree().unwrap().to_owned();
    fs::rename(&odd, scratch.path()).unwrap();
    assert!(top.ends_with("a\nb"), "{}", top.display());
}

#[tokio::test]
async fn variables_that_point_elsewhere_do_not_count() {
    let (scratch, other) = (started(), started());
    let mut environment = scratch.environment();
    environment.push(("GIT_DIR".into(), other.path().join(".git").into()));
    environment.push(("GIT_WORK_TREE".into(), other.path().into()));
    environment.push(("GIT_INDEX_FILE".into(), "/nowhere".into()));
    let repository = Git::new(environment).discover(&scratch.path()).await;
    assert_eq!(
        repository.unwrap().unwrap().work_tree().unwrap(),
        scratch.path().canonicalize().unwrap()
    );
}

#[tokio::test]
async fn branch_commit_and_remote_are_told_as_far_as_there_are_some() {
    let scratch = Scratch::new();
    let told = |scratch: &Scratch| {
        let (git, folder) = (Git::new(scratch.environment()), scratch.path());
        async move {
            let repository = git.discover(&folder).await.unwrap().unwrap();
            repository.metadata().await.unwrap()
        }
    };
    let unborn = Metadata {
        branch: Some("main".to_owned()),
        ..Metadata::default()
    };
    assert_eq!(told(&scratch).await, unborn);
    let scratch = scratch.file("a", "a").commit("Start");
    let origin = "https://example.org/origin.git";
    scratch.git(&["remote", "add", "origin", origin]);
    scratch.git(&["remote", "add", "fork", "git@example.org:fork.git"]);
    let commit = Some(scratch.git(&["rev-parse", "HEAD"]));
    let followed = Metadata {
        branch: Some("main".to_owned()),
        commit: commit.clone(),
        remote_url: Some(origin.to_owned()),
    };
    assert_eq!(told(&scratch).await, followed);
    scratch.git(&["config", "branch.main.remote", "fork"]);
    let fork = Metadata {
        remote_url: Some("git@example.org:fork.git".to_owned()),
        ..followed.clone()
    };
    assert_eq!(told(&scratch).await, fork);
    scratch.git(&["checkout", "--quiet", "--detach"]);
    let detached = Metadata {
        branch: None,
        ..followed
    };
    assert_eq!(told(&scratch).await, detached);
}

#[tokio::test]
async fn what_somebody_is_in_the_middle_of_is_told() {
    let scratch = started();
    scratch.git(&["branch", "other"]);
    let scratch = scratch.file("src/a.rs", "ours\n").commit("Ours");
    scratch.git(&["checkout", "--quiet", "other"]);
    let scratch = scratch.file("src/a.rs", "theirs\n").commit("Theirs");
    let repository = found(&scratch, &scratch.path()).await;
    assert_eq!(repository.operation(), None);
    for (begin, end, operation) in [
        ("merge", "--abort", Operation::Merge),
        ("rebase", "--abort", Operation::Rebase),
        ("cherry-pick", "--abort", Operation::CherryPick),
    ] {
        // Each stops at the conflict.
        scratch.git(&[
            "-c",
            "alias.try=!f() { git \"$@\" || true; }; f",
            "try",
            begin,
            "main",
        ]);
        assert_eq!(repository.operation(), Some(operation), "{begin}");
        scratch.git(&[begin, end]);
        assert_eq!(repository.operation(), None, "{begin} is over");
    }
    scratch.git(&["bisect", "start"]);
    assert_eq!(repository.operation(), Some(Operation::Bisect));
}
