//! What hooks read, and what sets them off.

use std::fs;

use loom_cli_hooks::{CompactionTrigger, Event, SessionEndReason, SessionSource, ToolUse};
use loom_common_core::{ToolOutput, ToolStatus};
use serde_json::{Value, json};

use crate::scratch::{Scratch, arguments, before, command};

/// Keeps each input in a file of its own.
const KEEP: &str = "cat > \"$SCRATCH/input-$$\"";

/// Returns what the hooks read, in the order of the text.
fn kept(scratch: &Scratch) -> Vec<Value> {
    let folder = scratch.path("");
    let mut texts: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("input-"))
        .map(|name| scratch.read(&name))
        .collect();
    texts.sort();
    let root = scratch.workspace().to_string_lossy().into_owned();
    texts
        .iter()
        .map(|text| serde_json::from_str(&text.replace(&root, "/project")).unwrap())
        .collect()
}

/// Returns what one hook for all of an event reads.
async fn input(event_name: &str, event: &Event<'_>) -> Vec<Value> {
    let scratch = Scratch::with_hook(event_name, command(KEEP));
    scratch.run(event).await;
    kept(&scratch)
}

/// Tells whether a hook with a matcher is set off.
async fn is_set_off(event_name: &str, matcher: &str, event: &Event<'_>) -> bool {
    let hooks = json!({event_name: [{"matcher": matcher, "hooks": [command(KEEP)]}]});
    let scratch = Scratch::with_hooks(&hooks);
    scratch.run(event).await;
    !kept(&scratch).is_empty()
}

#[tokio::test]
async fn a_command_is_told_as_claude_code_tells_it_and_as_it_is() {
    let bash = arguments(json!({"command": "make", "timeout_ms": 9}));
    insta::assert_json_snapshot!(input("PreToolUse", &before("bash", &bash)).await);
}

#[tokio::test]
async fn an_edit_is_told_with_an_absolute_path_and_what_came_of_it() {
    let edit = arguments(json!({"file_path": "src/a.rs", "old_string": "a", "new_string": "b"}));
    let output = ToolOutput::completed("edited src/a.rs");
    let call = ToolUse {
        id: "call-1",
        name: "edit_file",
        arguments: &edit,
    };
    let event = Event::PostToolUse {
        call,
        output: &output,
    };
    insta::assert_json_snapshot!(input("PostToolUse", &event).await);
}

#[tokio::test]
async fn a_patch_is_told_file_by_file() {
    let text = "*** Begin Patch\n*** Add File: new.rs\n+x\n*** Update File: /old.rs\n@@\n-a\n+b\n\
                *** End Patch";
    let patch = arguments(json!({"patch": text}));
    let told: Vec<(Value, Value)> = input("PreToolUse", &before("apply_patch", &patch))
        .await
        .into_iter()
        .map(|input| {
            (
                input["tool_name"].clone(),
                input["tool_input"]["file_path"].clone(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (json!("Edit"), json!("/old.rs")),
            (json!("Write"), json!("/project/new.rs"))
        ]
    );
}

#[tokio::test]
async fn a_tool_that_failed_sets_off_its_own_event_and_one_that_was_denied_none() {
    let bash = arguments(json!({"command": "false"}));
    let call = ToolUse {
        id: "call-1",
        name: "bash",
        arguments: &bash,
    };
    let hooks = json!({
        "PostToolUse": [{"hooks": [command(KEEP)]}],
        "PostToolUseFailure": [{"hooks": [command(KEEP)]}],
    });
    let scratch = Scratch::with_hooks(&hooks);
    for status in [ToolStatus::Denied, ToolStatus::Cancelled] {
        let output = ToolOutput {
            status,
            ..ToolOutput::failed("no")
        };
        let output = &output;
        scratch.run(&Event::PostToolUse { call, output }).await;
    }
    assert_eq!(kept(&scratch), [Value::Null; 0]);
    let output = &ToolOutput::failed("(exit code 1)");
    scratch.run(&Event::PostToolUse { call, output }).await;
    let [told] = &kept(&scratch)[..] else {
        panic!("{:?}", kept(&scratch));
    };
    assert_eq!(told["hook_event_name"], "PostToolUseFailure");
    assert_eq!(told["error"], "(exit code 1)");
}

#[tokio::test]
async fn the_other_events_are_told_with_their_fields() {
    let events = [
        ("UserPromptSubmit", Event::UserPromptSubmit { prompt: "hi" }),
        (
            "Stop",
            Event::Stop {
                stop_hook_active: true,
                last_message: "done",
            },
        ),
        (
            "SubagentStop",
            Event::SubagentStop {
                stop_hook_active: false,
                agent_id: "A-1",
                agent_type: "explore",
                last_message: "found",
            },
        ),
        (
            "SessionStart",
            Event::SessionStart {
                source: SessionSource::Startup,
                model: "m",
            },
        ),
        (
            "SessionEnd",
            Event::SessionEnd {
                reason: SessionEndReason::PromptInputExit,
            },
        ),
        (
            "PreCompact",
            Event::PreCompact {
                trigger: CompactionTrigger::Manual,
                instructions: "keep the plan",
            },
        ),
        (
            "Notification",
            Event::Notification {
                kind: "permission_prompt",
                title: "Permission",
                message: "bash wants to run",
            },
        ),
    ];
    let mut told = Vec::new();
    for (name, event) in events {
        told.extend(input(name, &event).await);
    }
    insta::assert_json_snapshot!(told);
}

#[tokio::test]
async fn a_matcher_knows_a_tool_by_all_its_names() {
    let none = arguments(json!({}));
    for (tool, matcher, expected) in [
        ("edit_file", "Edit|Write", true),
        ("edit_file", "edit_file", true),
        ("edit_file", "MultiEdit", true),
        ("edit_file", "Write", false),
        ("apply_patch", "Write", true),
        ("read_file", "Read", true),
        ("mcp__memory__get", "mcp__memory__.*", true),
        ("mcp__memory__get", "mcp__memory", false),
        ("task", "Agent", true),
        ("bash", "^Ba", true),
    ] {
        let is_hit = is_set_off("PreToolUse", matcher, &before(tool, &none)).await;
        assert_eq!(is_hit, expected, "{tool}, {matcher}");
    }
}

#[tokio::test]
async fn a_matcher_of_another_event_is_held_against_its_kind() {
    let start = Event::SessionStart {
        source: SessionSource::Resume,
        model: "m",
    };
    assert!(is_set_off("SessionStart", "startup|resume", &start).await);
    assert!(!is_set_off("SessionStart", "startup", &start).await);
    // A stop has no kinds, so a matcher means nothing.
    let stop = Event::Stop {
        stop_hook_active: false,
        last_message: "",
    };
    assert!(is_set_off("Stop", "whatever", &stop).await);
}

#[tokio::test]
async fn a_condition_narrows_a_hook_to_some_calls() {
    let entry = json!({"type": "command", "command": KEEP, "if": "Bash(git push *)"});
    for (line, expected) in [("make && git push", 1), ("git pull", 0)] {
        let scratch = Scratch::with_hook("PreToolUse", entry.clone());
        let bash = arguments(json!({"command": line}));
        scratch.run(&before("bash", &bash)).await;
        assert_eq!(kept(&scratch).len(), expected, "{line}");
    }
}
