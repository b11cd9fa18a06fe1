//! Models and tools that fail.

use futures::FutureExt;
use futures::future::BoxFuture;
use loom_cli_tools::{Tool, ToolRegistry};
use loom_common_core::stream::{ItemDetails, ItemStatus, NoticeLevel, ThreadEvent};
use loom_common_core::{
    LlmError, LlmErrorKind, LlmEvent, ToolAccess, ToolContext, ToolDefinition, ToolOutput, Usage,
};
use serde_json::{Map, Value, json};

use crate::bench::{Answer, Bench, completed, failure_code, text_begins, tool_calls};

fn notices(events: &[ThreadEvent]) -> Vec<String> {
    completed(events)
        .into_iter()
        .filter_map(|item| match &item.details {
            ItemDetails::Notice {
                level: NoticeLevel::Warning,
                message,
            } => Some(message.clone()),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn a_failure_that_passes_is_told_and_asked_again() {
    let overloaded = LlmError::new(LlmErrorKind::Overloaded, "too much to do");
    let mut bench = Bench::new([Answer::Fails(overloaded), Answer::text("here")]);
    let mut running = bench.start().await;
    running.prompt("go").await;
    let shown = running.turn().await;
    assert_eq!(
        notices(&shown),
        ["too much to do; asking again in 0.0 s (1 of 2)"]
    );
    assert!(matches!(
        shown.last(),
        Some(ThreadEvent::TurnCompleted { .. })
    ));
    let [first, second] = bench.model.requests().try_into().unwrap();
    assert_eq!(first, second);
}

#[tokio::test]
async fn an_answer_cut_in_the_middle_is_marked_and_asked_for_again() {
    let mut cut: Vec<Result<LlmEvent, LlmError>> =
        text_begins(0, "Hel").into_iter().map(Ok).collect();
    cut.push(Ok(LlmEvent::Usage {
        usage: Usage {
            output_tokens: 3,
            ..Usage::default()
        },
    }));
    let mut bench = Bench::new([Answer::Events(cut), Answer::text("Hello")]);
    let mut running = bench.start().await;
    running.prompt("go").await;
    let shown = running.turn().await;
    let messages: Vec<_> = completed(&shown)
        .into_iter()
        .filter_map(|item| match &item.details {
            ItemDetails::AgentMessage { text, interrupted } => Some((text.as_str(), *interrupted)),
            _ => None,
        })
        .collect();
    assert_eq!(messages, [("Hel", true), ("Hello", false)]);
    // The cut answer has cost something too.
    let Some(ThreadEvent::TurnCompleted { usage, .. }) = shown.last() else {
        panic!("{shown:?}");
    };
    assert_eq!(usage.output_tokens, 8);
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
    assert_eq!(texts, ["go", "Hello"]);
}

#[tokio::test]
async fn a_failure_that_stays_ends_the_turn_with_its_hint_and_keeps_the_prompt() {
    let refused = LlmError::new(LlmErrorKind::KeyRefused, "no such key").with_hint("get one");
    let mut bench = Bench::new([Answer::Fails(refused), Answer::text("now")]);
    let mut running = bench.start().await;
    running.prompt("go").await;
    let shown = running.turn().await;
    let Some(ThreadEvent::TurnFailed { error }) = shown.last() else {
        panic!("{shown:?}");
    };
    assert_eq!(
        (
            error.code.as_str(),
            error.message.as_str(),
            error.hint.as_deref()
        ),
        ("key_refused", "no such key", Some("get one"))
    );
    running.prompt("again").await;
    running.turn().await;
    let second = bench.model.requests().pop().unwrap();
    let texts: Vec<String> = second
        .messages
        .iter()
        .map(|message| message.text())
        .collect();
    assert_eq!(texts, ["go", "again"]);
}

#[tokio::test]
async fn a_failure_that_never_passes_ends_the_turn_after_the_last_retry() {
    let failed = || Answer::Fails(LlmError::new(LlmErrorKind::ProviderFailed, "500"));
    let mut bench = Bench::new([failed(), failed(), failed()]);
    let mut running = bench.start().await;
    running.prompt("go").await;
    let shown = running.turn().await;
    assert_eq!(notices(&shown).len(), 2);
    assert_eq!(failure_code(&shown), "provider_failed");
    assert_eq!(bench.model.requests().len(), 3);
}

#[tokio::test]
async fn calls_that_make_no_sense_are_answered_so_that_the_model_can_mend_them() {
    let mut bench = Bench::new([
        Answer::calls(&[
            ("fly", json!({})),
            ("read_file", json!({"path": "a.txt"})),
            ("read_file", json!("not an object")),
        ]),
        Answer::text("sorry"),
    ]);
    let mut running = bench.start().await;
    running.prompt("go").await;
    let shown = running.turn().await;
    let calls = tool_calls(&shown);
    assert!(
        calls
            .iter()
            .all(|(_, status, _)| *status == ItemStatus::Failed),
        "{calls:?}"
    );
    assert!(
        calls[0].2.contains("read_file"),
        "names the tools there are: {}",
        calls[0].2
    );
    assert!(
        calls[1].2.contains("file_path"),
        "names the field: {}",
        calls[1].2
    );
    let second = bench.model.requests().pop().unwrap();
    assert_eq!(second.messages.last().unwrap().results().count(), 3);
}

/// A tool with a defect.
struct Defective(ToolDefinition);

impl Tool for Defective {
    fn definition(&self) -> &ToolDefinition {
        &self.0
    }

    fn run<'a>(
        &'a self,
        _arguments: Map<String, Value>,
        _context: &'a ToolContext,
    ) -> BoxFuture<'a, ToolOutput> {
        async { panic!("out of luck") }.boxed()
    }
}

#[tokio::test]
async fn a_defect_in_a_tool_fails_the_call_and_not_the_session() {
    let mut bench = Bench::new([
        Answer::calls(&[("broken", json!({}))]),
        Answer::text("well"),
    ]);
    let definition = ToolDefinition {
        name: "broken".to_owned(),
        description: String::new(),
        input_schema: json!({"type": "object"}),
        access: ToolAccess::Read,
    };
    bench.tools = Some(ToolRegistry::new(vec![Box::new(Defective(definition))]));
    let mut running = bench.start().await;
    running.prompt("go").await;
    let shown = running.turn().await;
    assert_eq!(
        tool_calls(&shown),
        [(
            "broken".to_owned(),
            ItemStatus::Failed,
            "broken failed inside; this is a defect".to_owned()
        )]
    );
    assert!(matches!(
        shown.last(),
        Some(ThreadEvent::TurnCompleted { .. })
    ));
}
