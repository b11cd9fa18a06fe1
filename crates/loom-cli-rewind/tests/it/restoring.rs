//! Going back to points, and what is said about it.

use loom_cli_rewind::{OnConflict, PointKind, RewindError};
use loom_common_spool::ChangeKind;
use serde_json::json;

use crate::scene::{Scene, back, call, changed, kept, restored, shell, thread};

#[tokio::test]
async fn points_are_listed_with_what_changed() {
    let scene = Scene::new();
    scene.write("a", "one\ntwo\n");
    scene.write("gone", "x\n");
    let rewind = scene.open().await;
    let turn = rewind
        .begin_turn(thread(1), 3, "  Fix the\nbug  ")
        .await
        .unwrap();
    assert_eq!((turn.number, turn.files, turn.skipped), (1, 2, vec![]));
    call(&rewind, "c1", || {
        scene.write("a", "one\n2\nthree\n");
        scene.delete("gone");
    })
    .await;
    scene.write("by-the-person", "x");
    call(&rewind, "c2", || scene.write("new/b", "1\n2\n")).await;
    call(&rewind, "c3", || {}).await;
    rewind
        .begin_turn(thread(1), 8, &"long ".repeat(100))
        .await
        .unwrap();
    // Of another thread, and so not listed.
    rewind.begin_turn(thread(2), 1, "other").await.unwrap();

    let points = rewind.points(thread(1)).await.unwrap();
    let listed: Vec<_> = points
        .iter()
        .map(|point| (point.number, point.log_len, changed(point)))
        .collect();
    let first = ["Modified a", "Deleted gone"].map(str::to_owned);
    let second = ["Added new/b"].map(str::to_owned);
    let turn = ["Modified a", "Deleted gone", "Added new/b"].map(str::to_owned);
    assert_eq!(
        listed,
        [
            (1, 3, turn.to_vec()),
            (2, 1, first.to_vec()),
            (4, 1, second.to_vec()),
            (6, 1, vec![]),
            (8, 8, vec![]),
        ]
    );
    let label = "long ".repeat(40) + "…";
    assert_eq!(points[4].kind, PointKind::Turn { label });
    assert_eq!(
        serde_json::to_value(&points[1]).unwrap(),
        json!({
            "number": 2,
            "at": "2023-11-14T22:13:20Z",
            "kind": "call",
            "call_id": "c1",
            "label": "bash c1",
            "log_len": 1,
            "changes": [
                { "path": "a", "kind": "modified", "added": 2, "removed": 1 },
                { "path": "gone", "kind": "deleted", "added": 0, "removed": 1 },
            ],
            "is_available": true,
            "is_undone": false,
        })
    );
}

#[tokio::test]
async fn going_back_restores_byte_for_byte_and_can_be_undone() {
    let scene = Scene::new();
    scene.write("text", "old\n");
    scene.write("binary", b"\0\xff\xfe");
    scene.write("run.sh", "#!/bin/sh\n");
    scene.set_mode("run.sh", 0o755);
    scene.write("secret", "key");
    scene.set_mode("secret", 0o600);
    scene.link("text", "link");
    let rewind = scene.open().await;
    let before = scene.disk();
    let point = rewind.begin_turn(thread(1), 3, "go").await.unwrap();
    call(&rewind, "c1", || {
        scene.write("text", "new\r\n");
        scene.write("binary", b"\0");
        scene.set_mode("run.sh", 0o644);
        scene.delete("secret");
        scene.delete("link");
        scene.write("made/deep/file", "x");
    })
    .await;
    let after = scene.disk();

    let preview = rewind
        .preview(thread(1), point.number, OnConflict::Keep)
        .await
        .unwrap();
    assert_eq!(scene.disk(), after);
    let report = back(&rewind, point.number).await;
    assert_eq!(scene.disk(), before);
    assert!(!scene.root().join("made").exists());
    assert_eq!((report.to, report.log_len), (point.number, 3));
    assert_eq!(
        restored(&report),
        [
            "binary",
            "link",
            "made/deep/file",
            "run.sh",
            "secret",
            "text"
        ]
    );
    assert_eq!(report.restored[2].kind, ChangeKind::Deleted);
    assert_eq!(preview.undo, None);
    assert_eq!(
        (preview.restored, preview.kept),
        (report.restored, report.kept)
    );

    // The restore is a point of its own, with the length of the conversation before it.
    let undo = report.undo.unwrap();
    let points = rewind.points(thread(1)).await.unwrap();
    let restore = points.last().unwrap();
    assert_eq!((restore.number, restore.log_len), (undo, 9));
    assert_eq!(restore.kind, PointKind::Restore { to: point.number });
    assert_eq!(restore.changes.len(), 6);
    let undone = back(&rewind, undo).await;
    assert_eq!(scene.disk(), after);
    back(&rewind, undone.undo.unwrap()).await;
    assert_eq!(scene.disk(), before);
}

#[tokio::test]
async fn edits_of_the_person_stay_also_in_the_same_file() {
    let scene = Scene::new();
    let text = |first: &str, last: &str| format!("{first}\n\n\n\n{last}\n");
    scene.write("both", text("one", "two"));
    scene.write("agents", "old");
    let rewind = scene.open().await;
    let point = call(&rewind, "c1", || {
        scene.write("both", text("agent", "two"));
        scene.write("agents", "new");
        scene.write("made-by-agent", "x");
    })
    .await;
    scene.write("both", text("agent", "person"));
    scene.write("persons", "mine");
    call(&rewind, "c2", || {
        scene.write("both", text("agent again", "person"));
    })
    .await;

    let report = back(&rewind, point.number).await;
    assert_eq!(kept(&report), Vec::<String>::new());
    assert_eq!(scene.read("both").unwrap(), text("one", "person"));
    assert_eq!(scene.read("agents").unwrap(), "old");
    assert_eq!(scene.read("persons").unwrap(), "mine");
    assert_eq!(scene.read("made-by-agent"), None);
}

#[tokio::test]
async fn a_conflict_is_kept_and_said_unless_it_is_to_be_overwritten() {
    let scene = Scene::new();
    scene.write("a", "old\n");
    scene.write("b", "old\n");
    let rewind = scene.open().await;
    let point = call(&rewind, "c1", || {
        scene.write("a", "agent\n");
        scene.write("b", "agent\n");
        scene.write("new", "agent\n");
    })
    .await;
    scene.write("a", "person\n");
    scene.write("new", "person\n");

    let report = back(&rewind, point.number).await;
    assert_eq!(restored(&report), ["b"]);
    assert_eq!(
        kept(&report),
        [
            "a: it was changed since in the same place",
            "new: it was changed since in the same place"
        ]
    );
    assert_eq!(scene.read("a").unwrap(), "person\n");
    assert_eq!(
        serde_json::to_value(&report.kept[0]).unwrap(),
        json!({ "path": "a", "reason": "conflict" })
    );

    let forced = rewind
        .restore(thread(1), 9, point.number, OnConflict::Overwrite)
        .await
        .unwrap();
    assert_eq!(restored(&forced), ["a", "new"]);
    assert_eq!(scene.read("a").unwrap(), "old\n");
    assert_eq!(scene.read("new"), None);
    back(&rewind, forced.undo.unwrap()).await;
    assert_eq!(scene.read("new").unwrap(), "person\n");
}

#[tokio::test]
async fn work_after_going_back_is_undone_on_its_own() {
    let scene = Scene::new();
    scene.write("a", "0");
    let rewind = scene.open().await;
    let first = call(&rewind, "c1", || scene.write("a", "1")).await;
    back(&rewind, first.number).await;
    let second = call(&rewind, "c2", || scene.write("a", "2")).await;
    back(&rewind, second.number).await;
    assert_eq!(scene.read("a").unwrap(), "0");
    call(&rewind, "c3", || scene.write("a", "3")).await;
    back(&rewind, first.number).await;
    assert_eq!(scene.read("a").unwrap(), "0");
}

#[tokio::test]
async fn ignored_files_are_left_alone_whatever_becomes_of_the_rules() {
    let scene = Scene::new();
    scene.write(".gitignore", "secret\n");
    scene.write("secret", "key");
    scene.write("plain", "x");
    let rewind = scene.open().await;
    let point = call(&rewind, "c1", || scene.write(".gitignore", "plain\n")).await;
    // What is ignored now changes without being seen.
    scene.write("plain", "changed by the person");
    let report = back(&rewind, point.number).await;
    assert_eq!(scene.read(".gitignore").unwrap(), "secret\n");
    assert_eq!(scene.read("secret").unwrap(), "key");
    assert_eq!(scene.read("plain").unwrap(), "changed by the person");
    assert_eq!(
        kept(&report),
        ["plain: something that snapshots do not hold is in its place"]
    );
}

#[tokio::test]
async fn a_file_that_was_deleted_and_ignored_comes_back() {
    let scene = Scene::new();
    scene.write("build/out", "x");
    let rewind = scene.open().await;
    let point = call(&rewind, "c1", || {
        scene.delete("build/out");
        scene.write(".gitignore", "build\n");
    })
    .await;
    back(&rewind, point.number).await;
    assert_eq!(scene.read("build/out").unwrap(), "x");
    assert_eq!(scene.read(".gitignore"), None);
}

#[tokio::test]
async fn only_points_of_the_thread_can_be_gone_back_to() {
    let scene = Scene::new();
    let rewind = scene.open().await;
    let other = rewind.begin_turn(thread(2), 1, "other").await.unwrap();
    let start = rewind.before_call(shell("c1")).await.unwrap();
    let end = rewind.after_call(thread(1), 2, "c1").await.unwrap();
    for number in [other.number, end.number, 0, 77] {
        let error = rewind
            .restore(thread(1), 9, number, OnConflict::Keep)
            .await
            .unwrap_err();
        assert!(
            matches!(error, RewindError::UnknownPoint { number: found, .. } if found == number),
            "{error:?}"
        );
    }
    back(&rewind, start.number).await;
}

#[tokio::test]
async fn going_back_in_the_conversation_alone_can_be_undone_too() {
    let scene = Scene::new();
    scene.write("a", "old");
    let rewind = scene.open().await;
    let turn = rewind.begin_turn(thread(1), 3, "go").await.unwrap();
    call(&rewind, "c1", || scene.write("a", "new")).await;
    let undo = rewind
        .before_conversation_restore(thread(1), 12, turn.number)
        .await
        .unwrap();
    let points = rewind.points(thread(1)).await.unwrap();
    let last = points.last().unwrap();
    assert_eq!((last.number, last.log_len), (undo.number, 12));
    scene.write("persons", "x");
    assert_eq!(
        restored(&back(&rewind, undo.number).await),
        Vec::<&str>::new()
    );
    assert_eq!(scene.read("a").unwrap(), "new");
}

#[tokio::test]
async fn points_of_one_process_are_there_in_the_next() {
    let scene = Scene::new();
    scene.write("a", "old");
    let first = scene.open().await;
    let point = call(&first, "c1", || scene.write("a", "new")).await;
    drop(first);
    let second = scene.open().await;
    assert_eq!(second.points(thread(1)).await.unwrap().len(), 1);
    back(&second, point.number).await;
    assert_eq!(scene.read("a").unwrap(), "old");
}

#[tokio::test]
async fn a_point_counts_as_undone_until_going_back_is_undone() {
    let scene = Scene::new();
    let rewind = scene.open().await;
    let undone = async || {
        let points = rewind.points(thread(1)).await.unwrap();
        let undone = points.into_iter().filter(|point| point.is_undone);
        undone.map(|point| point.number).collect::<Vec<_>>()
    };
    let first = rewind.begin_turn(thread(1), 0, "one").await.unwrap().number;
    let call = call(&rewind, "c1", || scene.write("a", "x")).await.number;
    let second = rewind.begin_turn(thread(1), 4, "two").await.unwrap().number;
    back(&rewind, first).await;
    assert_eq!(undone().await, [0_u64; 0], "only files went back");

    let everything = async |to| {
        let report = rewind.restore_everything(thread(1), 9, to, OnConflict::Keep);
        report.await.unwrap().undo.unwrap()
    };
    everything(second).await;
    assert_eq!(undone().await, [second, second + 1]);
    let undo = everything(first).await;
    assert!(undone().await.starts_with(&[first, call, second]));
    everything(undo).await;
    // As before the second time, and that time itself.
    assert_eq!(undone().await, [second, second + 1, undo]);
}
