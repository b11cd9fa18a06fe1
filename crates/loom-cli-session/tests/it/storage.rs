//! The thread store refuses: the turn says so, and nothing is lost.

use loom_common_core::stream::ThreadEvent;
use loom_common_core::{ContentBlock, Message, ToolCall};
use loom_common_thread::ThreadId;
use serde_json::json;

use crate::bench::{Answer, Bench, failure_code, wait_for};

/// Makes every write of a message fail as a full disk would: with an error of the database.
async fn block_writes(bench: &Bench) {
    sqlite(bench, "CREATE TRIGGER blocked BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'blocked'); END").await;
}

async fn unblock_writes(bench: &Bench) {
    sqlite(bench, "DROP TRIGGER blocked").await;
}

async fn sqlite(bench: &Bench, statement: &'static str) {
    use sqlx::{Connection, SqliteConnection};
    let url = format!("sqlite://{}", bench.database().display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query(statement)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_prompt_that_cannot_be_stored_is_not_sent_but_kept_for_later() {
    let mut bench = Bench::new([Answer::text("hello")]);
    let mut running = bench.start().await;
    block_writes(&bench).await;
    running.prompt("one").await;
    let shown = running.turn().await;
    assert_eq!(failure_code(&shown), "thread_not_saved");
    assert_eq!(bench.model.requests(), []);

    unblock_writes(&bench).await;
    running.prompt("two").await;
    assert!(matches!(
        running.turn().await.last(),
        Some(ThreadEvent::TurnCompleted { .. })
    ));
    let id = running.thread_id.clone();
    running.end().await;
    let texts: Vec<String> = bench
        .stored(&id)
        .await
        .log
        .conversation()
        .iter()
        .map(|message| message.text())
        .collect();
    assert_eq!(texts, ["one", "two", "hello"]);
}

#[tokio::test]
async fn a_tool_call_that_cannot_be_stored_does_not_run() {
    let mut bench = Bench::new([
        Answer::calls(&[("bash", json!({"command": "touch made"}))]),
        Answer::text("well"),
    ]);
    let mut running = bench.start().await;
    sqlite(
        &bench,
        "CREATE TRIGGER blocked BEFORE INSERT ON messages WHEN NEW.seq > 0 BEGIN SELECT RAISE(ABORT, 'blocked'); END",
    )
    .await;
    running.prompt("go").await;
    assert_eq!(failure_code(&running.turn().await), "thread_not_saved");
    assert!(!bench.workspace().join("made").exists());

    unblock_writes(&bench).await;
    running.prompt("again").await;
    running.turn().await;
    let id = running.thread_id.clone();
    running.end().await;
    let stored = bench.stored(&id).await;
    let results: usize = stored
        .log
        .conversation()
        .iter()
        .map(|message| message.results().count())
        .sum();
    assert_eq!((stored.log.conversation().len(), results), (5, 1));
}

#[tokio::test]
async fn a_thread_that_another_session_has_continued_is_not_overwritten() {
    let mut bench = Bench::new([Answer::text("a"), Answer::text("b")]);
    let mut first = bench.start().await;
    first.prompt("one").await;
    first.turn().await;
    let id = first.thread_id.clone();

    let mut second = bench.resume(&id).await;
    second.prompt("two").await;
    second.turn().await;

    first.prompt("three").await;
    let shown = first.turn().await;
    assert_eq!(failure_code(&shown), "thread_not_saved");
    let texts: Vec<String> = bench
        .stored(&id)
        .await
        .log
        .conversation()
        .iter()
        .map(|message| message.text())
        .collect();
    assert_eq!(texts, ["one", "a", "two", "b"]);
}

#[tokio::test]
async fn a_call_that_was_running_when_loom_died_gets_a_result_when_the_thread_is_resumed() {
    let mut bench = Bench::new([Answer::text("first"), Answer::text("second")]);
    let mut running = bench.start().await;
    running.prompt("one").await;
    running.turn().await;
    let id = running.thread_id.clone();
    running.end().await;
    // As if loom had been killed after it had stored the call and before the result.
    let call = ToolCall {
        id: "call_9".to_owned(),
        name: "bash".to_owned(),
        arguments: "{}".to_owned(),
        extra: Default::default(),
    };
    let thread: ThreadId = id.parse().unwrap();
    let store = bench.store().await;
    let at = "2026-01-02T12:00:00Z".parse().unwrap();
    store
        .append(thread, 2, &Message::user("two").into(), at)
        .await
        .unwrap();
    let interrupted = Message::assistant(vec![ContentBlock::ToolUse(call)]);
    store
        .append(thread, 3, &interrupted.into(), at)
        .await
        .unwrap();

    let mut resumed = bench.resume(&id).await;
    resumed.prompt("three").await;
    resumed.turn().await;
    resumed.end().await;
    let request = bench.model.requests().pop().unwrap();
    let result = request.messages[4].results().next().unwrap().clone();
    assert_eq!(
        (result.tool_use_id.as_str(), result.is_error),
        ("call_9", true)
    );
    assert_eq!(bench.stored(&id).await.log.len(), 7);
}

#[tokio::test]
async fn a_repair_that_cannot_be_stored_is_told_with_the_next_prompt_and_kept() {
    let mut bench = Bench::new([Answer::Hangs(vec![]), Answer::text("on it")]);
    let running = bench.start().await;
    running.prompt("one").await;
    let model = bench.model.clone();
    wait_for("the request", || model.requests().len() == 1).await;
    let id = running.thread_id.clone();
    running.end().await;
    let thread: ThreadId = id.parse().unwrap();
    let at = "2026-01-02T12:00:00Z".parse().unwrap();
    let call = ToolCall {
        id: "call_9".to_owned(),
        name: "bash".to_owned(),
        arguments: "{}".to_owned(),
        extra: Default::default(),
    };
    let interrupted = Message::assistant(vec![ContentBlock::ToolUse(call)]);
    bench
        .store()
        .await
        .append(thread, 1, &interrupted.into(), at)
        .await
        .unwrap();

    let mut resumed = bench.resume(&id).await;
    block_writes(&bench).await;
    resumed.prompt("two").await;
    assert_eq!(failure_code(&resumed.turn().await), "thread_not_saved");
    unblock_writes(&bench).await;
    resumed.prompt("three").await;
    assert!(matches!(
        resumed.turn().await.last(),
        Some(ThreadEvent::TurnCompleted { .. })
    ));
    resumed.end().await;
    let stored = bench.stored(&id).await;
    assert_eq!(stored.log.conversation().len(), 6);
    assert_eq!(stored.log.conversation()[2].results().count(), 1);
}

#[tokio::test]
async fn tokens_of_a_turn_that_could_not_be_stored_are_counted_later() {
    let mut bench = Bench::new([Answer::text("one"), Answer::text("two")]);
    let mut running = bench.start().await;
    sqlite(
        &bench,
        "CREATE TRIGGER blocked BEFORE INSERT ON messages WHEN NEW.seq = 1 BEGIN SELECT RAISE(ABORT, 'blocked'); END",
    )
    .await;
    running.prompt("one").await;
    assert_eq!(failure_code(&running.turn().await), "thread_not_saved");
    unblock_writes(&bench).await;
    running.prompt("two").await;
    running.turn().await;
    let id = running.thread_id.clone();
    let shown = running.end().await;
    let Some(ThreadEvent::Result { usage, .. }) = shown.last() else {
        panic!("{shown:?}");
    };
    assert_eq!(usage.input_tokens, 20);
    assert_eq!(bench.stored(&id).await.thread.usage.input_tokens, 20);
}

#[tokio::test]
async fn tokens_that_cannot_be_counted_do_not_fail_an_answer() {
    let mut bench = Bench::new([Answer::text("yes")]);
    let mut running = bench.start().await;
    sqlite(
        &bench,
        "CREATE TRIGGER blocked BEFORE UPDATE OF input_tokens ON threads BEGIN SELECT RAISE(ABORT, 'blocked'); END",
    )
    .await;
    running.prompt("go").await;
    let shown = running.turn().await;
    assert!(
        matches!(shown.last(), Some(ThreadEvent::TurnCompleted { .. })),
        "{shown:?}"
    );
    let told = shown
        .iter()
        .any(|event| format!("{event:?}").contains("could not be counted yet"));
    assert!(told, "{shown:?}");
}

#[tokio::test]
async fn what_waits_for_the_store_is_stored_when_the_session_ends() {
    let mut bench = Bench::new([Answer::text("yes")]);
    let mut running = bench.start().await;
    sqlite(
        &bench,
        "CREATE TRIGGER blocked BEFORE INSERT ON messages WHEN NEW.seq = 1 BEGIN SELECT RAISE(ABORT, 'blocked'); END",
    )
    .await;
    running.prompt("go").await;
    assert_eq!(failure_code(&running.turn().await), "thread_not_saved");
    let id = running.thread_id.clone();
    unblock_writes(&bench).await;
    running.end().await;
    let stored = bench.stored(&id).await;
    let texts: Vec<String> = stored
        .log
        .conversation()
        .iter()
        .map(|message| message.text())
        .collect();
    assert_eq!(texts, ["go", "yes"]);
    assert_eq!(stored.thread.usage.input_tokens, 10);
}

#[tokio::test]
async fn what_cannot_be_stored_at_the_end_is_told() {
    let mut bench = Bench::new([Answer::text("yes")]);
    let mut running = bench.start().await;
    block_writes(&bench).await;
    running.prompt("go").await;
    running.turn().await;
    let shown = running.end().await;
    let told = shown
        .iter()
        .any(|event| format!("{event:?}").contains("could not be saved"));
    assert!(told, "{shown:?}");
    assert!(
        matches!(
            shown.last(),
            Some(ThreadEvent::Result { is_error: true, .. })
        ),
        "{shown:?}"
    );
}

#[tokio::test]
async fn a_session_that_only_looks_at_a_thread_changes_nothing_of_it() {
    let mut bench = Bench::new([Answer::text("first")]);
    let mut running = bench.start().await;
    running.prompt("one").await;
    running.turn().await;
    let id = running.thread_id.clone();
    running.end().await;
    let thread: ThreadId = id.parse().unwrap();
    // A call that may still be running in another session: its result is not for this one to make up.
    let call = ToolCall {
        id: "call_9".to_owned(),
        name: "bash".to_owned(),
        arguments: "{}".to_owned(),
        extra: Default::default(),
    };
    let at = "2026-01-02T12:00:00Z".parse().unwrap();
    let calls = Message::assistant(vec![ContentBlock::ToolUse(call)]);
    bench
        .store()
        .await
        .append(thread, 2, &calls.into(), at)
        .await
        .unwrap();
    let before = bench.stored(&id).await;
    bench.resume(&id).await.end().await;
    assert_eq!(bench.stored(&id).await, before);
}
