//! `cargo xtask bench`: how fast and how small, as a table.
//!
//! Every number is measured on release builds on this machine, and stands beside a yardstick: a target, or
//! another program that was run in turn with Loom's in the same minute. Ratios travel between machines
//! better than times. Nothing here fails because a number is bad; whoever reads the table judges.

mod commit;
mod editor;
mod edits;
mod first_token;
mod installation;
mod memory;
mod model;
mod permission;
mod search;
mod secrets;
mod server;
mod snapshot;
mod spool;
mod startup;
mod table;

use anyhow::bail;

use self::table::Measurement;
use crate::process::announce;
use crate::workspace::{Profile, Workspace};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What to measure; everything without names
    names: Vec<String>,
}

type Benchmark = fn(&Workspace) -> anyhow::Result<Vec<Measurement>>;

const BENCHMARKS: &[(&str, Benchmark)] = &[
    ("version", startup::version),
    ("server-start", startup::server),
    ("server-memory", memory::server),
    ("cli-memory", memory::cli),
    ("session-memory", memory::session),
    ("grep", search::grep),
    ("snapshot", snapshot::snapshot),
    ("spool", spool::history),
    ("commit", commit::commit),
    ("edit", edits::edits),
    ("editor", editor::updates),
    ("permission", permission::judging),
    ("secrets", secrets::scanning),
    ("first-token", first_token::added_latency),
];

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    let names: Vec<_> = BENCHMARKS.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = arguments
        .names
        .iter()
        .find(|name| !names.contains(&name.as_str()))
    {
        bail!(
            "there is no benchmark `{unknown}`\n  hint: there are {}",
            names.join(", ")
        );
    }
    workspace.build(&["--release", "-p", "loom-cli", "-p", "loom-server"])?;
    let mut measurements = Vec::new();
    for (name, benchmark) in BENCHMARKS {
        if arguments.names.is_empty() || arguments.names.iter().any(|wanted| wanted == name) {
            announce(&format!("measure {name}"));
            measurements.extend(benchmark(workspace)?);
        }
    }
    println!("\n{}", table::markdown(&measurements));
    Ok(())
}

/// Returns the path of a release build.
fn program(workspace: &Workspace, name: &str) -> std::path::PathBuf {
    workspace.program(name, Profile::Release)
}
