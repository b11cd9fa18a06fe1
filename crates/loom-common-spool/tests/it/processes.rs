//! Several processes on one store, and processes that are killed.
//!
//! The other processes are this test binary, started again to run one test: `writer`. It does
//! nothing in an ordinary run, and in a process of its own what the variables say.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use loom_common_spool::{SnapshotId, SnapshotSettings, SnapshotStore, SpoolError};

use crate::scene::{Scene, day, files, held};

/// Holds the folder of the scene.
const SCENE: &str = "LOOM_TEST_SCENE";
/// Holds the number of the process.
const WRITER: &str = "LOOM_TEST_WRITER";

/// How many snapshots a process takes, where it has not to go on for ever.
const SNAPSHOTS: usize = 12;

/// Number of the process that goes on until it is killed.
const ENDLESS: u64 = 1000;

/// Files that each process has.
const FILES: usize = 60;

fn start_writer(scene: &Scene, number: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::writer", "--nocapture"])
        .env(SCENE, scene.outside(""))
        .env(WRITER, number.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn writer() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test that starts this process says so what it is to do"
    )]
    let variable = |name| std::env::var_os(name);
    let (Some(folder), Some(number)) = (variable(SCENE), variable(WRITER)) else {
        return;
    };
    let number: u64 = number.to_str().unwrap().parse().unwrap();
    let folder = PathBuf::from(folder);
    let own = folder.join(format!("work/{number}"));
    std::fs::create_dir_all(&own).unwrap();
    let settings = SnapshotSettings::default();
    let store = SnapshotStore::open(&folder.join("state"), &folder.join("work"), settings);
    let store = store.unwrap();
    let mut round = 0;
    while number == ENDLESS || round < SNAPSHOTS {
        for file in 0..FILES {
            let content = format!("{number} {round} {file} {}", "x".repeat(file * 50));
            std::fs::write(own.join(format!("file{file}")), content).unwrap();
        }
        let snapshot = store.lock().unwrap().snapshot(day(0)).unwrap();
        assert_eq!(snapshot.began_anew, None);
        // Straight to the pipe: once it is there, the snapshot must be in the store.
        std::io::stdout()
            .write_all(format!("\ntaken {round} {}\n", snapshot.id).as_bytes())
            .unwrap();
        round += 1;
    }
}

/// Reads the snapshots that a process has said to have taken, up to `enough` or its end.
fn taken(output: &mut impl BufRead, enough: usize) -> Vec<(usize, SnapshotId)> {
    output
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| {
            let (round, id) = line.strip_prefix("taken ")?.split_once(' ')?;
            Some((round.parse().ok()?, id.parse().ok()?))
        })
        .take(enough)
        .collect()
}

fn own_files(held: BTreeMap<String, String>, number: u64) -> BTreeMap<String, String> {
    let own = format!("{number}/");
    held.into_iter()
        .filter(|(path, _)| path.starts_with(&own))
        .collect()
}

fn written(number: u64, round: usize) -> BTreeMap<String, String> {
    let file = |file: usize| {
        let content = format!("{number} {round} {file} {}", "x".repeat(file * 50));
        (format!("{number}/file{file}"), content)
    };
    (0..FILES).map(file).collect()
}

#[test]
fn what_was_taken_survives_that_the_process_is_killed() {
    let scene = Scene::new();
    let mut all = Vec::new();
    for enough in [1, 3, 2, 5, 1, 4] {
        let mut process = start_writer(&scene, ENDLESS);
        let mut output = BufReader::new(process.stdout.take().unwrap());
        all.extend(taken(&mut output, enough));
        process.kill().unwrap();
        all.extend(taken(&mut output, usize::MAX));
        process.wait().unwrap();
        // The next one finds what this one has left: half of a snapshot.
    }
    let last = scene.take();
    assert_eq!(last.began_anew, None);
    assert_eq!(scene.held(last.id), files(&scene.root()));
    assert!(all.len() >= 16);
    let reader = scene.reader();
    for (round, id) in all {
        assert_eq!(held(&reader, id), written(ENDLESS, round));
    }
}

#[test]
fn processes_that_take_snapshots_of_one_folder_do_not_harm_each_other() {
    const PROCESSES: u64 = 4;
    let scene = Scene::new();
    let processes: Vec<Child> = (0..PROCESSES)
        .map(|number| start_writer(&scene, number))
        .collect();
    let mut all = Vec::new();
    for (number, mut process) in (0..).zip(processes) {
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let taken = taken(&mut output, usize::MAX);
        assert!(process.wait().unwrap().success());
        assert_eq!(taken.len(), SNAPSHOTS);
        all.push((number, taken));
    }
    let reader = scene.reader();
    for (number, taken) in all {
        for (round, id) in taken {
            // Nobody else writes there, so each snapshot has what its process had written.
            let own = own_files(held(&reader, id), number);
            assert_eq!(own, written(number, round));
        }
    }
}

#[test]
fn a_reader_goes_on_while_the_store_is_written_anew() {
    let scene = Scene::new();
    scene.write("a", "old");
    let old = scene.take_on(0);
    let reader = scene.reader();
    scene.write("a", "new");
    let new = scene.take_on(1);
    let store = scene.store();
    assert!(store.lock().unwrap().prune(day(1000)).unwrap().snapshots > 0);
    assert_eq!(held(&reader, old.id)["a"], "old");
    assert!(!scene.reader().contains(old.id).unwrap());
    assert!(scene.reader().contains(new.id).unwrap());
}

#[test]
fn who_waits_too_long_for_another_is_told() {
    let mut scene = Scene::new();
    scene.settings.lock_limit = Duration::from_millis(20);
    let first = scene.store();
    let held = first.lock().unwrap();
    let error = scene.store().lock().unwrap_err();
    assert!(matches!(error, SpoolError::Busy { .. }), "{error:?}");
    drop(held);
    scene.store().lock().unwrap();
}
