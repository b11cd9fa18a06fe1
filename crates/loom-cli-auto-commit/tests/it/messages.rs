//! The words of commits.

use loom_cli_config::CommitStyle;
use loom_cli_session::Moment;
use loom_testing::Repository;

use crate::scene::{Scene, Setting, text_of, thread};

fn repository(subjects: &[&str]) -> Repository {
    let start = Repository::new().file("a", "0\n").commit(subjects[0]);
    subjects[1..]
        .iter()
        .fold(start, |repository, subject| repository.commit(subject))
}

async fn message(scene: &Scene, prompt: &str, text: &str) -> String {
    scene.play(prompt, |folder| folder.write("a", text)).await;
    let message = scene.repository.git(&["log", "-1", "--format=%B"]);
    let end = format!("\n\nLoom-Thread: {}", thread());
    message.replacen(&end, "", 1)
}

#[tokio::test]
async fn the_model_sees_what_was_asked_and_changed_and_how_the_repository_writes() {
    let scene = Scene::new(repository(&[
        "Start",
        "Add a parser",
        "Speed the parser up",
    ]))
    .await;
    scene.answers("Count in ones");
    assert_eq!(
        message(&scene, "please count", "1\n").await,
        "Count in ones"
    );
    let requests = scene.writer.requests.lock().unwrap();
    let [request] = requests.as_slice() else {
        panic!("one request: {requests:?}");
    };
    let text = text_of(request);
    for part in [
        "<examples>\nSpeed the parser up\n---\nAdd a parser\n---\nStart\n</examples>",
        "<request>\nplease count\n</request>",
        "<answer>\nI have done it.\n</answer>",
        "-0\n+1",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("Conventional"), "{text}");
    assert_eq!(request.model, "writer");
    assert!(request.tools.is_empty());
}

#[tokio::test]
async fn what_the_model_sees_is_bounded() {
    let scene = Scene::new(repository(&["Start"])).await;
    scene.answers("Write a lot");
    let prompt = "write ".repeat(5_000);
    let many = |folder: &Repository| {
        for number in 0..100 {
            folder.write(format!("file-{number}"), "a line of text\n".repeat(60));
        }
    };
    scene.play(&prompt, many).await;
    let requests = scene.writer.requests.lock().unwrap();
    let text = text_of(&requests[0]);
    assert!(text.len() < 26_000, "{}", text.len());
    assert!(text.contains("<all-files-of-the-patch>") && text.contains("file-99"));
}

#[tokio::test]
async fn without_words_that_fit_the_message_is_plain() {
    let scene = Scene::new(repository(&["feat: a", "fix: b", "docs: c"])).await;
    // Away.
    assert_eq!(
        message(&scene, "count in ones", "1\n").await,
        "chore: count in ones"
    );
    for (rubbish, text) in [
        ("```\n```", "2\n"),
        ("Not conventional", "3\n"),
        ("# feat: x", "4\n"),
    ] {
        scene.answers(rubbish);
        assert_eq!(message(&scene, "yes", text).await, "chore: change a");
    }
    scene.answers("feat(parser)!: count in twos");
    assert_eq!(
        message(&scene, "yes", "5\n").await,
        "feat(parser)!: count in twos"
    );
}

#[tokio::test]
async fn a_model_that_does_not_answer_is_not_waited_for() {
    let scene = Scene::new(repository(&["Start"])).await;
    *scene.writer.hangs.lock().unwrap() = true;
    assert_eq!(
        message(&scene, "count in ones", "1\n").await,
        "Count in ones"
    );
}

#[tokio::test]
async fn conventional_commits_are_written_where_they_are_wanted() {
    let setting = Setting {
        style: CommitStyle::Conventional,
        ..Setting::default()
    };
    let scene = Scene::with(repository(&["Start", "Go on", "Go on again"]), setting).await;
    scene.answers("fix: count in ones");
    assert_eq!(message(&scene, "count", "1\n").await, "fix: count in ones");
    assert_eq!(
        message(&scene, "count in twos", "2\n").await,
        "chore: count in twos"
    );
    let requests = scene.writer.requests.lock().unwrap();
    let text = text_of(&requests[0]);
    assert!(
        text.contains("Conventional Commits") && !text.contains("<examples>"),
        "{text}"
    );
}

#[tokio::test]
async fn tickets_come_from_the_branch_and_never_from_a_guess() {
    let scene = Scene::new(repository(&["ABC-1 Start", "ABC-2 Go on", "ABC-3 End"])).await;
    scene.answers("ABC-3 Count in ones");
    assert_eq!(
        message(&scene, "count in ones", "1\n").await,
        "Count in ones"
    );
    scene
        .repository
        .git(&["checkout", "--quiet", "-b", "feature/ABC-17-count"]);
    scene.answers("ABC-17 Count in twos");
    assert_eq!(
        message(&scene, "count", "2\n").await,
        "ABC-17 Count in twos"
    );
    assert_eq!(
        message(&scene, "count in threes", "3\n").await,
        "ABC-17 Count in threes"
    );
}

#[tokio::test]
async fn a_repository_of_signed_off_commits_gets_another_of_the_person() {
    let signed = "Change\n\nSigned-off-by: Ada Example <ada@example.org>";
    let scene = Scene::new(repository(&[signed, signed, signed])).await;
    scene.answers("Count\n\nSigned-off-by: Somebody Else <x@y.z>");
    assert_eq!(
        message(&scene, "count", "1\n").await,
        "Count\nSigned-off-by: Ada Example <ada@example.org>"
    );
    let trailers = scene
        .repository
        .git(&["log", "-1", "--format=%(trailers:only)"]);
    assert_eq!(trailers.lines().count(), 2);
}

#[tokio::test]
async fn what_the_model_has_used_is_told_also_when_the_commit_fails() {
    let scene = Scene::new(repository(&["Start"])).await;
    scene.hook("pre-commit", "exit 1");
    scene.answers("Count");
    let mut turn = scene.turn("count").await;
    turn.call(|folder| folder.write("a", "1\n")).await;
    let kept = turn.keep(Moment::Turn { is_complete: true }).await;
    let spent = kept.spent.unwrap();
    assert_eq!(spent.prices.unwrap().cost(spent.usage), 1.0);
    assert_eq!(scene.log(), "Start");
}
