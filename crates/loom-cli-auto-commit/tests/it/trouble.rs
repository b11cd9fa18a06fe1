//! Commits that fail, and what becomes of the work.

use loom_testing::Repository;

use crate::scene::Scene;

async fn scene() -> Scene {
    let repository = Repository::new()
        .file("a", "0\n")
        .file("b", "0\n")
        .commit("Start");
    Scene::new(repository).await
}

#[tokio::test]
async fn a_commit_that_fails_is_told_once_and_its_work_goes_with_the_next() {
    let scene = scene().await;
    scene.hook("pre-commit", "echo 'tests fail' >&2; exit 1");
    let said = scene
        .play("write a one", |folder| folder.write("a", "1\n"))
        .await;
    assert_eq!(
        said,
        [
            "the agent's work is not committed yet, and goes with the next commit: the hook pre-commit \
             refuses the commit: tests fail"
        ]
    );
    let said = scene
        .play("write a two", |folder| folder.write("a", "2\n"))
        .await;
    assert_eq!(said, [""; 0]);
    assert_eq!(
        (scene.log().as_str(), scene.status().as_str()),
        ("Start", " M a")
    );
    scene.delete(".git/hooks/pre-commit");
    let said = scene
        .play("write another file", |folder| folder.write("b", "1\n"))
        .await;
    assert_eq!(said, ["committed on main: Write another file (2 files)"]);
    assert_eq!(scene.status(), "");
    // It is news again.
    scene.hook("pre-commit", "echo 'tests fail' >&2; exit 1");
    let said = scene
        .play("write a three", |folder| folder.write("a", "3\n"))
        .await;
    assert_eq!(said.len(), 1);
}

#[tokio::test]
async fn a_merge_that_is_under_way_is_waited_out() {
    let scene = scene().await;
    let git = |arguments: &[&str]| scene.repository.git(arguments);
    git(&["checkout", "--quiet", "-b", "topic"]);
    scene.repository.write("b", "topic\n");
    git(&["commit", "--quiet", "--all", "--message", "Topic"]);
    git(&["checkout", "--quiet", "main"]);
    git(&["merge", "--quiet", "--no-commit", "--no-ff", "topic"]);
    let said = scene
        .play("write a one", |folder| folder.write("a", "1\n"))
        .await;
    assert_eq!(
        said,
        [
            "the agent's work is not committed yet, and goes with the next commit: a merge is under way in \
          this repository"
        ]
    );
    git(&["commit", "--quiet", "--message", "Merge"]);
    let said = scene
        .play("write a two", |folder| folder.write("a", "2\n"))
        .await;
    assert_eq!(said, ["committed on main: Write a two (1 file)"]);
    assert_eq!(scene.status(), "");
}

#[tokio::test]
async fn work_that_the_person_commits_first_is_not_committed_again() {
    let scene = scene().await;
    scene.hook("pre-commit", "exit 1");
    scene
        .play("write a one", |folder| folder.write("a", "1\n"))
        .await;
    let arguments = [
        "commit",
        "--quiet",
        "--no-verify",
        "--all",
        "--message",
        "Mine",
    ];
    scene.repository.git(&arguments);
    scene.delete(".git/hooks/pre-commit");
    let said = scene.play("look at it", |_| {}).await;
    assert_eq!(said, [""; 0]);
    assert_eq!(scene.log(), "Mine\nStart");
}

#[tokio::test]
async fn snapshots_that_are_gone_are_no_reason_to_try_for_ever() {
    let scene = scene().await;
    let mut turn = scene.turn("write a one").await;
    turn.call(|folder| folder.write("a", "1\n")).await;
    // A number that no record has.
    turn.since = 0;
    let said = turn.ends().await;
    assert_eq!(said.len(), 1);
    assert!(
        said[0].starts_with("the agent's work is not committed: "),
        "{said:?}"
    );
    let said = scene
        .play("write a two", |folder| folder.write("b", "2\n"))
        .await;
    assert_eq!(said, ["committed on main: Write a two (1 file)"]);
}
