//! The session on a terminal.

use loom_testing::{CommandLine, FakeModel, Gate, Reply};
use serde_json::json;

#[tokio::test]
async fn a_conversation_on_the_terminal_streams_and_asks_for_permission() {
    let model = FakeModel::start().await;
    model.reply(Reply::tool_call(
        "bash",
        json!({"command": "echo made > made.txt"}),
    ));
    model.reply(Reply::text("It is made."));
    let user = CommandLine::with_model(&model);
    let mut terminal = user.loom(["--permission-mode", "ask"]).spawn_on_terminal();
    terminal.wait_for("mode ask");
    terminal.wait_for("\nask>");
    terminal.type_keys("make it\r");
    let screen = terminal.wait_for("[y]es, [n]o");
    assert!(screen.contains("command: echo made > made.txt"), "{screen}");
    assert!(!user.work().join("made.txt").exists());
    terminal.type_keys("y\r");
    terminal.wait_for("It is made.");
    assert!(user.work().join("made.txt").exists());
    terminal.type_keys("/thread\r");
    terminal.wait_for("T-");
    terminal.type_keys("\u{4}");
    assert_eq!(terminal.wait(), 0);
    model.verify();
}

#[tokio::test]
async fn an_answer_to_the_question_in_words_goes_to_the_model() {
    let model = FakeModel::start().await;
    model.reply(Reply::tool_call("bash", json!({"command": "rm -rf build"})));
    model.reply(Reply::text("As you wish."));
    let user = CommandLine::with_model(&model);
    let mut terminal = user.loom(["--permission-mode", "ask"]).spawn_on_terminal();
    terminal.wait_for("\nask>");
    terminal.type_keys("clean up\r");
    terminal.wait_for("say what to do instead");
    terminal.type_keys("only list it\r");
    terminal.wait_for("As you wish.");
    let told = &model.last_request().tool_results()[0];
    assert!(told.content.contains("only list it"), "{told:?}");
    terminal.type_keys("/exit\r");
    assert_eq!(terminal.wait(), 0);
}

#[tokio::test]
async fn ctrl_c_stops_the_turn_and_not_the_session() {
    let model = FakeModel::start().await;
    let gate = Gate::new();
    model.reply(
        Reply::text("one two three")
            .delta_chars(1)
            .gate_after(8, &gate),
    );
    model.reply(Reply::text("Next."));
    let user = CommandLine::with_model(&model);
    let mut terminal = user.loom([""; 0]).spawn_on_terminal();
    terminal.wait_for("\nauto>");
    terminal.type_keys("go\r");
    terminal.wait_for("one");
    terminal.type_keys("\u{3}");
    terminal.wait_for("[cut here]");
    terminal.wait_for("the turn was stopped");
    terminal.type_keys("go on\r");
    terminal.wait_for("Next.");
    terminal.type_keys("\u{4}");
    assert_eq!(terminal.wait(), 0);
    model.verify();
}

#[tokio::test]
async fn a_session_goes_on_with_the_newest_thread_of_the_folder() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("First."));
    model.reply(Reply::text("Second."));
    let user = CommandLine::with_model(&model);
    user.loom(["-p", "one"]).run().assert_success();
    let mut terminal = user.loom(["--continue"]).spawn_on_terminal();
    // How the thread stands comes first.
    terminal.wait_for("> one\n\nFirst.\n");
    terminal.wait_for("\nauto>");
    terminal.type_keys("two\r");
    terminal.wait_for("Second.");
    assert_eq!(model.last_request().messages().len(), 3);
    terminal.type_keys("\u{4}");
    assert_eq!(terminal.wait(), 0);
    model.verify();
}

#[tokio::test]
async fn what_is_typed_while_the_agent_works_waits_for_the_next_prompt() {
    let model = FakeModel::start().await;
    let gate = Gate::new();
    model.reply(Reply::text("First.").gate_after(2, &gate));
    model.reply(Reply::text("Second."));
    let user = CommandLine::with_model(&model);
    let mut terminal = user.loom([""; 0]).spawn_on_terminal();
    terminal.wait_for("\nauto>");
    terminal.type_keys("one\r");
    gate.reached().await;
    terminal.type_keys("two\r");
    gate.open();
    terminal.wait_for("Second.");
    terminal.type_keys("\u{4}");
    assert_eq!(terminal.wait(), 0);
    assert_eq!(model.last_request().messages().len(), 3);
    model.verify();
}

#[tokio::test]
async fn what_was_typed_before_a_question_does_not_answer_it() {
    let model = FakeModel::start().await;
    let gate = Gate::new();
    let call = Reply::tool_call("bash", json!({"command": "touch made"}));
    model.reply(call.gate_after(1, &gate));
    model.reply(Reply::text("As you wish."));
    let user = CommandLine::with_model(&model);
    let mut terminal = user.loom(["--permission-mode", "ask"]).spawn_on_terminal();
    terminal.wait_for("\nask>");
    terminal.type_keys("go\r");
    gate.reached().await;
    terminal.type_keys("yes\r");
    gate.open();
    terminal.wait_for("say what to do instead");
    terminal.type_keys("no\r");
    // What was typed too early stands in the next prompt, to be looked at.
    terminal.wait_for("> yes");
    assert!(!user.work().join("made").exists());
    model.verify();
}

#[tokio::test]
async fn ctrl_c_at_a_question_stops_the_turn() {
    let model = FakeModel::start().await;
    model.reply(Reply::tool_call("bash", json!({"command": "touch made"})));
    let user = CommandLine::with_model(&model);
    let mut terminal = user.loom(["--permission-mode", "ask"]).spawn_on_terminal();
    terminal.wait_for("\nask>");
    terminal.type_keys("go\r");
    terminal.wait_for("say what to do instead");
    terminal.type_keys("\u{3}");
    terminal.wait_for("the turn was stopped");
    assert!(!user.work().join("made").exists());
    terminal.type_keys("\u{4}");
    assert_eq!(terminal.wait(), 0);
}

#[tokio::test]
async fn a_request_to_end_is_heeded_at_the_prompt() {
    let model = FakeModel::start().await;
    let user = CommandLine::with_model(&model);
    let terminal = user.loom([""; 0]).spawn_on_terminal();
    terminal.wait_for("\nauto>");
    let processes = user.processes();
    let loom = processes
        .iter()
        .find(|process| !process.contains("loom-server"))
        .unwrap();
    let pid: String = loom.chars().filter(char::is_ascii_digit).collect();
    assert!(!pid.is_empty(), "{loom}");
    let pid = loom
        .split_whitespace()
        .find(|word| word.chars().all(|c| c.is_ascii_digit()));
    user.program("kill", [pid.unwrap()]).run().assert_success();
    assert_eq!(terminal.wait(), 130);
}
