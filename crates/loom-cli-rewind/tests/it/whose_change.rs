//! Two threads, the person, and commands that overlap or never end.

use loom_cli_rewind::{BackgroundEnd, CallStart, OnConflict, Reach, Rewind};

use crate::scene::{Scene, back, call, kept, restored, shell, thread};

fn edit(scene: &Scene, number: u64, call_id: &str, paths: &[&str]) -> CallStart {
    let root = scene.root().canonicalize().unwrap();
    CallStart {
        thread: thread(number),
        reach: Reach::Paths(paths.iter().map(|path| root.join(path)).collect()),
        ..shell(call_id)
    }
}

async fn end(rewind: &Rewind, number: u64, call_id: &str) {
    rewind.after_call(thread(number), 2, call_id).await.unwrap();
}

#[tokio::test]
async fn a_file_that_another_threads_call_names_is_not_this_threads() {
    let scene = Scene::new();
    let rewind = scene.open().await;
    let other_process = scene.open().await;
    let point = rewind.before_call(shell("c1")).await.unwrap();
    scene.write("from-shell", "x");
    let edit = edit(&scene, 2, "e1", &["other", "folder"]);
    other_process.before_call(edit).await.unwrap();
    scene.write("other", "x");
    scene.write("folder/in", "x");
    scene.write("from-shell-too", "x");
    end(&other_process, 2, "e1").await;
    scene.write("others-name-without-a-call", "x");
    end(&rewind, 1, "c1").await;

    let report = back(&rewind, point.number).await;
    assert_eq!(
        restored(&report),
        ["from-shell", "from-shell-too", "others-name-without-a-call"]
    );
    assert_eq!(kept(&report), Vec::<String>::new());
    assert!(scene.read("other").is_some() && scene.read("folder/in").is_some());
}

#[tokio::test]
async fn what_others_change_while_a_call_edits_its_files_is_not_the_calls() {
    let scene = Scene::new();
    let rewind = scene.open().await;
    let point = rewind
        .before_call(edit(&scene, 1, "e1", &["own"]))
        .await
        .unwrap();
    scene.write("own", "x");
    scene.write("owner", "saved by the person in the meantime");
    end(&rewind, 1, "e1").await;
    let report = back(&rewind, point.number).await;
    assert_eq!(restored(&report), ["own"]);
    assert!(scene.read("owner").is_some());
}

#[tokio::test]
async fn what_was_changed_while_two_commands_ran_is_left_alone_and_said() {
    let scene = Scene::new();
    let rewind = scene.open().await;
    let point = rewind.before_call(shell("c1")).await.unwrap();
    scene.write("surely-of-1", "x");
    let second = CallStart {
        thread: thread(2),
        ..shell("c1")
    };
    rewind.before_call(second).await.unwrap();
    scene.write("of-either", "x");
    end(&rewind, 2, "c1").await;
    scene.write("surely-of-1-again", "x");
    end(&rewind, 1, "c1").await;

    let report = back(&rewind, point.number).await;
    assert_eq!(restored(&report), ["surely-of-1", "surely-of-1-again"]);
    let reason = "of-either: it was changed while commands of two threads ran";
    assert_eq!(kept(&report), [reason]);
    assert!(scene.read("of-either").is_some());

    let forced = rewind
        .restore(thread(1), 9, point.number, OnConflict::Overwrite)
        .await
        .unwrap();
    assert_eq!(restored(&forced), ["of-either"]);
    assert_eq!(scene.read("of-either"), None);
}

#[tokio::test]
async fn each_of_two_threads_goes_back_on_its_own() {
    let scene = Scene::new();
    scene.write("one", "0");
    scene.write("two", "0");
    let (first, second) = (scene.open().await, scene.open().await);
    let point = call(&first, "c1", || scene.write("one", "1")).await;
    let start = CallStart {
        thread: thread(2),
        ..shell("c1")
    };
    let other = second.before_call(start).await.unwrap();
    scene.write("two", "2");
    end(&second, 2, "c1").await;
    call(&first, "c2", || scene.write("one", "11")).await;

    back(&first, point.number).await;
    assert_eq!(
        (scene.read("one"), scene.read("two")),
        (Some("0".into()), Some("2".into()))
    );
    let report = second
        .restore(thread(2), 9, other.number, OnConflict::Keep)
        .await
        .unwrap();
    assert_eq!(restored(&report), ["two"]);
    assert_eq!(
        (scene.read("one"), scene.read("two")),
        (Some("0".into()), Some("0".into()))
    );
}

/// Begins a call of thread 1 that gives the hand back while its command goes on, and returns its
/// point.
async fn background(rewind: &Rewind, call_id: &str) -> u64 {
    let point = rewind.before_call(shell(call_id)).await.unwrap();
    rewind.call_goes_on(thread(1), 2, call_id).await.unwrap();
    point.number
}

#[tokio::test]
async fn a_command_in_the_background_that_came_to_its_end_is_undone_up_to_there() {
    let scene = Scene::new();
    let rewind = scene.open().await;
    let point = background(&rewind, "build").await;
    rewind.begin_turn(thread(1), 4, "and now").await.unwrap();
    scene.write("built", "x");
    call(&rewind, "c2", || {}).await;
    scene.write("built-too", "x");
    let ended = rewind.background_ended(thread(1), 5, "build", BackgroundEnd::ByItself);
    ended.await.unwrap();
    scene.write("written-by-person", "x");
    let report = back(&rewind, point).await;
    assert_eq!(restored(&report), ["built", "built-too"]);
    assert_eq!((report.kept, report.running), (vec![], vec![]));
}

const BESIDE: &str = "it was changed while a command ran in the background, and may be yours";

#[tokio::test]
async fn beside_a_command_in_the_background_that_had_to_be_ended_the_persons_work_stays() {
    let scene = Scene::new();
    let rewind = scene.open().await;
    let point = rewind.before_call(shell("server")).await.unwrap();
    scene.write("made-at-its-start", "x");
    rewind.call_goes_on(thread(1), 2, "server").await.unwrap();
    scene.write("either's", "x");
    call(&rewind, "c2", || scene.write("made-by-a-call", "x")).await;
    let ended = rewind.background_ended(thread(1), 5, "server", BackgroundEnd::Stopped);
    ended.await.unwrap();
    scene.write("written-by-person", "x");
    let report = back(&rewind, point.number).await;
    assert_eq!(restored(&report), ["made-at-its-start", "made-by-a-call"]);
    assert_eq!(kept(&report), [format!("either's: {BESIDE}")]);
    assert!(scene.read("either's").is_some());
}

#[tokio::test]
async fn going_back_beside_a_command_that_still_runs_says_so_and_leaves_what_may_be_the_persons() {
    let scene = Scene::new();
    let rewind = scene.open().await;
    let point = background(&rewind, "server").await;
    scene.write("either's", "x");
    let report = back(&rewind, point).await;
    assert_eq!(restored(&report), Vec::<&str>::new());
    assert_eq!(kept(&report), [format!("either's: {BESIDE}")]);
    assert_eq!(report.running, ["bash server"]);
}

#[tokio::test]
async fn going_back_to_a_point_in_the_midst_of_a_call_takes_back_the_rest_of_it() {
    let scene = Scene::new();
    let rewind = scene.open().await;
    rewind.before_call(shell("server")).await.unwrap();
    scene.write("early", "x");
    let turn = rewind.begin_turn(thread(1), 4, "and now").await.unwrap();
    scene.write("late", "x");
    end(&rewind, 1, "server").await;
    let report = back(&rewind, turn.number).await;
    assert_eq!(restored(&report), ["late"]);
    assert!(scene.read("early").is_some());
}
