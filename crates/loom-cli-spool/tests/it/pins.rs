//! Pins.

use crate::scene::Scene;

#[test]
fn pins_are_created_moved_renamed_and_deleted() {
    let scene = Scene::wound();
    scene.write("a", "1\n").spool("knot -m One").ok();
    let text = scene.transcript(&[
        "pin create main topic -r @-",
        "pin create main",
        "pin create 'bad name'",
        "pin list",
        "pin set main",
        "pin set main -r @-",
        "pin move main --to @- --allow-backwards",
        "pin move nothing",
        "pin move --from @- --to @",
        "pin list -r @",
        "pin rename topic subject",
        "pin delete 'glob:s*'",
        "pin forget main",
        "pin list",
        "pin delete main",
        "pin track main@origin",
    ]);
    insta::assert_snapshot!(text);
    assert_eq!(scene.git(&["for-each-ref", "refs/heads"]), "");
}
