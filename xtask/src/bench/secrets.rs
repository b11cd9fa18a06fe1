//! Looking for secrets in source files: Loom against Kingfisher and detect-secrets.
//!
//! All are held on one core and look through the same tree in turn. What is measured of each is the process
//! from fork to exit; a first run of those that fill caches is not counted. The search alone, in a running
//! process, is measured apart, without the time for reading files.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};

use super::program;
use super::search::copy_sources;
use super::table::{Measurement, Sample, Yardstick, milliseconds};
use crate::process;
use crate::workspace::Workspace;

const ROUNDS: usize = 3;

/// The other programs, from the Python package index.
const PEERS: [&str; 2] = ["kingfisher-bin==2.14.0", "detect-secrets==1.5.0"];

/// The most that the search of 100 MB may take, in milliseconds: 150 MB a second.
const SEARCH_TARGET: f64 = 667.0;

/// The most that making the rules ready may take, in milliseconds.
const RULES_TARGET: f64 = 30.0;

/// A program that looks for secrets below the folder it is started in.
struct Scanner {
    name: &'static str,
    program: PathBuf,
    arguments: &'static [&'static str],
    rounds: usize,
}

/// Measures the search, and the programs.
pub(super) fn scanning(workspace: &Workspace) -> anyhow::Result<Vec<Measurement>> {
    let peers = install_peers(workspace)?;
    let tree = tempfile::tempdir().context("cannot make a temporary folder")?;
    let files = copy_sources(workspace, tree.path())?;
    println!("    {files} source files");
    let mut measurements = in_process(workspace, tree.path())?;
    measurements.push(programs(workspace, &peers, tree.path())?);
    Ok(measurements)
}

/// Measures the search in a running process.
fn in_process(workspace: &Workspace, tree: &Path) -> anyhow::Result<Vec<Measurement>> {
    // Apart from the programs, which must not get the features that examples are built with.
    workspace.build(&["--release", "-p", "loom-redact", "--example", "throughput"])?;
    let example = workspace.target_path("release/examples/throughput");
    let (mut rules, mut searches) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let printed = process::output(Command::new(&example).arg(tree))?;
        for line in printed.lines() {
            let (what, value) = line.split_once(' ').unwrap_or((line, ""));
            let value = || {
                let value = value.trim().parse::<f64>();
                value.with_context(|| format!("not a number: {line}"))
            };
            match what {
                "rules_ms" => rules.push(value()?),
                "search_ms_per_100_mb" => searches.push(value()?),
                _ => {}
            }
        }
    }
    let measurement = |what: &str, values: Vec<f64>, target: f64| {
        anyhow::Ok(Measurement {
            what: what.to_owned(),
            unit: "ms",
            sample: Sample::new(values).context("no runs")?,
            yardsticks: vec![Yardstick::target(target)],
        })
    };
    Ok(vec![
        measurement("rules of secrets made ready", rules, RULES_TARGET)?,
        measurement(
            "search for secrets, 100 MB of source, one core",
            searches,
            SEARCH_TARGET,
        )?,
    ])
}

/// Measures the programs in turn.
fn programs(workspace: &Workspace, peers: &Path, tree: &Path) -> anyhow::Result<Measurement> {
    let home = tempfile::tempdir().context("cannot make a temporary folder")?;
    let scanners = [
        Scanner {
            name: "loom secrets scan",
            program: program(workspace, "loom"),
            arguments: &["secrets", "scan", "--format", "json", "."],
            rounds: ROUNDS,
        },
        Scanner {
            name: "kingfisher scan",
            program: peers.join("kingfisher"),
            arguments: &[
                "scan",
                ".",
                "--jobs=1",
                "--no-validate",
                "--no-update-check",
                "--git-history=none",
                "--format=json",
            ],
            rounds: ROUNDS,
        },
        Scanner {
            name: "detect-secrets scan",
            program: peers.join("detect-secrets"),
            arguments: &["--cores", "1", "scan", "--all-files", "."],
            // It takes minutes, and keeps no cache.
            rounds: 1,
        },
    ];
    let mut times = [const { Vec::new() }; 3];
    for round in 0..=ROUNDS {
        for (scanner, times) in scanners.iter().zip(&mut times) {
            let fills_caches = round == 0 && scanner.rounds > 1;
            if fills_caches {
                scanner.run(tree, home.path())?;
            } else if times.len() < scanner.rounds {
                times.push(scanner.run(tree, home.path())?);
            }
        }
    }
    let mut samples = Vec::new();
    for (scanner, times) in scanners.iter().zip(times) {
        samples.push((scanner.name, Sample::new(times).context("no runs")?));
    }
    let (name, sample) = samples.remove(0);
    Ok(Measurement {
        what: format!("`{name}`, the same tree, one core"),
        unit: "ms",
        sample,
        yardsticks: samples
            .iter()
            .map(|(name, sample)| Yardstick::peer(&format!("`{name}`"), sample))
            .collect(),
    })
}

impl Scanner {
    /// Runs the program on one core, and returns its time in milliseconds.
    fn run(&self, tree: &Path, home: &Path) -> anyhow::Result<f64> {
        let start = Instant::now();
        let output = Command::new("taskset")
            .args(["--cpu-list", "0"])
            .arg(&self.program)
            .args(self.arguments)
            .current_dir(tree)
            .env("HOME", home)
            .stdin(Stdio::null())
            .output()
            .context("cannot start `taskset`, which holds a program on one core")?;
        let time = milliseconds(start.elapsed());
        // Each has a code of its own for having found something, and all print what.
        if output.stdout.is_empty() {
            let errors = String::from_utf8_lossy(&output.stderr);
            bail!(
                "`{}` found nothing ({}):\n{errors}",
                self.name,
                output.status
            );
        }
        Ok(time)
    }
}

/// Installs the other programs below the target folder, unless they are there. Returns the folder with them.
fn install_peers(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.target_path("tools/secret-scanners");
    let programs = folder.join("bin");
    // Written when the installation is whole.
    let stamp = folder.join("installed");
    let wanted = PEERS.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(programs);
    }
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "--clear"]).arg(&folder);
    process::run(&mut venv)?;
    let mut pip = Command::new(programs.join("pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check"])
        .args(PEERS);
    process::run(&mut pip).context("cannot install the programs to compare with")?;
    std::fs::write(&stamp, wanted)?;
    Ok(programs)
}
