//! Kills, full disks, damage, and folders that are too much.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use loom_cli_rewind::{CallStart, OnConflict, Rewind, RewindError, RewindSettings};
use loom_common_spool::{SnapshotSettings, SpoolError};

use crate::scene::{Scene, back, call, kept, restored, shell, thread};

/// Holds the folder of a scene, for the process that is killed.
const SCENE: &str = "LOOM_TEST_SCENE";

/// Returns the folder of the workspace's points.
fn folder(scene: &Scene) -> PathBuf {
    let mut folders = fs::read_dir(scene.state()).unwrap();
    folders.next().unwrap().unwrap().path()
}

fn is_full<T>(result: Result<T, RewindError>) -> bool {
    matches!(
        result,
        Err(RewindError::Snapshot(SpoolError::DiskFull { .. }))
    )
}

#[tokio::test]
async fn a_full_disk_is_an_error_of_each_point_until_there_is_room() {
    let scene = Scene::new();
    scene.write("a", "old");
    let rewind = scene.open().await;
    let point = rewind.before_call(shell("c1")).await.unwrap();
    scene.write("a", "new");
    let log = folder(&scene).join("points.jsonl");
    let aside = folder(&scene).join("aside");
    fs::rename(&log, &aside).unwrap();
    symlink("/dev/full", &log).unwrap();
    assert!(is_full(rewind.after_call(thread(1), 2, "c1").await));
    assert!(is_full(rewind.begin_turn(thread(1), 3, "again").await));
    fs::rename(&aside, &log).unwrap();

    // The end of the call was not forgotten: what comes now is the person's.
    rewind.begin_turn(thread(1), 3, "again").await.unwrap();
    scene.write("persons", "x");
    let report = back(&rewind, point.number).await;
    assert_eq!(restored(&report), ["a"]);
    assert_eq!(scene.read("a").unwrap(), "old");
}

#[tokio::test]
async fn a_disk_without_room_for_the_list_changes_no_file() {
    let scene = Scene::new();
    scene.write("a", "old");
    let rewind = scene.open().await;
    let point = call(&rewind, "c1", || scene.write("a", "new")).await;
    let log = folder(&scene).join("points.jsonl");
    // Reads as before, and takes nothing more.
    let bytes = fs::read(&log).unwrap();
    let new = folder(&scene).join("snapshots/head.new");
    symlink("/dev/full", &new).unwrap();
    let result = rewind
        .restore(thread(1), 9, point.number, OnConflict::Keep)
        .await;
    assert!(is_full(result));
    assert_eq!(scene.read("a").unwrap(), "new");
    assert_eq!(fs::read(&log).unwrap(), bytes);
    back(&rewind, point.number).await;
    assert_eq!(scene.read("a").unwrap(), "old");
}

#[tokio::test]
async fn a_line_that_was_cut_off_is_skipped() {
    let scene = Scene::new();
    scene.write("a", "old");
    let rewind = scene.open().await;
    let point = call(&rewind, "c1", || scene.write("a", "new")).await;
    let log = folder(&scene).join("points.jsonl");
    let mut file = OpenOptions::new().append(true).open(&log).unwrap();
    file.write_all(b"{\"number\":3,\"thr").unwrap();
    let next = call(&rewind, "c2", || scene.write("b", "new")).await;
    assert_eq!(next.number, 3);
    assert_eq!(rewind.points(thread(1)).await.unwrap().len(), 2);
    assert_eq!(restored(&back(&rewind, point.number).await), ["a", "b"]);
}

#[tokio::test]
async fn a_store_that_was_damaged_is_begun_anew_and_its_points_are_not_available() {
    let scene = Scene::new();
    scene.write("a", "old");
    let rewind = scene.open().await;
    let lost = call(&rewind, "c1", || scene.write("a", "new")).await;
    let snapshots = folder(&scene).join("snapshots");
    fs::write(snapshots.join("head"), "{").unwrap();

    let next = rewind.before_call(shell("c2")).await.unwrap();
    assert!(next.began_anew.unwrap().join("objects-1").exists());
    assert_eq!(next.number, 3);
    scene.write("a", "newer");
    rewind.after_call(thread(1), 2, "c2").await.unwrap();
    let points = rewind.points(thread(1)).await.unwrap();
    let available: Vec<_> = points.iter().map(|point| point.is_available).collect();
    assert_eq!(available, [false, true]);
    let error = rewind
        .restore(thread(1), 9, lost.number, OnConflict::Keep)
        .await
        .unwrap_err();
    assert!(matches!(error, RewindError::Expired { number } if number == lost.number));
    assert_eq!(scene.read("a").unwrap(), "newer");
    back(&rewind, next.number).await;
    assert_eq!(scene.read("a").unwrap(), "new");
}

#[tokio::test]
async fn a_folder_that_is_too_much_turns_undo_off_for_the_session() {
    let scene = Scene::new();
    for number in 0..11 {
        scene.write(&number.to_string(), "x");
    }
    let mut settings = SnapshotSettings::default();
    settings.limits.files = 10;
    let rewind = scene.open_with(settings).await.unwrap();
    let error = rewind.begin_turn(thread(1), 1, "go").await.unwrap_err();
    assert!(
        matches!(error, RewindError::Snapshot(SpoolError::TooLarge { .. })),
        "{error:?}"
    );
    // It is not tried again, which would cost as much again.
    scene.delete("0");
    let error = rewind.begin_turn(thread(1), 1, "go").await.unwrap_err();
    assert!(matches!(error, RewindError::Off { .. }), "{error:?}");
    assert!(rewind.points(thread(1)).await.unwrap().is_empty());
}

#[tokio::test]
async fn old_points_go_and_so_do_those_of_workspaces_that_nobody_uses() {
    let scene = Scene::new();
    scene.write("a", "0");
    let other = Scene::new();
    let settings = RewindSettings {
        root: scene.state(),
        snapshots: SnapshotSettings::default(),
    };
    let now = scene.now.clone();
    let clock = move || {
        let now = now.load(Ordering::Relaxed);
        Timestamp::from_millisecond(now).unwrap()
    };
    let elsewhere = Rewind::open(settings, &other.root(), Arc::new(clock))
        .await
        .unwrap();
    elsewhere
        .begin_turn(thread(1), 1, "elsewhere")
        .await
        .unwrap();
    assert_eq!(fs::read_dir(scene.state()).unwrap().count(), 1);

    let rewind = scene.open().await;
    let old = call(&rewind, "c1", || scene.write("a", "1")).await;
    assert_eq!(fs::read_dir(scene.state()).unwrap().count(), 2);
    scene.pass_days(20);
    let recent = call(&rewind, "c2", || scene.write("a", "2")).await;
    rewind.tidy().await.unwrap();
    assert_eq!(rewind.points(thread(1)).await.unwrap().len(), 2);

    scene.pass_days(15);
    let rewind = scene.open().await;
    rewind.tidy().await.unwrap();
    let points = rewind.points(thread(1)).await.unwrap();
    let numbers: Vec<_> = points.iter().map(|point| point.number).collect();
    assert_eq!(numbers, [recent.number]);
    let error = rewind
        .restore(thread(1), 9, old.number, OnConflict::Keep)
        .await
        .unwrap_err();
    assert!(
        matches!(error, RewindError::UnknownPoint { .. }),
        "{error:?}"
    );
    assert_eq!(fs::read_dir(scene.state()).unwrap().count(), 1);
    back(&rewind, recent.number).await;
    assert_eq!(scene.read("a").unwrap(), "1");
    // Numbers are not used again.
    let next = rewind.begin_turn(thread(1), 1, "go").await.unwrap();
    assert!(next.number > recent.number + 1, "{next:?}");
}

/// Does nothing in an ordinary run; in a process of its own it begins calls until it is killed.
#[tokio::test]
async fn worker() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test that starts this process says so what it is to do"
    )]
    let variable = std::env::var_os(SCENE);
    let Some(folder) = variable else {
        return;
    };
    let scene = Scene::at(PathBuf::from(folder));
    let rewind = scene.open().await;
    for round in 0_u64.. {
        let call_id = format!("c{round}");
        let point = rewind.before_call(shell(&call_id)).await.unwrap();
        std::io::stdout()
            .write_all(format!("\nbegun {}\n", point.number).as_bytes())
            .unwrap();
        for file in 0..40 {
            scene.write(&format!("agent/{file}"), format!("{round} {file}"));
        }
        rewind.after_call(thread(1), 2, &call_id).await.unwrap();
    }
}

pub(crate) fn start_worker(scene: &Scene) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "trouble::worker", "--nocapture"])
        .env(SCENE, scene.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn what_a_killed_process_did_last_may_be_the_persons_and_is_undone_only_when_forced() {
    let scene = Scene::new();
    scene.write("agent/0", "before");
    scene.write("persons", "x");
    let before = scene.disk();
    let mut first = None;
    for enough in [1, 3, 2] {
        let mut process = start_worker(&scene);
        let output = BufReader::new(process.stdout.take().unwrap());
        let begun = output
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix("begun ")?.parse::<u64>().ok());
        let begun: Vec<u64> = begun.take(enough).collect();
        assert_eq!(begun.len(), enough);
        first.get_or_insert(begun[0]);
        process.kill().unwrap();
        process.wait().unwrap();
    }
    // Half of the files of the last call may be written, and its end is in no list.
    scene.write("after-the-kill", "x");
    let rewind = scene.open().await;
    let report = back(&rewind, first.unwrap()).await;
    let reason =
        "after-the-kill: it was changed after Loom was cut off in a call, and may be yours";
    assert!(kept(&report).contains(&reason.to_owned()), "{report:?}");
    assert!(scene.read("after-the-kill").is_some());

    rewind.begin_turn(thread(1), 9, "go on").await.unwrap();
    scene.write("much-later", "x");
    let forced = rewind
        .restore(thread(1), 9, first.unwrap(), OnConflict::Overwrite)
        .await
        .unwrap();
    assert_eq!(forced.kept, []);
    assert!(scene.read("much-later").is_some());
    scene.delete("much-later");
    assert_eq!(scene.disk(), before);
}

#[tokio::test]
async fn another_threads_call_that_was_cut_off_makes_nothing_unclear() {
    let scene = Scene::new();
    let mut process = start_worker(&scene);
    let output = BufReader::new(process.stdout.take().unwrap());
    let begun = output
        .lines()
        .map_while(Result::ok)
        .find(|line| line.starts_with("begun"));
    assert!(begun.is_some());
    process.kill().unwrap();
    process.wait().unwrap();

    let rewind = scene.open().await;
    let start = CallStart {
        thread: thread(2),
        ..shell("c1")
    };
    let point = rewind.before_call(start).await.unwrap();
    scene.write("mine", "x");
    rewind.after_call(thread(2), 2, "c1").await.unwrap();
    let report = rewind
        .restore(thread(2), 9, point.number, OnConflict::Keep)
        .await
        .unwrap();
    assert_eq!(
        (restored(&report), report.kept.clone()),
        (vec!["mine"], vec![])
    );
}
