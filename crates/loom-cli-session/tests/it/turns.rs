//! Turns that go well.

use loom_common_core::stream::{ItemDelta, ItemDetails, ItemStatus, ThreadEvent};
use loom_common_core::{BlockKind, ContentBlock, LlmEvent, Message, Role, StopReason, Usage};
use serde_json::json;

use crate::bench::{Answer, Bench, completed, read, text_begins, tool_calls};

#[tokio::test]
async fn an_answer_is_shown_piece_by_piece_and_then_whole() {
    let mut events = text_begins(0, "Hel");
    events.extend([
        LlmEvent::TextDelta {
            index: 0,
            text: "lo".to_owned(),
        },
        LlmEvent::BlockStopped { index: 0 },
        LlmEvent::Finished {
            stop_reason: StopReason::EndTurn,
        },
    ]);
    let mut bench = Bench::new([Answer::Events(events.into_iter().map(Ok).collect())]);
    let mut running = bench.start().await;
    running.prompt("hi").await;
    let shown = running.turn().await;
    let lines: Vec<String> = shown
        .iter()
        // How much is estimated depends on the length of Loom's own instructions.
        .filter(|event| !matches!(event, ThreadEvent::ContextUpdated { .. }))
        .map(|event| serde_json::to_string(event).unwrap())
        .collect();
    assert_eq!(
        lines,
        [
            r#"{"type":"turn.started"}"#,
            r#"{"type":"item.started","item":{"id":"item_1","type":"agent_message","text":""}}"#,
            r#"{"type":"item.updated","item":{"id":"item_1","type":"agent_message","delta":"Hel"}}"#,
            r#"{"type":"item.updated","item":{"id":"item_1","type":"agent_message","delta":"lo"}}"#,
            r#"{"type":"item.completed","item":{"id":"item_1","type":"agent_message","text":"Hello"}}"#,
            r#"{"type":"turn.completed","usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0},"stop_reason":"end_turn"}"#,
        ]
    );
    let ending = running.end().await;
    assert!(
        matches!(
            ending.as_slice(),
            [ThreadEvent::Result { text, is_error: false, turns: 1, .. }] if text == "Hello"
        ),
        "{ending:?}"
    );
}

#[tokio::test]
async fn a_task_of_several_tool_calls_changes_files_and_is_stored() {
    let mut bench = Bench::new([
        Answer::calls(&[
            ("read_file", json!({"file_path": "a.txt"})),
            ("read_file", json!({"file_path": "missing.txt"})),
        ]),
        Answer::calls(&[(
            "edit_file",
            json!({"file_path": "a.txt", "old_string": "one", "new_string": "two"}),
        )]),
        Answer::calls(&[("bash", json!({"command": "cat a.txt"}))]),
        Answer::text("done"),
    ]);
    std::fs::write(bench.workspace().join("a.txt"), "one\n").unwrap();
    let mut running = bench.start().await;
    running.prompt("change it").await;
    let shown = running.turn().await;

    assert_eq!(read(&bench.workspace(), "a.txt"), "two\n");
    let calls = tool_calls(&shown);
    let mut status: Vec<_> = calls
        .iter()
        .map(|(name, status, _)| (name.as_str(), *status))
        .collect();
    // The two reads run side by side and end in any order.
    status[..2].sort_by_key(|(_, status)| *status != ItemStatus::Completed);
    assert_eq!(
        status,
        [
            ("read_file", ItemStatus::Completed),
            ("read_file", ItemStatus::Failed),
            ("edit_file", ItemStatus::Completed),
            ("bash", ItemStatus::Completed),
        ]
    );
    assert!(calls[3].2.contains("two"), "{calls:?}");
    let changes: Vec<_> = completed(&shown)
        .into_iter()
        .filter_map(|item| match &item.details {
            ItemDetails::FileChange { changes, .. } => Some(changes.clone()),
            _ => None,
        })
        .flatten()
        .map(|change| change.path)
        .collect();
    assert_eq!(changes, ["a.txt"]);
    assert_eq!(
        shown.last(),
        Some(&ThreadEvent::TurnCompleted {
            usage: Usage {
                input_tokens: 40,
                output_tokens: 20,
                ..Usage::default()
            },
            stop_reason: StopReason::EndTurn,
        })
    );

    let id = running.thread_id.clone();
    running.end().await;
    let stored = bench.stored(&id).await;
    let roles: Vec<Role> = stored
        .log
        .conversation()
        .iter()
        .map(|message| message.role)
        .collect();
    assert_eq!(
        roles,
        [
            Role::User,
            Role::Assistant,
            Role::User,
            Role::Assistant,
            Role::User,
            Role::Assistant,
            Role::User,
            Role::Assistant
        ]
    );
    assert_eq!(stored.thread.usage.input_tokens, 40);
    // What the model was sent last is what is stored, but for its last answer.
    let last = bench.model.requests().pop().unwrap();
    assert_eq!(last.messages[..], stored.log.conversation()[..7]);
}

#[tokio::test]
async fn a_resumed_thread_sends_the_same_history_and_goes_on() {
    let mut bench = Bench::new([Answer::text("first"), Answer::text("second")]);
    let mut running = bench.start().await;
    running.prompt("one").await;
    running.turn().await;
    let id = running.thread_id.clone();
    running.end().await;

    let mut resumed = bench.resume(&id).await;
    assert_eq!(resumed.thread_id, id);
    resumed.prompt("two").await;
    resumed.turn().await;
    resumed.end().await;

    let [first, second] = bench.model.requests().try_into().unwrap();
    assert_eq!(second.system, first.system);
    assert_eq!(second.tools, first.tools);
    let texts: Vec<String> = second
        .messages
        .iter()
        .map(|message| message.text())
        .collect();
    assert_eq!(texts, ["one", "first", "two"]);
    assert_eq!(second.messages[..1], first.messages[..]);
    assert_eq!(bench.stored(&id).await.log.len(), 4);
}

#[tokio::test]
async fn what_a_provider_sent_with_a_block_goes_back_with_it() {
    let events = vec![
        LlmEvent::BlockStarted {
            index: 0,
            block: BlockKind::Thinking,
        },
        LlmEvent::ThinkingDelta {
            index: 0,
            thinking: "hm".to_owned(),
        },
        LlmEvent::SignatureDelta {
            index: 0,
            signature: "s1g".to_owned(),
        },
        LlmEvent::BlockStopped { index: 0 },
        LlmEvent::OpaqueBlock {
            index: 1,
            provider: "scripted".to_owned(),
            json: r#"{"type":"odd",  "n":1.0}"#.to_owned(),
        },
        LlmEvent::Finished {
            stop_reason: StopReason::PauseTurn,
        },
    ];
    let mut bench = Bench::new([
        Answer::Events(events.into_iter().map(Ok).collect()),
        Answer::text("now"),
    ]);
    let mut running = bench.start().await;
    running.prompt("go").await;
    let shown = running.turn().await;
    assert!(shown.iter().any(|event| matches!(
        event,
        ThreadEvent::ItemUpdated { item } if matches!(&item.delta, ItemDelta::Reasoning { delta } if delta == "hm")
    )));
    running.end().await;
    let [_, second] = bench.model.requests().try_into().unwrap();
    assert_eq!(
        *second.messages[1],
        Message::assistant(vec![
            ContentBlock::Thinking {
                thinking: "hm".to_owned(),
                signature: Some("s1g".to_owned()),
            },
            ContentBlock::Opaque {
                provider: "scripted".to_owned(),
                json: r#"{"type":"odd",  "n":1.0}"#.to_owned(),
            },
        ])
    );
}

#[tokio::test]
async fn a_prompt_during_a_turn_goes_out_with_the_next_model_call() {
    let mut bench = Bench::new([
        Answer::calls(&[("bash", json!({"command": "cat fifo"}))]),
        Answer::text("done"),
    ]);
    let fifo = bench.workspace().join("fifo");
    std::process::Command::new("mkfifo")
        .arg(&fifo)
        .status()
        .unwrap();
    let mut running = bench.start().await;
    running.prompt("one").await;
    running
        .until(|event| matches!(event, ThreadEvent::ItemStarted { .. }))
        .await;
    running.prompt("and mind this").await;
    // The command ends only now, so the prompt was there before its result.
    tokio::task::spawn_blocking(move || std::fs::write(fifo, "x"))
        .await
        .unwrap()
        .unwrap();
    running.turn().await;
    running.end().await;
    let [_, second] = bench.model.requests().try_into().unwrap();
    assert_eq!(second.messages.last().unwrap().text(), "and mind this");
    assert_eq!(second.messages.len(), 4);
}

#[tokio::test]
async fn a_session_without_a_prompt_leaves_no_thread() {
    let mut bench = Bench::new([]);
    let running = bench.start().await;
    running.end().await;
    let threads = bench.store().await.list(&Default::default()).await.unwrap();
    assert_eq!(threads, []);
}
