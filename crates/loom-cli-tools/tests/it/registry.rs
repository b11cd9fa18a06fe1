//! The registry: definitions, and calls that do not fit.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use insta::assert_snapshot;
use loom_cli_tools::{EditStyle, NameTaken, Tool, ToolRegistry, ToolSetup};
use loom_common_core::{ToolAccess, ToolContext, ToolDefinition, ToolOutput, ToolStatus};
use serde_json::{Map, Value, json};

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
        ("view_image", ToolAccess::Read),
        ("edit_file", ToolAccess::Write),
        ("write_file", ToolAccess::Write),
        ("edit_notebook", ToolAccess::Write),
        ("bash", ToolAccess::Execute),
        ("command_output", ToolAccess::Read),
        ("command_stop", ToolAccess::Read),
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
        scratch.failure("launch", json!({})).await,
        @r#"There is no tool "launch". The tools are: read_file, list_files, glob, grep, view_image, edit_file, write_file, edit_notebook, bash, command_output, command_stop."#
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

/// A tool of a server, which says its name.
struct Named(ToolDefinition);

fn named(name: &str) -> Arc<dyn Tool> {
    Arc::new(Named(ToolDefinition {
        name: name.to_owned(),
        description: format!("Says {name}."),
        input_schema: json!({"type": "object"}),
        access: ToolAccess::Read,
    }))
}

impl Tool for Named {
    fn definition(&self) -> &ToolDefinition {
        &self.0
    }

    fn run<'a>(
        &'a self,
        _arguments: Map<String, Value>,
        _context: &'a ToolContext,
    ) -> BoxFuture<'a, ToolOutput> {
        futures::future::ready(ToolOutput::completed(&self.0.name)).boxed()
    }
}

fn registry() -> ToolRegistry {
    ToolRegistry::builtin(ToolSetup::default())
}

#[test]
fn definitions_only_grow_at_the_end() {
    let registry = registry();
    let start = registry.definitions();
    registry.add(named("web_fetch")).unwrap();
    for name in ["mcp__a", "mcp__b", "mcp__c"] {
        registry.add_deferred(named(name)).unwrap();
    }
    assert_eq!(registry.definitions().len(), start.len() + 1);
    let revealed = registry.reveal(&["mcp__c", "unknown", "mcp__a", "read_file"]);
    let names: Vec<String> = revealed.into_iter().map(|tool| tool.name).collect();
    assert_eq!(names, ["mcp__c", "mcp__a"]);
    registry.add(named("late")).unwrap();
    assert_eq!(registry.reveal(&["mcp__a"]), []);
    let definitions = registry.definitions();
    assert_eq!(definitions[..start.len()], start);
    let names: Vec<&str> = definitions[start.len()..]
        .iter()
        .map(|tool| tool.name.as_str())
        .collect();
    assert_eq!(names, ["web_fetch", "mcp__c", "mcp__a", "late"]);
    let deferred: Vec<String> = registry
        .deferred()
        .into_iter()
        .map(|tool| tool.name)
        .collect();
    assert_eq!(deferred, ["mcp__b"]);
}

#[test]
fn a_name_is_given_once() {
    let registry = registry();
    registry.add_deferred(named("mcp__a")).unwrap();
    for name in ["mcp__a", "read_file", "apply_patch"] {
        let taken = Err(NameTaken(name.to_owned()));
        assert_eq!(registry.add(named(name)), taken);
        assert_eq!(registry.add_deferred(named(name)), taken);
    }
}

#[tokio::test]
async fn a_deferred_tool_that_is_called_runs_and_is_revealed() {
    let scratch = Scratch::new();
    scratch.registry.add_deferred(named("mcp__a")).unwrap();
    assert_eq!(scratch.registry.access("mcp__a"), Some(ToolAccess::Read));
    assert_eq!(scratch.text("mcp__a", json!({})).await, "mcp__a");
    assert_eq!(scratch.registry.names().last().unwrap(), "mcp__a");
}

#[tokio::test]
async fn the_tools_that_edit_follow_the_model() {
    let scratch = Scratch::new();
    let editing = |registry: &ToolRegistry| -> Vec<String> {
        let names = registry.names().into_iter();
        names
            .filter(|name| ["edit_file", "write_file", "apply_patch"].contains(&name.as_str()))
            .collect()
    };
    assert_eq!(editing(&scratch.registry), ["edit_file", "write_file"]);
    scratch.registry.set_edit_style(EditStyle::Patch);
    assert_eq!(editing(&scratch.registry), ["apply_patch"]);
    // A model that takes up the thread of another may use what it sees there.
    scratch
        .text("write_file", json!({"file_path": "a.txt", "content": "x"}))
        .await;
}

#[test]
fn a_smaller_set_can_be_taken() {
    let mut registry = registry();
    registry.retain(|tool| tool.access == ToolAccess::Read);
    assert_eq!(
        registry.names(),
        [
            "read_file",
            "list_files",
            "glob",
            "grep",
            "view_image",
            "command_output",
            "command_stop"
        ]
    );
}

#[test]
fn the_model_is_told_this_about_patches() {
    let registry = ToolRegistry::builtin(ToolSetup {
        edit_style: EditStyle::Patch,
        ..ToolSetup::default()
    });
    let definitions = registry.definitions();
    let patch = definitions.iter().find(|tool| tool.name == "apply_patch");
    assert_snapshot!(serde_json::to_string_pretty(&patch).unwrap());
}

#[tokio::test]
async fn garbage_is_answered_by_every_tool() {
    let scratch = Scratch::new();
    scratch.registry.set_edit_style(EditStyle::Patch);
    let mut names = scratch.registry.names();
    names.extend(["edit_file", "write_file"].map(str::to_owned));
    for name in names {
        for arguments in [
            "",
            "null",
            "\"text\"",
            "{\"file_path\":",
            r#"{"file_path": {}, "command": 1.5, "input": [], "pattern": null, "cell_id": true}"#,
            r#"{"file_path": "a\u0000b", "command": "\u0000", "input": "\u0000", "pattern": "[", "command_id": "", "notebook_path": "\u0000"}"#,
        ] {
            let output = scratch.run_raw(&name, arguments).await;
            let is_list = name == "list_files" || name == "command_output";
            assert!(
                is_list || output.status == ToolStatus::Failed,
                "{name} {arguments}"
            );
        }
    }
}
