//! Several programs at once on one repository: nothing is lost.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use crate::scene::{Scene, jj};

/// How many stitches each program makes.
const EACH: usize = 6;

#[test]
fn jj_and_loom_at_once_lose_nothing() {
    let scene = Scene::wound();
    scene.write("a", "1\n").spool("knot -m Base").ok();
    let jj = jj();
    let configuration = scene.home().join(".config");
    std::thread::scope(|scope| {
        for worker in 0..2 {
            let (jj, scene) = (&jj, &scene.folder);
            let configuration = &configuration;
            scope.spawn(move || {
                for number in 0..EACH {
                    let text = format!("jj {worker} {number}");
                    let output = Command::new(jj)
                        .args(["new", "--no-edit", "-m", &text, "subject(Base)"])
                        .current_dir(scene)
                        .env("XDG_CONFIG_HOME", configuration)
                        .env("HOME", configuration)
                        .stdin(Stdio::null())
                        .output()
                        .unwrap();
                    let messages = String::from_utf8_lossy(&output.stderr);
                    assert!(output.status.success(), "{messages}");
                }
            });
        }
        for number in 0..EACH {
            scene
                .spool(&format!(
                    "stitch --no-edit -m 'loom {number}' 'subject(Base)'"
                ))
                .ok();
        }
    });
    let made: BTreeSet<_> = scene
        .json("trace -r 'subject(Base)+'")
        .iter()
        .map(|stitch| stitch["description"].as_str().unwrap().trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect();
    let expected = (0..EACH).flat_map(|number| {
        [
            format!("jj 0 {number}"),
            format!("jj 1 {number}"),
            format!("loom {number}"),
        ]
    });
    assert_eq!(made, expected.collect());
    let descriptions = scene.jj(&["log", "--no-graph", "-r", "all()", "-T", "description"]);
    assert_eq!(descriptions.lines().count(), 3 * EACH + 1, "{descriptions}");
}
