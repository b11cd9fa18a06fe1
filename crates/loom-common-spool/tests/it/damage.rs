//! Damaged stores and full disks.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use loom_common_spool::{Snapshot, SpoolError};

use crate::scene::{Scene, day, map};

/// Files of a store in which something is written when a snapshot is taken.
const WRITTEN: [&str; 4] = [
    "objects-1/pack",
    "objects-1/catalog-0",
    "objects-1/snapshots",
    "head.new",
];

/// Makes other bytes of those of a file.
type Damage = dyn Fn(Vec<u8>) -> Vec<u8>;

fn try_take(scene: &Scene) -> Result<Snapshot, SpoolError> {
    let store = scene.store();
    let mut store = store.lock()?;
    store.snapshot(day(0))
}

fn stored(scene: &Scene, name: &str) -> PathBuf {
    scene.store_path().join(name)
}

#[test]
fn a_full_disk_is_said_and_the_next_snapshot_works() {
    for name in WRITTEN {
        let scene = Scene::new();
        scene.write("a", "one");
        // Makes the files, with nothing in them yet.
        drop(scene.store().lock().unwrap());
        let path = stored(&scene, name);
        let _ = fs::remove_file(&path);
        symlink("/dev/full", &path).unwrap();
        let error = try_take(&scene).unwrap_err();
        assert!(
            matches!(error, SpoolError::DiskFull { .. }),
            "{name}: {error:?}"
        );

        let _ = fs::remove_file(&path);
        if name != "head.new" {
            fs::write(&path, "").unwrap();
        }
        let snapshot = try_take(&scene).unwrap();
        assert_eq!(snapshot.began_anew, None, "{name}");
        assert_eq!(scene.held(snapshot.id), map([("a", "one")]), "{name}");
    }
}

#[test]
fn a_disk_that_fills_in_the_midst_of_a_snapshot_loses_nothing_that_was_there() {
    let scene = Scene::new();
    scene.write("a", "one");
    let before = scene.take();
    // A file of the store cannot grow any more.
    let pack = stored(&scene, "objects-1/pack");
    let aside = stored(&scene, "pack-aside");
    fs::rename(&pack, &aside).unwrap();
    symlink("/dev/full", &pack).unwrap();
    // It is shorter than it should be, which looks like damage; so it is only for the writer.
    scene.write("b", "two");
    let error = {
        fs::remove_file(&pack).unwrap();
        fs::rename(&aside, &pack).unwrap();
        let store = scene.store();
        let mut store = store.lock().unwrap();
        fs::rename(&pack, &aside).unwrap();
        symlink("/dev/full", &pack).unwrap();
        store.snapshot(day(0)).unwrap_err()
    };
    assert!(matches!(error, SpoolError::DiskFull { .. }), "{error:?}");
    fs::remove_file(&pack).unwrap();
    fs::rename(&aside, &pack).unwrap();

    assert_eq!(scene.held(before.id), map([("a", "one")]));
    let after = scene.take();
    assert_eq!(after.began_anew, None);
    assert_eq!(scene.held(after.id), map([("a", "one"), ("b", "two")]));
}

#[test]
fn an_index_that_cannot_be_written_costs_time_and_nothing_else() {
    let scene = Scene::new();
    scene.write("a", "one");
    symlink("/dev/full", stored_after_open(&scene, "index.new")).unwrap();
    let snapshot = scene.take();
    assert_eq!(scene.held(snapshot.id), map([("a", "one")]));
    assert!(!stored(&scene, "index").exists());
    assert_eq!(scene.take().id, snapshot.id);
}

fn stored_after_open(scene: &Scene, name: &str) -> PathBuf {
    drop(scene.store().lock().unwrap());
    stored(scene, name)
}

#[test]
fn a_damaged_store_is_moved_aside_and_a_new_one_is_begun() {
    let damage: [(&str, &Damage); 6] = [
        ("head", &|_| b"{".to_vec()),
        ("head", &|_| Vec::new()),
        ("objects-1/pack", &|bytes| bytes[..bytes.len() - 1].to_vec()),
        ("objects-1/catalog-0", &|bytes| {
            bytes[..bytes.len() - 1].to_vec()
        }),
        ("objects-1/snapshots", &|_| Vec::new()),
        ("head", &|bytes| {
            String::from_utf8(bytes)
                .unwrap()
                .replace("\"entries\":", "\"entries\":9")
                .into_bytes()
        }),
    ];
    for (name, change) in damage {
        let scene = Scene::new();
        scene.write("a", "one");
        let before = scene.take();
        let path = stored(&scene, name);
        let bytes = change(fs::read(&path).unwrap());
        fs::write(&path, bytes).unwrap();

        let snapshot = scene.take();
        let aside = snapshot.began_anew.unwrap();
        assert_eq!(
            aside,
            stored(&scene, "damaged").canonicalize().unwrap(),
            "{name}"
        );
        assert!(aside.join("objects-1/pack").exists(), "{name}");
        assert_eq!(snapshot.id, before.id);
        assert_eq!(scene.held(snapshot.id), map([("a", "one")]), "{name}");
        assert_eq!(scene.take().began_anew, None, "{name}");
    }
}

#[test]
fn files_that_are_missing_are_damage() {
    for name in ["objects-1", "objects-1/pack", "objects-1/catalog-0"] {
        let scene = Scene::new();
        scene.write("a", "one");
        scene.take();
        let path = stored(&scene, name);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
        assert!(
            matches!(scene.store().reader(), Err(SpoolError::Damaged { .. })),
            "{name}"
        );
        let snapshot = scene.take();
        assert!(snapshot.began_anew.is_some(), "{name}");
        assert_eq!(scene.held(snapshot.id), map([("a", "one")]), "{name}");
    }
}

#[test]
fn damage_that_is_found_in_reading_is_said_and_noted_for_the_next_snapshot() {
    let scene = Scene::new();
    scene.write("a", "one ".repeat(100));
    let snapshot = scene.take();
    let pack = stored(&scene, "objects-1/pack");
    let whole = fs::read(&pack).unwrap();
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        fs::write(&pack, bytes).unwrap();
        let reader = scene.reader();
        let error = reader
            .version(snapshot.id, "a")
            .and_then(|version| reader.read(version.unwrap()))
            .unwrap_err();
        assert!(
            matches!(error, SpoolError::Damaged { .. }),
            "byte {place}: {error:?}"
        );
        fs::remove_file(stored(&scene, "found-damaged")).unwrap();
    }
    fs::write(&pack, &whole[..10]).unwrap();
    let _ = scene.reader().version(snapshot.id, "a").unwrap_err();
    fs::write(&pack, &whole).unwrap();
    assert!(scene.take().began_anew.is_some());
}

#[test]
fn a_damaged_index_is_made_anew() {
    let scene = Scene::new();
    scene.write("a", "one");
    let before = scene.take();
    fs::write(stored(&scene, "index"), "nonsense").unwrap();
    let after = scene.take();
    assert_eq!((after.id, after.began_anew), (before.id, None));
}

#[test]
fn an_index_that_is_newer_than_the_store_is_not_trusted() {
    let scene = Scene::new();
    scene.write("a", "one");
    scene.take();
    let head = fs::read(stored(&scene, "head")).unwrap();
    scene.write("b", "two");
    scene.take();
    // What a crash of the machine may leave: the index got to the disk, the rest did not.
    fs::write(stored(&scene, "head"), head).unwrap();
    let snapshot = scene.take();
    assert_eq!(scene.held(snapshot.id), map([("a", "one"), ("b", "two")]));
}

#[test]
fn a_store_of_a_newer_version_is_refused_and_left_as_it_is() {
    let scene = Scene::new();
    scene.write("a", "one");
    scene.take();
    let head = br#"{"format":2,"generation":"of another kind"}"#;
    fs::write(stored(&scene, "head"), head).unwrap();
    let error = try_take(&scene).unwrap_err();
    assert!(matches!(error, SpoolError::Newer { .. }), "{error:?}");
    assert!(matches!(
        scene.store().reader(),
        Err(SpoolError::Newer { .. })
    ));
    assert_eq!(fs::read(stored(&scene, "head")).unwrap(), head);
}
