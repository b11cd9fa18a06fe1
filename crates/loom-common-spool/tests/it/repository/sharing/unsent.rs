//! What does not get around: what was not sent, was refused, or belongs to another remote; and what is
//! left alone here.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// Whether the remote has a knot.
fn has(remote: &Remote, knot: &str) -> bool {
    let mut git = Command::new("git");
    let git = git.args(["cat-file", "-e", knot]).stderr(Stdio::null());
    git.current_dir(remote.path()).status().unwrap().success()
}

#[test]
fn what_was_not_sent_does_not_go_along_with_another_pin() {
    let (remote, one, two) = two();
    for pin in ["other", "gone"] {
        one.stitch("root()", pin, pin);
        one.shuttle(&[pin]);
    }
    let before = one.ledger("origin");
    one.describe("topic", "Add a parser, password 1234");
    one.stitch("topic", "Not ready", "topic");
    one.scene.change(|tx| tx.delete_pins(&["gone".to_owned()]));
    one.stitch("other", "Ready", "other");
    one.shuttle(&["other"]);

    let mut after = one.ledger("origin");
    assert_eq!(after.pins["other"].len(), 1);
    after
        .pins
        .insert("other".to_owned(), before.pins["other"].clone());
    assert_eq!(after, before);
    assert!(!has(&remote, &one.at("topic")[0].1));
    let here = two.at("topic");
    two.draw();
    assert_eq!(two.at("topic"), here);
    // Nobody's pin goes back when that is shared, either.
    two.stitch("topic", "Further", "topic");
    two.shuttle(&["topic"]);
    one.shuttle(&["other"]);
    two.draw();
    assert_eq!(two.at("topic")[0].0, "Further\n");
}

#[test]
fn what_the_remote_refused_is_not_shared() {
    let (remote, one, two) = two();
    let hook = remote.path().join("hooks/pre-receive");
    let script =
        "#!/bin/sh\nwhile read old new name; do test $name = refs/loom/ledger || exit 1; done\n";
    fs::write(&hook, script).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let before = one.ledger("origin");
    one.describe("topic", "Add a parser, password 1234");
    let refused = one.at("topic");
    one.shuttle(&["topic"]);
    assert_eq!(one.ledger("origin"), before);
    assert!(!has(&remote, &refused[0].1));
    two.draw();
    assert_eq!(two.ledger("origin"), before);
}

#[test]
fn drawing_makes_no_pins_that_nobody_follows() {
    let (mut remote, one, _two) = two();
    let three = remote.clone();
    three.draw();
    assert_eq!(
        three
            .scene
            .open()
            .pins()
            .iter()
            .filter(|pin| !pin.target.is_absent())
            .count(),
        0
    );
    one.stitch("topic", "Further", "topic");
    one.shuttle(&["topic"]);
    // Somebody's own pin of that name.
    three.stitch("root()", "Mine", "topic");
    let before = three.at("topic");
    three.draw();
    assert_eq!(three.at("topic"), before);
}

#[test]
fn what_one_remote_has_does_not_reach_another() {
    let (_remote, one, _two) = two();
    let public = Remote::new();
    one.scene
        .git(&["remote", "add", "public", public.path().to_str().unwrap()]);
    one.describe("topic", "Add a fast parser");
    one.shuttle(&["topic"]);
    one.stitch("root()", "For all", "open");
    one.shuttle_to("public", &["open"]);
    let view = one.ledger("public");
    assert_eq!(view.pins.keys().collect::<Vec<_>>(), ["open"]);
    assert_eq!(view.descriptions.len(), 0);
    assert_eq!(one.ledger("origin").descriptions.len(), 1);
    assert!(!has(&public, &one.at("topic")[0].1));
}

#[test]
fn texts_of_private_stitches_are_not_taken_down() {
    let (_remote, mut one, _two) = two();
    one.scene
        .set("git.private-commits", "'description(substring:parser)'");
    one.describe("topic", "Add a fast parser");
    one.shuttle(&["topic"]);
    assert_eq!(one.ledger("origin").descriptions.len(), 0);
}

#[test]
fn divergent_stitches_keep_what_they_say() {
    let (_remote, one, two) = two();
    let beside = two.scene.one("topic");
    let mut other = two.scene.taken();
    two.describe("topic", "Add a parser of dates");
    two.shuttle(&["topic"]);
    let mut tx = other.transaction().unwrap();
    tx.describe(&[beside], "Keep this").unwrap();
    tx.delete_pins(&["topic".to_owned()]).unwrap();
    tx.finish().unwrap();
    two.scene.taken();
    let said = || {
        let mut said = two.scene.descriptions("all() ~ root() ~ @");
        said.sort_unstable();
        said
    };
    assert!(said().contains(&"Keep this".to_owned()));
    let before = said();
    two.draw();
    assert_eq!(said(), before);

    one.draw();
    one.describe("topic", "Add a fast parser of dates");
    one.shuttle(&["topic"]);
    two.draw();
    assert!(said().contains(&"Keep this".to_owned()), "{:?}", said());
}
