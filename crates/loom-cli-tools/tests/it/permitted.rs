//! What a call may touch: what was permitted, and nothing else.

use std::fs;
use std::os::unix::fs::symlink;

use loom_common_core::{Confinement, ReadFilter, Resource};
use serde_json::{Value, json};

use crate::scratch::{Scratch, call};

/// The tools with a call each that touches `path`.
fn calls(path: &str) -> Vec<(&'static str, Value)> {
    let patch = format!("*** Begin Patch\n*** Update File: {path}\n-secret\n+x\n*** End Patch");
    vec![
        ("read_file", json!({"file_path": path})),
        ("view_image", json!({"file_path": path})),
        ("grep", json!({"pattern": "secret", "path": path})),
        ("list_files", json!({"path": path})),
        ("glob", json!({"pattern": "*", "path": path})),
        (
            "edit_file",
            json!({"file_path": path, "old_string": "secret", "new_string": "x"}),
        ),
        ("write_file", json!({"file_path": path, "content": "x"})),
        ("apply_patch", json!({"input": patch})),
        (
            "edit_notebook",
            json!({"notebook_path": path, "cell_id": "0", "new_source": "x"}),
        ),
    ]
}

fn is_reading(tool: &str) -> bool {
    matches!(
        tool,
        "read_file" | "view_image" | "grep" | "list_files" | "glob"
    )
}

/// A workspace with a link `link` out of it, to a file with a secret.
fn with_link() -> Scratch {
    let scratch = Scratch::new();
    fs::write(scratch.outside().join("secret.txt"), "secret\n").unwrap();
    symlink("../secret.txt", scratch.path("link")).unwrap();
    scratch
}

#[test]
fn each_tool_names_what_it_touches_with_links_resolved() {
    let scratch = with_link();
    let target = scratch.outside().join("secret.txt");
    for (tool, arguments) in calls("link") {
        let call = call(tool, &arguments.to_string());
        let expected = if is_reading(tool) {
            Resource::Read(target.clone())
        } else {
            Resource::Write(target.clone())
        };
        assert_eq!(
            scratch.registry.resources(&call, scratch.workspace()),
            [expected],
            "{tool}"
        );
    }
    for tool in ["grep", "list_files", "glob"] {
        let call = call(tool, r#"{"pattern": "x"}"#);
        let workspace = Resource::Read(scratch.workspace().to_owned());
        assert_eq!(
            scratch.registry.resources(&call, scratch.workspace()),
            [workspace],
            "{tool}"
        );
    }
}

#[test]
fn arguments_that_do_not_fit_touch_nothing() {
    let scratch = with_link();
    for tool in scratch.registry.names() {
        for arguments in [
            "{}",
            "[]",
            "",
            r#"{"file_path": 7, "command": [], "input": "x"}"#,
            r#"{"file_path": "", "notebook_path": "a\u0000b", "path": "~"}"#,
        ] {
            let call = call(&tool, arguments);
            let resources = scratch.registry.resources(&call, scratch.workspace());
            let workspace = Resource::Read(scratch.workspace().to_owned());
            assert!(
                resources.is_empty() || resources == [workspace],
                "{tool} {arguments}: {resources:?}"
            );
        }
    }
}

#[test]
fn a_command_says_where_it_wants_to_run() {
    let scratch = Scratch::new();
    let call = call("bash", r#"{"command": "make"}"#);
    // There is no sandbox here.
    assert_eq!(
        scratch.registry.resources(&call, scratch.workspace()),
        [Resource::Command {
            line: "make".to_owned(),
            confinement: Confinement::Free
        }]
    );
}

#[tokio::test]
async fn what_is_permitted_outside_of_the_workspace_can_be_touched() {
    let mut scratch = with_link();
    let target = scratch.outside().join("secret.txt");
    scratch.context.permitted = Some(vec![Resource::Read(target.clone())]);
    assert_eq!(
        scratch
            .text("read_file", json!({"file_path": "link"}))
            .await,
        "     1\tsecret"
    );
    assert_eq!(
        scratch
            .text("grep", json!({"pattern": "sec", "path": target}))
            .await,
        format!("{}\n1:secret", target.display())
    );
    let edit = json!({"file_path": target, "old_string": "secret", "new_string": "told"});
    let told = scratch.failure("edit_file", edit.clone()).await;
    assert!(told.contains("that was not permitted"), "{told}");
    scratch.context.permitted = Some(vec![Resource::Write(target.clone())]);
    let output = scratch.text("edit_file", edit).await;
    assert!(
        output.starts_with(&format!("Edited {}.", target.display())),
        "{output}"
    );
    assert_eq!(fs::read_to_string(&target).unwrap(), "told\n");
    let new = scratch.outside().join("new/a.txt");
    scratch.context.permitted = Some(vec![Resource::Write(new.clone())]);
    scratch
        .text(
            "write_file",
            json!({"file_path": "../new/a.txt", "content": "x\n"}),
        )
        .await;
    assert_eq!(fs::read_to_string(new).unwrap(), "x\n");
}

#[tokio::test]
async fn folders_outside_can_be_listed_and_searched() {
    let mut scratch = with_link();
    let other = scratch.outside().join("other");
    fs::create_dir_all(other.join("sub")).unwrap();
    fs::write(other.join("sub/a.txt"), "needle\n").unwrap();
    scratch.context.permitted = Some(vec![Resource::Read(other.clone())]);
    let path = other.to_str().unwrap();
    assert_eq!(
        scratch.text("list_files", json!({"path": path})).await,
        format!("{path}/\n  sub/\n    a.txt")
    );
    assert_eq!(
        scratch
            .text("glob", json!({"pattern": "*.txt", "path": path}))
            .await,
        format!("{path}/sub/a.txt")
    );
    assert_eq!(
        scratch
            .text("grep", json!({"pattern": "needle", "path": path}))
            .await,
        format!("{path}/sub/a.txt\n1:needle")
    );
}

#[tokio::test]
async fn searches_leave_out_what_is_withheld_and_say_so() {
    let mut scratch = Scratch::new();
    for path in ["a.txt", ".env", "private/b.txt", "private/sub/c.txt"] {
        scratch.write(path, "needle\n");
    }
    for number in 1..=3 {
        scratch.write(&format!("keys/{number}.pem"), "needle\n");
    }
    scratch.context.readable = ReadFilter::new(|path| {
        let name = path.file_name().unwrap();
        let is_key = path.extension().is_some_and(|extension| extension == "pem");
        name != ".env" && name != "private" && !is_key
    });
    assert_eq!(
        scratch.text("grep", json!({"pattern": "needle"})).await,
        "a.txt\n1:needle\n\
         (not searched, as rules of permission withhold it: .env, keys/1.pem, keys/2.pem and 2 more)"
    );
    // What is in a file is withheld; its name is the folder's.
    let withheld = "(not searched, as rules of permission withhold it: private)";
    assert_eq!(
        scratch.text("list_files", json!({})).await,
        format!("./\n  .env\n  a.txt\n  keys/\n    1.pem\n    2.pem\n    3.pem\n{withheld}")
    );
    assert_eq!(
        scratch.text("glob", json!({"pattern": "?.txt"})).await,
        format!("a.txt\n{withheld}")
    );
    // The file that the call was permitted is not judged again.
    assert_eq!(
        scratch
            .text("grep", json!({"pattern": "needle", "path": ".env"}))
            .await,
        ".env\n1:needle"
    );
}

#[tokio::test]
async fn a_link_that_leads_elsewhere_since_permission_was_given_is_not_followed() {
    for (tool, arguments) in calls("link") {
        let mut scratch = Scratch::new();
        fs::write(scratch.outside().join("secret.txt"), "secret\n").unwrap();
        scratch.write("harmless.txt", "secret\n");
        symlink("harmless.txt", scratch.path("link")).unwrap();
        let call = call(tool, &arguments.to_string());
        let resources = scratch.registry.resources(&call, scratch.workspace());
        scratch.context.permitted = Some(resources);
        fs::remove_file(scratch.path("link")).unwrap();
        symlink("../secret.txt", scratch.path("link")).unwrap();
        let told = scratch.failure(tool, arguments).await;
        assert!(told.contains("that was not permitted"), "{tool}: {told}");
        let secret = fs::read_to_string(scratch.outside().join("secret.txt")).unwrap();
        assert_eq!(secret, "secret\n");
    }
}

#[tokio::test]
async fn version_control_is_not_edited_outside_either() {
    let mut scratch = with_link();
    let hook = scratch.outside().join(".git/hooks/pre-commit");
    scratch.context.permitted = Some(vec![Resource::Write(hook.clone())]);
    let told = scratch
        .failure("write_file", json!({"file_path": hook, "content": "x"}))
        .await;
    assert!(told.contains("belongs to version control"), "{told}");
}
