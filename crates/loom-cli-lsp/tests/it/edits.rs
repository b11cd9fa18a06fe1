//! What an edit is answered with.

use std::fs;

use crate::scene::Scene;

fn new(lines: &[&str]) -> Option<String> {
    Some(format!(
        "New problems after this edit:\n{}",
        lines.join("\n")
    ))
}

/// Every way in which servers speak.
const KINDS: [&[&str]; 4] = [&[], &["--answers"], &["--without-version"], &["--twice"]];

#[tokio::test]
async fn problems_that_an_edit_makes_are_told_once() {
    for kind in KINDS {
        let scene = Scene::new(kind);
        scene.write("a.txt", "error: old\n");
        // The server starts, and says what there is before the edit.
        let paths = [scene.file("a.txt")];
        assert_eq!(
            scene
                .diagnostics
                .after_edit(&paths)
                .await
                .unwrap()
                .lines()
                .count(),
            2
        );
        let text = "error: old\nwarning: unused\nerror: bad\n";
        assert_eq!(
            scene.edit("a.txt", text).await,
            new(&["a.txt:3:1 error bad", "a.txt:2:1 warning unused"]),
            "{kind:?}"
        );
        assert_eq!(
            scene.edit("a.txt", &format!("\n{text}")).await,
            None,
            "{kind:?}"
        );
        assert_eq!(scene.edit("a.txt", "fine\n").await, None, "{kind:?}");
        assert_eq!(
            scene.edit("a.txt", "error: old\n").await,
            new(&["a.txt:1:1 error old"]),
            "{kind:?}"
        );
        assert_eq!(scene.problems(), [""; 0]);
        scene.diagnostics.shutdown().await;
    }
}

#[tokio::test]
async fn what_was_there_before_the_first_edit_is_left_out() {
    for kind in KINDS {
        let scene = Scene::new(kind);
        scene.write("a.txt", "error: old\nwarning: older\n");
        let text = "error: old\nwarning: older\nwarning: new\n";
        let expected = new(&["a.txt:3:1 warning new"]);
        assert_eq!(scene.edit("a.txt", text).await, expected, "{kind:?}");
        scene.diagnostics.shutdown().await;
    }
}

#[tokio::test]
async fn of_a_new_file_the_errors_are_told() {
    let scene = Scene::new(&[]);
    assert_eq!(
        scene
            .edit("sub/new.txt", "error: bad\nwarning: unused\n")
            .await
            .unwrap(),
        "Problems after this edit (some may have been there before):\nsub/new.txt:1:1 error bad"
    );
    scene.diagnostics.shutdown().await;
}

#[tokio::test]
async fn several_files_of_several_projects_are_told_together() {
    let scene = Scene::new(&[]);
    for name in ["one/root", "two/root"] {
        scene.write(name, "");
    }
    let paths: Vec<_> = ["one/a.txt", "one/b.txt", "two/c.txt", "d.rs"]
        .into_iter()
        .map(|name| {
            scene.write(name, &format!("error: in {name}\n"));
            scene.file(name)
        })
        .collect();
    let told = scene.diagnostics.after_edit(&paths).await.unwrap();
    let told: Vec<&str> = told.lines().skip(1).collect();
    assert_eq!(
        told,
        [
            "one/a.txt:1:1 error in one/a.txt",
            "one/b.txt:1:1 error in one/b.txt",
            "two/c.txt:1:1 error in two/c.txt"
        ]
    );
    scene.diagnostics.shutdown().await;
}

#[tokio::test]
async fn an_error_that_an_edit_makes_elsewhere_is_told() {
    let scene = Scene::new(&[]);
    scene.edit("a.txt", "fine\n").await;
    let other = scene.file("b.txt");
    let told = scene
        .edit("a.txt", &format!("elsewhere: {}\n", other.display()))
        .await;
    // It may come a moment too late, and then comes with the next edit.
    let told = match told {
        Some(told) => told,
        None => scene.edit("a.txt", "fine\n").await.unwrap(),
    };
    assert_eq!(
        told.lines().last().unwrap(),
        "b.txt:1:1 error broken elsewhere"
    );
    scene.diagnostics.shutdown().await;
}

#[tokio::test]
async fn open_files_that_others_change_are_sent_too() {
    let scene = Scene::new(&["--answers"]);
    scene.edit("a.txt", "fine\n").await;
    scene.edit("b.txt", "fine\n").await;
    // As a command does.
    scene.write("a.txt", "error: made by a command\n");
    scene.edit("b.txt", "still fine\n").await;
    let told = scene.diagnostics.after_edit(&[scene.file("a.txt")]).await;
    assert_eq!(told, new(&["a.txt:1:1 error made by a command"]));
    scene.diagnostics.shutdown().await;
}

#[tokio::test]
async fn a_file_that_is_deleted_made_anew_or_no_text_is_no_trouble() {
    let scene = Scene::new(&["--answers"]);
    scene.edit("a.txt", "error: x\n").await;
    let paths = [scene.file("a.txt")];
    fs::remove_file(&paths[0]).unwrap();
    assert_eq!(scene.diagnostics.after_edit(&paths).await, None);
    fs::create_dir(&paths[0]).unwrap();
    assert_eq!(scene.diagnostics.after_edit(&paths).await, None);
    fs::remove_dir(&paths[0]).unwrap();
    fs::write(&paths[0], b"error: \xff\n").unwrap();
    assert_eq!(scene.diagnostics.after_edit(&paths).await, None);
    fs::write(&paths[0], "x".repeat(2_000_000)).unwrap();
    assert_eq!(scene.diagnostics.after_edit(&paths).await, None);
    let told = scene.edit("a.txt", "error: back\n").await.unwrap();
    assert_eq!(told.lines().last().unwrap(), "a.txt:1:1 error back");
    assert_eq!(scene.problems(), [""; 0]);
    scene.diagnostics.shutdown().await;
}

#[tokio::test]
async fn a_server_is_told_what_the_protocol_wants() {
    let scene = Scene::new(&["--answers", "--log", "{}/log"]);
    scene.write("a.txt", "fine\n");
    scene.edit("a.txt", "fine too\n").await;
    fs::remove_file(scene.file("a.txt")).unwrap();
    scene.diagnostics.after_edit(&[scene.file("a.txt")]).await;
    scene.diagnostics.shutdown().await;
    let log = fs::read_to_string(scene.path("log")).unwrap();
    let mut methods: Vec<&str> = log.lines().collect();
    // The answer to its own question comes whenever it comes.
    methods.retain(|method| *method != "answer");
    assert_eq!(
        methods,
        [
            "initialize",
            "initialized",
            "workspace/didChangeConfiguration",
            "textDocument/didOpen",
            "textDocument/diagnostic",
            "textDocument/didChange",
            "textDocument/didSave",
            "workspace/didChangeWatchedFiles",
            "textDocument/diagnostic",
            "textDocument/didClose",
            "workspace/didChangeWatchedFiles",
            "shutdown",
        ]
    );
}
