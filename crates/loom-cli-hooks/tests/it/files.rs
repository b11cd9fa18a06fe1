//! What files may hold, and what becomes of what they should not.

use loom_cli_hooks::{EventKind, Hooks, Outcome};
use serde_json::json;

use crate::scratch::{Scratch, arguments, before, block, problems};

#[tokio::test]
async fn without_files_nothing_is_handled() {
    let scratch = Scratch::new();
    let hooks = scratch.load();
    assert!(EventKind::ALL.into_iter().all(|kind| !hooks.handles(kind)));
    assert_eq!(scratch.before_command().await, Outcome::default());
}

#[test]
fn what_cannot_be_used_is_named_and_the_rest_runs() {
    let scratch = Scratch::with_hooks(&json!({
        "PreToolUse": [
            {"matcher": "Bash(", "hooks": [{"type": "command", "command": "a"}]},
            {"hooks": [
                {"type": "prompt", "prompt": "is it safe?"},
                {"type": "command"},
                {"type": "command", "command": "b", "timeout": -1},
                {"command": "c"},
            ]},
            "nonsense",
        ],
        "PostToolUse": {},
        "TeammateIdle": [],
        "Stop": [{"hooks": [{"type": "command", "command": "d"}]}],
    }));
    let hooks = Hooks::load(&scratch.setup(), &scratch.trust());
    insta::assert_snapshot!(problems(&hooks).join("\n"));
    assert!(hooks.handles(EventKind::PreToolUse));
    assert!(hooks.handles(EventKind::Stop));
    assert!(!hooks.handles(EventKind::PostToolUse));
}

#[tokio::test]
async fn a_required_hook_whose_matcher_is_broken_guards_everything() {
    let scratch = Scratch::with_hooks(&json!({"PreToolUse": [{"matcher": "Bash(", "hooks": [
        {"type": "command", "command": "echo no >&2; exit 2", "onFailure": "block"},
    ]}]}));
    let hooks = Hooks::load(&scratch.setup(), &scratch.trust());
    assert_eq!(hooks.problems().len(), 1);
    let call = arguments(json!({"command": "make"}));
    let outcome = hooks.run(&scratch.session(), &before("bash", &call)).await;
    assert_eq!(outcome.decision, block("no"));
}

#[test]
fn a_file_that_is_not_json_is_a_problem_and_other_files_are_read() {
    let scratch = Scratch::with_hook("Stop", json!({"type": "command", "command": "true"}));
    let mut setup = scratch.setup();
    scratch.write("broken.json", "{\"hooks\": ");
    setup.files[1].path = scratch.path("broken.json");
    let hooks = Hooks::load(&setup, &scratch.trust());
    assert_eq!(
        problems(&hooks),
        ["cannot read the hooks in broken.json: EOF while parsing a value at line 1 column 10"]
    );
    assert!(hooks.handles(EventKind::Stop));
}

#[test]
fn a_pipe_in_the_place_of_a_file_is_no_file() {
    let scratch = Scratch::new();
    let pipe = scratch.path("user.json");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o644),
        0,
    )
    .unwrap();
    assert!(!scratch.load().handles(EventKind::Stop));
}

#[test]
fn all_hooks_of_a_file_can_be_turned_off() {
    let scratch = Scratch::new();
    let hooks = json!({"Stop": [{"hooks": [{"type": "command", "command": "true"}]}]});
    let settings = json!({"permissions": {}, "disableAllHooks": true, "hooks": hooks});
    scratch.write("user.json", &settings.to_string());
    assert!(!scratch.load().handles(EventKind::Stop));
}
