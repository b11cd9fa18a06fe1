//! The tool `list_files`.

use std::os::unix::fs::symlink;

use insta::assert_snapshot;
use loom_cli_tools::ToolLimits;
use serde_json::json;

use crate::scratch::Scratch;

fn project() -> Scratch {
    let scratch = Scratch::new();
    scratch.write(".gitignore", "target\n");
    scratch.write(".git/config", "");
    scratch.write("target/debug/loom", "");
    scratch.write("src/main.rs", "");
    scratch.write("src/agent/state.rs", "");
    scratch.write("Cargo.toml", "");
    scratch.write("odd\nname", "");
    symlink("src/main.rs", scratch.path("link")).unwrap();
    scratch
}

#[tokio::test]
async fn a_folder_is_shown_as_a_tree() {
    assert_snapshot!(project().text("list_files", json!({})).await, @r"
    ./
      .gitignore
      Cargo.toml
      link -> src/main.rs
      odd\nname
      src/
        agent/
        main.rs
    (down to level 2)
    ");
}

#[tokio::test]
async fn the_depth_can_be_chosen() {
    let scratch = project();
    assert_snapshot!(scratch.text("list_files", json!({"path": "src", "depth": 5})).await, @"
    src/
      agent/
        state.rs
      main.rs
    ");
    assert_snapshot!(scratch.text("list_files", json!({"path": "src", "depth": 1})).await, @"
    src/
      agent/
      main.rs
    (down to level 1)
    ");
}

#[tokio::test]
async fn a_tree_that_is_too_long_is_cut_in_depth_first() {
    let scratch = Scratch::new();
    for folder in 0..30 {
        for file in 0..50 {
            scratch.write(&format!("d{folder:02}/f{file}"), "");
        }
    }
    let text = scratch.text("list_files", json!({"depth": 4})).await;
    assert!(text.starts_with("./\n  d00/\n  d01/\n  d02/\n"), "{text}");
    assert!(
        text.ends_with(
            "  d29/\n(down to level 1; more would be too long, so list the folder of interest)"
        ),
        "{text}"
    );
}

#[tokio::test]
async fn a_long_folder_is_cut_and_counted() {
    let scratch = Scratch::with_limits(ToolLimits {
        max_output_bytes: 50,
        ..ToolLimits::default()
    });
    for file in 0..50 {
        scratch.write(&format!("f{file:02}"), "");
    }
    assert_snapshot!(scratch.text("list_files", json!({})).await, @"
    ./
      f00
      f01
      f02
      f03
      f04
      f05
      f06
      f07
    (42 more entries; find them with glob)
    ");
}

#[tokio::test]
async fn what_is_not_a_folder_is_not_listed() {
    let scratch = project();
    assert_snapshot!(
        scratch.failure("list_files", json!({"path": "Cargo.toml"})).await,
        @"Cargo.toml is not a folder. Use read_file."
    );
    assert_snapshot!(
        scratch.failure("list_files", json!({"path": "sources"})).await,
        @"sources does not exist in the workspace WORKSPACE. Did you mean src?"
    );
}

#[tokio::test]
async fn an_empty_folder_is_said_to_be_empty() {
    let scratch = Scratch::new();
    assert_eq!(
        scratch.text("list_files", json!({})).await,
        ". is empty, or git ignores all that is in it."
    );
}
