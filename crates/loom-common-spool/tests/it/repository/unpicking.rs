//! The tension log, and the way back.

use loom_common_spool::repository::{NewStitch, Repository, RepositoryError, Snip};

use super::scene::Scene;

#[test]
fn each_step_back_can_be_taken_forth_again() {
    let scene = Scene::internal();
    scene.write("a.txt", "1\n");
    scene.knot("one");
    scene.write("a.txt", "2\n");
    scene.knot("two");
    let (files, stitches) = (scene.files(), scene.descriptions("all()"));
    // Each knot is two operations here: to describe, and to begin a new stitch.
    for _ in 0..2 {
        scene.change(|tx| tx.unpick());
    }
    assert_eq!(scene.descriptions("all()"), ["", "one", ""]);
    assert_eq!(scene.read("a.txt"), "2\n");
    for _ in 0..2 {
        scene.change(|tx| tx.redo());
    }
    assert_eq!(
        (scene.files(), scene.descriptions("all()")),
        (files, stitches)
    );
    let error = scene.try_change(|tx| tx.redo()).unwrap_err();
    assert!(matches!(error, RepositoryError::Refused { .. }), "{error}");
}

#[test]
fn any_operation_can_be_looked_at_and_gone_back_to() {
    let scene = Scene::internal();
    scene.write("a.txt", "1\n");
    let one = scene.knot("one");
    let then = scene.open().operation().to_string();
    scene.write("a.txt", "2\n");
    scene.take();
    scene.change(|tx| {
        tx.snip(&Snip {
            knots: vec![one.clone()],
            ..Snip::default()
        })
    });
    let mut past = Repository::open_at(&scene.root(), &then, scene.surroundings()).unwrap();
    assert_eq!(past.resolve("description('one*')").unwrap(), [one]);
    assert!(matches!(
        past.transaction().err(),
        Some(RepositoryError::ReadOnly { .. })
    ));
    scene.change(|tx| tx.restore_operation(&then));
    assert_eq!(scene.read("a.txt"), "1\n");
    assert_eq!(scene.descriptions("all()"), ["", "one", ""]);
}

#[test]
fn the_log_says_who_did_what_and_which_stitches_changed() {
    let scene = Scene::internal();
    scene.write("a.txt", "1\n");
    let at = scene.one("@");
    let (_, finished) = scene.change(|tx| tx.describe(std::slice::from_ref(&at), "one"));
    let repository = scene.open();
    let last = repository.tension_log().next().unwrap().unwrap();
    assert_eq!(last.id, finished.operation);
    assert_eq!(last.description, format!("describe commit {at}"));
    assert_eq!(
        (last.hostname.as_str(), last.username.as_str()),
        ("loomhouse", "wanda")
    );
    assert_eq!(last.command.as_deref(), Some("loom spool"));
    let changes = repository.operation_changes("@").unwrap();
    assert_eq!(changes.stitches.len(), 1);
    assert_eq!(changes.stitches[0].before, [at]);
    assert_eq!(changes.stitches[0].after, [finished.shuttle.unwrap()]);
    let log: Vec<_> = repository
        .tension_log()
        .map(|operation| operation.unwrap().description)
        .collect();
    assert_eq!(
        log[1..],
        ["snapshot working copy", "add workspace 'default'", ""]
    );
}

#[test]
fn what_two_processes_do_at_once_is_merged() {
    let scene = Scene::internal();
    scene.write("a.txt", "1\n");
    let one = scene.knot("one");
    let (mut left, mut right) = (scene.open(), scene.open());
    let mut tx = left.transaction().unwrap();
    tx.describe(&[one], "by the left").unwrap();
    tx.finish().unwrap();
    let parent = right.resolve_one("root()").unwrap();
    let mut tx = right.transaction().unwrap();
    let new = NewStitch {
        description: "by the right".to_owned(),
        into_shuttle: false,
        ..NewStitch::onto([parent])
    };
    tx.stitch(&new).unwrap();
    tx.finish().unwrap();
    let merged = scene.open();
    assert_eq!(merged.warnings().len(), 1, "{:?}", merged.warnings());
    let mut found = scene.descriptions("all()");
    found.sort();
    assert_eq!(found, ["", "", "by the left", "by the right"]);
}

#[test]
fn forgetting_this_workspace_can_be_unpicked() {
    let scene = Scene::internal();
    scene.write("a.txt", "1\n");
    scene.knot("one");
    let before = scene.descriptions("all()");
    scene.change(|tx| tx.forget_workspace("default"));
    let unpick = || {
        let mut repository = Repository::open(&scene.root(), scene.surroundings())?;
        let mut tx = repository.transaction()?;
        tx.unpick()?;
        tx.finish()
    };
    unpick().unwrap();
    assert_eq!(scene.descriptions("all()"), before);
}
