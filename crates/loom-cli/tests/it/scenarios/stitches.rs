//! Where there is a spool, the agent's work becomes stitches, and the person's stays in the shuttle.

use serde_json::Value;

use super::{Scene, bash, done, edit, read, write};

/// Runs a command of the spool, and returns what it prints.
fn spool(scene: &Scene, arguments: &[&str]) -> String {
    let all = ["spool"].iter().chain(arguments);
    let output = scene.user.loom(all).run();
    output.assert_success();
    output.stdout.clone()
}

/// The stitches below the shuttle, newest first.
fn stitches(scene: &Scene) -> Vec<Value> {
    let printed = spool(scene, &["trace", "--json", "-r", "root()..@-"]);
    printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn subject(stitch: &Value) -> &str {
    stitch["description"]
        .as_str()
        .unwrap()
        .lines()
        .next()
        .unwrap()
}

#[tokio::test]
async fn each_turn_is_a_stitch_that_leads_to_its_thread_and_back() {
    let scene = Scene::new([write("a.txt", "one\n"), done()]).await;
    spool(&scene, &["wind"]);
    scene.write("mine.txt", "mine\n");
    assert!(scene.play(&[], "make a first file").succeeded);
    scene.then([
        read("a.txt"),
        edit("a.txt", "one", "two"),
        bash("printf 'new\\n' > b.txt"),
        done(),
    ]);
    let mode = ["--continue", "--permission-mode", "full"];
    assert!(scene.play(&mode, "change it and make another").succeeded);

    let stitches = stitches(&scene);
    let subjects: Vec<_> = stitches.iter().map(subject).collect();
    assert_eq!(
        subjects,
        ["Change it and make another", "Make a first file"]
    );
    let files = |revset: &str| spool(&scene, &["compare", "--name-only", "-r", revset]);
    assert_eq!(files("@-"), "a.txt\nb.txt\n");
    assert_eq!(files("@--"), "a.txt\n");
    assert_eq!(files("@"), "mine.txt\n");
    assert_eq!(scene.read("a.txt"), "two\n");

    // From the stitch to the thread, and from the thread to its stitches.
    let thread = stitches[0]["thread"].as_str().unwrap();
    let trace = spool(&scene, &["trace", "-r", "@-"]);
    assert!(trace.contains(thread), "{trace}");
    let shown = scene.user.loom(["threads", "show", thread, "--json"]).run();
    let shown = shown.json();
    let ids: Vec<_> = shown["stitches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stitch| stitch["stitch_id"].clone())
        .collect();
    let expected: Vec<_> = stitches
        .iter()
        .rev()
        .map(|stitch| stitch["stitch_id"].clone())
        .collect();
    assert_eq!(ids, expected);
    let shown = scene.user.loom(["threads", "show", thread]).run();
    let text = &shown.stdout;
    assert!(
        text.contains("Stitches:\n") && text.contains(": Make a first file\n"),
        "{text}"
    );
    scene.end();
}

#[tokio::test]
async fn a_colocated_repository_gets_no_second_record_of_the_same_work() {
    let mut scene = Scene::new([write("a.txt", "one\n"), done()]).await;
    scene.user.set_env("LOOM_AUTO_COMMIT", "true");
    spool(&scene, &["wind"]);
    assert!(scene.play(&[], "make a first file").succeeded);
    let log = scene.user.program("git", ["log", "--format=%s"]).run();
    log.assert_success();
    assert_eq!(log.stdout, "Make a first file\n");
    scene.end();
}

#[tokio::test]
async fn the_setting_turns_it_off() {
    let mut scene = Scene::new([write("a.txt", "one\n"), done()]).await;
    scene.user.set_env("LOOM_SPOOL_STITCHES", "false");
    spool(&scene, &["wind"]);
    assert!(scene.play(&[], "make a first file").succeeded);
    assert_eq!(stitches(&scene), Vec::<Value>::new());
    scene.end();
}

#[tokio::test]
async fn what_goes_wrong_is_a_notice_and_the_turn_is_done() {
    let scene = Scene::new([write("a.txt", "one\n"), done()]).await;
    spool(&scene, &["wind"]);
    scene.write(".jj/working_copy/checkout", "garbage");
    let run = scene.play(&[], "make a first file");
    assert!(run.succeeded);
    let told = run.notices();
    let about = "the agent's work goes with the next stitch: ";
    assert!(told.iter().any(|notice| notice.contains(about)), "{told:?}");
    assert_eq!(scene.read("a.txt"), "one\n");
    scene.end();
}
