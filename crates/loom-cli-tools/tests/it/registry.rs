//! The registry: definitions, and calls that do not fit.

use insta::assert_snapshot;
use loom_cli_tools::{ToolRegistry, ToolSetup};
use loom_common_core::{ToolAccess, ToolStatus};
use serde_json::json;

use crate::scratch::Scratch;

fn definitions() -> String {
    let registry = ToolRegistry::builtin(ToolSetup::default());
    serde_json::to_string_pretty(&registry.definitions()).unwrap()
}

#[test]
fn the_model_is_told_this_about_the_tools() {
    assert_snapshot!(definitions());
}

#[test]
fn definitions_are_the_same_each_time() {
    assert_eq!(definitions(), definitions());
}

#[test]
fn only_edits_and_commands_can_change_something() {
    let registry = ToolRegistry::builtin(ToolSetup::default());
    let access: Vec<(String, Option<ToolAccess>)> = registry
        .names()
        .into_iter()
        .map(|name| (name.clone(), registry.access(&name)))
        .collect();
    let expected = [
        ("read_file", ToolAccess::Read),
        ("list_files", ToolAccess::Read),
        ("glob", ToolAccess::Read),
        ("grep", ToolAccess::Read),
        ("edit_file", ToolAccess::Write),
        ("bash", ToolAccess::Execute),
    ];
    assert_eq!(
        access,
        expected.map(|(name, access)| (name.to_owned(), Some(access)))
    );
    assert_eq!(registry.access("launch"), None);
}

#[tokio::test]
async fn an_unknown_tool_is_answered_with_the_known_ones() {
    let scratch = Scratch::new();
    assert_snapshot!(
        scratch.failure("write_file", json!({})).await,
        @r#"There is no tool "write_file". The tools are: read_file, list_files, glob, grep, edit_file, bash."#
    );
}

#[tokio::test]
async fn arguments_that_do_not_parse_are_shown_near_the_error() {
    let scratch = Scratch::new();
    let arguments = r#"{"file_path": "a.txt", "old_string": "say "hello"", "new_string": ""}"#;
    let output = scratch.run_raw("edit_file", arguments).await;
    assert_eq!(output.status, ToolStatus::Failed);
    assert_snapshot!(output.text());
}

#[tokio::test]
async fn arguments_that_were_cut_off_are_recognised() {
    let scratch = Scratch::new();
    let output = scratch.run_raw("bash", r#"{"command": "cargo te"#).await;
    assert_eq!(output.status, ToolStatus::Failed);
    assert_snapshot!(output.text());
}

#[tokio::test]
async fn arguments_must_be_an_object() {
    let scratch = Scratch::new();
    let output = scratch.run_raw("bash", r#"["ls"]"#).await;
    assert_eq!(output.status, ToolStatus::Failed);
    assert_snapshot!(output.text());
}

#[tokio::test]
async fn all_wrong_arguments_are_named_at_once() {
    let scratch = Scratch::new();
    assert_snapshot!(
        scratch
            .failure(
                "edit_file",
                json!({"path": "a", "old_string": 5, "new_string": null, "replace_all": "perhaps"})
            )
            .await
    );
    assert_snapshot!(
        scratch
            .failure(
                "read_file",
                json!({"file_path": "a", "offset": 0, "limit": [1]})
            )
            .await
    );
    assert_snapshot!(
        scratch
            .failure("grep", json!({"pattern": "a", "output_mode": "lines"}))
            .await
    );
    assert_snapshot!(scratch.failure("bash", json!({})).await);
}

#[tokio::test]
async fn a_long_wrong_argument_is_cut() {
    let scratch = Scratch::new();
    let text = scratch
        .failure("read_file", json!({"file_path": ["x".repeat(5000)]}))
        .await;
    assert!(text.len() < 400, "{text}");
}

#[tokio::test]
async fn numbers_and_booleans_in_strings_are_understood() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "one\ntwo\none\n");
    assert_eq!(
        scratch
            .text(
                "read_file",
                json!({"file_path": "a.txt", "offset": "2", "limit": 1.0})
            )
            .await,
        "     2\ttwo\n(lines 2 to 2; there are more, read on with offset=3)"
    );
    scratch
        .text(
            "edit_file",
            json!({"file_path": "a.txt", "old_string": "one", "new_string": "1", "replace_all": "True"}),
        )
        .await;
    assert_eq!(scratch.read("a.txt"), "1\ntwo\n1\n");
}

#[tokio::test]
async fn an_argument_that_the_tool_does_not_have_is_ignored_and_named() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "one\n");
    assert_eq!(
        scratch
            .text(
                "read_file",
                json!({"file_path": "a.txt", "encoding": "utf-8", "limit": null})
            )
            .await,
        "     1\tone\n(ignored: read_file has no argument `encoding`)"
    );
}
