//! The person stops a turn: what was there stays, nothing goes on running, the thread goes on.

use loom_common_core::stream::{ItemDetails, ItemStatus, ThreadEvent};
use serde_json::json;

use crate::bench::{Answer, Bench, completed, failure_code, text_begins, tool_calls, wait_for};

#[tokio::test]
async fn text_seen_before_the_stop_stays_in_the_thread() {
    let mut bench = Bench::new([
        Answer::Hangs(text_begins(0, "Let me")),
        Answer::text("again"),
    ]);
    let mut running = bench.start().await;
    running.prompt("go").await;
    running
        .until(|event| matches!(event, ThreadEvent::ItemUpdated { .. }))
        .await;
    running.cancel().await;
    let shown = running.turn().await;
    assert_eq!(
        completed(&shown)[0].details,
        ItemDetails::AgentMessage {
            text: "Let me".to_owned(),
            interrupted: true,
        }
    );
    assert_eq!(failure_code(&shown), "cancelled");

    running.prompt("go on").await;
    running.turn().await;
    let second = bench.model.requests().pop().unwrap();
    let texts: Vec<String> = second
        .messages
        .iter()
        .map(|message| message.text())
        .collect();
    assert_eq!(texts, ["go", "Let me", "go on"]);
}

#[tokio::test]
async fn a_stop_before_the_first_token_leaves_only_the_prompt() {
    let mut bench = Bench::new([Answer::Hangs(vec![]), Answer::text("yes")]);
    let mut running = bench.start().await;
    running.prompt("go").await;
    let model = bench.model.clone();
    wait_for("the request", || model.requests().len() == 1).await;
    running.cancel().await;
    assert_eq!(failure_code(&running.turn().await), "cancelled");
    let id = running.thread_id.clone();
    running.end().await;
    assert_eq!(bench.stored(&id).await.log.len(), 1);
}

#[tokio::test]
async fn a_stopped_command_is_gone_with_its_children_when_the_turn_is_over() {
    let command = "echo $$ > pid; sleep 1000 & echo $! > child; wait";
    let mut bench = Bench::new([
        Answer::calls(&[
            ("bash", json!({"command": command})),
            ("bash", json!({"command": "touch never"})),
        ]),
        Answer::text("again"),
    ]);
    let mut running = bench.start().await;
    running.prompt("go").await;
    let child = bench.workspace().join("child");
    wait_for("the command", || {
        std::fs::read_to_string(&child).is_ok_and(|pid| pid.ends_with('\n'))
    })
    .await;
    running.cancel().await;
    let shown = running.turn().await;
    for name in ["pid", "child"] {
        let pid = crate::bench::read(&bench.workspace(), name);
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        let ended = stat.map_or(true, |stat| stat.contains(") Z "));
        assert!(ended, "{name} {pid} still runs");
    }
    assert_eq!(
        tool_calls(&shown),
        [("bash".to_owned(), ItemStatus::Failed, "stopped".to_owned())]
    );
    assert!(!bench.workspace().join("never").exists());

    // Both calls have a result all the same, so the thread can go on.
    running.prompt("go on").await;
    running.turn().await;
    let second = bench.model.requests().pop().unwrap();
    let results: Vec<_> = second.messages[2]
        .results()
        .map(|result| &result.tool_use_id)
        .collect();
    assert_eq!(results, ["call_0", "call_1"]);
}

#[tokio::test]
async fn a_stop_during_the_wait_for_a_retry_ends_the_wait() {
    use loom_common_core::{LlmError, LlmErrorKind};
    let mut error = LlmError::new(LlmErrorKind::RateLimited, "slow down");
    error.retry_after_ms = Some(3_600_000);
    let mut bench = Bench::new([Answer::Fails(error)]);
    let mut running = bench.start().await;
    running.prompt("go").await;
    running
        .until(|event| {
            matches!(event, ThreadEvent::ItemCompleted { item }
                if matches!(item.details, ItemDetails::Notice { .. }))
        })
        .await;
    running.cancel().await;
    assert_eq!(failure_code(&running.turn().await), "cancelled");
}

#[tokio::test]
async fn ending_the_session_in_the_middle_of_a_turn_stores_what_there_is() {
    let mut bench = Bench::new([Answer::Hangs(text_begins(0, "Let me"))]);
    let mut running = bench.start().await;
    running.prompt("go").await;
    running
        .until(|event| matches!(event, ThreadEvent::ItemUpdated { .. }))
        .await;
    let id = running.thread_id.clone();
    let shown = running.end().await;
    assert!(
        matches!(shown.last(), Some(ThreadEvent::Result { is_error: true, text, .. }) if text == "Let me"),
        "{shown:?}"
    );
    let texts: Vec<String> = bench
        .stored(&id)
        .await
        .log
        .conversation()
        .iter()
        .map(|message| message.text())
        .collect();
    assert_eq!(texts, ["go", "Let me"]);
}
