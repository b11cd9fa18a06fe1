//! How long programs need to start.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::program;
use super::server::{DataFolder, Server};
use super::table::{Measurement, Sample, Yardstick, milliseconds};
use crate::workspace::Workspace;

/// `loom --version` from fork to exit, in turn with two programs that everybody calls quick.
pub(super) fn version(workspace: &Workspace) -> anyhow::Result<Vec<Measurement>> {
    const WARM_UP: usize = 5;
    const RUNS: usize = 60;
    let programs = [
        program(workspace, "loom"),
        PathBuf::from("rg"),
        PathBuf::from("git"),
    ];
    let mut times = [(); 3].map(|()| Vec::new());
    for run in 0..WARM_UP + RUNS {
        for (program, times) in programs.iter().zip(&mut times) {
            let time = whole_run(Command::new(program).arg("--version"))?;
            if run >= WARM_UP {
                times.push(milliseconds(time));
            }
        }
    }
    let [loom, rg, git] = times.map(Sample::new);
    let (loom, rg, git) = loom
        .zip(rg)
        .zip(git)
        .map(|((a, b), c)| (a, b, c))
        .context("no runs")?;
    Ok(vec![Measurement {
        what: "`loom --version`, fork to exit".to_owned(),
        unit: "ms",
        sample: loom,
        yardsticks: vec![
            Yardstick::target(10.0),
            Yardstick::peer("`rg --version`", &rg),
            Yardstick::peer("`git --version`", &git),
        ],
    }])
}

fn whole_run(command: &mut Command) -> anyhow::Result<Duration> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let start = Instant::now();
    let status = command
        .status()
        .with_context(|| format!("cannot run {command:?}"))?;
    let time = start.elapsed();
    if !status.success() {
        bail!("{command:?} failed ({status})");
    }
    Ok(time)
}

/// `loom-server` from fork until `/health` has answered 200: with an empty data folder, where it creates
/// its database, and with the folder of an earlier run.
pub(super) fn server(workspace: &Workspace) -> anyhow::Result<Vec<Measurement>> {
    const RUNS: usize = 12;
    let (mut first, mut later) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let data = DataFolder::new()?;
        first.push(milliseconds(Server::start(workspace, &data)?.ready_after));
        later.push(milliseconds(Server::start(workspace, &data)?.ready_after));
    }
    let measurement = |what: &str, times| {
        anyhow::Ok(Measurement {
            what: format!("`loom-server`, fork to `/health` 200, {what}"),
            unit: "ms",
            sample: Sample::new(times).context("no runs")?,
            yardsticks: vec![Yardstick::target(200.0)],
        })
    };
    Ok(vec![
        measurement("new database", first)?,
        measurement("existing database", later)?,
    ])
}
