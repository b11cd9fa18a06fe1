//! Servers that are not there, or do what they should not.

use std::time::Duration;

use crate::scene::Scene;

/// Short: what is waited for never comes.
const SHORT: Duration = Duration::from_millis(50);

#[tokio::test]
async fn without_a_server_nothing_happens() {
    let scene = Scene::with(&[], |setup| {
        setup.servers[0].commands = vec![vec!["no-such-program".to_owned()], Vec::new()];
    });
    assert_eq!(scene.edit("a.txt", "error: x\n").await, None);
    assert_eq!(scene.edit("a.rs", "error: x\n").await, None);
    assert_eq!(scene.edit("../outside.txt", "error: x\n").await, None);
    assert_eq!(scene.problems(), [""; 0]);
}

#[tokio::test]
async fn a_program_of_the_project_is_no_server() {
    let scene = Scene::with(&[], |setup| {
        let command = &mut setup.servers[0].commands;
        let program = command.pop().unwrap().remove(0);
        let bin = setup.workspace.join("bin");
        std::fs::create_dir(&bin).unwrap();
        std::fs::copy(program, bin.join("planted")).unwrap();
        let path = format!("{}:bin", bin.display());
        setup.environment = vec![("PATH".into(), path.into())];
        *command = vec![vec!["planted".to_owned()], vec!["./bin/planted".to_owned()]];
    });
    assert_eq!(scene.edit("a.txt", "error: x\n").await, None);
}

#[tokio::test]
async fn a_server_that_cannot_start_is_tried_once() {
    let scene = Scene::new(&["--refuse"]);
    assert_eq!(scene.edit("a.txt", "error: x\n").await, None);
    assert_eq!(
        scene.problems(),
        [
            "the language server scripted cannot start, so there are no diagnostics from it: \
          error: Unknown binary in this toolchain"
        ]
    );
    assert_eq!(scene.edit("a.txt", "error: y\n").await, None);
    assert_eq!(scene.problems(), [""; 0]);
}

#[tokio::test]
async fn a_server_that_fails_is_started_again_some_times() {
    for (line, reason) in [
        (
            "crash",
            "it closed the connection; it said: thread 'main' panicked at the script",
        ),
        (
            "garbage",
            "it sent something else than the protocol: Oh no!",
        ),
        (
            "huge",
            "it sent something else than the protocol: a frame of 9999999999 bytes",
        ),
        ("flood", "it flooded the connection"),
    ] {
        let scene = Scene::new(&[]);
        for times in 1..=3 {
            assert_eq!(
                scene.edit("a.txt", &format!("{line}\n{times}\n")).await,
                None
            );
            // The end may become known a moment after the edit was answered.
            let problem = loop {
                match &scene.problems()[..] {
                    [] => tokio::task::yield_now().await,
                    [problem] => break problem.clone(),
                    more => panic!("{more:?}"),
                }
            };
            let expected = match times {
                3 => format!(
                    "the language server scripted ended 3 times and is left alone now: {reason}"
                ),
                _ => format!("the language server scripted ended: {reason}"),
            };
            assert_eq!(problem, expected);
        }
        assert_eq!(scene.edit("a.txt", "error: x\n").await, None);
        assert_eq!(scene.problems(), [""; 0]);
    }
}

#[tokio::test]
async fn a_server_that_came_back_works() {
    let scene = Scene::new(&["--answers"]);
    assert_eq!(scene.edit("a.txt", "crash\n").await, None);
    // With what made it crash it would crash again.
    scene.write("a.txt", "fine\n");
    let told = scene.edit("a.txt", "error: x\n").await.unwrap();
    assert_eq!(told.lines().last().unwrap(), "a.txt:1:1 error x");
    scene.diagnostics.shutdown().await;
}

#[tokio::test]
async fn a_server_that_says_nothing_delays_an_edit_no_longer_than_allowed() {
    for line in ["fine", "hang"] {
        let scene = Scene::with(&["--mute"], |setup| setup.wait = SHORT);
        for number in 0..4 {
            assert_eq!(
                scene.edit("a.txt", &format!("{line}\n{number}\n")).await,
                None
            );
        }
        scene.diagnostics.shutdown().await;
    }
}

#[tokio::test]
async fn what_comes_too_late_is_told_later() {
    let scene = Scene::with(&[], |setup| setup.wait = Duration::ZERO);
    assert_eq!(scene.edit("a.txt", "error: x\n").await, None);
    let told = loop {
        match scene.diagnostics.come_in() {
            Some(told) => break told,
            None => tokio::task::yield_now().await,
        }
    };
    assert_eq!(told.lines().last().unwrap(), "a.txt:1:1 error x");
    assert_eq!(scene.diagnostics.come_in(), None);
    scene.diagnostics.shutdown().await;
}
