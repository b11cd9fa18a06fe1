//! Several processes on one file, and processes that are killed.
//!
//! The other processes are this test binary, started again to run one test: `writer`. It does
//! nothing in an ordinary run, and in a process of its own what the variables say.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use loom_common_core::{Entry, Message};
use loom_common_thread::{ThreadStore, ThreadStoreError};

use crate::scene::{Scene, at, id, new_thread};

/// Holds the path of the store.
const STORE: &str = "LOOM_TEST_STORE";
/// Holds the number of the process.
const WRITER: &str = "LOOM_TEST_WRITER";

/// How many messages a process has to get into the thread, where it has not to go on for ever.
const MESSAGES: usize = 20;

/// Number of the process that goes on until it is killed.
const ENDLESS: u64 = 1000;

/// Starts a process that appends to thread 1, and prints `stored N` after its message at place N.
fn start_writer(scene: &Scene, number: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::writer", "--nocapture"])
        .env(STORE, scene.path())
        .env(WRITER, number.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn message(number: u64, seq: u64) -> Entry {
    Message::user(format!("writer {number} at {seq}: {}", "x".repeat(3000))).into()
}

#[tokio::test]
async fn writer() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test that starts this process says so what it is to do"
    )]
    let variable = |name| std::env::var_os(name);
    let (Some(path), Some(number)) = (variable(STORE), variable(WRITER)) else {
        return;
    };
    let number: u64 = number.to_str().unwrap().parse().unwrap();
    let store = ThreadStore::open(&PathBuf::from(path)).await.unwrap();
    // One of the processes makes the thread; all the others find it.
    match store.create(new_thread(1)).await {
        Ok(_) | Err(ThreadStoreError::Exists(_)) => {}
        Err(error) => panic!("{error}"),
    }
    let mut seq = store.load(id(1)).await.unwrap().unwrap().thread.entry_count;
    let mut stored = 0;
    while number == ENDLESS || stored < MESSAGES {
        match store.append(id(1), seq, &message(number, seq), at(1)).await {
            Ok(()) => {
                // Straight to the pipe: once it is there, the message must be in the store.
                std::io::stdout()
                    .write_all(format!("\nstored {seq}\n").as_bytes())
                    .unwrap();
                stored += 1;
                seq += 1;
            }
            Err(ThreadStoreError::Conflict { found, .. }) => seq = found,
            Err(error) => panic!("{error}"),
        }
    }
    store.close().await;
}

/// Reads the places that a process has said to have stored, up to `enough` or its end.
fn stored_places(output: &mut impl BufRead, enough: usize) -> Vec<u64> {
    output
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("stored ")?.parse().ok())
        .take(enough)
        .collect()
}

#[tokio::test]
async fn what_was_stored_survives_that_the_process_is_killed() {
    let scene = Scene::new();
    let mut stored = Vec::new();
    // Each process finds what the one before it has left: a log that nobody wrote back.
    for _ in 0..4 {
        let mut process = start_writer(&scene, ENDLESS);
        let mut output = BufReader::new(process.stdout.take().unwrap());
        stored.extend(stored_places(&mut output, 25));
        process.kill().unwrap();
        stored.extend(stored_places(&mut output, usize::MAX));
        process.wait().unwrap();
    }

    let loaded = scene.open().await.load(id(1)).await.unwrap().unwrap();
    // A process may be killed between storing a message and saying so.
    assert!(stored.len() >= 100);
    assert!(loaded.log.entries().len() >= stored.len());
    for seq in stored {
        assert_eq!(loaded.log.entries()[seq as usize], message(ENDLESS, seq));
    }
}

#[tokio::test]
async fn processes_that_continue_the_same_thread_lose_nothing_of_each_other() {
    const PROCESSES: u64 = 4;
    let scene = Scene::new();
    let processes: Vec<Child> = (0..PROCESSES)
        .map(|number| start_writer(&scene, number))
        .collect();
    let mut expected = Vec::new();
    for (number, mut process) in (0..).zip(processes) {
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let places = stored_places(&mut output, usize::MAX);
        assert!(process.wait().unwrap().success());
        assert_eq!(places.len(), MESSAGES);
        expected.extend(places.into_iter().map(|seq| (seq, message(number, seq))));
    }
    expected.sort_by_key(|(seq, _)| *seq);

    let loaded = scene.open().await.load(id(1)).await.unwrap().unwrap();
    let loaded: Vec<_> = (0..).zip(loaded.log.entries().iter().cloned()).collect();
    assert_eq!(loaded, expected);
}
