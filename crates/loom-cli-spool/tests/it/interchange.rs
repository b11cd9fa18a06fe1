//! One repository, in turn changed by `loom spool`, `jj` and `git`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::scene::Scene;

/// What both programs must say of every stitch.
type Facts = BTreeSet<[String; 7]>;

fn facts_of_jj(scene: &Scene) -> Facts {
    let template = r#"change_id ++ "|" ++ commit_id ++ "|" ++ json(description) ++ "|"
        ++ parents.map(|parent| parent.commit_id()).join(",") ++ "|"
        ++ local_bookmarks.map(|pin| pin.name()).join(",") ++ "|" ++ conflict ++ "|" ++ empty ++ "\n""#;
    let text = scene.jj(&["log", "--no-graph", "-r", "all()", "-T", template]);
    text.lines()
        .map(|line| {
            let parts: Vec<_> = line.split('|').map(str::to_owned).collect();
            parts.try_into().unwrap()
        })
        .collect()
}

fn facts_of_loom(scene: &Scene) -> Facts {
    let joined = |value: &Value, part: fn(&Value) -> Option<String>| {
        let parts = value.as_array().unwrap().iter().filter_map(part);
        parts.collect::<Vec<_>>().join(",")
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    scene
        .json("trace -r 'all()'")
        .iter()
        .map(|stitch| {
            [
                text(&stitch["stitch_id"]).unwrap(),
                text(&stitch["knot_id"]).unwrap(),
                stitch["description"].to_string(),
                joined(&stitch["parents"], |parent| {
                    parent.as_str().map(str::to_owned)
                }),
                joined(&stitch["pins"], |pin| {
                    let is_local = pin["remote"].is_null();
                    is_local.then(|| pin["name"].as_str().unwrap().to_owned())
                }),
                stitch["tangled"].to_string(),
                stitch["empty"].to_string(),
            ]
        })
        .collect()
}

/// Asserts that both see the same stitches, operations and files.
#[track_caller]
fn assert_agreed(scene: &Scene, after: &str) {
    assert_eq!(facts_of_loom(scene), facts_of_jj(scene), "after {after}");
    let template = "id ++ \" \" ++ description.first_line() ++ \"\\n\"";
    let by_jj = scene.jj(&[
        "op",
        "log",
        "--no-graph",
        "--ignore-working-copy",
        "-T",
        template,
    ]);
    let by_loom: String = scene
        .json("tension-log")
        .iter()
        .map(|operation| {
            let id = operation["operation_id"].as_str().unwrap();
            let first = operation["description"].as_str().unwrap().lines().next();
            format!("{id} {}\n", first.unwrap_or_default())
        })
        .collect();
    assert_eq!(by_loom, by_jj, "after {after}");
    let summary = scene.spool("compare -s").ok().stdout;
    assert_eq!(summary, scene.jj(&["diff", "-s"]), "after {after}");
    let patch = scene.spool("compare --git").ok().stdout;
    assert_eq!(patch, scene.jj(&["diff", "--git"]), "after {after}");
}

#[test]
fn jj_and_loom_take_turns_beside_git() {
    take_turns("wind");
}

#[test]
fn jj_and_loom_take_turns_without_git() {
    take_turns("wind --no-colocate");
}

fn take_turns(winding: &str) {
    let scene = Scene::new();
    scene.spool(winding).ok();
    scene.write("a", "1\n2\n3\n").write("sub/b", "b\n");
    assert_agreed(&scene, "writing");
    scene.jj(&["commit", "-m", "By jj"]);
    scene.write("a", "1\ntwo\n3\n");
    scene.spool("mark -m 'By loom'").ok();
    scene.spool("pin create ours -r @-").ok();
    scene.jj(&["bookmark", "create", "theirs", "-r", "@"]);
    assert_agreed(&scene, "pins");
    scene.jj(&["new", "-m", "Other", "@-"]);
    scene.write("a", "1\nzwei\n3\n");
    scene.spool("rethread -o theirs").ok();
    assert_agreed(&scene, "a tangle");
    scene.write("a", "1\nsettled\n3\n");
    scene.jj(&["undo"]);
    scene.spool("redo").ok();
    assert_agreed(&scene, "redo");
    scene.spool("unpick").ok();
    scene.jj(&["redo"]);
    scene.jj(&["squash", "--from", "theirs", "--into", "ours", "-u"]);
    scene.spool("snip ours").ok();
    assert_agreed(&scene, "snip");
}

#[test]
fn git_and_loom_take_turns() {
    let scene = Scene::new();
    scene.git(&["init", "-q", "-b", "main"]);
    scene.write("a", "1\n");
    scene.git(&["add", "."]);
    scene.git(&["commit", "-qm", "By git"]);
    scene.write("b", "not yet added\n");
    scene.spool("wind").ok();
    assert_agreed(&scene, "wind");
    let tension = &scene.json("tension")[0];
    assert_eq!(tension["parents"][0]["description"], "By git\n");
    assert_eq!(tension["parents"][0]["pins"][0]["name"], "main");

    scene.spool("knot -m 'By loom'").ok();
    scene.spool("pin move main --to @-").ok();
    assert_eq!(
        scene.git(&["log", "--format=%s", "main"]),
        "By loom\nBy git\n"
    );
    assert_eq!(scene.git(&["status", "--porcelain"]), "");
    assert_agreed(&scene, "knot");

    scene.write("a", "2\n");
    scene.git(&["checkout", "-q", "main"]);
    scene.git(&["commit", "-qam", "By git again"]);
    scene.git(&["branch", "topic"]);
    assert_agreed(&scene, "git commit");
    let tension = &scene.json("tension")[0];
    assert_eq!(tension["parents"][0]["description"], "By git again\n");
    assert_eq!(tension["changes"], serde_json::json!([]));

    scene.git(&["branch", "-D", "topic"]);
    scene.git(&["tag", "v1", "main"]);
    let pins: Vec<_> = scene
        .json("pin list")
        .iter()
        .map(|pin| pin["name"].clone())
        .collect();
    assert_eq!(pins, ["main"]);
    assert_agreed(&scene, "branch -D");
    scene.git(&["fsck", "--strict"]);
}

#[test]
fn a_merge_or_rebase_of_git_in_progress_is_told_and_survives() {
    let scene = Scene::new();
    scene.git(&["init", "-q", "-b", "main"]);
    scene.write("a", "base\n");
    scene.git(&["add", "."]);
    scene.git(&["commit", "-qm", "Base"]);
    scene.git(&["checkout", "-qb", "other"]);
    scene.write("a", "other\n");
    scene.git(&["commit", "-qam", "Other"]);
    scene.git(&["checkout", "-q", "main"]);
    scene.write("a", "main\n");
    scene.git(&["commit", "-qam", "Main"]);
    scene.spool("wind").ok();
    scene.git(&["checkout", "-q", "main"]);
    let merging = std::process::Command::new("git")
        .args([
            "-c",
            "user.name=Ada",
            "-c",
            "user.email=a@example.org",
            "merge",
            "-q",
            "other",
        ])
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .current_dir(&scene.folder)
        .output()
        .unwrap();
    assert!(!merging.status.success());
    assert!(scene.read("a").contains("<<<<<<<"));
    scene.spool("tension").ok();
    assert!(scene.read("a").contains("<<<<<<<"));
    scene.spool("trace").ok();
    assert_eq!(facts_of_loom(&scene), facts_of_jj(&scene));
}
