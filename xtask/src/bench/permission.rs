//! Judging shell lines: reading the line and deciding about it, against a hundred rules.

use std::process::Command;

use anyhow::Context;

use super::table::{Measurement, Sample, Yardstick};
use crate::process;
use crate::workspace::Workspace;

const ROUNDS: usize = 9;
const CALLS_PER_ROUND: usize = 2000;
const RULES: usize = 100;

/// The most that one line may take, in microseconds.
const TARGET: f64 = 100.0;

/// Lines as models write them.
const LINES: [(&str, &str); 3] = [
    ("one command", "cargo test -p core -- --nocapture"),
    (
        "commands in a chain",
        "git status --short && git diff | head -50",
    ),
    (
        "a here-document in a substitution",
        "git commit -m \"$(cat <<'EOF'\nMend the parser\n\nIt lost the last line.\nEOF\n)\"",
    ),
];

/// Measures each line.
pub(super) fn judging(workspace: &Workspace) -> anyhow::Result<Vec<Measurement>> {
    // Apart from the programs, which must not get the features that examples are built with.
    workspace.build(&[
        "--release",
        "-p",
        "loom-cli-permission",
        "--example",
        "judge",
    ])?;
    let program = workspace.target_path("release/examples/judge");
    let mut measurements = Vec::new();
    for (what, line) in LINES {
        let mut times: Vec<f64> = Vec::new();
        for _ in 0..ROUNDS {
            let mut command = Command::new(&program);
            command
                .arg(RULES.to_string())
                .arg(CALLS_PER_ROUND.to_string())
                .arg(line);
            let printed = process::output(&mut command)?;
            let time = printed.trim().parse();
            times.push(time.with_context(|| format!("not a number: {printed}"))?);
        }
        measurements.push(Measurement {
            what: format!("permission, {what}, {RULES} rules"),
            unit: "µs",
            sample: Sample::new(times).context("no runs")?,
            yardsticks: vec![Yardstick::target(TARGET)],
        });
    }
    Ok(measurements)
}
