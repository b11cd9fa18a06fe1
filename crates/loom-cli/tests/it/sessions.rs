//! Several sessions in one folder.

use loom_testing::{CommandLine, FakeModel, Gate, Reply};

use crate::events::{failure, result, stream, thread_id};

#[tokio::test]
async fn two_sessions_in_one_folder_keep_their_threads_apart() {
    let model = FakeModel::start().await;
    let gate = Gate::new();
    let left = model.conversation("left");
    left.reply(Reply::text("for left").gate_after(2, &gate));
    model.conversation("right").reply(Reply::text("for right"));
    let user = CommandLine::with_model(&model);
    let slow = user
        .loom(["--output-format", "stream-json", "-p", "left"])
        .spawn();
    gate.reached().await;
    let quick = stream(&user, &["-p", "right"]);
    gate.open();
    let slow = slow.wait();
    let slow = slow.assert_success().json_lines();
    let quick = quick.assert_success().json_lines();
    assert_eq!(result(&slow)["text"], "for left");
    assert_eq!(result(&quick)["text"], "for right");
    assert_ne!(thread_id(&slow), thread_id(&quick));
    let list = user.loom(["threads", "list", "--json"]).run().json();
    assert_eq!(list.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn two_sessions_on_one_thread_cannot_overwrite_each_other() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("begun"));
    let user = CommandLine::with_model(&model);
    let first = stream(&user, &["-p", "start"]);
    let id = thread_id(&first.assert_success().json_lines());

    let gate = Gate::new();
    model.reply(Reply::text("for the slow one").gate_after(2, &gate));
    let arguments = [
        "--output-format",
        "stream-json",
        "--resume",
        &id,
        "-p",
        "slow",
    ];
    let slow = user.loom(arguments).spawn();
    gate.reached().await;
    // The slow one has stored its prompt; the quick one goes on from there.
    model.reply(Reply::text("for the quick one"));
    let quick = stream(&user, &["--resume", &id, "-p", "quick"]);
    gate.open();
    let slow = slow.wait();
    assert_eq!(
        result(&quick.assert_success().json_lines())["text"],
        "for the quick one"
    );
    let events = slow.assert_code(1).json_lines();
    let (code, hint) = failure(&events);
    assert_eq!(code, "thread_not_saved");
    assert!(hint.contains("loom --resume"), "{hint}");
}
