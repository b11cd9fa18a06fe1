//! What is not committed, what is said of it, and when it is after all.

use loom_testing::Repository;

use crate::scene::{LINES, Scene, exists};

/// A token that a rule knows, in parts: whole it would look like one.
fn token() -> String {
    ["ghp", "_", "aV8kQ2mW7pLz4TxR9nB3", "cD6fG1hJ5sKyE0uI"].concat()
}

#[tokio::test]
async fn lines_that_cannot_be_separated_are_left_to_the_person_until_they_can() {
    let repository = Repository::new()
        .file("a", LINES)
        .file("b", "0\n")
        .commit("Start");
    let scene = Scene::new(repository).await;
    scene.repository.write("a", LINES.replace('5', "person"));
    let said = scene.play("rewrite the line", |folder| {
        folder.write("a", LINES.replace('5', "agent"));
        folder.write("b", "1\n");
    });
    assert_eq!(
        said.await,
        [
            "committed on main: Rewrite the line (1 file)",
            "not committed, left to you: a (your own uncommitted changes are in the same place)",
        ]
    );
    // It is said once.
    let said = scene
        .play("go on with the other", |folder| folder.write("b", "2\n"))
        .await;
    assert_eq!(said, ["committed on main: Go on with the other (1 file)"]);
    // The person commits what was there before; now the agent's line stands alone.
    scene.repository.write("a", LINES.replace('5', "person"));
    scene
        .repository
        .git(&["commit", "--quiet", "--message", "Mine", "--", "a"]);
    scene
        .play("write it once more", |folder| {
            folder.write("a", LINES.replace('5', "agent"));
        })
        .await;
    assert_eq!(scene.status(), "");
    assert!(scene.repository.git(&["show", "HEAD:a"]).contains("agent"));
}

#[tokio::test]
async fn a_file_of_the_person_that_git_does_not_know_stays_unknown() {
    let scene = Scene::new(Repository::new().file("b", "0\n").commit("Start")).await;
    scene.repository.write("draft", LINES);
    let said = scene.play("correct the draft", |folder| {
        folder.write("draft", LINES.replace('5', "agent"));
    });
    assert_eq!(
        said.await,
        ["not committed, left to you: draft (it holds work of yours that git does not track yet)"]
    );
    assert_eq!(scene.status(), "?? draft");
}

#[tokio::test]
async fn a_file_with_a_secret_is_not_committed_before_the_secret_is_gone() {
    let repository = Repository::new().file("a", "0\n").commit("Start");
    let scene = Scene::new(repository).await;
    let said = scene.play("set up the access", |folder| {
        folder.write("config", format!("token = {}\n", token()));
        folder.write("a", "1\n");
    });
    assert_eq!(
        said.await,
        [
            "committed on main: Set up the access (1 file)",
            "not committed, left to you: config (a secret seems to be in it (github-pat))",
        ]
    );
    assert_eq!(scene.status(), "?? config");
    for request in scene.writer.requests.lock().unwrap().iter() {
        assert!(!crate::scene::text_of(request).contains(&token()));
    }
    let said = scene.play("take the token out", |folder| {
        folder.write("config", "token = $TOKEN\n")
    });
    assert_eq!(
        said.await,
        ["committed on main: Take the token out (1 file)"]
    );
    assert!(!scene.repository.git(&["log", "-p"]).contains(&token()));
}

#[tokio::test]
async fn a_secret_that_was_there_before_or_is_allowed_keeps_nothing_back() {
    let known = format!("token = {}\nline\n", token());
    let scene = Scene::new(Repository::new().file("sample", &known).commit("Start")).await;
    let said = scene.play("change the other line", |folder| {
        folder.write("sample", known.replace("line", "other"));
        folder.write("fixture", format!("{} # loom:allow\n", token()));
    });
    assert_eq!(
        said.await,
        ["committed on main: Change the other line (2 files)"]
    );
}

#[tokio::test]
async fn what_programs_leave_behind_and_what_is_too_large_is_not_committed() {
    let repository = Repository::new()
        .file("a", "0\n")
        .file(".gitignore", "*.log\n")
        .commit("Start");
    let scene = Scene::new(repository).await;
    let said = scene.play("run the tests", |folder| {
        folder.write("__pycache__/a.pyc", "x");
        folder.write("node_modules/x/index.js", "x");
        folder.write("a.orig", "x");
        folder.write("out.log", "x");
        folder.write("download", "x".repeat(1_001));
        folder.write("a", "1\n");
    });
    assert_eq!(
        said.await,
        [
            "committed on main: Run the tests (1 file)",
            "not committed, left to you: download (it is too large)",
        ]
    );
    assert!(exists(&scene, "download") && exists(&scene, "out.log"));
}

#[tokio::test]
async fn more_than_a_turn_can_sensibly_change_is_left_to_the_person_as_a_whole() {
    let scene = Scene::new(Repository::new().file("a", "0\n").commit("Start")).await;
    let said = scene.play("unpack the archive", |folder| {
        for number in 0..2_001 {
            folder.write(format!("unpacked/{number}"), "x");
        }
    });
    assert_eq!(
        said.await,
        ["the agent's work is not committed: the agent changed 2001 files"]
    );
    let said = scene
        .play("correct the file", |folder| folder.write("a", "1\n"))
        .await;
    assert_eq!(said, ["committed on main: Correct the file (1 file)"]);
}

#[tokio::test]
async fn many_files_are_not_all_named() {
    let scene = Scene::new(Repository::new().file("a", "0\n").commit("Start")).await;
    for number in 0..8 {
        scene
            .repository
            .write(format!("draft-{number}"), "person\n");
    }
    let said = scene.play("correct all drafts", |folder| {
        for number in 0..8 {
            folder.write(format!("draft-{number}"), "agent\n");
        }
    });
    let said = said.await;
    assert!(
        said[0].contains("draft-4 (") && said[0].ends_with(") and 3 more"),
        "{said:?}"
    );
}
