//! Measures the tool `grep`: `grep PATTERN DIR ITERATIONS` prints the median time in milliseconds.
//!
//! It searches as `rg --line-number PATTERN DIR` does, many times in one process, as an agent does.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program for measuring by hand"
)]

use std::env::args;
use std::path::Path;
use std::time::Instant;

use loom_cli_tools::{ToolRegistry, ToolSetup};
use loom_common_core::{
    Confinement, Extra, ProgressSink, ReadFilter, ToolCall, ToolContext, ToolStatus,
};

#[tokio::main]
async fn main() {
    let [pattern, folder, iterations] = args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .expect("usage: grep PATTERN DIR ITERATIONS");
    let iterations: usize = iterations.parse().expect("ITERATIONS is a number");
    let registry = ToolRegistry::builtin(ToolSetup::default());
    let context = ToolContext {
        workspace: Path::new(&folder).canonicalize().expect("DIR is a folder"),
        progress: ProgressSink::discard(),
        confinement: Confinement::default(),
        permitted: None,
        readable: ReadFilter::everything(),
    };
    let call = ToolCall {
        id: String::new(),
        name: "grep".to_owned(),
        arguments: serde_json::json!({ "pattern": pattern }).to_string(),
        extra: Extra::default(),
    };
    let mut times = Vec::new();
    for _ in 0..iterations.max(1) {
        let start = Instant::now();
        let output = registry.run(&call, &context).await;
        times.push(start.elapsed());
        assert_eq!(output.status, ToolStatus::Completed, "{}", output.text());
    }
    times.sort_unstable();
    println!("{:.2}", times[times.len() / 2].as_secs_f64() * 1000.0);
}
