//! Exit codes and answers, alone and together.

use loom_cli_hooks::{CompactionTrigger, Decision, Event, Message, Outcome, SessionSource};
use loom_common_core::stream::NoticeLevel;
use serde_json::{Value, json};

use crate::scratch::{Scratch, answering, arguments, before, block, command, warnings};

/// What a single hook before a command wants that prints `answer`.
async fn answered(answer: Value) -> Outcome {
    Scratch::with_hook("PreToolUse", answering(&answer))
        .before_command()
        .await
}

fn specific(fields: Value) -> Value {
    let mut output = arguments(json!({"hookEventName": "PreToolUse"}));
    output.extend(arguments(fields));
    json!({"hookSpecificOutput": output})
}

#[tokio::test]
async fn exit_code_0_without_an_answer_changes_nothing() {
    let scratch = Scratch::with_hook("PreToolUse", command("echo all is well; echo why >&2"));
    assert_eq!(scratch.before_command().await, Outcome::default());
}

#[tokio::test]
async fn exit_code_2_blocks_with_what_was_said_on_stderr() {
    let scratch = Scratch::with_hook("PreToolUse", command("echo no; echo not today >&2; exit 2"));
    assert_eq!(
        scratch.before_command().await,
        Outcome {
            decision: block("not today"),
            ..Outcome::default()
        }
    );
}

#[tokio::test]
async fn exit_code_2_without_a_word_blocks_with_the_name_of_the_hook() {
    let scratch = Scratch::with_hook("PreToolUse", command("exit 2"));
    assert_eq!(
        scratch.before_command().await.decision,
        block("blocked by the hook `exit 2`, which gave no reason")
    );
}

#[tokio::test]
async fn any_other_exit_code_is_shown_and_blocks_nothing() {
    let scratch = Scratch::with_hook("PreToolUse", command("echo broken >&2; exit 1"));
    let outcome = scratch.before_command().await;
    assert_eq!(outcome.decision, Decision::Proceed);
    assert_eq!(
        warnings(&outcome),
        ["PreToolUse hook `echo broken >&2; exit 1` failed with exit code 1: broken"]
    );
}

#[tokio::test]
async fn a_required_hook_that_fails_blocks() {
    for line in ["exit 1", "kill -KILL $$", "/no/such/program", "echo '{'"] {
        let scratch = Scratch::with_hook(
            "PreToolUse",
            json!({"type": "command", "command": line, "onFailure": "block"}),
        );
        let outcome = scratch.before_command().await;
        let Decision::Block { reason } = &outcome.decision else {
            panic!("{line}: {outcome:?}");
        };
        let warnings = warnings(&outcome);
        assert_eq!(
            *reason,
            format!("a required hook did not do its work: {}", warnings[0])
        );
    }
}

#[tokio::test]
async fn answers_allow_ask_deny_and_leave_it() {
    let reason = || "because".to_owned();
    for (word, decision) in [
        ("allow", Decision::Allow { reason: reason() }),
        ("ask", Decision::Ask { reason: reason() }),
        ("deny", Decision::Block { reason: reason() }),
        ("defer", Decision::Proceed),
    ] {
        let answer =
            specific(json!({"permissionDecision": word, "permissionDecisionReason": "because"}));
        let expected = Outcome {
            decision,
            ..Outcome::default()
        };
        assert_eq!(answered(answer).await, expected, "{word}");
    }
}

#[tokio::test]
async fn the_older_words_still_mean_something() {
    let approve = answered(json!({"decision": "approve", "reason": "fine"})).await;
    assert_eq!(
        approve.decision,
        Decision::Allow {
            reason: "fine".to_owned()
        }
    );
    let blocked = answered(json!({"decision": "block", "reason": "no"})).await;
    assert_eq!(blocked.decision, block("no"));
}

#[tokio::test]
async fn a_hook_can_change_the_arguments_tell_the_model_and_the_person_and_stop_it_all() {
    let mut answer = specific(json!({
        "updatedInput": {"command": "make -n", "timeout": 5},
        "additionalContext": "the build is slow",
    }));
    let more = json!({"continue": false, "stopReason": "enough", "systemMessage": "careful"});
    answer.as_object_mut().unwrap().extend(arguments(more));
    assert_eq!(
        answered(answer).await,
        Outcome {
            decision: Decision::Proceed,
            halt: Some("enough".to_owned()),
            updated_input: Some(arguments(json!({"command": "make -n", "timeout_ms": 5}))),
            context: vec!["the build is slow".to_owned()],
            messages: vec![Message {
                level: NoticeLevel::Info,
                text: "careful".to_owned()
            }],
        }
    );
}

#[tokio::test]
async fn garbage_is_shown_and_blocks_nothing() {
    for (answer, expected) in [
        ("{not json", "printed JSON that cannot be read: "),
        ("{\"decision\": true}", "printed JSON that cannot be read: "),
        (
            "{\"decision\": \"perhaps\"}",
            "decided \"perhaps\", which means nothing here",
        ),
        (
            "{\"hookSpecificOutput\": {\"hookEventName\": \"Stop\"}}",
            "answered for the event \"Stop\", not PreToolUse",
        ),
    ] {
        let scratch = Scratch::with_hook("PreToolUse", command(&format!("echo '{answer}'")));
        let outcome = scratch.before_command().await;
        assert_eq!(outcome.decision, Decision::Proceed);
        let [warning] = warnings(&outcome)[..] else {
            panic!("{outcome:?}");
        };
        assert!(warning.contains(expected), "{warning}");
    }
}

#[tokio::test]
async fn of_several_hooks_the_strictest_wins_and_all_are_heard() {
    let allow = specific(json!({"permissionDecision": "allow", "additionalContext": "one"}));
    let ask = specific(json!({"permissionDecision": "ask", "additionalContext": "two"}));
    let hooks = json!({"PreToolUse": [
        {"matcher": "Bash", "hooks": [answering(&allow), command("echo no >&2; exit 2")]},
        {"hooks": [answering(&ask), command("echo neither >&2; exit 2")]},
        {"matcher": "Edit", "hooks": [command("echo never >&2; exit 2")]},
    ]});
    assert_eq!(
        Scratch::with_hooks(&hooks).before_command().await,
        Outcome {
            decision: block("no\nneither"),
            context: vec!["one".to_owned(), "two".to_owned()],
            ..Outcome::default()
        }
    );
}

#[tokio::test]
async fn the_same_command_runs_once_for_a_call() {
    let line = "echo ran >> \"$SCRATCH/runs\"";
    let hooks = json!({"PreToolUse": [
        {"matcher": "Bash", "hooks": [command(line)]},
        {"hooks": [command(line), command(line)]},
    ]});
    let scratch = Scratch::with_hooks(&hooks);
    scratch.before_command().await;
    assert_eq!(scratch.read("runs"), "ran\n");
}

#[tokio::test]
async fn what_is_printed_for_a_prompt_a_compaction_or_at_the_start_is_for_the_model() {
    let prompt = Event::UserPromptSubmit { prompt: "hello" };
    let start = Event::SessionStart {
        source: SessionSource::Resume,
        model: "m",
    };
    let compaction = Event::PreCompact {
        trigger: CompactionTrigger::Auto,
        instructions: "",
    };
    for (name, event) in [
        ("UserPromptSubmit", prompt),
        ("SessionStart", start),
        ("PreCompact", compaction),
    ] {
        let outcome = Scratch::with_hook(name, command("echo today is Monday"))
            .run(&event)
            .await;
        assert_eq!(outcome.context, ["today is Monday"], "{name}");
    }
}

#[tokio::test]
async fn what_is_told_to_the_model_is_bounded() {
    let line = "head -c 100000 /dev/zero | tr '\\0' x";
    let scratch = Scratch::with_hook("UserPromptSubmit", command(line));
    let outcome = scratch.run(&Event::UserPromptSubmit { prompt: "p" }).await;
    let expected = format!("{}\n… 90000 bytes left out …", "x".repeat(10_000));
    assert_eq!(outcome.context, [expected]);
}

#[tokio::test]
async fn a_stop_is_blocked_with_what_is_left_to_do() {
    let event = Event::Stop {
        stop_hook_active: false,
        last_message: "done",
    };
    let answer = answering(&json!({"decision": "block", "reason": "run the tests"}));
    let outcome = Scratch::with_hook("Stop", answer).run(&event).await;
    assert_eq!(outcome.decision, block("run the tests"));
}

#[tokio::test]
async fn what_cannot_be_blocked_only_shows_the_reason() {
    let event = Event::Notification {
        kind: "permission_prompt",
        title: "Permission",
        message: "bash wants to run",
    };
    let scratch = Scratch::with_hook(
        "Notification",
        json!({"type": "command", "command": "echo no >&2; exit 2", "onFailure": "block"}),
    );
    let outcome = scratch.run(&event).await;
    assert_eq!(outcome.decision, Decision::Proceed);
    assert_eq!(
        warnings(&outcome),
        ["Notification hook `echo no >&2; exit 2`: no"]
    );
}

#[tokio::test]
async fn a_change_of_a_patch_is_refused_as_hooks_see_only_parts_of_it() {
    let hook = answering(&specific(json!({"updatedInput": {"file_path": "x"}})));
    let patch = arguments(json!({"patch": "*** Begin Patch\n*** Add File: a\n+x\n*** End Patch"}));
    let scratch = Scratch::with_hook("PreToolUse", hook);
    let outcome = scratch.run(&before("apply_patch", &patch)).await;
    assert_eq!(outcome.updated_input, None);
    assert_eq!(
        warnings(&outcome),
        ["a hook changed what apply_patch is called with, which is not possible; ignored"]
    );
}
