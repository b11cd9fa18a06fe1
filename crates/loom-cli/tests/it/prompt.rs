//! Where the prompt comes from, and where the answer goes.

use loom_testing::{CommandLine, FakeModel, Reply};
use serde_json::json;

async fn model(replies: impl IntoIterator<Item = Reply>) -> FakeModel {
    let model = FakeModel::start().await;
    for reply in replies {
        model.reply(reply);
    }
    model
}

#[tokio::test]
async fn the_answer_alone_goes_to_standard_output() {
    let model = model([
        Reply::new()
            .and_text("Let me see.")
            .and_tool_call("list_files", json!({})),
        Reply::text("Nothing here."),
    ])
    .await;
    let user = CommandLine::with_model(&model);
    let output = user.loom(["-p", "what is there?"]).run();
    output.assert_success();
    assert_eq!(output.stdout, "Nothing here.\n");
    assert!(output.stderr.contains("● list_files"), "{}", output.stderr);
    assert!(output.stderr.contains("Let me see."), "{}", output.stderr);
}

#[tokio::test]
async fn quiet_says_nothing_besides_the_answer() {
    let model = model([Reply::text("yes")]).await;
    let user = CommandLine::with_model(&model);
    let output = user.loom(["-q", "-p", "go"]).run();
    output.assert_success();
    assert_eq!(
        (output.stdout.as_str(), output.stderr.as_str()),
        ("yes\n", "")
    );
}

#[tokio::test]
async fn json_is_the_result_as_one_object() {
    let model = model([Reply::text("yes")]).await;
    let user = CommandLine::with_model(&model);
    let output = user.loom(["--output-format", "json", "-p", "go"]).run();
    let lines = output.assert_success().json_lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (&lines[0]["type"], &lines[0]["text"]),
        (&json!("result"), &json!("yes"))
    );
}

#[tokio::test]
async fn the_prompt_comes_from_standard_input_too() {
    let model = model([Reply::text("yes")]).await;
    let user = CommandLine::with_model(&model);
    user.loom(["-p"])
        .stdin("from the pipe\n")
        .run()
        .assert_success();
    assert_eq!(model.last_request().first_user_text(), "from the pipe");
}

#[tokio::test]
async fn standard_input_follows_a_prompt_that_was_given() {
    let model = model([Reply::text("yes")]).await;
    let user = CommandLine::with_model(&model);
    user.loom(["-p", "review this"])
        .stdin("+ a line\n")
        .run()
        .assert_success();
    assert_eq!(
        model.last_request().first_user_text(),
        "review this\n\n+ a line"
    );
}

#[tokio::test]
async fn an_empty_prompt_is_wrong_use() {
    let user = CommandLine::new();
    let output = user.loom(["-p", ""]).stdin("").run();
    output.assert_code(2);
    assert!(output.stderr.contains("hint: "), "{}", output.stderr);
}

#[tokio::test]
async fn input_that_is_not_text_is_refused_before_the_model_is_asked() {
    let model = model([]).await;
    let user = CommandLine::with_model(&model);
    let output = user.loom(["-p"]).stdin(vec![0xff, 0xfe]).run();
    output.assert_code(2);
    assert!(output.stderr.contains("UTF-8"), "{}", output.stderr);
}

#[tokio::test]
async fn a_session_needs_a_terminal() {
    let user = CommandLine::new();
    let output = user.loom([""; 0]).stdin("").run();
    output.assert_code(2);
    assert!(
        output.stderr.contains("loom -p PROMPT"),
        "{}",
        output.stderr
    );
}

#[tokio::test]
async fn an_answer_is_passed_to_programs_as_it_is_and_shown_to_people_without_its_escapes() {
    let model = model([Reply::text("a\u{1b}[2Jb")]).await;
    let user = CommandLine::with_model(&model);
    let output = user.loom(["-p", "go"]).run();
    output.assert_success();
    assert_eq!(output.stdout, "a\u{1b}[2Jb\n");
    assert!(
        output.stderr.contains("a\u{fffd}[2Jb"),
        "{:?}",
        output.stderr
    );
    assert!(!output.stderr.contains('\u{1b}'), "{:?}", output.stderr);
}

#[tokio::test]
async fn a_folder_is_worked_in_by_name() {
    let model = model([Reply::text("yes")]).await;
    let user = CommandLine::with_model(&model);
    let folder = user.home().join("elsewhere");
    std::fs::create_dir(&folder).unwrap();
    let arguments = [
        "-C",
        folder.to_str().unwrap(),
        "--output-format",
        "stream-json",
        "-p",
        "go",
    ];
    let events = user.loom(arguments).run().json_lines();
    let folder = folder.canonicalize().unwrap();
    assert_eq!(events[0]["cwd"], folder.to_str().unwrap());
    let output = user.loom(["-C", "/nowhere", "-p", "go"]).run();
    output.assert_code(2);
    assert!(output.stderr.contains("/nowhere"), "{}", output.stderr);
}
