//! Making, finding and opening repositories.

use loom_common_spool::repository::{NewStitch, Repository, RepositoryError, Winding};

use super::scene::Scene;

#[test]
fn a_new_repository_takes_files_in_and_traces_stitches() {
    let scene = Scene::internal();
    scene.write("thread.txt", "red\n");
    let first = scene.knot("Begin");
    scene.write("thread.txt", "blue\n");
    let taken = scene.take();
    assert!(taken.changed);
    assert_eq!(scene.descriptions("all()"), ["", "Begin", ""]);
    let stitch = scene.stitch("@-");
    assert_eq!(stitch.knot, first);
    assert_eq!(stitch.description, "Begin\n");
    assert_eq!(stitch.author.name, "Wanda Weaver");
    assert!(!stitch.empty && !stitch.immutable && !stitch.root);
    assert!(scene.stitch("root()").immutable);
}

#[test]
fn git_sees_what_was_woven_in_its_folder() {
    let scene = Scene::colocated();
    scene.write("thread.txt", "red\n");
    scene.knot("Begin");
    scene.write("thread.txt", "blue\n");
    scene.write("new.txt", "new\n");
    scene.take();
    assert_eq!(scene.git(&["log", "--format=%an %s"]), "Wanda Weaver Begin");
    assert_eq!(
        scene.git(&["status", "--porcelain"]),
        " A new.txt\n M thread.txt"
    );
    assert_eq!(scene.git(&["fsck", "--strict"]), "");
}

#[test]
fn what_git_did_is_taken_over() {
    let scene = Scene::git_only();
    scene.write("edited.txt", "edited\n");
    scene.wind(Winding::AsConfigured).unwrap();
    assert_eq!(scene.descriptions("all()"), ["", "first", ""]);
    assert_eq!(scene.stitch("@-").pins[0].name, "main");
    scene.git(&["add", "."]);
    scene.git(&["commit", "-q", "-m", "second"]);
    // The stitch that was in the shuttle has edits, so it stays beside.
    assert_eq!(scene.descriptions("::@"), ["", "second", "first", ""]);
    assert_eq!(scene.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_repository_is_found_from_folders_inside() {
    let scene = Scene::internal();
    scene.write("deep/down/file", "");
    let found = Repository::discover(&scene.path("deep/down")).unwrap();
    assert_eq!(found, scene.root());
    let scene = Scene::git_only();
    let error = Repository::discover(&scene.root()).unwrap_err();
    assert!(matches!(error, RepositoryError::NotFound { git: true, .. }));
}

#[test]
fn a_dropped_transaction_leaves_everything_as_it_was() {
    let scene = Scene::internal();
    let mut repository = scene.taken();
    let (operation, parent) = (repository.operation(), repository.shuttle().unwrap());
    let mut tx = repository.transaction().unwrap();
    tx.stitch(&NewStitch::onto([parent])).unwrap();
    drop(tx);
    assert_eq!(repository.operation(), operation);
    assert_eq!(scene.open().operation(), operation);
}
