//! Measures the tools that edit: `edit CASE DIR ITERATIONS` edits a file of 1 MB in DIR, and prints
//! the time of each call in milliseconds.
//!
//! The cases are `exact`, `respaced` (the text differs from the file in white space) and `patch`.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::panic,
    reason = "a program for measuring by hand"
)]

use std::env::args;
use std::path::Path;
use std::time::Instant;

use loom_cli_tools::{ToolRegistry, ToolSetup};
use loom_common_core::{
    Confinement, Extra, ProgressSink, ReadFilter, ToolCall, ToolContext, ToolStatus,
};
use serde_json::{Value, json};

/// How many lines of 50 bytes make 1 MB.
const LINES: usize = 20_000;

fn line(number: usize) -> String {
    format!("    let line_{number:06} = compute({number:06}) + 1; // x\n")
}

/// Returns the call that edits the file for the time number `turn`: there and back.
fn call(case: &str, turn: usize) -> ToolCall {
    let (old, new) = if turn.is_multiple_of(2) {
        ("old", "new")
    } else {
        ("new", "old")
    };
    let around = LINES / 2;
    let (name, arguments): (&str, Value) = match case {
        "exact" => (
            "edit_file",
            json!({
                "file_path": "large.rs",
                "old_string": format!("{}    {old}();\n", line(around)),
                "new_string": format!("{}    {new}();\n", line(around)),
            }),
        ),
        "respaced" => (
            "edit_file",
            json!({
                "file_path": "large.rs",
                "old_string": format!("{}  {old}();\n", line(around)),
                "new_string": format!("{}  {new}();\n", line(around)),
            }),
        ),
        "patch" => {
            let hunk = |at: usize| {
                format!(
                    "@@\n {} {}-    {old}();\n+    {new}();\n {}",
                    line(at - 1),
                    line(at),
                    line(at + 1)
                )
            };
            let hunks = [1, around, LINES - 2].map(hunk).concat();
            let patch =
                format!("*** Begin Patch\n*** Update File: large.rs\n{hunks}*** End Patch\n");
            ("apply_patch", json!({ "input": patch }))
        }
        _ => panic!("CASE is `exact`, `respaced` or `patch`"),
    };
    ToolCall {
        id: String::new(),
        name: name.to_owned(),
        arguments: arguments.to_string(),
        extra: Extra::default(),
    }
}

#[tokio::main]
async fn main() {
    let [case, folder, iterations] = args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .expect("usage: edit CASE DIR ITERATIONS");
    let iterations: usize = iterations.parse().expect("ITERATIONS is a number");
    let workspace = Path::new(&folder).canonicalize().expect("DIR is a folder");
    let mut content = String::new();
    for number in 0..LINES {
        content.push_str(&line(number));
        if [1, LINES / 2, LINES - 2].contains(&number) {
            content.push_str("    old();\n");
        }
    }
    std::fs::write(workspace.join("large.rs"), content).expect("DIR can be written");
    let registry = ToolRegistry::builtin(ToolSetup::default());
    let context = ToolContext {
        workspace,
        progress: ProgressSink::discard(),
        confinement: Confinement::default(),
        permitted: None,
        readable: ReadFilter::everything(),
    };
    for turn in 0..iterations {
        let call = call(&case, turn);
        let start = Instant::now();
        let output = registry.run(&call, &context).await;
        println!("{:.2}", start.elapsed().as_secs_f64() * 1000.0);
        assert_eq!(output.status, ToolStatus::Completed, "{}", output.text());
    }
}
