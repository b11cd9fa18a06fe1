//! What the agent changed reaches the history, and what the person did does not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use loom_testing::Reply;
use loom_testing::model::Usage;

use super::asking::Driven;
use super::{Scene, bash, done, edit, write};
use crate::events::result;

const LINES: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

/// What the question for a message holds and no other.
const QUESTION: &str = "<patch>";

/// A scene in a repository with the file `count`, in which the agent's work is committed.
async fn scene(replies: impl IntoIterator<Item = Reply>) -> Scene {
    let mut scene = Scene::new(replies).await;
    scene.user.set_env("LOOM_AUTO_COMMIT", "true");
    scene.write("count", LINES);
    git(&scene, &["init", "--quiet", "--initial-branch=main"]);
    git(&scene, &["add", "--all"]);
    git(&scene, &["commit", "--quiet", "--message", "Start"]);
    scene
}

fn git(scene: &Scene, arguments: &[&str]) -> String {
    let output = scene.user.program("git", arguments).run();
    output.assert_success();
    output.stdout.trim_end().to_owned()
}

/// Scripts the message of the next commit.
fn message(scene: &Scene, reply: Reply) {
    scene.model.conversation(QUESTION).reply(reply);
}

fn subjects(scene: &Scene) -> String {
    git(scene, &["log", "--format=%s"])
}

/// The lines that a commit or the working tree has changed.
fn changed(scene: &Scene, arguments: &[&str]) -> Vec<String> {
    let all = [arguments, &["--unified=0", "--format=", "--no-renames"]].concat();
    let all: Vec<_> = all
        .into_iter()
        .filter(|argument| arguments[0] == "show" || *argument != "--format=")
        .collect();
    git(scene, &all)
        .lines()
        .filter(|line| {
            line.starts_with(['+', '-']) && !line.starts_with("---") && !line.starts_with("+++")
        })
        .map(str::to_owned)
        .collect()
}

fn hook(scene: &Scene, name: &str, script: &str) {
    let path = scene.write(
        &format!(".git/hooks/{name}"),
        format!("#!/bin/sh\n{script}\n"),
    );
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn the_agents_lines_are_committed_and_those_of_the_person_in_the_same_file_are_not() {
    let scene = scene([edit("count", "5\n", "five\n"), bash("echo new > made")]).await;
    scene.write("count", LINES.replace('1', "one"));
    scene.write("draft", "mine\n");
    let file = scene.user.work().join("count");
    // The person goes on while the agent does.
    scene.model.reply_with(move |_| {
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace('9', "nine")).unwrap();
        done()
    });
    message(&scene, Reply::text("Spell the five\n\nIt is read aloud."));
    let played = scene.play(&[], "spell the five");
    assert!(played.succeeded, "{:#?}", played.events);
    assert_eq!(changed(&scene, &["show", "--", "count"]), ["-5", "+five"]);
    assert_eq!(changed(&scene, &["diff"]), ["-1", "+one", "-9", "+nine"]);
    assert_eq!(
        git(&scene, &["status", "--porcelain"]),
        " M count\n?? draft"
    );
    let body = git(&scene, &["log", "-1", "--format=%B"]);
    let start = "Spell the five\n\nIt is read aloud.\n\nLoom-Thread: T-";
    assert!(body.starts_with(start), "{body}");
    let told = played.notices();
    let told = told.iter().find(|told| told.starts_with("committed "));
    let told = told.expect("the commit is told");
    assert!(
        told.ends_with("on main: Spell the five (2 files)"),
        "{told}"
    );
    scene.end();
}

#[tokio::test]
async fn nothing_is_committed_where_nobody_has_asked_for_it() {
    let mut scene = scene([write("made", "x\n"), done()]).await;
    scene.user.set_env("LOOM_AUTO_COMMIT", "false");
    assert!(scene.play(&[], "make it").succeeded);
    assert_eq!(subjects(&scene), "Start");
    scene.end();
}

#[tokio::test]
async fn a_model_that_is_away_costs_the_words_and_not_the_commit() {
    let scene = scene([write("made", "x\n"), done()]).await;
    message(&scene, Reply::status(500));
    let played = scene.play(&[], "make the other file");
    assert!(played.succeeded);
    assert_eq!(subjects(&scene), "Make the other file\nStart");
    scene.end();
}

#[tokio::test]
async fn another_model_writes_the_messages_where_one_is_named_and_its_tokens_count() {
    let mut scene = scene([write("made", "x\n"), done()]).await;
    scene
        .user
        .set_env("LOOM_AUTO_COMMIT_MODEL", "claude-haiku-4-5");
    scene.user.set_env("LOOM_AUTO_COMMIT_STYLE", "conventional");
    let usage = Usage {
        input_tokens: 700_000,
        ..Usage::default()
    };
    message(&scene, Reply::text("feat: make a file").usage(usage));
    let played = scene.play(&[], "make it");
    assert_eq!(subjects(&scene), "feat: make a file\nStart");
    let question = scene.model.last_request();
    assert_eq!(question.model(), "claude-haiku-4-5");
    let spent = result(&played.events)["usage"]["input_tokens"]
        .as_u64()
        .unwrap();
    assert!(spent >= 700_000, "{spent}");
    scene.end();
}

#[tokio::test]
async fn a_hook_that_refuses_fails_no_turn_and_the_work_goes_with_the_next_commit() {
    let scene = scene([write("made", "x\n"), done()]).await;
    hook(
        &scene,
        "pre-commit",
        "echo 'run the tests first' >&2; exit 1",
    );
    message(&scene, Reply::text("Make a file"));
    let played = scene.play(&[], "make it");
    assert!(played.succeeded);
    let told = played.notices();
    let refused = "the hook pre-commit refuses the commit: run the tests first";
    assert!(told.iter().any(|told| told.ends_with(refused)), "{told:?}");
    assert_eq!(subjects(&scene), "Start");
    assert_eq!(git(&scene, &["status", "--porcelain"]), "?? made");
    scene.end();
}

#[tokio::test]
async fn a_file_with_a_secret_stays_uncommitted_and_is_named() {
    let token = ["ghp", "_", "aV8kQ2mW7pLz4TxR9nB3", "cD6fG1hJ5sKyE0uI"].concat();
    let scene = scene([
        write("config", &format!("token = {token}\n")),
        write("made", "x\n"),
        done(),
    ])
    .await;
    message(&scene, Reply::text("Make a file"));
    let played = scene.play(&[], "set it up");
    let told = "not committed, left to you: config (a secret seems to be in it (github-pat))";
    assert!(
        played.notices().contains(&told.to_owned()),
        "{:?}",
        played.notices()
    );
    assert_eq!(git(&scene, &["status", "--porcelain"]), "?? config");
    scene.end();
}

#[tokio::test]
async fn a_merge_that_the_person_is_in_the_middle_of_is_not_disturbed() {
    let scene = scene([write("made", "x\n"), done()]).await;
    git(&scene, &["checkout", "--quiet", "-b", "topic"]);
    git(
        &scene,
        &["commit", "--quiet", "--allow-empty", "--message", "Topic"],
    );
    git(&scene, &["checkout", "--quiet", "main"]);
    git(
        &scene,
        &["merge", "--quiet", "--no-ff", "--no-commit", "topic"],
    );
    let played = scene.play(&[], "make it");
    assert!(played.succeeded);
    let told = played.notices();
    let wait = "a merge is under way in this repository";
    assert!(told.iter().any(|told| told.ends_with(wait)), "{told:?}");
    assert_eq!(subjects(&scene), "Start");
    assert!(scene.has(".git/MERGE_HEAD"));
    scene.end();
}

#[tokio::test]
async fn a_branch_of_its_own_gets_the_commits_and_the_working_tree_stays() {
    let mut scene = scene([write("made", "x\n"), done()]).await;
    scene
        .user
        .set_env("LOOM_AUTO_COMMIT_BRANCH", "loom/{thread}");
    message(&scene, Reply::text("Make a file"));
    let played = scene.play(&[], "make it");
    let thread = result(&played.events)["thread_id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(subjects(&scene), "Start");
    let branch = format!("loom/{thread}");
    assert_eq!(
        git(&scene, &["log", "--format=%s", &branch]),
        "Make a file\nStart"
    );
    assert_eq!(git(&scene, &["status", "--porcelain"]), "?? made");
    scene.end();
}

#[tokio::test]
async fn the_next_turn_does_not_wait_for_the_commit_of_the_last_one() {
    let scene = scene([
        write("made", "x\n"),
        done(),
        write("made-too", "x\n"),
        done(),
    ])
    .await;
    let gate = scene.user.work().join(".git/gate");
    rustix::fs::mkfifoat(rustix::fs::CWD, &gate, rustix::fs::Mode::RWXU).unwrap();
    hook(
        &scene,
        "pre-commit",
        "rm .git/hooks/pre-commit; cat .git/gate",
    );
    message(&scene, Reply::text("Make a file"));
    message(&scene, Reply::text("Make another"));
    let mut driven = Driven::start(&scene, &[]);
    for prompt in ["make it", "and another"] {
        driven.prompt(prompt);
        driven.until("turn.completed");
    }
    assert_eq!(subjects(&scene), "Start");
    // The hook reads to the end of what is written here.
    drop(fs::OpenOptions::new().write(true).open(&gate).unwrap());
    assert_eq!(driven.end(), Some(0));
    assert_eq!(subjects(&scene), "Make another\nMake a file\nStart");
    assert_eq!(
        git(&scene, &["show", "--format=", "--name-only"]),
        "made-too"
    );
    scene.end();
}
