//! A store stays within its limits.

use std::fs;
use std::time::Duration;

use loom_common_spool::{Pruned, SnapshotId, SpoolError};

use crate::scene::{Scene, day, map};

/// Content that does not get smaller by compressing.
fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..bytes).map(next).collect()
}

fn prune(scene: &Scene, days: i64) -> Pruned {
    let store = scene.store();
    store.lock().unwrap().prune(day(days)).unwrap()
}

fn kept(scene: &Scene, snapshots: &[SnapshotId]) -> Vec<bool> {
    let reader = scene.reader();
    snapshots
        .iter()
        .map(|id| reader.contains(*id).unwrap())
        .collect()
}

#[test]
fn snapshots_that_are_too_old_go_with_what_only_they_hold() {
    let mut scene = Scene::new();
    scene.settings.limits.age = Duration::from_secs(10 * 24 * 3600);
    let mut ids = Vec::new();
    for days in 0..6 {
        scene.write("always", "the same");
        scene.write("file", noise(days as u64, 10_000));
        scene.write("sub/file", format!("day {days}"));
        ids.push(scene.take_on(days).id);
    }
    // Nothing is old enough.
    assert_eq!(prune(&scene, 11), Pruned::default());
    assert_eq!(kept(&scene, &ids), [true; 6]);

    let pruned = prune(&scene, 12);
    assert_eq!(pruned.snapshots, 2);
    assert!(pruned.bytes > 20_000, "{pruned:?}");
    assert_eq!(kept(&scene, &ids), [false, false, true, true, true, true]);
    let reader = scene.reader();
    for (days, id) in (0..).zip(&ids).skip(2) {
        let read = |path| {
            let version = reader.version(*id, path).unwrap().unwrap();
            reader.read(version).unwrap().unwrap()
        };
        assert_eq!(read("file"), noise(days, 10_000));
        assert_eq!(read("sub/file"), format!("day {days}").into_bytes());
        assert_eq!(read("always"), b"the same");
    }
    // The store goes on, and what it knows of the files is still true.
    assert_eq!(scene.take_on(12).id, ids[5]);
    scene.write("new", "x");
    let snapshot = scene.take_on(12);
    assert_eq!(scene.held(snapshot.id)["new"], "x");
}

#[test]
fn the_newest_snapshot_stays_however_old_it_is() {
    let scene = Scene::new();
    scene.write("a", "old");
    let first = scene.take_on(0).id;
    scene.write("a", "new");
    let second = scene.take_on(1).id;
    assert_eq!(prune(&scene, 1000).snapshots, 1);
    assert_eq!(kept(&scene, &[first, second]), [false, true]);
    assert_eq!(scene.held(second), map([("a", "new")]));
}

#[test]
fn a_snapshot_is_as_old_as_its_last_taking() {
    let mut scene = Scene::new();
    scene.settings.limits.age = Duration::from_secs(10 * 24 * 3600);
    scene.write("a", "one");
    let one = scene.take_on(0).id;
    scene.write("a", "two");
    let two = scene.take_on(1).id;
    scene.write("a", "one");
    assert_eq!(scene.take_on(10).id, one);
    assert_eq!(prune(&scene, 15).snapshots, 1);
    assert_eq!(kept(&scene, &[one, two]), [true, false]);
}

#[test]
fn a_full_store_drops_its_oldest_snapshots() {
    let mut scene = Scene::new();
    scene.settings.limits.store_bytes = 1 << 20;
    let mut ids = Vec::new();
    for round in 0..12 {
        scene.write("file", noise(round, 200_000));
        ids.push(scene.take().id);
        let head = fs::read_to_string(scene.store_path().join("head")).unwrap();
        let head: serde_json::Value = serde_json::from_str(&head).unwrap();
        assert!(head["pack"].as_u64().unwrap() <= 1 << 20, "{head}");
    }
    let kept = kept(&scene, &ids);
    assert!(!kept[0] && kept[11] && kept[10], "{kept:?}");
    assert!(kept.is_sorted(), "{kept:?}");
    let generations = fs::read_dir(scene.store_path())
        .unwrap()
        .filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().starts_with("objects-")
        })
        .count();
    assert_eq!(generations, 1);
}

#[test]
fn a_workspace_that_does_not_fit_is_refused_and_the_store_stays_usable() {
    let mut scene = Scene::new();
    scene.settings.limits.store_bytes = 1 << 20;
    scene.write("a", "small");
    let before = scene.take().id;
    for number in 0..10 {
        scene.write(&format!("large/{number}"), noise(number, 120_000));
    }
    let store = scene.store();
    let error = store.lock().unwrap().snapshot(day(0)).unwrap_err();
    assert!(
        matches!(&error, SpoolError::TooLarge { limit, .. } if limit == "1 MiB"),
        "{error:?}"
    );
    fs::remove_dir_all(scene.path("large")).unwrap();
    assert_eq!(scene.take().id, before);
    assert_eq!(scene.held(before), map([("a", "small")]));
}
