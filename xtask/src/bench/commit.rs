//! Commits of a small change in a large repository, beside `git commit`.
//!
//! The repository is that of the snapshots' benchmark, 50,000 files, without hooks. Loom commits one line of a
//! file; git commits the same kind of change of another file, as a person would: `git add` and `git commit`.

use std::fs;
use std::process::Command;

use anyhow::Context;

use super::snapshot::{FILES, git, write_files};
use super::table::{Measurement, Sample, Yardstick};
use crate::process;
use crate::workspace::Workspace;

const ROUNDS: usize = 5;
const COMMITS_PER_ROUND: usize = 5;

/// What a commit shall stay below, in milliseconds.
const TARGET: f64 = 150.0;

/// Measures a commit by both.
pub(super) fn commit(workspace: &Workspace) -> anyhow::Result<Vec<Measurement>> {
    workspace.build(&["--release", "-p", "loom-cli-git", "--example", "commit"])?;
    let tree = tempfile::tempdir().context("cannot make a temporary folder")?;
    write_files(tree.path())?;
    for arguments in [
        &["init", "--quiet"][..],
        &["config", "user.name", "Ada Example"],
        &["config", "user.email", "ada@example.org"],
        // It would work in the background later.
        &["config", "maintenance.auto", "false"],
        &["add", "--all"],
        &["commit", "--quiet", "--message", "Start"],
        // Whatever is younger than the index is read again each time.
        &["status", "--porcelain"],
    ] {
        git(tree.path(), arguments)?;
    }
    let program = workspace.target_path("release/examples/commit");
    let mut times = Vec::new();
    let mut git_times = Vec::new();
    for round in 0..ROUNDS {
        let mut command = Command::new(&program);
        command
            .arg(tree.path())
            .arg("part0/module0/0/file0.rs")
            .arg(COMMITS_PER_ROUND.to_string());
        let printed = process::output(&mut command)?;
        let values: Result<Vec<f64>, _> = printed.split_whitespace().map(str::parse).collect();
        let values = values.with_context(|| format!("not numbers: {printed}"))?;
        times.push(Sample::new(values).context("no runs")?.median());
        let mut values = Vec::new();
        let file = "part0/module0/0/file1.rs";
        for commit in 0..COMMITS_PER_ROUND {
            fs::write(tree.path().join(file), format!("// {round} {commit}\n"))?;
            let adding = git(tree.path(), &["add", file])?;
            values.push(adding + git(tree.path(), &["commit", "--quiet", "--message", "Change"])?);
        }
        git_times.push(Sample::new(values).context("no runs")?.median());
    }
    let by_git = Sample::new(git_times).context("no runs")?;
    Ok(vec![Measurement {
        what: format!("commit of a line in {FILES} files"),
        unit: "ms",
        sample: Sample::new(times).context("no runs")?,
        yardsticks: vec![
            Yardstick::target(TARGET),
            Yardstick::peer("`git add`, `git commit`", &by_git),
        ],
    }])
}
