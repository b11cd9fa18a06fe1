//! The JSON of the event stream and of a model's events. Programs read the first, servers and
//! clients of different versions exchange the second: a change of a line is a change of a contract.

use std::collections::BTreeSet;

use loom_common_core::form::{FieldKind, FormField};
use loom_common_core::input::{PromptContent, SessionInput};
use loom_common_core::inquiry::{
    Answer, Inquiry, InquiryOutcome, RememberedRule, RuleScope, RuleSuggestion,
};
use loom_common_core::stream::{
    Item, ItemDelta, ItemDetails, ItemStatus, ItemUpdate, NoticeLevel, QueuedInput, StreamError,
    ThreadEvent, TodoEntry, TodoStatus,
};
use loom_common_core::{
    BlockKind, ChangeKind, ContentBlock, Effort, FileChange, LlmError, LlmErrorKind, LlmEvent,
    PermissionMode, StopReason,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, json};

use crate::answer::{extra, tokens};

/// Returns one line for each value, after checking that it is read as it was written.
fn lines<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(values: &[T]) -> String {
    let line = |value| {
        let line = serde_json::to_string(value).unwrap();
        assert_eq!(serde_json::from_str::<T>(&line).unwrap(), *value);
        line
    };
    values.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn item(id: &str, details: ItemDetails) -> Item {
    Item::new(id, details)
}

fn agent_message(text: &str, interrupted: bool) -> ItemDetails {
    ItemDetails::AgentMessage {
        text: text.to_owned(),
        interrupted,
    }
}

fn reasoning(text: &str, interrupted: bool) -> ItemDetails {
    ItemDetails::Reasoning {
        text: text.to_owned(),
        interrupted,
    }
}

fn tool_call(status: ItemStatus, output: Option<&str>, duration_ms: Option<u64>) -> ItemDetails {
    ItemDetails::ToolCall {
        name: "bash".to_owned(),
        arguments: json!({ "command": "ls", "timeout_ms": 1000, "ratio": 0.5 }),
        status,
        output: output.map(str::to_owned),
        duration_ms,
    }
}

fn details() -> Vec<ItemDetails> {
    let change = |path: &str, kind| FileChange {
        path: path.to_owned(),
        kind,
        diff: "@@ -1 +1 @@\n-a\n+b\n".to_owned(),
    };
    let todo = |text: &str, status| TodoEntry {
        text: text.to_owned(),
        status,
    };
    let notice = |level| ItemDetails::Notice {
        level,
        message: "asking again".to_owned(),
    };
    vec![
        agent_message("Hello.", false),
        agent_message("Hel", true),
        reasoning("They greet me.", false),
        reasoning("They", true),
        tool_call(ItemStatus::Running, None, None),
        tool_call(ItemStatus::Completed, Some("src\n"), Some(12)),
        tool_call(ItemStatus::Failed, Some("no such file"), Some(3)),
        tool_call(ItemStatus::Denied, Some("not allowed"), Some(0)),
        ItemDetails::ToolCall {
            name: "bash".to_owned(),
            arguments: json!("{\"command\": \"l"),
            status: ItemStatus::Failed,
            output: None,
            duration_ms: None,
        },
        ItemDetails::FileChange {
            tool_call: "item_1".to_owned(),
            changes: vec![
                change("src/new.rs", ChangeKind::Added),
                change("src/lib.rs", ChangeKind::Modified),
                change("src/old.rs", ChangeKind::Deleted),
            ],
        },
        ItemDetails::TodoList {
            items: vec![
                todo("read", TodoStatus::Completed),
                todo("write", TodoStatus::InProgress),
                todo("test", TodoStatus::Pending),
            ],
        },
        ItemDetails::Compaction {
            summary: "They build a parser.".to_owned(),
            tokens_before: 180_000,
            tokens_after: 9_000,
        },
        notice(NoticeLevel::Info),
        notice(NoticeLevel::Warning),
    ]
}

fn deltas() -> Vec<ItemDelta> {
    let delta = "more".to_owned();
    vec![
        ItemDelta::AgentMessage {
            delta: delta.clone(),
        },
        ItemDelta::Reasoning {
            delta: delta.clone(),
        },
        ItemDelta::ToolCall { delta },
    ]
}

fn thread_events() -> Vec<ThreadEvent> {
    let refused = LlmError::new(LlmErrorKind::KeyRefused, "the key was refused");
    let mut events = vec![
        ThreadEvent::ThreadStarted {
            thread_id: "T-0198".to_owned(),
            cwd: "/home/me/project".to_owned(),
            provider: "anthropic".to_owned(),
            model: "model-1".to_owned(),
            permission_mode: PermissionMode::Auto,
            tools: vec!["read_file".to_owned(), "bash".to_owned()],
        },
        ThreadEvent::TurnStarted,
        ThreadEvent::ItemStarted {
            item: item("item_0", tool_call(ItemStatus::Running, None, None)),
        },
    ];
    events.extend(deltas().into_iter().map(|delta| ThreadEvent::ItemUpdated {
        item: ItemUpdate {
            id: "item_0".to_owned(),
            delta,
        },
    }));
    events.extend(
        details()
            .into_iter()
            .map(|details| ThreadEvent::ItemCompleted {
                item: item("item_0", details),
            }),
    );
    events.extend([
        ThreadEvent::TurnCompleted {
            usage: tokens(1),
            stop_reason: StopReason::EndTurn,
        },
        ThreadEvent::TurnFailed {
            error: StreamError::from(&refused),
        },
        ThreadEvent::TurnFailed {
            error: StreamError::from(&refused.with_hint("check the key")),
        },
        ThreadEvent::Result {
            thread_id: "T-0198".to_owned(),
            text: "Hello.".to_owned(),
            is_error: false,
            stop_reason: Some(StopReason::EndTurn),
            turns: 1,
            usage: tokens(1),
            cost_micros: Some(1_250),
        },
    ]);
    events.extend(session_events());
    events
}

/// The events of what the person and the session do beside the turn's own work.
fn session_events() -> Vec<ThreadEvent> {
    let opened = |inquiry| ThreadEvent::InquiryOpened {
        id: "inquiry_1".to_owned(),
        inquiry,
    };
    let mut of_subagent = item("item_5", agent_message("Found it.", false));
    of_subagent.parent = Some("item_4".to_owned());
    vec![
        ThreadEvent::ItemCompleted { item: of_subagent },
        ThreadEvent::SettingsChanged {
            provider: "openai".to_owned(),
            model: "model-2".to_owned(),
            effort: Some(Effort::High),
            permission_mode: PermissionMode::Plan,
        },
        ThreadEvent::ContextUpdated {
            used_tokens: 12_000,
            window_tokens: Some(200_000),
            cost_micros: Some(1_250),
        },
        ThreadEvent::QueueChanged {
            inputs: vec![QueuedInput {
                id: 3,
                text: "and the tests".to_owned(),
            }],
        },
        opened(Inquiry::Permission {
            tool_call: "item_4".to_owned(),
            name: "bash".to_owned(),
            arguments: json!({ "command": "cargo test" }),
            reason: "commands ask in mode ask".to_owned(),
            suggestions: vec![RuleSuggestion {
                rules: vec!["bash(cargo test *)".to_owned()],
                label: "commands that begin with cargo test".to_owned(),
            }],
        }),
        opened(Inquiry::Question {
            question: "Which one?".to_owned(),
            options: vec!["the first".to_owned(), "the second".to_owned()],
        }),
        opened(Inquiry::Plan {
            plan: "1. Read.".to_owned(),
        }),
        opened(Inquiry::Hosts {
            tool_call: "item_4".to_owned(),
            hosts: vec!["example.com".to_owned()],
        }),
        opened(Inquiry::Form {
            server: "issues".to_owned(),
            message: "Who are you?".to_owned(),
            fields: vec![FormField {
                name: "name".to_owned(),
                title: Some("Name".to_owned()),
                description: None,
                required: true,
                seems_secret: false,
                kind: FieldKind::Text {
                    format: None,
                    min_length: Some(1),
                    max_length: None,
                    default: None,
                },
            }],
        }),
        opened(Inquiry::Link {
            server: "issues".to_owned(),
            message: "Log in.".to_owned(),
            url: "https://example.com/login".to_owned(),
            host: "example.com".to_owned(),
        }),
        ThreadEvent::InquiryClosed {
            id: "inquiry_1".to_owned(),
            outcome: InquiryOutcome::Accepted,
        },
        ThreadEvent::ThreadRewound {
            conversation: true,
            files: vec!["src/lib.rs".to_owned()],
            kept: vec!["README.md".to_owned()],
        },
    ]
}

fn inputs() -> Vec<SessionInput> {
    let answer = |answer| SessionInput::Answer {
        id: "inquiry_1".to_owned(),
        answer,
    };
    vec![
        SessionInput::Prompt {
            content: PromptContent::Text("Hello.".to_owned()),
        },
        SessionInput::Prompt {
            content: PromptContent::Blocks(vec![ContentBlock::text("Hello.")]),
        },
        answer(Answer::Allow { remember: None }),
        answer(Answer::Allow {
            remember: Some(RememberedRule {
                rules: vec!["bash(cargo test *)".to_owned()],
                scope: RuleScope::Project,
            }),
        }),
        answer(Answer::Deny {
            instead: Some("use nextest".to_owned()),
        }),
        answer(Answer::Reply {
            text: "the first".to_owned(),
        }),
        answer(Answer::Approve {
            mode: PermissionMode::Auto,
        }),
        answer(Answer::Submit {
            values: Map::from_iter([("name".to_owned(), json!("Ada"))]),
        }),
        answer(Answer::Dismiss),
        SessionInput::Cancel,
        SessionInput::SetPermissionMode {
            mode: PermissionMode::Ask,
        },
        SessionInput::SetModel {
            provider: None,
            model: "model-2".to_owned(),
        },
        SessionInput::SetEffort {
            effort: Some(Effort::Low),
        },
        SessionInput::Compact {
            instructions: Some("keep the numbers".to_owned()),
        },
        SessionInput::Replace {
            id: 3,
            content: PromptContent::Text("and the docs".to_owned()),
        },
        SessionInput::Withdraw { id: 3 },
    ]
}

#[test]
fn what_a_program_says_to_a_session_is_read_as_it_was_promised() {
    insta::assert_snapshot!(lines(&inputs()));
}

#[test]
fn thread_events_are_written_as_they_were_promised() {
    let kind = |event: &ThreadEvent| match event {
        ThreadEvent::ThreadStarted { .. } => 0,
        ThreadEvent::TurnStarted => 1,
        ThreadEvent::ItemStarted { .. } => 2,
        ThreadEvent::ItemUpdated { .. } => 3,
        ThreadEvent::ItemCompleted { .. } => 4,
        ThreadEvent::TurnCompleted { .. } => 5,
        ThreadEvent::TurnFailed { .. } => 6,
        ThreadEvent::Result { .. } => 7,
        ThreadEvent::SettingsChanged { .. } => 8,
        ThreadEvent::ContextUpdated { .. } => 9,
        ThreadEvent::QueueChanged { .. } => 10,
        ThreadEvent::InquiryOpened { .. } => 11,
        ThreadEvent::InquiryClosed { .. } => 12,
        ThreadEvent::ThreadRewound { .. } => 13,
    };
    let kinds: BTreeSet<_> = thread_events().iter().map(kind).collect();
    assert!(kinds.into_iter().eq(0..14), "an event has no line");
    insta::assert_snapshot!(lines(&thread_events()));
}

#[test]
fn a_reader_passes_over_fields_that_it_does_not_know() {
    let event: ThreadEvent = serde_json::from_value(json!({
        "type": "item.completed",
        "item": { "id": "item_0", "type": "agent_message", "text": "Hi.", "mood": "fair" },
        "since": 12,
    }))
    .unwrap();
    assert_eq!(
        event,
        ThreadEvent::ItemCompleted {
            item: item("item_0", agent_message("Hi.", false)),
        }
    );
}

fn llm_events() -> Vec<LlmEvent> {
    vec![
        LlmEvent::Started {
            id: Some("msg_1".to_owned()),
            model: Some("model-1".to_owned()),
        },
        LlmEvent::Started {
            id: None,
            model: None,
        },
        LlmEvent::BlockStarted {
            index: 0,
            block: BlockKind::Text,
        },
        LlmEvent::BlockStarted {
            index: 1,
            block: BlockKind::Thinking,
        },
        LlmEvent::BlockStarted {
            index: 2,
            block: BlockKind::ToolUse {
                id: "toolu_1".to_owned(),
                name: "bash".to_owned(),
            },
        },
        LlmEvent::TextDelta {
            index: 0,
            text: "Hel".to_owned(),
        },
        LlmEvent::ThinkingDelta {
            index: 1,
            thinking: "They".to_owned(),
        },
        LlmEvent::SignatureDelta {
            index: 1,
            signature: "EqQB".to_owned(),
        },
        LlmEvent::ArgumentsDelta {
            index: 2,
            json: "{\"comm".to_owned(),
        },
        LlmEvent::ExtraFields {
            index: 2,
            fields: extra(&json!({ "thought_signature": "CqQB" })),
        },
        LlmEvent::BlockStopped { index: 2 },
        LlmEvent::OpaqueBlock {
            index: 3,
            provider: "anthropic".to_owned(),
            json: "{\"type\": \"redacted_thinking\"}".to_owned(),
        },
        LlmEvent::Usage { usage: tokens(1) },
        LlmEvent::Ping,
        LlmEvent::Finished {
            stop_reason: StopReason::ToolUse,
        },
        LlmEvent::Finished {
            stop_reason: StopReason::Other("recitation".to_owned()),
        },
    ]
}

#[test]
fn events_of_a_model_are_written_as_they_were_promised() {
    let kind = |event: &LlmEvent| match event {
        LlmEvent::Started { .. } => 0,
        LlmEvent::BlockStarted { .. } => 1,
        LlmEvent::TextDelta { .. } => 2,
        LlmEvent::ThinkingDelta { .. } => 3,
        LlmEvent::SignatureDelta { .. } => 4,
        LlmEvent::ArgumentsDelta { .. } => 5,
        LlmEvent::ExtraFields { .. } => 6,
        LlmEvent::BlockStopped { .. } => 7,
        LlmEvent::OpaqueBlock { .. } => 8,
        LlmEvent::Usage { .. } => 9,
        LlmEvent::Ping => 10,
        LlmEvent::Finished { .. } => 11,
    };
    let kinds: BTreeSet<_> = llm_events().iter().map(kind).collect();
    assert!(kinds.into_iter().eq(0..12), "an event has no line");
    insta::assert_snapshot!(lines(&llm_events()));
}
