//! What is in a snapshot.

use std::ffi::OsStr;
use std::fs::{self, File, FileTimes};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixListener;
use std::sync::mpsc::{TryRecvError, channel};

use loom_common_spool::{SkipReason, Skipped, SnapshotId, SpoolError};

use crate::scene::{Scene, files, give_up_privileges, map};

#[test]
fn files_links_and_permissions_are_kept() {
    let scene = Scene::new();
    scene.write("readme.md", "hello\n");
    scene.write("empty", "");
    scene.write("src/deep/er/main.rs", "fn main() {}\n");
    scene.write("run.sh", "#!/bin/sh\n");
    scene.set_mode("run.sh", 0o755);
    scene.write("secret", "key");
    scene.set_mode("secret", 0o600);
    scene.link("readme.md", "link");
    scene.link("/no/where", "src/dangling");
    scene.link("src", "folder-link");
    fs::create_dir(scene.path("empty-folder")).unwrap();
    let _socket = UnixListener::bind(scene.path("socket")).unwrap();

    let snapshot = scene.take();
    assert_eq!((snapshot.files, snapshot.skipped), (8, vec![]));
    assert_eq!(
        scene.held(snapshot.id),
        map([
            ("empty", ""),
            ("folder-link", "-> src"),
            ("link", "-> readme.md"),
            ("readme.md", "hello\n"),
            ("run.sh", "#!/bin/sh\n (755)"),
            ("secret", "key (600)"),
            ("src/dangling", "-> /no/where"),
            ("src/deep/er/main.rs", "fn main() {}\n"),
        ])
    );
}

#[test]
fn equal_folders_have_equal_snapshots_and_each_change_another_one() {
    let scene = Scene::new();
    scene.write("a", "one");
    let first = scene.take();
    assert_eq!(scene.take().id, first.id);

    let mut seen = vec![first.id];
    let mut expect_new = |id: SnapshotId| {
        assert!(!seen.contains(&id));
        seen.push(id);
    };
    scene.write("a", "two");
    expect_new(scene.take().id);
    scene.set_mode("a", 0o755);
    expect_new(scene.take().id);
    scene.write("sub/b", "");
    expect_new(scene.take().id);
    fs::rename(scene.path("sub/b"), scene.path("sub/c")).unwrap();
    expect_new(scene.take().id);
    fs::remove_file(scene.path("a")).unwrap();
    scene.link("two", "a");
    expect_new(scene.take().id);

    fs::remove_dir_all(scene.path("sub")).unwrap();
    fs::remove_file(scene.path("a")).unwrap();
    scene.write("a", "one");
    assert_eq!(scene.take().id, first.id);
}

#[test]
fn folders_and_files_take_each_others_place() {
    let scene = Scene::new();
    scene.write("x", "file");
    scene.write("y/in", "folder");
    let before = scene.take();
    fs::remove_file(scene.path("x")).unwrap();
    fs::remove_dir_all(scene.path("y")).unwrap();
    scene.write("x/in", "folder");
    scene.write("y", "file");
    let after = scene.take();
    assert_eq!(
        scene.held(before.id),
        map([("x", "file"), ("y/in", "folder")])
    );
    assert_eq!(
        scene.held(after.id),
        map([("x/in", "folder"), ("y", "file")])
    );
}

#[test]
fn a_change_right_after_a_snapshot_is_seen_though_size_and_time_are_the_same() {
    let scene = Scene::new();
    for round in 0..100 {
        // Within one step of the clock that stamps files.
        scene.write("a", format!("{round:04}"));
        let before = scene.take();
        scene.write("a", format!("{:04}", round + 5000));
        let after = scene.take();
        assert_ne!(before.id, after.id, "round {round}");
    }
}

#[test]
fn a_change_that_sets_the_time_back_is_seen() {
    let scene = Scene::new();
    scene.write("a", "one");
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let set_time = || {
        let file = File::options().write(true).open(scene.path("a")).unwrap();
        file.set_times(FileTimes::new().set_modified(long_ago))
            .unwrap();
    };
    set_time();
    let before = scene.take();
    scene.take();
    scene.write("a", "two");
    set_time();
    assert_eq!(scene.held(scene.take().id), map([("a", "two")]));
    assert_eq!(scene.held(before.id), map([("a", "one")]));
}

#[test]
fn nothing_is_made_in_the_workspace_and_a_repository_is_not_touched() {
    let scene = Scene::repository();
    scene.write(".git/HEAD", "ref: refs/heads/main\n");
    scene.write(".jj/repo/store/type", "git");
    scene.write("sub/.hg/store/00changelog.i", "x");
    scene.write("a", "one");
    let before = files(&scene.root());
    let snapshot = scene.take();
    assert_eq!(scene.held(snapshot.id), map([("a", "one")]));
    assert_eq!(files(&scene.root()), before);
}

#[test]
fn the_files_of_repositories_inside_are_taken_as_plain_files() {
    let scene = Scene::repository();
    scene.write("vendor/lib/.git/HEAD", "ref: refs/heads/main\n");
    scene.write("vendor/lib/lib.c", "int x;");
    // A submodule, or another working tree.
    scene.write("sub/.git", "gitdir: ../.git/modules/sub\n");
    scene.write("sub/a", "one");
    let snapshot = scene.take();
    assert_eq!(
        scene.held(snapshot.id),
        map([("sub/a", "one"), ("vendor/lib/lib.c", "int x;")])
    );
}

#[test]
fn a_store_inside_of_the_workspace_is_not_part_of_it() {
    let scene = Scene::new();
    scene.write("a", "one");
    let settings = scene.settings.clone();
    let inside = scene.path(".local/state");
    let store = loom_common_spool::SnapshotStore::open(&inside, &scene.root(), settings).unwrap();
    let mut store = store.lock().unwrap();
    let first = store.snapshot(crate::scene::day(0)).unwrap();
    let second = store.snapshot(crate::scene::day(0)).unwrap();
    assert_eq!((first.files, second.files), (1, 1));
    assert_eq!(first.id, second.id);
}

#[test]
fn a_file_over_the_limit_is_named_and_its_changes_are_seen() {
    let mut scene = Scene::new();
    scene.settings.limits.file_bytes = 100;
    scene.write("large", "x".repeat(101));
    scene.write("small", "x".repeat(100));
    let before = scene.take();
    let skipped = |bytes| Skipped {
        path: "large".to_owned(),
        reason: SkipReason::TooLarge(bytes),
    };
    assert_eq!(before.skipped, [skipped(101)]);
    assert_eq!(scene.held(before.id)["large"], "?");
    // It is named each time, and is the same as long as it does not change.
    let same = scene.take();
    assert_eq!((same.id, same.skipped), (before.id, vec![skipped(101)]));

    scene.write("large", "x".repeat(102));
    let after = scene.take();
    assert_eq!(after.skipped, [skipped(102)]);
    let changes = scene.changes(&before, &after);
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].path, "large");

    scene.write("large", "small now");
    let small = scene.take();
    assert_eq!(small.skipped, []);
    assert_eq!(scene.held(small.id)["large"], "small now");
}

#[test]
fn a_file_of_several_blocks_is_kept_whole() {
    let scene = Scene::new();
    let text: String = (0..130_000).map(|line| format!("line {line}\n")).collect();
    scene.write("long", &text);
    scene.write("zeros", vec![0; 1 << 20]);
    let snapshot = scene.take();
    let reader = scene.reader();
    let read = |path| {
        let version = reader.version(snapshot.id, path).unwrap().unwrap();
        reader.read(version).unwrap().unwrap()
    };
    assert!(read("long") == text.as_bytes());
    assert!(read("zeros") == vec![0; 1 << 20]);
}

#[test]
fn names_that_are_not_utf8_are_named_and_left_out() {
    let scene = Scene::new();
    scene.write("a", "one");
    fs::write(scene.root().join(OsStr::from_bytes(b"b\xff")), "x").unwrap();
    std::os::unix::fs::symlink(OsStr::from_bytes(b"\xfe"), scene.path("link")).unwrap();
    let snapshot = scene.take();
    let skipped = |path: &str| Skipped {
        path: path.to_owned(),
        reason: SkipReason::NotUtf8,
    };
    assert_eq!(snapshot.skipped, [skipped("b\u{fffd}"), skipped("link")]);
    assert_eq!(
        scene.held(snapshot.id),
        map([("a", "one"), ("link", "? (0)")])
    );
}

#[test]
fn what_cannot_be_read_is_named_and_does_not_count_as_deleted() {
    give_up_privileges();
    let scene = Scene::new();
    scene.write("a", "one");
    scene.write("locked/b", "two");
    scene.write("locked/deep/c", "three");
    let before = scene.take();
    scene.set_mode("a", 0);
    scene.set_mode("locked", 0);
    let after = scene.take();
    scene.set_mode("locked", 0o755);

    let denied = "Permission denied (os error 13)";
    let skipped = |path: &str| Skipped {
        path: path.to_owned(),
        reason: SkipReason::Unreadable(denied.to_owned()),
    };
    assert_eq!(after.skipped, [skipped("a"), skipped("locked")]);
    assert_eq!(
        scene.held(after.id),
        map([
            ("a", "? (0)"),
            ("locked/b", "two"),
            ("locked/deep/c", "three")
        ])
    );
    scene.set_mode("a", 0o644);
    assert_eq!(scene.take().id, before.id);
}

#[test]
fn a_folder_with_too_many_files_is_refused_with_a_hint() {
    let mut scene = Scene::new();
    scene.settings.limits.files = 10;
    for number in 0..11 {
        scene.write(&format!("{number}"), "x");
    }
    let store = scene.store();
    let error = store
        .lock()
        .unwrap()
        .snapshot(crate::scene::day(0))
        .unwrap_err();
    assert!(
        matches!(&error, SpoolError::TooLarge { limit, .. } if limit == "10 files"),
        "{error:?}"
    );
    fs::remove_file(scene.path("3")).unwrap();
    assert_eq!(scene.take().files, 10);
}

#[test]
fn a_workspace_that_is_gone_is_an_error() {
    let scene = Scene::new();
    scene.write("a", "one");
    let store = scene.store();
    fs::remove_dir_all(scene.root()).unwrap();
    let error = store
        .lock()
        .unwrap()
        .snapshot(crate::scene::day(0))
        .unwrap_err();
    assert!(matches!(error, SpoolError::Io { .. }), "{error:?}");
}

#[test]
fn files_that_come_and_go_while_they_are_read_are_no_error() {
    let scene = Scene::new();
    scene.write("steady", "here");
    let (stop, stopped) = channel::<()>();
    std::thread::scope(|scope| {
        // Also when an assertion fails: the sender goes with this closure.
        let stop = stop;
        let root = scene.root();
        scope.spawn(move || {
            let mut round = 0_u32;
            while stopped.try_recv() == Err(TryRecvError::Empty) {
                let folder = root.join(format!("coming/{}", round % 7));
                let _ = fs::create_dir_all(&folder);
                let _ = fs::write(folder.join("file"), round.to_string());
                let _ = fs::rename(folder.join("file"), folder.join("other"));
                if round.is_multiple_of(3) {
                    let _ = fs::remove_dir_all(root.join("coming"));
                }
                round += 1;
            }
        });
        for _ in 0..50 {
            let snapshot = scene.take();
            assert_eq!(scene.held(snapshot.id)["steady"], "here");
        }
        drop(stop);
    });
    let last = scene.take();
    assert_eq!(scene.held(last.id), files(&scene.root()));
}
