//! Measures snapshots: `snapshot FOLDER ITERATIONS` prints, in milliseconds, the first snapshot of
//! the folder, and the medians of those after a file was changed, and after nothing was.
//!
//! It writes a file into FOLDER, and removes it again; the store is a temporary folder.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program for measuring by hand"
)]

use std::env::args;
use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;
use loom_common_spool::{SnapshotSettings, SnapshotStore};

fn main() {
    let [folder, iterations] = args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .expect("usage: snapshot FOLDER ITERATIONS");
    let iterations: usize = iterations.parse().expect("ITERATIONS is a number");
    let folder = Path::new(&folder);
    let state = tempfile::tempdir().expect("a temporary folder");
    let store = SnapshotStore::open(state.path(), folder, SnapshotSettings::default())
        .expect("FOLDER is a folder");
    let snapshot = || {
        let start = Instant::now();
        store
            .lock()
            .and_then(|mut store| store.snapshot(Timestamp::UNIX_EPOCH))
            .expect("a snapshot");
        start.elapsed().as_secs_f64() * 1000.0
    };
    let first = snapshot();
    // Reads once more what was changed right before the first, as a session does.
    snapshot();
    let changed = folder.join("changed-while-measuring");
    let (mut after_change, mut after_nothing) = (Vec::new(), Vec::new());
    for iteration in 0..iterations.max(1) {
        std::fs::write(&changed, format!("{iteration}\n")).expect("FOLDER is writable");
        after_change.push(snapshot());
        after_nothing.push(snapshot());
    }
    std::fs::remove_file(&changed).expect("it was written");
    println!(
        "{first:.1} {:.1} {:.1}",
        median(after_change),
        median(after_nothing)
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
