//! Putting versions back.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use loom_common_spool::{KeepReason, Kept, Restored, Restoring, Target};

use crate::scene::{Scene, files, give_up_privileges, map};

fn restored(paths: &[&str]) -> Restored {
    Restored {
        restored: paths.iter().map(|path| (*path).to_owned()).collect(),
        kept: Vec::new(),
    }
}

fn kept(path: &str, reason: KeepReason) -> Restored {
    Restored {
        restored: Vec::new(),
        kept: vec![Kept {
            path: path.to_owned(),
            reason,
        }],
    }
}

#[test]
fn content_permissions_and_links_come_back() {
    let scene = Scene::new();
    scene.write("file", "old");
    scene.set_mode("file", 0o640);
    scene.link("file", "link");
    scene.write("deleted/deep/file", "old");
    let then = scene.take();
    scene.write("file", "new");
    scene.set_mode("file", 0o755);
    fs::remove_file(scene.path("link")).unwrap();
    scene.write("link", "a file now");
    fs::remove_dir_all(scene.path("deleted")).unwrap();
    scene.write("added/deep/file", "new");
    let now = scene.take();

    for path in ["file", "link", "deleted/deep/file", "added/deep/file"] {
        assert_eq!(scene.restore(path, &now, &then), restored(&[path]));
    }
    assert_eq!(scene.take().id, then.id);
    assert!(!scene.path("added").exists());
    let mode = scene.path("file").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn files_and_folders_make_room_for_each_other() {
    let scene = Scene::new();
    scene.write("x", "file");
    scene.write("y/in", "folder");
    let then = scene.take();
    fs::remove_file(scene.path("x")).unwrap();
    fs::remove_dir_all(scene.path("y")).unwrap();
    scene.write("x/in", "folder");
    scene.write("y", "file");
    fs::create_dir_all(scene.path("x/empty/folders")).unwrap();
    let now = scene.take();

    let reader = scene.reader();
    let all = ["x", "x/in", "y", "y/in"].map(|path| Restoring {
        path: path.to_owned(),
        expected: reader.version(now.id, path).unwrap(),
        target: reader.version(then.id, path).unwrap().map(Target::Version),
    });
    let store = scene.store();
    let outcome = store.lock().unwrap().restore(all.into()).unwrap();
    assert_eq!(outcome, restored(&["x", "x/in", "y", "y/in"]));
    assert_eq!(
        files(&scene.root()),
        map([("x", "file"), ("y/in", "folder")])
    );
}

#[test]
fn what_was_changed_since_the_snapshot_is_kept() {
    let scene = Scene::new();
    scene.write("a", "old");
    let then = scene.take();
    scene.write("a", "new");
    let now = scene.take();
    scene.write("a", "newer");
    let outcome = scene.restore("a", &now, &then);
    assert_eq!(outcome, kept("a", KeepReason::Changed));
    assert_eq!(scene.read("a"), "newer");
    fs::remove_file(scene.path("a")).unwrap();
    let outcome = scene.restore("a", &now, &then);
    assert_eq!(outcome, kept("a", KeepReason::Changed));
}

#[test]
fn what_no_snapshot_holds_is_in_the_way_and_stays() {
    let scene = Scene::new();
    scene.write("a", "old");
    let then = scene.take();
    fs::remove_file(scene.path("a")).unwrap();
    scene.write(".gitignore", "/a\n");
    scene.write("a/precious", "not in any snapshot");
    let now = scene.take();
    let outcome = scene.restore("a", &now, &then);
    assert_eq!(outcome, kept("a", KeepReason::Occupied));
    assert_eq!(scene.read("a/precious"), "not in any snapshot");

    fs::remove_dir_all(scene.path("a")).unwrap();
    scene.write("a", "ignored, and other than it was");
    let outcome = scene.restore("a", &now, &then);
    assert_eq!(outcome, kept("a", KeepReason::Occupied));
    // What is as it shall be is not in the way.
    scene.write("a", "old");
    assert_eq!(scene.restore("a", &now, &then), restored(&["a"]));
}

#[test]
fn a_link_on_the_way_is_not_followed() {
    let scene = Scene::new();
    fs::create_dir(scene.outside("elsewhere")).unwrap();
    fs::write(scene.outside("elsewhere/file"), "not yours").unwrap();
    scene.write("folder/file", "old");
    let then = scene.take();
    fs::remove_dir_all(scene.path("folder")).unwrap();
    scene.link("../elsewhere", "folder");
    let now = scene.take();

    let outcome = scene.restore("folder/file", &now, &then);
    assert_eq!(outcome, kept("folder/file", KeepReason::BehindLink));
    // Nor when something is to be deleted.
    let outcome = scene.restore("folder/file", &then, &now);
    assert_eq!(outcome, restored(&["folder/file"]));
    let there = fs::read_to_string(scene.outside("elsewhere/file")).unwrap();
    assert_eq!(there, "not yours");
}

#[test]
fn version_control_is_never_written_to() {
    let scene = Scene::repository();
    scene.write("a", "old");
    let then = scene.take();
    let target = scene
        .reader()
        .version(then.id, "a")
        .unwrap()
        .map(Target::Version);
    let store = scene.store();
    let store = store.lock().unwrap();
    for path in [
        ".git/config",
        "sub/.GIT/hooks/post-commit",
        ".jj/x",
        "../x",
        "",
        "a//b",
        ".",
    ] {
        let restoring = Restoring {
            path: path.to_owned(),
            expected: None,
            target: target.clone(),
        };
        let outcome = store.restore(vec![restoring]).unwrap();
        assert_eq!(outcome, kept(path, KeepReason::Protected));
    }
    assert!(!scene.path(".git/config").exists());
    assert!(!scene.outside("x").exists());
}

#[test]
fn a_content_that_was_not_kept_cannot_come_back() {
    let mut scene = Scene::new();
    scene.settings.limits.file_bytes = 10;
    scene.write("a", "x".repeat(11));
    let then = scene.take();
    scene.write("a", "short");
    let now = scene.take();
    let outcome = scene.restore("a", &now, &then);
    assert_eq!(outcome, kept("a", KeepReason::NotKept));
    assert_eq!(scene.read("a"), "short");
}

#[test]
fn what_cannot_be_written_is_kept_with_the_reason() {
    give_up_privileges();
    let scene = Scene::new();
    scene.write("folder/a", "old");
    let then = scene.take();
    scene.write("folder/a", "new");
    let now = scene.take();
    scene.set_mode("folder", 0o555);
    let outcome = scene.restore("folder/a", &now, &then);
    scene.set_mode("folder", 0o755);
    let reason = "Permission denied (os error 13)".to_owned();
    assert_eq!(outcome, kept("folder/a", KeepReason::Failed(reason)));
    assert_eq!(files(&scene.root()), map([("folder/a", "new")]));
}

#[test]
fn a_merged_content_is_written_like_any_other() {
    let scene = Scene::new();
    scene.write("a", "old");
    let now = scene.take();
    let restoring = Restoring {
        path: "a".to_owned(),
        expected: scene.reader().version(now.id, "a").unwrap(),
        target: Some(Target::Merged {
            content: b"merged".into(),
            mode: 0o600,
        }),
    };
    let store = scene.store();
    let outcome = store.lock().unwrap().restore(vec![restoring]).unwrap();
    assert_eq!(outcome, restored(&["a"]));
    assert_eq!(scene.read("a"), "merged");
    let mode = scene.path("a").metadata().unwrap().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_a_killed_restore_left_is_no_file_of_the_workspace_and_does_not_stop_the_next() {
    let scene = Scene::new();
    scene.write("a", "old");
    let then = scene.take();
    let left = format!(".loom-restore-{}-0", std::process::id());
    scene.write(&left, "half of a fi");
    scene.write("a", "new");
    let now = scene.take();
    assert_eq!(scene.held(now.id), map([("a", "new")]));
    assert_eq!(scene.restore("a", &now, &then), restored(&["a"]));
    assert_eq!(scene.read("a"), "old");
}
