//! Loom's grep, which runs inside the agent's process, against `rg`, which an agent would start.
//!
//! Both search the same tree of real source files, in turn. Loom's time is that of a call in a running
//! process; the time of `rg` is that of the process, because that is what a call would cost.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use cargo_metadata::MetadataCommand;

use super::table::{Measurement, Sample, Yardstick, milliseconds};
use crate::process;
use crate::workspace::Workspace;

const ROUNDS: usize = 15;
const CALLS_PER_ROUND: usize = 5;
const FILES: usize = 3000;

/// What is searched for. Each is found a few to some hundred times, so that printing costs little.
const PATTERNS: [(&str, &str); 3] = [
    ("a literal", "ExactSizeIterator"),
    ("a pattern with literals", r"impl\w*<'de> Visitor"),
    (
        "a pattern without literals",
        r"\b[a-z]{6,}_[a-z]{6,}_[a-z]{6,}_[a-z]{6,}\b",
    ),
];

/// Measures each pattern.
pub(super) fn grep(workspace: &Workspace) -> anyhow::Result<Vec<Measurement>> {
    // Apart from the programs, which must not get the features that examples are built with.
    workspace.build(&["--release", "-p", "loom-cli-tools", "--example", "grep"])?;
    let tree = tempfile::tempdir().context("cannot make a temporary folder")?;
    let files = copy_sources(workspace, tree.path())?;
    println!("    {files} source files");
    let loom = workspace.target_path("release/examples/grep");
    let mut measurements = Vec::new();
    for (kind, pattern) in PATTERNS {
        let (mut loom_times, mut rg_times) = (Vec::new(), Vec::new());
        run_rg(pattern, tree.path())?;
        for _ in 0..ROUNDS {
            let mut command = Command::new(&loom);
            command
                .arg(pattern)
                .arg(tree.path())
                .arg(CALLS_PER_ROUND.to_string());
            let printed = process::output(&mut command)?;
            loom_times.push(
                printed
                    .trim()
                    .parse()
                    .with_context(|| format!("not a number: {printed}"))?,
            );
            let times: Result<Vec<_>, _> = (0..CALLS_PER_ROUND)
                .map(|_| run_rg(pattern, tree.path()).map(milliseconds))
                .collect();
            rg_times.push(Sample::new(times?).context("no runs")?.median());
        }
        let rg = Sample::new(rg_times).context("no runs")?;
        measurements.push(Measurement {
            what: format!("grep in process, {kind}, {files} files"),
            unit: "ms",
            sample: Sample::new(loom_times).context("no runs")?,
            yardsticks: vec![Yardstick::peer("`rg`", &rg)],
        });
    }
    Ok(measurements)
}

/// Runs `rg` with its output read to the end, and returns the time from fork to exit.
fn run_rg(pattern: &str, tree: &Path) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let mut rg = Command::new("rg")
        .args([
            "--no-config",
            "--line-number",
            "--no-heading",
            "--color=never",
            "--regexp",
            pattern,
        ])
        .arg(tree)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start `rg`")?;
    let mut found = Vec::new();
    rg.stdout
        .take()
        .context("`rg` has no output")?
        .read_to_end(&mut found)?;
    let status = rg.wait()?;
    let time = start.elapsed();
    if !status.success() {
        bail!("`rg {pattern}` found nothing ({status})");
    }
    Ok(time)
}

/// Copies Rust files of the crates that the workspace depends on, in a fixed order, up to [`FILES`].
pub(super) fn copy_sources(workspace: &Workspace, tree: &Path) -> anyhow::Result<usize> {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace.path("Cargo.toml"))
        .other_options(["--locked".to_owned()])
        .exec()
        .context("cannot list the dependencies")?;
    let mut crates: Vec<_> = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_some())
        .filter_map(|package| package.manifest_path.parent())
        .collect();
    crates.sort();
    let mut copied = 0;
    for krate in crates {
        let mut folders = vec![PathBuf::from(krate)];
        while let Some(folder) = folders.pop() {
            let mut entries = fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
            entries.sort_by_key(fs::DirEntry::file_name);
            for entry in entries {
                let path = entry.path();
                if entry.file_type()?.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let parent = krate.parent().unwrap_or(krate);
                    let target = tree.join(path.strip_prefix(parent)?);
                    fs::create_dir_all(target.parent().unwrap_or(tree))?;
                    fs::copy(&path, target)?;
                    copied += 1;
                }
                if copied == FILES {
                    return Ok(copied);
                }
            }
        }
    }
    Ok(copied)
}
