//! Commands that rewrite history.

use crate::scene::Scene;

/// Three stitches on each other, each with a file of its own.
fn three() -> Scene {
    let scene = Scene::wound();
    for name in ["one", "two", "three"] {
        scene.write(name, &format!("{name}\n"));
        scene.spool(&format!("knot -m {name}")).ok();
    }
    scene
}

/// The history, as descriptions and names of changed files.
fn history(scene: &Scene) -> String {
    scene.spool("trace -r :: --summary").ok().stdout
}

#[test]
fn rethread() {
    let scene = three();
    let text = scene.transcript(&[
        "rethread",
        "rethread -r 'subject(three)' -o 'subject(one)'",
        "trace -r ::",
        "rethread -s 'subject(three)' --before 'subject(two)'",
        "rethread -b @ -o 'root()'",
        "rethread -r 'subject(one)' -o 'subject(two)'",
        "rethread -s 'subject(one)' -o @",
        "rethread -r 'root()' -o @",
    ]);
    insta::assert_snapshot!(text + &history(&scene));
}

#[test]
fn ply() {
    let scene = three();
    scene.write("one", "one and more\n").write("four", "four\n");
    let text = scene.transcript(&[
        "ply one",
        "ply --from @ --into 'subject(one)' four",
        "ply --from 'subject(three)' --into 'subject(two)'",
        "ply -r 'subject(two)' -m 'one and two'",
        "ply -r 'root()'",
    ]);
    insta::assert_snapshot!(text + &history(&scene));
}

#[test]
fn unravel() {
    let scene = Scene::wound();
    scene.write("a", "a\n").write("b", "b\n").write("c", "c\n");
    let text = scene.transcript(&[
        "mark -m all",
        "unravel",
        "unravel a -m 'just a'",
        "unravel -p b -m 'just b'",
    ]);
    insta::assert_snapshot!(text + &history(&scene));
}

#[test]
fn snip() {
    let scene = three();
    scene.spool("pin create here -r 'subject(two)'").ok();
    let text = scene.transcript(&[
        "snip 'subject(two)'",
        "unpick",
        "snip --retain-pins -r 'subject(two)' 'subject(three)'",
        "snip",
        "snip 'none()'",
        "snip 'root()'",
    ]);
    insta::assert_snapshot!(text + &history(&scene));
}

#[test]
fn mend() {
    let scene = three();
    scene.write("one", "changed\n").write("new", "new\n");
    let text = scene.transcript(&[
        "mend one",
        "tension",
        "mend",
        "mend --from 'root()' two",
        "tension",
        "mend -c 'subject(one)'",
    ]);
    insta::assert_snapshot!(text + &history(&scene));
    assert!(!scene.folder.join("two").exists());
}

#[test]
fn duplicate_and_stitch_elsewhere() {
    let scene = three();
    let text = scene.transcript(&[
        "duplicate 'subject(one)'",
        "duplicate 'subject(two)' -o 'subject(three)'",
        "stitch --no-edit -m aside 'subject(one) & ::@'",
        "stitch -A 'subject(one) & ::@' -m between",
        "stitch 'subject(aside)' 'subject(three)' -m merge",
    ]);
    insta::assert_snapshot!(text + &history(&scene));
}

#[test]
fn the_log_of_operations_leads_back_and_forth() {
    let scene = Scene::wound();
    scene.write("a", "1\n");
    let text = scene.transcript(&[
        "knot -m One",
        "mark -m Two",
        "tension-log",
        "tension-log show @-",
        "unpick",
        "unpick",
        "redo",
        "redo",
        "redo",
        "tension-log -n 2 -G",
        "--at-operation @-- trace",
        "--at-operation @-- mark -m x",
        "tension-log restore @-----",
        "tension-log restore nothing",
        "trace",
    ]);
    insta::assert_snapshot!(text);
}
