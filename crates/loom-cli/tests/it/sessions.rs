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

#[tokio::test]
async fn a_thread_goes_on_with_what_it_was_allowed_until_somebody_says_otherwise() {
    let model = FakeModel::start().await;
    for text in ["planned", "still planning", "acting", "still acting"] {
        model.reply(Reply::text(text));
    }
    let user = CommandLine::with_model(&model);
    let mode = |arguments: &[&str]| {
        let events = stream(&user, arguments).assert_success().json_lines();
        events[0]["permission_mode"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        mode(&["--permission-mode", "plan", "-p", "plan it"]),
        "plan"
    );
    assert_eq!(mode(&["-c", "-p", "more"]), "plan");
    assert_eq!(
        mode(&["-c", "--permission-mode", "full", "-p", "do it"]),
        "full"
    );
    assert_eq!(mode(&["-c", "-p", "go on"]), "full");
}

#[tokio::test]
async fn a_thread_belongs_to_its_folder_and_moves_with_it() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("one"));
    model.reply(Reply::text("two"));
    let user = CommandLine::with_model(&model);
    let [old, other, new] = ["old", "other", "new"].map(|name| user.home().join(name));
    std::fs::create_dir(&old).unwrap();
    std::fs::create_dir(&other).unwrap();
    let run = |folder: &std::path::Path, arguments: &[&str]| {
        let folder = ["-C", folder.to_str().unwrap()];
        let arguments: Vec<&str> = folder
            .into_iter()
            .chain(arguments.iter().copied())
            .collect();
        stream(&user, &arguments)
    };
    let id = thread_id(&run(&old, &["-p", "go"]).assert_success().json_lines());
    let elsewhere = run(&other, &["--resume", &id, "-p", "go on"]);
    elsewhere.assert_code(2);
    assert!(
        elsewhere.stderr.contains(&format!("-C {}", old.display())),
        "{}",
        elsewhere.stderr
    );
    std::fs::rename(&old, &new).unwrap();
    // The model is told of the new folder.
    model.allow_rewritten_history();
    run(&new, &["--resume", &id, "-p", "go on"]).assert_success();
    let listed = user
        .loom(["-C", new.to_str().unwrap(), "threads", "list"])
        .run();
    assert!(listed.stdout.contains(&id), "{}", listed.stdout);
}
