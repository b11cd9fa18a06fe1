//! A provider that refuses, fails, breaks off or talks nonsense.

use std::path::Path;

use loom_testing::{CommandLine, FakeModel, Reply};
use serde_json::json;

use crate::events::{completed, failure, notices, prompt, result, stream, thread_id};

/// Runs one prompt against these replies and expects it to work out in the end.
async fn recovers(replies: impl IntoIterator<Item = Reply>) -> Vec<String> {
    let model = FakeModel::start().await;
    for reply in replies {
        model.reply(reply);
    }
    let user = CommandLine::with_model(&model);
    let output = prompt(&user, "go");
    let events = output.assert_success().json_lines();
    assert_eq!(result(&events)["text"], "here I am");
    assert_eq!(model.remaining_replies(), 0);
    // Nothing of a failed try is in the thread: a new prompt goes out on a clean history.
    model.reply(Reply::text("still here"));
    stream(&user, &["-p", "and?", "--resume", &thread_id(&events)]).assert_success();
    assert_eq!(model.last_request().messages().len(), 3);
    model.verify();
    notices(&events)
}

fn good() -> Reply {
    Reply::text("here I am")
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_as_long_as_the_provider_says() {
    let notices = recovers([Reply::status(429).retry_after(2), good()]).await;
    assert_eq!(notices.len(), 1);
    assert!(notices[0].contains("asking again in 2."), "{notices:?}");
}

#[tokio::test]
async fn a_rate_limit_without_a_time_is_waited_for_too() {
    assert_eq!(recovers([Reply::status(429), good()]).await.len(), 1);
}

#[tokio::test]
async fn an_overloaded_provider_is_asked_again() {
    assert_eq!(recovers([Reply::overloaded(), good()]).await.len(), 1);
}

#[tokio::test]
async fn an_error_inside_the_provider_is_asked_again() {
    assert_eq!(recovers([Reply::status(500), good()]).await.len(), 1);
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_of_the_answer_is_asked_again() {
    let cut = Reply::text("here I am not")
        .delta_chars(1)
        .cut_after_events(8);
    assert_eq!(recovers([cut, good()]).await.len(), 1);
}

#[tokio::test]
async fn an_answer_without_its_end_is_asked_again() {
    let cut = Reply::text("here I am not").end_without_stop();
    assert_eq!(recovers([cut, good()]).await.len(), 1);
}

#[tokio::test]
async fn an_error_in_the_middle_of_the_answer_is_asked_again() {
    let cut = Reply::text("here I am not")
        .delta_chars(1)
        .error_event_after(6);
    assert_eq!(recovers([cut, good()]).await.len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_not_json_is_asked_again() {
    let broken = Reply::text("here I am not").malformed_json_at(3);
    assert_eq!(recovers([broken, good()]).await.len(), 1);
}

/// Runs one prompt against a reply that no retry helps against; returns code and hint.
async fn gives_up(reply: Reply) -> (String, String) {
    let model = FakeModel::start().await;
    model.reply(reply);
    let user = CommandLine::with_model(&model);
    let output = prompt(&user, "go");
    let events = output.assert_code(1).json_lines();
    let (code, hint) = failure(&events);
    assert_eq!(model.requests().len(), 1, "it was asked again");
    assert_eq!(result(&events)["is_error"], true);
    assert!(output.stderr.contains("error: "), "{}", output.stderr);
    assert!(
        output.stderr.contains(&format!("hint: {hint}")),
        "{}",
        output.stderr
    );
    // The prompt is kept, and goes out with the next one.
    model.reply(good());
    stream(&user, &["-p", "again", "--continue"]).assert_success();
    assert_eq!(model.last_request().messages().len(), 2);
    model.verify();
    (code.to_owned(), hint.to_owned())
}

#[tokio::test]
async fn a_refused_key_says_which_setting_holds_it() {
    let (code, hint) = gives_up(Reply::status(401)).await;
    assert_eq!(code, "key_refused");
    assert!(hint.contains("ANTHROPIC_API_KEY"), "{hint}");
}

#[tokio::test]
async fn a_model_that_does_not_exist_says_how_to_name_another() {
    let (code, hint) = gives_up(Reply::status(404)).await;
    assert_eq!(code, "model_not_found");
    assert!(hint.contains("model"), "{hint}");
}

#[tokio::test]
async fn a_used_up_budget_is_not_asked_again() {
    let (code, _) = gives_up(Reply::spend_limit()).await;
    assert_eq!(code, "spend_limit");
}

#[tokio::test]
async fn retries_end_and_the_last_error_is_told_with_a_hint() {
    let failures = [
        ("rate_limited", Reply::status(429)),
        ("overloaded", Reply::overloaded()),
        ("provider_failed", Reply::status(500)),
        ("stream_interrupted", Reply::text("cut").cut_after_events(3)),
        ("stream_interrupted", Reply::text("cut").end_without_stop()),
        (
            "malformed_response",
            Reply::text("cut").malformed_json_at(3),
        ),
        ("overloaded", Reply::text("cut").error_event_after(3)),
    ];
    let model = FakeModel::start().await;
    let mut user = CommandLine::with_model(&model);
    user.set_env("LOOM_MAX_RETRIES", "1");
    for (code, reply) in failures {
        model.reply(reply.clone());
        model.reply(reply);
        let asked = model.requests().len();
        let output = prompt(&user, &format!("go {asked}"));
        let events = output.assert_code(1).json_lines();
        let (told, hint) = failure(&events);
        assert_eq!(told, code);
        assert_ne!(hint, "", "{code}");
        assert_eq!(notices(&events).len(), 1, "{code}");
        assert_eq!(model.requests().len(), asked + 2, "{code}");
    }
}

#[tokio::test]
async fn the_text_of_a_cut_answer_is_marked_as_cut() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("one two").delta_chars(1).cut_after_events(6));
    model.reply(good());
    let user = CommandLine::with_model(&model);
    let output = prompt(&user, "go");
    let events = output.assert_success().json_lines();
    let messages = completed(&events, "agent_message");
    assert_eq!(messages[0]["interrupted"], true);
    assert_eq!(
        messages[1],
        &json!({"id": messages[1]["id"], "type": "agent_message", "text": "here I am"})
    );
}

#[tokio::test]
async fn no_key_appears_in_any_output_log_or_file() {
    let model = FakeModel::start().await;
    model.expect_api_key("sk-very-secret-0123456789");
    for reply in [
        Reply::status(500),
        Reply::text("x").end_without_stop(),
        Reply::status(401),
    ] {
        model.reply(reply);
    }
    let mut user = CommandLine::with_model(&model);
    user.set_env("LOOM_LOG", "trace");
    let output = prompt(&user, "go");
    let doctor = user.loom(["doctor"]).run();
    let status = user.loom(["server", "status", "--json"]).run();
    user.loom(["server", "stop"]).run().assert_success();
    let mut places = vec![
        ("stdout", output.stdout.clone()),
        ("stderr", output.stderr.clone()),
        ("doctor", format!("{}{}", doctor.stdout, doctor.stderr)),
        ("status", status.stdout.clone()),
    ];
    let log = std::fs::read_to_string(user.state_home().join("loom/server.log")).unwrap();
    assert!(
        log.contains("key_refused"),
        "the log tells of the failure: {log}"
    );
    places.push(("server.log", log));
    for (place, text) in &places {
        assert!(
            !text.contains("very-secret"),
            "{place} has the key:\n{text}"
        );
    }
    for folder in [user.data_home(), user.state_home()] {
        assert_no_key_in(&folder.join("loom"));
    }
}

fn assert_no_key_in(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_no_key_in(&path);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(11).any(|window| window == b"very-secret");
        assert!(!found, "{} has the key", path.display());
    }
}
