//! What `loom acp` adds to each update that it sends to an editor.

use std::process::Command;

use anyhow::Context;

use super::table::{Measurement, Sample, Yardstick};
use crate::process;
use crate::workspace::Workspace;

const ROUNDS: usize = 9;
const UPDATES_PER_ROUND: usize = 500;

/// The most that the protocol may add to one update, in microseconds.
const TARGET: f64 = 1000.0;

/// Measures the way of one piece of an answer from the session's event to the bytes on the output.
pub(super) fn updates(workspace: &Workspace) -> anyhow::Result<Vec<Measurement>> {
    // Apart from the programs, which must not get the features that examples are built with.
    workspace.build(&["--release", "-p", "loom-cli-acp", "--example", "updates"])?;
    let program = workspace.target_path("release/examples/updates");
    let mut added = Vec::new();
    for _ in 0..ROUNDS {
        let mut command = Command::new(&program);
        command.arg(UPDATES_PER_ROUND.to_string());
        let printed = process::output(&mut command)?;
        let times = printed.split_whitespace().map(str::parse::<f64>);
        let times = times.collect::<Result<Vec<_>, _>>();
        let times = times.with_context(|| format!("not numbers: {printed}"))?;
        let [whole, session] = times[..] else {
            anyhow::bail!("not two numbers: {printed}");
        };
        added.push(whole - session);
    }
    Ok(vec![Measurement {
        what: "editor, time added to an update".to_owned(),
        unit: "µs",
        sample: Sample::new(added).context("no runs")?,
        yardsticks: vec![Yardstick::target(TARGET)],
    }])
}
