//! What goes wrong, and what is said about it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use crate::scene::Scene;

#[test]
fn outside_of_a_repository() {
    let scene = Scene::new();
    let mut text = scene.transcript(&["tension", "-R nowhere trace"]);
    scene.git(&["init", "-q"]);
    text += &scene.transcript(&[
        "tension",
        "wind",
        "wind",
        "wind sub --no-colocate",
        "wind --no-colocate other/deep",
    ]);
    insta::assert_snapshot!(text);
}

#[test]
fn what_makes_no_sense_is_explained() {
    let scene = Scene::wound();
    scene.write("a", "1\n").spool("knot -m One").ok();
    insta::assert_snapshot!(scene.transcript(&[
        "trace -r nonsense",
        "trace -r 'heads('",
        "trace -r 'unknown()'",
        "trace 'glob:['",
        "edit '@ | @-'",
        "edit 'none()'",
        "edit 'root()'",
        "mark -m x 'root()'",
        "compare -r '@ | root()'",
        "mark -r '@ | @-'",
        "untangle",
        "tension-log show zzz",
        "--at-operation zzz trace",
        "--ignore-working-copy mark -m x",
        "redo",
        "rethread -o nothing",
    ]));
}

#[test]
fn files_that_cannot_be_recorded_are_named_and_left_alone() {
    let scene = Scene::wound();
    let odd = scene.folder.join(OsStr::from_bytes(b"caf\xe9\x1b.txt"));
    fs::write(&odd, "odd\n").unwrap();
    fs::write(scene.folder.join("large"), vec![b'x'; 2 << 20]).unwrap();
    scene.write("fine", "1\n");
    insta::assert_snapshot!(scene.transcript(&["tension", "knot -m One", "tension"]));
    assert_eq!(fs::read_to_string(&odd).unwrap(), "odd\n");
    assert!(scene.folder.join("large").exists());
}

#[test]
fn a_lock_that_is_held_is_waited_for_and_named() {
    let mut scene = Scene::wound();
    scene.patience = Duration::from_millis(50);
    let lock = scene.folder.join(".git/index.lock");
    fs::write(&lock, "").unwrap();
    scene.write("a", "1\n");
    let refused = scene.spool("knot -m One").refused();
    assert!(refused.to_string().contains("index.lock"), "{refused}");
    assert!(refused.hint().is_some());
    fs::remove_file(&lock).unwrap();
    scene.spool("knot -m One").ok();
    assert_eq!(
        scene.spool("trace --count -r 'subject(One)'").ok().stdout,
        "1\n"
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let scene = Scene::wound();
    scene.write("a", "1\n").spool("knot -m One").ok();
    // Root may write everywhere: then there is nothing to see here.
    let operations = scene.folder.join(".jj/repo/op_store/operations");
    fs::set_permissions(&operations, fs::Permissions::from_mode(0o555)).unwrap();
    let can_write = fs::write(operations.join("probe"), "").is_ok();
    let outcome = scene.spool("mark -m Two");
    fs::set_permissions(&operations, fs::Permissions::from_mode(0o755)).unwrap();
    if can_write {
        fs::remove_file(operations.join("probe")).unwrap();
    } else {
        outcome.refused();
    }
    scene.spool("mark -m Three").ok();
    assert_eq!(
        scene.jj(&["log", "--no-graph", "-r", "@", "-T", "description"]),
        "Three\n"
    );
}

#[test]
fn a_damaged_repository_is_no_panic() {
    let scene = Scene::wound();
    scene.write("a", "1\n").spool("knot -m One").ok();
    let heads = scene.folder.join(".jj/repo/op_heads/heads");
    for head in fs::read_dir(&heads).unwrap() {
        fs::remove_file(head.unwrap().path()).unwrap();
    }
    fs::write(heads.join("0".repeat(127)), "").unwrap();
    let refused = scene.spool("tension").refused();
    assert!(!refused.to_string().is_empty());
}
