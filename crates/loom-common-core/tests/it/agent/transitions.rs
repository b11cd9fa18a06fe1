//! Every event in every state: the state that follows, as a table.

use std::collections::BTreeSet;

use loom_common_core::{
    AgentEvent, AgentState, BlockKind, CompactionVerdict, ContentBlock, Extra, InputId, LlmEvent,
    Message, OperationId, StopCause, StopReason, ToolOutput,
};

use super::session::{Session, config, key_refused, overloaded, too_long};
use crate::answer::{beginning, call, calling, text, tokens};

/// A session in each state. Where a tool runs, it is `c1`; where an answer comes, its
/// blocks are a text, a thought and a call.
fn sessions() -> [Session; 9] {
    let mut processing = Session::asked();
    let thought = ContentBlock::Thinking {
        thinking: "thought".to_owned(),
        signature: None,
    };
    let mut blocks = vec![text("said"), thought];
    blocks.extend(calling(&[&call("c1", "bash")]));
    processing.model(beginning(&blocks));

    let mut hook = Session::running(&[&call("c1", "bash")]);
    hook.tool_ends("c1", ToolOutput::completed("done"));

    let mut over = Session::asked();
    over.shutdown();

    [
        Session::new(),
        Session::asked(),
        processing,
        Session::running(&[&call("c1", "bash")]),
        hook,
        Session::failed(),
        Session::about_to_compact(),
        Session::compacting(),
        over,
    ]
}

fn name(state: &AgentState) -> &'static str {
    match state {
        AgentState::WaitingForUserInput => "waiting",
        AgentState::CallingLlm { .. } => "calling",
        AgentState::ProcessingLlmResponse { .. } => "processing",
        AgentState::ExecutingTools { .. } => "executing",
        AgentState::PostToolsHook { .. } => "hook",
        AgentState::Error { .. } => "error",
        AgentState::PreCompactHook { .. } => "pre-compact",
        AgentState::Compacting { .. } => "compacting",
        AgentState::ShuttingDown => "over",
    }
}

/// The kinds of events, of which each must have a row.
const KINDS: [&str; 28] = [
    "UserInput",
    "WithdrawInput",
    "ReplaceInput",
    "Compact",
    "Rewind",
    "Configure",
    "StopTurn",
    "Started",
    "BlockStarted",
    "TextDelta",
    "ThinkingDelta",
    "SignatureDelta",
    "ArgumentsDelta",
    "ExtraFields",
    "BlockStopped",
    "OpaqueBlock",
    "Usage",
    "Ping",
    "Finished",
    "LlmFailed",
    "LlmStreamEnded",
    "ToolProgress",
    "ToolCompleted",
    "PostToolsHookCompleted",
    "PreCompactHookCompleted",
    "RetryTimeoutElapsed",
    "Cancel",
    "Shutdown",
];

fn kind(event: &AgentEvent) -> &'static str {
    match event {
        AgentEvent::UserInput(_) => "UserInput",
        AgentEvent::WithdrawInput { .. } => "WithdrawInput",
        AgentEvent::ReplaceInput { .. } => "ReplaceInput",
        AgentEvent::Compact { .. } => "Compact",
        AgentEvent::Rewind { .. } => "Rewind",
        AgentEvent::Configure(_) => "Configure",
        AgentEvent::StopTurn { .. } => "StopTurn",
        AgentEvent::Llm { event, .. } => match event {
            LlmEvent::Started { .. } => "Started",
            LlmEvent::BlockStarted { .. } => "BlockStarted",
            LlmEvent::TextDelta { .. } => "TextDelta",
            LlmEvent::ThinkingDelta { .. } => "ThinkingDelta",
            LlmEvent::SignatureDelta { .. } => "SignatureDelta",
            LlmEvent::ArgumentsDelta { .. } => "ArgumentsDelta",
            LlmEvent::ExtraFields { .. } => "ExtraFields",
            LlmEvent::BlockStopped { .. } => "BlockStopped",
            LlmEvent::OpaqueBlock { .. } => "OpaqueBlock",
            LlmEvent::Usage { .. } => "Usage",
            LlmEvent::Ping => "Ping",
            LlmEvent::Finished { .. } => "Finished",
        },
        AgentEvent::LlmFailed { .. } => "LlmFailed",
        AgentEvent::LlmStreamEnded { .. } => "LlmStreamEnded",
        AgentEvent::ToolProgress { .. } => "ToolProgress",
        AgentEvent::ToolCompleted { .. } => "ToolCompleted",
        AgentEvent::PostToolsHookCompleted { .. } => "PostToolsHookCompleted",
        AgentEvent::PreCompactHookCompleted { .. } => "PreCompactHookCompleted",
        AgentEvent::RetryTimeoutElapsed { .. } => "RetryTimeoutElapsed",
        AgentEvent::Cancel => "Cancel",
        AgentEvent::Shutdown => "Shutdown",
    }
}

/// Returns the events that report about `operation`, each with what sets it apart from others of
/// its kind.
fn reports(operation: OperationId) -> Vec<(AgentEvent, &'static str)> {
    let llm = |event| AgentEvent::Llm { operation, event };
    let finished = |stop_reason| llm(LlmEvent::Finished { stop_reason });
    let failed = |error| AgentEvent::LlmFailed { operation, error };
    let completed = |call_id: &str| AgentEvent::ToolCompleted {
        operation,
        call_id: call_id.to_owned(),
        output: ToolOutput::completed("done"),
    };
    let [text, json] = ["more", "{}"].map(str::to_owned);
    let (id, model) = (None, None);
    let more = text.clone();
    vec![
        (llm(LlmEvent::Started { id, model }), ""),
        (
            llm(LlmEvent::BlockStarted {
                index: 8,
                block: BlockKind::Text,
            }),
            "new",
        ),
        (
            llm(LlmEvent::BlockStarted {
                index: 0,
                block: BlockKind::Text,
            }),
            "block 0",
        ),
        (llm(LlmEvent::TextDelta { index: 0, text }), "block 0"),
        (
            llm(LlmEvent::TextDelta {
                index: 1,
                text: more.clone(),
            }),
            "block 1",
        ),
        (
            llm(LlmEvent::ThinkingDelta {
                index: 1,
                thinking: more.clone(),
            }),
            "block 1",
        ),
        (
            llm(LlmEvent::SignatureDelta {
                index: 1,
                signature: more.clone(),
            }),
            "block 1",
        ),
        (
            llm(LlmEvent::ArgumentsDelta {
                index: 2,
                json: json.clone(),
            }),
            "block 2",
        ),
        (
            llm(LlmEvent::ExtraFields {
                index: 2,
                fields: Extra::default(),
            }),
            "block 2",
        ),
        (llm(LlmEvent::BlockStopped { index: 2 }), "block 2"),
        (
            llm(LlmEvent::OpaqueBlock {
                index: 8,
                provider: "anthropic".to_owned(),
                json,
            }),
            "new",
        ),
        (llm(LlmEvent::Usage { usage: tokens(1) }), ""),
        (llm(LlmEvent::Ping), ""),
        (finished(StopReason::ToolUse), "tool_use"),
        (finished(StopReason::Refusal), "refusal"),
        (finished(StopReason::PauseTurn), "pause_turn"),
        (finished(StopReason::ContextExceeded), "context"),
        (failed(overloaded()), "may pass"),
        (failed(key_refused()), "for good"),
        (failed(too_long()), "context"),
        (AgentEvent::LlmStreamEnded { operation }, ""),
        (
            AgentEvent::ToolProgress {
                operation,
                call_id: "c1".to_owned(),
                output: more,
            },
            "c1",
        ),
        (completed("c1"), "c1"),
        (completed("c2"), "c2"),
        (AgentEvent::PostToolsHookCompleted { operation }, ""),
        (
            AgentEvent::PreCompactHookCompleted {
                operation,
                verdict: CompactionVerdict::GoAhead { instructions: None },
            },
            "go on",
        ),
        (
            AgentEvent::PreCompactHookCompleted {
                operation,
                verdict: CompactionVerdict::Block {
                    reason: "not now".to_owned(),
                },
            },
            "block",
        ),
        (AgentEvent::RetryTimeoutElapsed { operation }, ""),
    ]
}

/// Returns all events: the reports about `operation`, and what the person does.
fn events(operation: OperationId) -> Vec<(AgentEvent, &'static str)> {
    let id = InputId(1);
    let message = Message::user("hello");
    let mut events = vec![
        (AgentEvent::UserInput(message.clone()), ""),
        (AgentEvent::WithdrawInput { id }, ""),
        (AgentEvent::ReplaceInput { id, message }, ""),
        (AgentEvent::Compact { instructions: None }, ""),
        (AgentEvent::Rewind { to: 0 }, ""),
        (AgentEvent::Configure(Box::new(config())), ""),
        (
            AgentEvent::StopTurn {
                cause: StopCause::Hook { reason: None },
            },
            "",
        ),
    ];
    events.extend(reports(operation));
    events.push((AgentEvent::Cancel, ""));
    events.push((AgentEvent::Shutdown, ""));
    events
}

/// An operation that no session has started yet.
fn unknown_operation() -> OperationId {
    serde_json::from_str("1000").unwrap()
}

#[test]
fn each_event_moves_each_state_where_the_table_says() {
    let rows = events(unknown_operation());
    let reached: BTreeSet<_> = rows.iter().map(|(event, _)| kind(event)).collect();
    assert_eq!(reached, BTreeSet::from(KINDS));

    let row = |first: &str, cells: [&str; 9]| {
        let mut line = format!("{first:<32}");
        for cell in cells {
            line += &format!("{cell:<12}");
        }
        line.trim_end().to_owned() + "\n"
    };
    let mut table = row(
        "",
        sessions().each_ref().map(|session| name(session.state())),
    );
    for (number, (event, note)) in rows.iter().enumerate() {
        let cells = sessions().map(|mut session| {
            let before = session.state().clone();
            let operation = match before {
                AgentState::WaitingForUserInput => unknown_operation(),
                _ => session.operation(),
            };
            let (event, _) = events(operation).swap_remove(number);
            session.feed(event);
            match name(session.state()) {
                same if same == name(&before) => ".",
                other => other,
            }
        });
        table += &row(format!("{} {note}", kind(event)).trim_end(), cells);
    }
    insta::assert_snapshot!(table, @"
                                    waiting     calling     processing  executing   hook        error       pre-compact compacting  over
    UserInput                       calling     .           .           .           .           .           .           .           .
    WithdrawInput                   .           .           .           .           .           .           .           .           .
    ReplaceInput                    .           .           .           .           .           .           .           .           .
    Compact                         .           .           .           .           .           .           .           .           .
    Rewind                          .           .           .           .           .           .           .           .           .
    Configure                       .           .           .           .           .           .           .           .           .
    StopTurn                        .           .           .           .           .           waiting     .           .           .
    Started                         .           processing  .           .           .           .           .           .           .
    BlockStarted new                .           processing  .           .           .           .           .           .           .
    BlockStarted block 0            .           processing  error       .           .           .           .           .           .
    TextDelta block 0               .           error       .           .           .           .           .           error       .
    TextDelta block 1               .           error       error       .           .           .           .           error       .
    ThinkingDelta block 1           .           error       .           .           .           .           .           error       .
    SignatureDelta block 1          .           error       .           .           .           .           .           error       .
    ArgumentsDelta block 2          .           error       .           .           .           .           .           error       .
    ExtraFields block 2             .           error       .           .           .           .           .           error       .
    BlockStopped block 2            .           error       .           .           .           .           .           error       .
    OpaqueBlock new                 .           processing  .           .           .           .           .           .           .
    Usage                           .           processing  .           .           .           .           .           .           .
    Ping                            .           processing  .           .           .           .           .           .           .
    Finished tool_use               .           waiting     executing   .           .           .           .           error       .
    Finished refusal                .           waiting     waiting     .           .           .           .           waiting     .
    Finished pause_turn             .           .           executing   .           .           .           .           error       .
    Finished context                .           waiting     executing   .           .           .           .           .           .
    LlmFailed may pass              .           error       error       .           .           .           .           error       .
    LlmFailed for good              .           waiting     waiting     .           .           .           .           waiting     .
    LlmFailed context               .           waiting     waiting     .           .           .           .           .           .
    LlmStreamEnded                  .           error       error       .           .           .           .           error       .
    ToolProgress c1                 .           .           .           .           .           .           .           .           .
    ToolCompleted c1                .           .           .           hook        .           .           .           .           .
    ToolCompleted c2                .           .           .           .           .           .           .           .           .
    PostToolsHookCompleted          .           .           .           .           calling     .           .           .           .
    PreCompactHookCompleted go on   .           .           .           .           .           .           compacting  .           .
    PreCompactHookCompleted block   .           .           .           .           .           .           waiting     .           .
    RetryTimeoutElapsed             .           .           .           .           .           calling     .           .           .
    Cancel                          .           waiting     waiting     waiting     waiting     waiting     waiting     waiting     .
    Shutdown                        over        over        over        over        over        over        over        over        .
    ");
}

#[test]
fn a_report_about_anything_but_what_runs_now_changes_nothing() {
    for (number, (event, _)) in reports(unknown_operation()).into_iter().enumerate() {
        for mut session in sessions() {
            let before = session.agent().clone();
            assert_eq!(session.feed(event.clone()), [], "{event:?}");
            assert_eq!(*session.agent(), before, "{event:?}");

            // The same for a report that names what runs now, but is not of its kind.
            if *session.state() == AgentState::WaitingForUserInput {
                continue;
            }
            let (event, _) = reports(session.operation()).swap_remove(number);
            let fits = match (session.state(), &event) {
                (
                    AgentState::CallingLlm { .. }
                    | AgentState::ProcessingLlmResponse { .. }
                    | AgentState::Compacting { .. },
                    AgentEvent::Llm { .. }
                    | AgentEvent::LlmFailed { .. }
                    | AgentEvent::LlmStreamEnded { .. },
                ) => true,
                (AgentState::ExecutingTools { .. }, AgentEvent::ToolCompleted { call_id, .. }) => {
                    call_id == "c1"
                }
                (AgentState::PostToolsHook { .. }, AgentEvent::PostToolsHookCompleted { .. })
                | (AgentState::PreCompactHook { .. }, AgentEvent::PreCompactHookCompleted { .. })
                | (AgentState::Error { .. }, AgentEvent::RetryTimeoutElapsed { .. }) => true,
                _ => false,
            };
            if !fits {
                assert_eq!(session.feed(event.clone()), [], "{event:?}");
                assert_eq!(*session.agent(), before, "{event:?}");
            }
        }
    }
}
