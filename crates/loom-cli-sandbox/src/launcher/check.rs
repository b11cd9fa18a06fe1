//! The command of the probe: tries from inside what must work and what must fail.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use loom_common_config::Environment;
use nix::sched::CloneFlags;
use serde::{Deserialize, Serialize};

use super::TELLING_VARIABLE;
use crate::error::LaunchError;

/// What to try.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Attempts {
    /// A folder in which a file must be makeable.
    pub(crate) inside: PathBuf,
    /// A folder that exists and in which no file must be makeable.
    pub(crate) outside: PathBuf,
    /// A file that exists and must not be readable, and other places that must not be.
    pub(crate) hidden: Vec<PathBuf>,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Findings {
    /// How the launcher says that it has confined: [`TELLING_VARIABLE`].
    pub(crate) confinement: String,
    /// What did not come out as it must, a phrase each.
    pub(crate) faults: Vec<String>,
}

/// Tries, and prints the findings as JSON to standard output.
pub(super) fn run(
    attempts: &std::ffi::OsStr,
    environment: &Environment,
) -> Result<ExitCode, LaunchError> {
    let attempts: Attempts = attempts
        .to_str()
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| LaunchError::Call("the attempts make no sense".to_owned()))?;
    let confinement = environment.get(TELLING_VARIABLE).unwrap_or_default();
    let findings = Findings {
        confinement: confinement.to_string_lossy().into_owned(),
        faults: faults(&attempts),
    };
    let text =
        serde_json::to_string(&findings).map_err(|error| LaunchError::Call(error.to_string()))?;
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(LaunchError::step("write the findings"))?;
    Ok(ExitCode::SUCCESS)
}

fn faults(attempts: &Attempts) -> Vec<String> {
    let mut faults = Vec::new();
    let name = ".loom-sandbox-check";
    if let Err(error) = make_file(&attempts.inside.join(name)) {
        faults.push(format!("the workspace cannot be written ({error})"));
    }
    if make_file(&attempts.outside.join(name)).is_ok() {
        faults.push("files outside the workspace can be written".to_owned());
    }
    for place in &attempts.hidden {
        if is_readable(place) {
            faults.push(format!("{} can be read", place.display()));
        }
    }
    // An address for documentation (RFC 5737), which no packet leaves for by connecting.
    let connected = UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.connect("192.0.2.1:9"));
    if connected.is_ok() {
        faults.push("the network can be reached".to_owned());
    }
    if nix::sched::unshare(CloneFlags::CLONE_NEWUSER).is_ok() {
        faults.push("namespaces can be made".to_owned());
    }
    faults
}

fn make_file(path: &Path) -> std::io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(path)?;
    fs::remove_file(path)
}

/// Tells whether there is something to be read. An empty file or folder covers what is hidden.
fn is_readable(path: &Path) -> bool {
    match fs::metadata(path) {
        Ok(data) if data.is_dir() => {
            fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some())
        }
        Ok(data) => data.len() > 0 && File::open(path).is_ok(),
        Err(_) => false,
    }
}
