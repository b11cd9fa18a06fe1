//! How servers start and end.

use std::sync::Arc;

use loom_cli_lsp::Launch;

use crate::scene::{Scene, gone};

#[tokio::test]
async fn nothing_starts_before_the_first_edit() {
    let scene = Scene::new(&["--child", "{}/child"]);
    assert_eq!(scene.diagnostics.come_in(), None);
    scene.diagnostics.shutdown().await;
    assert!(!scene.path("child").exists());
}

#[tokio::test]
async fn a_server_ends_with_the_session_and_with_all_that_it_started() {
    let scene = Scene::new(&["--child", "{}/child"]);
    scene.edit("a.txt", "fine\n").await;
    let child = scene.content("child").await;
    scene.diagnostics.shutdown().await;
    gone(&child).await;
}

#[tokio::test]
async fn a_server_that_hangs_is_killed_at_the_end() {
    let scene = Scene::with(&["--child", "{}/child"], |setup| {
        setup.wait = std::time::Duration::from_millis(10);
    });
    let child = async {
        scene.edit("a.txt", "hang\n").await;
        scene.content("child").await
    };
    let child = child.await;
    scene.diagnostics.shutdown().await;
    gone(&child).await;
}

#[tokio::test]
async fn dropping_it_kills_the_servers() {
    let scene = Scene::new(&["--child", "{}/child"]);
    scene.edit("a.txt", "fine\n").await;
    let child = scene.content("child").await;
    drop(scene);
    gone(&child).await;
}

#[tokio::test]
async fn servers_start_as_the_launcher_says() {
    let scene = Scene::with(&["--answers"], |setup| {
        let marker = setup.workspace.join("../launched");
        setup.launcher = Some(Arc::new(move |program, arguments| {
            let script = format!("echo \"$GREETING\" > {}; exec \"$@\"", marker.display());
            let mut wrapped = vec!["-c".into(), script.into(), "sh".into(), program.into()];
            wrapped.extend(arguments.iter().map(Into::into));
            Ok(Launch {
                program: "/bin/sh".into(),
                arguments: wrapped,
                environment: vec![("GREETING".into(), "hello".into())],
            })
        }));
    });
    let told = scene.edit("a.txt", "error: x\n").await.unwrap();
    assert_eq!(told.lines().last().unwrap(), "a.txt:1:1 error x");
    assert_eq!(scene.content("launched").await, "hello\n");
    scene.diagnostics.shutdown().await;
}

#[tokio::test]
async fn a_launcher_that_refuses_is_told_to_the_person() {
    let scene = Scene::with(&[], |setup| {
        setup.launcher = Some(Arc::new(|_, _| {
            Err(std::io::Error::other("there is no sandbox"))
        }));
    });
    assert_eq!(scene.edit("a.txt", "error: x\n").await, None);
    assert_eq!(
        scene.problems(),
        [
            "the language server scripted cannot start, so there are no diagnostics from it: there is \
          no sandbox"
        ]
    );
}
