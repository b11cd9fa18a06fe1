//! What git ignores is not in a snapshot, and a change of the rules deletes and adds nothing.

use std::fs;

use loom_common_spool::ChangeKind;

use crate::scene::{Scene, map};

fn paths(scene: &Scene) -> Vec<String> {
    scene.held(scene.take().id).into_keys().collect()
}

#[test]
fn rules_of_all_levels_count_and_the_nearest_wins() {
    let scene = Scene::repository();
    scene.write(".gitignore", "*.log\n/build\ntarget/\n");
    scene.write("sub/.gitignore", "!keep.log\nlocal\n");
    scene.write(".git/info/exclude", "notes\n");
    for path in [
        "a.log",
        "build/out",
        "sub/build/in",
        "sub/keep.log",
        "sub/other.log",
        "sub/local/x",
        "local",
        "target/debug/x",
        "sub/deep/target/x",
        "notes",
        "sub/notes",
        "src/main.rs",
    ] {
        scene.write(path, "x");
    }
    assert_eq!(
        paths(&scene),
        [
            ".gitignore",
            "local",
            "src/main.rs",
            "sub/.gitignore",
            "sub/build/in",
            "sub/keep.log"
        ]
    );
}

#[test]
fn the_persons_own_rules_count() {
    let mut scene = Scene::new();
    fs::write(scene.outside("ignore"), "*~\n.DS_Store\n").unwrap();
    scene.settings.personal_ignores = Some(scene.outside("ignore"));
    for path in ["a", "a~", "sub/.DS_Store"] {
        scene.write(path, "x");
    }
    assert_eq!(paths(&scene), ["a"]);
}

#[test]
fn rules_above_the_workspace_count_up_to_the_top_of_the_repository() {
    let scene = Scene::new();
    fs::create_dir_all(scene.outside(".git/info")).unwrap();
    fs::write(scene.outside(".gitignore"), "*.o\n/work/out\n/out\n").unwrap();
    fs::write(scene.outside(".git/info/exclude"), "work/private\n").unwrap();
    for path in ["a", "a.o", "out/x", "sub/out/x", "private"] {
        scene.write(path, "x");
    }
    assert_eq!(paths(&scene), ["a", "sub/out/x"]);
}

#[test]
fn a_workspace_that_the_repository_above_ignores_is_taken_nevertheless() {
    let scene = Scene::new();
    fs::create_dir_all(scene.outside(".git")).unwrap();
    fs::write(scene.outside(".gitignore"), "*\n").unwrap();
    scene.write("a", "x");
    assert_eq!(paths(&scene), ["a"]);
}

#[test]
fn rules_of_a_further_working_tree_are_those_of_its_repository() {
    let scene = Scene::new();
    let repository = scene.outside("main/.git");
    fs::create_dir_all(repository.join("worktrees/work")).unwrap();
    fs::create_dir_all(repository.join("info")).unwrap();
    fs::write(repository.join("info/exclude"), "scratch\n").unwrap();
    fs::write(repository.join("worktrees/work/commondir"), "../..\n").unwrap();
    scene.write(".git", "gitdir: ../main/.git/worktrees/work\n");
    scene.write("a", "x");
    scene.write("scratch", "x");
    assert_eq!(paths(&scene), ["a"]);
}

#[test]
fn rules_that_change_are_followed() {
    let scene = Scene::repository();
    scene.write("a.log", "x");
    scene.write("sub/b.log", "x");
    scene.write(".gitignore", "");
    assert_eq!(paths(&scene), [".gitignore", "a.log", "sub/b.log"]);
    scene.write(".gitignore", "*.log");
    assert_eq!(paths(&scene), [".gitignore"]);
    scene.write("sub/.gitignore", "!b.log");
    assert_eq!(paths(&scene), [".gitignore", "sub/.gitignore", "sub/b.log"]);
    scene.write(".git/info/exclude", "sub");
    assert_eq!(paths(&scene), [".gitignore"]);
    fs::remove_file(scene.path(".git/info/exclude")).unwrap();
    fs::remove_file(scene.path(".gitignore")).unwrap();
    assert_eq!(paths(&scene), ["a.log", "sub/.gitignore", "sub/b.log"]);
}

#[test]
fn a_file_that_is_not_ignored_any_more_was_not_added() {
    let scene = Scene::repository();
    scene.write(".gitignore", "secret\nout/\n");
    scene.write("secret", "key");
    scene.write("out/deep/x", "x");
    scene.write("sub/secret", "key");
    let before = scene.take();
    scene.write(".gitignore", "");
    scene.write("new", "x");
    let after = scene.take();
    let changes = scene.changes(&before, &after);
    let changed: Vec<_> = changes.iter().map(|c| (&*c.path, c.kind())).collect();
    assert_eq!(
        changed,
        [
            (".gitignore", ChangeKind::Modified),
            ("new", ChangeKind::Added)
        ]
    );
    assert_eq!(scene.held(after.id)["out/deep/x"], "x");
}

#[test]
fn the_same_holds_for_rules_outside_of_the_workspace() {
    let mut scene = Scene::repository();
    fs::write(scene.outside("ignore"), "mine\n").unwrap();
    scene.settings.personal_ignores = Some(scene.outside("ignore"));
    scene.write(".git/info/exclude", "notes\n");
    scene.write("notes", "x");
    scene.write("mine", "x");
    scene.write("a", "x");
    let before = scene.take();
    scene.settings.personal_ignores = None;
    fs::remove_file(scene.path(".git/info/exclude")).unwrap();
    let after = scene.take();
    assert_eq!(scene.changes(&before, &after), []);
    assert_eq!(
        scene.held(after.id),
        map([("a", "x"), ("mine", "x"), ("notes", "x")])
    );
}

#[test]
fn a_file_that_is_ignored_since_is_missing_but_known_to_be_veiled() {
    let scene = Scene::new();
    scene.write("secret", "key");
    scene.write("gone", "x");
    scene.write(".gitignore", "");
    let before = scene.take();
    scene.write(".gitignore", "secret\n");
    fs::remove_file(scene.path("gone")).unwrap();
    let after = scene.take();
    let changes = scene.changes(&before, &after);
    let changed: Vec<_> = changes
        .iter()
        .map(|c| (&*c.path, c.kind(), c.is_veiled))
        .collect();
    assert_eq!(
        changed,
        [
            (".gitignore", ChangeKind::Modified, false),
            ("gone", ChangeKind::Deleted, false),
            ("secret", ChangeKind::Deleted, true),
        ]
    );
}
