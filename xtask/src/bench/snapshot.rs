//! Snapshots for undo: the first of a large folder, and those after that.
//!
//! The folder holds 50,000 files of generated text, most of them some KiB long and a few more than
//! 100 KiB, as in repositories. It is in the system's cache, as it has just been written. `git status`,
//! which has to look at the same files, is run in turn.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};

use super::table::{Measurement, Sample, Yardstick, milliseconds};
use crate::process;
use crate::workspace::Workspace;

pub(super) const FILES: u64 = 50_000;
const FILES_PER_FOLDER: u64 = 10;
const ROUNDS: usize = 5;
const SNAPSHOTS_PER_ROUND: usize = 10;

/// What each kind of snapshot shall stay below, in milliseconds.
const FIRST: f64 = 5000.0;
const AFTER_CHANGE: f64 = 150.0;

/// Measures the first snapshot, one after a change, and one after nothing.
pub(super) fn snapshot(workspace: &Workspace) -> anyhow::Result<Vec<Measurement>> {
    // Apart from the programs, which must not get the features that examples are built with.
    workspace.build(&[
        "--release",
        "-p",
        "loom-common-spool",
        "--example",
        "snapshot",
    ])?;
    let tree = tempfile::tempdir().context("cannot make a temporary folder")?;
    let bytes = write_files(tree.path())?;
    println!("    {FILES} files, {} MB", bytes / 1_000_000);
    git(tree.path(), &["init", "--quiet"])?;
    git(tree.path(), &["add", "--all"])?;
    // Whatever is younger than the index is read again each time.
    git(tree.path(), &["status", "--porcelain"])?;
    let program = workspace.target_path("release/examples/snapshot");
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    let mut git_times = Vec::new();
    for _ in 0..ROUNDS {
        let mut command = Command::new(&program);
        command
            .arg(tree.path())
            .arg(SNAPSHOTS_PER_ROUND.to_string());
        let printed = process::output(&mut command)?;
        let values: Result<Vec<f64>, _> = printed.split_whitespace().map(str::parse).collect();
        let values = values.with_context(|| format!("not numbers: {printed}"))?;
        if values.len() != times.len() {
            bail!("not as many numbers as there are kinds of snapshots: {printed}");
        }
        for (times, value) in times.iter_mut().zip(values) {
            times.push(value);
        }
        let times: Result<Vec<_>, _> = (0..SNAPSHOTS_PER_ROUND)
            .map(|_| git(tree.path(), &["status", "--porcelain"]))
            .collect();
        git_times.push(Sample::new(times?).context("no runs")?.median());
    }
    let git = Sample::new(git_times).context("no runs")?;
    let kinds = [
        ("first", FIRST),
        ("after a change", AFTER_CHANGE),
        ("after nothing", AFTER_CHANGE),
    ];
    kinds
        .into_iter()
        .zip(times)
        .map(|((kind, target), times)| {
            let mut yardsticks = vec![Yardstick::target(target)];
            if target == AFTER_CHANGE {
                yardsticks.push(Yardstick::peer("`git status`", &git));
            }
            Ok(Measurement {
                what: format!("snapshot of {FILES} files, {kind}"),
                unit: "ms",
                sample: Sample::new(times).context("no runs")?,
                yardsticks,
            })
        })
        .collect()
}

/// Runs git in the folder, and returns the milliseconds from fork to exit.
pub(super) fn git(folder: &Path, arguments: &[&str]) -> anyhow::Result<f64> {
    let start = Instant::now();
    process::output(Command::new("git").args(arguments).current_dir(folder))?;
    Ok(milliseconds(start.elapsed()))
}

/// Writes the files, always the same ones, and returns how many bytes they have.
pub(super) fn write_files(tree: &Path) -> anyhow::Result<u64> {
    fs::write(
        tree.join(".gitignore"),
        "target/\n*.o\nnode_modules\n*.log\n",
    )?;
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        // xorshift64 (Marsaglia 2003).
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let mut total = 0;
    for number in 0..FILES {
        let folder = number / FILES_PER_FOLDER;
        let folder = tree.join(format!(
            "part{}/module{}/{folder}",
            folder / 500,
            folder / 25 % 20
        ));
        if number % FILES_PER_FOLDER == 0 {
            fs::create_dir_all(&folder)?;
        }
        // From 2 KiB up, each further doubling of what comes on top half as likely.
        let doublings = next().trailing_zeros().min(9);
        let length = 2048 + (next() % (1024 << doublings)) as usize;
        let mut text = String::with_capacity(length + 80);
        while text.len() < length {
            let (a, b) = (next() % 4096, next() % 4096);
            writeln!(
                text,
                "    let value_{a:x} = compute(&input_{b:x}, {});",
                a ^ b
            )?;
        }
        total += text.len() as u64;
        fs::write(folder.join(format!("file{number}.rs")), text)?;
    }
    Ok(total)
}
