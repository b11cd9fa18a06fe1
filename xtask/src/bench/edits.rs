//! Edits of a file of 1 MB, by replacing text and by a patch, with the file forced to the disk.

use anyhow::Context;

use super::table::{Measurement, Sample, Yardstick};
use crate::process;
use crate::workspace::Workspace;

const ROUNDS: usize = 5;
const CALLS_PER_ROUND: usize = 20;

/// The most that an edit may take, in milliseconds.
const TARGET: f64 = 10.0;

/// The cases, as the example knows them.
const CASES: [(&str, &str); 3] = [
    ("exact", "edit_file, 1 MB"),
    ("respaced", "edit_file, 1 MB, other white space"),
    ("patch", "apply_patch, 1 MB, three places"),
];

/// Measures each case.
pub(super) fn edits(workspace: &Workspace) -> anyhow::Result<Vec<Measurement>> {
    // Apart from the programs, which must not get the features that examples are built with.
    workspace.build(&["--release", "-p", "loom-cli-tools", "--example", "edit"])?;
    let program = workspace.target_path("release/examples/edit");
    let mut measurements = Vec::new();
    for (case, what) in CASES {
        let mut times: Vec<f64> = Vec::new();
        for _ in 0..ROUNDS {
            // On the same disk as the sources: a folder for temporary files may be in memory.
            let folder = tempfile::tempdir_in(workspace.target_path(""))
                .context("cannot make a temporary folder")?;
            let mut command = std::process::Command::new(&program);
            command
                .arg(case)
                .arg(folder.path())
                .arg(CALLS_PER_ROUND.to_string());
            let printed = process::output(&mut command)?;
            for line in printed.lines() {
                let time = line.trim().parse();
                times.push(time.with_context(|| format!("not a number: {line}"))?);
            }
        }
        measurements.push(Measurement {
            what: what.to_owned(),
            unit: "ms",
            sample: Sample::new(times).context("no runs")?,
            yardsticks: vec![Yardstick::target(TARGET)],
        });
    }
    Ok(measurements)
}
