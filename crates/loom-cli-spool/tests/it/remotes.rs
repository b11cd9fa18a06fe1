//! Exchange with remotes.

use std::process::Command;

use crate::scene::Scene;

/// Somebody with a repository, a remote at `hub`, and somebody else who shares it.
struct Two {
    ada: Scene,
    bob: Scene,
}

impl Two {
    fn new() -> Self {
        let ada = Scene::wound();
        let hub = ada.home().join("hub");
        let made = Command::new("git")
            .args(["init", "-q", "--bare", "-b", "main"])
            .arg(&hub)
            .output()
            .unwrap();
        assert!(made.status.success());
        let mut bob = Scene::new();
        bob.person = 1;
        bob.spool("wind").ok();
        for scene in [&ada, &bob] {
            let hub = hub.display();
            scene.spool(&format!("remote add origin {hub}")).ok();
        }
        Self { ada, bob }
    }
}

fn without_hub(two: &Two, text: &str) -> String {
    text.replace(&two.ada.home().display().to_string(), "~")
}

#[test]
fn work_goes_to_a_remote_and_comes_back() {
    let two = Two::new();
    let (ada, bob) = (&two.ada, &two.bob);
    ada.write("a", "1\n");
    let mut text = ada.transcript(&[
        "remote list",
        "shuttle",
        "knot -m One",
        "pin create main -r @-",
        "shuttle --dry-run --pin main",
        "shuttle --pin main",
        "shuttle",
        "trace",
    ]);
    text += "=== Bob\n\n";
    text += &bob.transcript(&["draw", "draw", "pin track main@origin", "stitch main"]);
    bob.write("b", "2\n");
    text += &bob.transcript(&["knot -m Two", "pin set main -r @-", "shuttle"]);
    text += "=== Ada\n\n";
    ada.write("c", "3\n");
    text += &ada.transcript(&[
        "knot -m Three",
        "pin set main -r @-",
        "shuttle",
        "draw",
        "pin list",
        "tension",
    ]);
    insta::assert_snapshot!(without_hub(&two, &text));
}

#[test]
fn what_should_not_be_seen_yet_is_refused() {
    let two = Two::new();
    let ada = &two.ada;
    ada.write("a", "1\n");
    let text = ada.transcript(&[
        "pin create early",
        "shuttle --pin early",
        "shuttle --pin nothing",
        "shuttle --remote nowhere",
        "shuttle --stitch @",
        "mark -m 'Now it is'",
        "shuttle --stitch @",
        "pin delete early",
        "remote rename origin hub",
        "remote remove hub",
        "remote remove hub",
        "draw",
    ]);
    insta::assert_snapshot!(without_hub(&two, &text));
}

#[test]
fn git_and_jj_see_what_was_sent() {
    let two = Two::new();
    let (ada, bob) = (&two.ada, &two.bob);
    ada.write("a", "1\n").spool("knot -m One").ok();
    ada.spool("pin create main -r @-").ok();
    ada.spool("shuttle --pin main").ok();
    bob.jj(&["git", "fetch"]);
    bob.jj(&["new", "main@origin"]);
    assert_eq!(bob.read("a"), "1\n");
    bob.write("a", "2\n");
    bob.jj(&["commit", "-m", "Two"]);
    bob.jj(&["bookmark", "track", "main", "--remote", "origin"]);
    bob.jj(&["bookmark", "set", "main", "-r", "@-"]);
    bob.jj(&["git", "push"]);
    ada.spool("draw").ok();
    assert_eq!(ada.git(&["log", "--format=%s", "main"]), "Two\nOne\n");
    assert_eq!(
        ada.jj(&["log", "--no-graph", "-r", "main", "-T", "description"]),
        "Two\n"
    );
}
