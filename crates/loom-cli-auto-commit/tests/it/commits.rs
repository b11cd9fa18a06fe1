//! What the history has of the agent's work.

use loom_cli_config::AutoCommitMoment;
use loom_cli_rewind::{BackgroundEnd, OnConflict};
use loom_cli_session::Moment;
use loom_testing::Repository;

use crate::scene::{LINES, Scene, Setting, notices, thread};

fn trailer() -> String {
    format!("Loom-Thread: {}", thread())
}

#[tokio::test]
async fn a_turn_is_committed_as_a_careful_person_would_have_committed_it() {
    let repository = Repository::new()
        .file("both", LINES)
        .file("gone", "x\n")
        .file("persons", "x\n")
        .commit("Start");
    let scene = Scene::new(repository).await;
    scene.repository.write("both", LINES.replace('1', "person"));
    scene.repository.write("persons", "y\n");
    scene.repository.write("untracked", "x\n");
    scene.repository.git(&["add", "persons"]);
    scene.answers("Make it count\n\nBecause it did not.");
    let mut turn = scene.turn("make it count").await;
    turn.call(|folder| {
        let text = folder.read("both");
        folder.write("both", text.replace('5', "agent"));
        folder.write("made/new", "new\n");
    })
    .await;
    // While the agent works the person goes on.
    let text = scene.repository.read("both");
    scene
        .repository
        .write("both", text.replace('9', "person too"));
    scene.repository.write("persons-new", "x\n");
    turn.call(|_| scene.delete("gone")).await;
    assert_eq!(
        turn.ends().await,
        ["committed on main: Make it count (3 files)"]
    );
    assert_eq!(
        scene.newest(),
        format!(
            "Make it count\n\nBecause it did not.\n\n{}\n\n\n\
             diff --git a/both b/both\n--- a/both\n+++ b/both\n@@ -5 +5 @@\n-5\n+agent\n\
             diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n\
             diff --git a/made/new b/made/new\nnew file mode 100644\n--- /dev/null\n+++ b/made/new\n@@ -0,0 +1 @@\n+new",
            trailer()
        )
    );
    assert_eq!(
        scene.status(),
        " M both\nM  persons\n?? persons-new\n?? untracked"
    );
    let own = scene.repository.git(&["diff", "--unified=0", "both"]);
    let own: Vec<_> = own
        .lines()
        .filter(|line| line.starts_with(['+', '-']))
        .collect();
    assert_eq!(
        own,
        [
            "--- a/both",
            "+++ b/both",
            "-1",
            "+person",
            "-9",
            "+person too"
        ]
    );
}

#[tokio::test]
async fn turns_follow_each_other_and_those_without_changes_leave_nothing() {
    let scene = Scene::new(Repository::new().file("a", "0\n").commit("Start")).await;
    scene
        .play("write the first line", |folder| folder.write("a", "1\n"))
        .await;
    assert_eq!(scene.play("look at it again", |_| {}).await, [""; 0]);
    let undone = |folder: &Repository| {
        folder.write("a", "2\n");
        folder.write("a", "1\n");
    };
    assert_eq!(scene.play("try it and leave it", undone).await, [""; 0]);
    scene
        .play("write the second line", |folder| folder.write("a", "2\n"))
        .await;
    assert_eq!(
        scene.log(),
        "Write the second line\nWrite the first line\nStart"
    );
    assert_eq!(scene.status(), "");
}

#[tokio::test]
async fn what_a_turn_did_that_was_stopped_goes_with_the_next() {
    let scene = Scene::new(Repository::new().file("a", "0\n").commit("Start")).await;
    let mut stopped = scene.turn("begin to rewrite it").await;
    stopped.call(|folder| folder.write("a", "1\n")).await;
    let kept = stopped.keep(Moment::Turn { is_complete: false }).await;
    assert_eq!(notices(&kept), [""; 0]);
    assert_eq!(scene.log(), "Start");
    scene
        .play("finish the rewriting", |folder| folder.write("b", "1\n"))
        .await;
    assert_eq!(
        scene.repository.git(&["show", "--format=", "--name-only"]),
        "a\nb"
    );
}

#[tokio::test]
async fn each_round_of_calls_is_committed_where_that_is_wanted() {
    let setting = Setting {
        when: AutoCommitMoment::Call,
        ..Setting::default()
    };
    let scene = Scene::with(Repository::new().file("a", "0\n").commit("Start"), setting).await;
    let mut turn = scene.turn("count up").await;
    for count in ["1\n", "2\n"] {
        turn.call(|folder| folder.write("a", count)).await;
        turn.keep(Moment::Calls).await;
    }
    turn.keep(Moment::Turn { is_complete: true }).await;
    assert_eq!(scene.log(), "Count up\nCount up\nStart");
}

#[tokio::test]
async fn work_that_was_undone_stays_in_the_history_and_the_next_commit_takes_it_back() {
    let scene = Scene::new(Repository::new().file("a", "0\n").commit("Start")).await;
    let mut turn = scene.turn("write one into it").await;
    turn.call(|folder| folder.write("a", "1\n")).await;
    turn.ends().await;
    let restored = scene
        .rewind
        .restore(thread(), 3, turn.since, OnConflict::Keep)
        .await;
    assert_eq!(restored.unwrap().restored.len(), 1);
    assert_eq!(scene.status(), " M a");
    scene
        .play("add another file", |folder| folder.write("b", "1\n"))
        .await;
    assert_eq!(scene.log(), "Add another file\nWrite one into it\nStart");
    assert_eq!(scene.repository.git(&["show", "HEAD:a"]), "0");
    assert_eq!(scene.status(), "");
}

#[tokio::test]
async fn the_work_of_a_command_in_the_background_is_committed_when_it_has_ended() {
    let scene = Scene::new(Repository::new().file("a", "0\n").commit("Start")).await;
    let mut turn = scene.turn("generate the files").await;
    let call = turn.begin_call().await;
    let handed_back = scene.rewind.call_goes_on(thread(), 2, &call).await;
    scene.repository.write("generated", "x\n");
    turn.until = handed_back.unwrap().number;
    turn.call(|folder| folder.write("a", "1\n")).await;
    let said = turn.ends().await;
    assert_eq!(said[0], "committed on main: Generate the files (1 file)");
    let ended = scene
        .rewind
        .background_ended(thread(), 3, &call, BackgroundEnd::ByItself);
    ended.await.unwrap();
    scene
        .play("now go on with it", |folder| folder.write("a", "2\n"))
        .await;
    assert_eq!(
        scene.repository.git(&["show", "--format=", "--name-only"]),
        "a\ngenerated"
    );
    assert_eq!(scene.status(), "");
}

#[tokio::test]
async fn another_branch_gets_the_work_and_the_thread_names_it() {
    let setting = Setting {
        branch: Some("loom/{thread}".to_owned()),
        ..Setting::default()
    };
    let scene = Scene::with(Repository::new().file("a", "0\n").commit("Start"), setting).await;
    for (prompt, text) in [("write a one", "1\n"), ("write a two", "2\n")] {
        scene.play(prompt, |folder| folder.write("a", text)).await;
    }
    let branch = format!("loom/{}", thread());
    assert_eq!(scene.log(), "Start");
    assert_eq!(
        scene.repository.git(&["log", "--format=%s", &branch]),
        "Write a two\nWrite a one\nStart"
    );
    assert_eq!(scene.status(), " M a");
}

#[tokio::test]
async fn a_folder_of_a_repository_is_committed_and_one_without_is_left_alone() {
    let setting = Setting {
        folder: "inner",
        ..Setting::default()
    };
    let repository = Repository::new()
        .file("inner/a", "0\n")
        .file("a", "0\n")
        .commit("Start");
    let scene = Scene::with(repository, setting).await;
    let said = scene.play("write into both", |folder| {
        folder.write("inner/a", "1\n");
        folder.write("a", "1\n");
    });
    assert_eq!(said.await, ["committed on main: Write into both (1 file)"]);
    assert_eq!(scene.status(), " M a");

    let repository = Repository::new();
    std::fs::remove_dir_all(repository.path().join(".git")).unwrap();
    let scene = Scene::new(repository).await;
    let said = scene
        .play("write without git", |folder| folder.write("a", "1\n"))
        .await;
    assert_eq!(said, [""; 0]);
}

#[tokio::test]
async fn a_file_that_the_agent_moved_takes_no_work_of_the_person_along() {
    let scene = Scene::new(Repository::new().file("old", LINES).commit("Start")).await;
    scene.repository.write("old", LINES.replace('1', "person"));
    scene
        .play("move the file", |folder| {
            let text = folder.read("old");
            folder.write("new/name", text.replace('9', "agent"));
            scene.delete("old");
        })
        .await;
    assert_eq!(
        scene.repository.git(&["show", "HEAD:new/name"]),
        LINES.replace('9', "agent").trim_end()
    );
    assert_eq!(scene.status(), " M new/name");
}
