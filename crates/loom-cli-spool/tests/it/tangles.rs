//! Tangles: how they come, show and go.

use crate::scene::Scene;

fn tangled() -> Scene {
    let scene = Scene::wound();
    scene
        .write("song", "one\ntwo\nthree\n")
        .spool("knot -m Base")
        .ok();
    scene
        .write("song", "one\nLEFT\nthree\n")
        .spool("knot -m Left")
        .ok();
    scene.spool("stitch 'subject(Base)'").ok();
    scene
        .write("song", "one\nRIGHT\nthree\n")
        .spool("knot -m Right")
        .ok();
    scene
}

#[test]
fn a_tangle_is_shown_and_settled() {
    let scene = tangled();
    let mut text = scene.transcript(&[
        "untangle",
        "rethread -s 'subject(Right)' -o 'subject(Left)'",
        "trace",
        "trace -r 'tangles()' -G",
        "edit 'subject(Right)'",
        "tension",
        "compare",
        "untangle --list",
        "untangle --tool vimdiff",
    ]);
    text += &format!("song:\n{}\n", scene.read("song"));
    text += &scene.transcript(&["untangle --tool :theirs", "tension", "compare", "unpick"]);
    scene.write("song", "one\nBOTH\nthree\n");
    text += &scene.transcript(&["tension", "trace"]);
    insta::assert_snapshot!(text);
}

#[test]
fn jj_and_git_see_the_same_tangle() {
    let scene = tangled();
    scene
        .spool("rethread -s 'subject(Right)' -o 'subject(Left)'")
        .ok();
    scene.spool("edit 'subject(Right)'").ok();
    let listed = scene.jj(&["resolve", "--list"]);
    assert!(listed.contains("song"), "{listed}");
    assert_eq!(scene.jj(&["file", "show", "song"]), scene.read("song"));
    scene.jj(&["resolve", "--tool", ":ours", "song"]);
    assert_eq!(scene.read("song"), "one\nLEFT\nthree\n");
    let tension = &scene.json("tension")[0];
    assert_eq!(tension["tangles"], serde_json::json!([]));
    assert_eq!(tension["shuttle"]["tangled"], false);
}
