//! The probe: finds the strongest rung that works, by running a command in each that tries to get
//! out.
//!
//! What a kernel says it can do is not what it does: containers filter system calls, security
//! modules take namespaces back after they were made, and file systems behave in their own ways. So
//! the launcher is started as for a real command, with the real folders, and the command is this
//! program's own `check`, which attempts what must work and what must fail. A rung whose check finds
//! a fault is not used.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::error::SandboxError;
use crate::launcher::{ARGUMENT, Attempts, COMPLAINT, FAILED, Findings};
use crate::policy::{Bubblewrap, NetworkRoute, Policy, VARIABLE};
use crate::rung::Refusal;
use crate::sandbox::encode;
use crate::{NetworkAccess, Rung, SandboxSetup, Status};

/// How long a check may take. It takes some milliseconds; a disk that sleeps takes longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tries the rungs of the setup in order. Returns the policy with the first that works.
///
/// `own` is the sandbox's own folder, of which only a part can be written from inside.
pub(crate) async fn probe(
    setup: &SandboxSetup,
    policy: Policy,
    own: &Path,
) -> Result<(Status, Option<Policy>), SandboxError> {
    let secret = own.join("secret");
    std::fs::write(&secret, "hidden\n").map_err(SandboxError::Temporary)?;
    let attempts = Attempts {
        inside: policy.temporary.clone(),
        outside: outside(&policy, own),
        hidden: [vec![secret.clone()], policy.hidden.clone()].concat(),
    };
    let attempts = serde_json::to_string(&attempts).map_err(|_| SandboxError::NotUnicode {
        path: own.to_owned(),
    })?;
    let mut stronger = Vec::new();
    for &rung in &setup.rungs {
        let policy = match candidate(setup, &policy, rung) {
            Ok(policy) => policy,
            Err(reason) => {
                stronger.push(Refusal { rung, reason });
                continue;
            }
        };
        let mut tried = policy.clone();
        tried.hidden.push(secret.clone());
        let checked = match encode(&tried) {
            Ok(encoded) => check(setup, &encoded, &attempts).await,
            Err(error) => Err(error.to_string()),
        };
        match checked {
            Ok(landlock) => {
                let status = Status {
                    rung,
                    landlock,
                    stronger,
                };
                return Ok((status, Some(policy)));
            }
            Err(reason) => stronger.push(Refusal { rung, reason }),
        }
    }
    let status = Status {
        rung: Rung::None,
        landlock: None,
        stronger,
    };
    Ok((status, None))
}

/// Returns a folder that the policy does not let commands write: the sandbox's own, if it does not
/// lie in the workspace.
fn outside(policy: &Policy, own: &Path) -> PathBuf {
    let is_outside = |path: &Path| {
        let mut writable = policy.writable.iter();
        !writable.any(|folder| path.starts_with(folder))
    };
    [own, &policy.home]
        .into_iter()
        .find(|path| is_outside(path))
        .unwrap_or(Path::new("/"))
        .to_owned()
}

/// Returns the policy for a rung, or why it cannot even be tried.
fn candidate(setup: &SandboxSetup, policy: &Policy, rung: Rung) -> Result<Policy, String> {
    let bubblewrap = match rung {
        Rung::Bubblewrap => Some(Bubblewrap {
            program: find_bubblewrap(setup, policy)?,
            launcher: setup
                .launcher
                .canonicalize()
                .map_err(|error| format!("the program of loom has moved: {error}"))?,
        }),
        Rung::Namespaces | Rung::Landlock => None,
        Rung::None => return Err("it is no sandbox".to_owned()),
    };
    let lists_none = matches!(&setup.network, NetworkAccess::AllowList(hosts) if hosts.is_empty());
    let network = match rung {
        // It would open a port at any address, for the sake of hosts that nobody has allowed.
        Rung::Landlock if lists_none => NetworkRoute::Off,
        _ => policy.network.clone(),
    };
    Ok(Policy {
        rung,
        bubblewrap,
        network,
        ..policy.clone()
    })
}

/// Looks for `bwrap` on the path, but not where commands could put one.
fn find_bubblewrap(setup: &SandboxSetup, policy: &Policy) -> Result<PathBuf, String> {
    let path = setup.environment.get("PATH").unwrap_or_default();
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .filter_map(|folder| folder.join("bwrap").canonicalize().ok())
        .find(|program| {
            program.is_file()
                && !policy
                    .writable
                    .iter()
                    .any(|folder| program.starts_with(folder))
        })
        .ok_or_else(|| "bwrap is not installed (package bubblewrap)".to_owned())
}

/// Runs the check. Returns the version of Landlock in force, or what is wrong.
async fn check(setup: &SandboxSetup, policy: &str, attempts: &str) -> Result<Option<u32>, String> {
    let child = Command::new(&setup.launcher)
        .arg(ARGUMENT)
        .arg("run")
        .arg(&setup.launcher)
        .args([ARGUMENT, "check", attempts])
        .env_clear()
        .env(VARIABLE, policy)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .output();
    let output = match tokio::time::timeout(PATIENCE, child).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(format!("the launcher cannot be started: {error}")),
        Err(_) => return Err("the launcher did not come back".to_owned()),
    };
    let complaint = String::from_utf8_lossy(&output.stderr);
    if let Ok(findings) = serde_json::from_slice::<Findings>(&output.stdout) {
        return match findings.faults.as_slice() {
            [] => Ok(landlock_version(&findings.confinement)),
            faults => Err(faults.join(", ")),
        };
    }
    let complaint = complaint.trim();
    Err(match output.status.code() {
        Some(code) if code == i32::from(FAILED) && complaint.starts_with(COMPLAINT) => {
            complaint[COMPLAINT.len()..].to_owned()
        }
        _ => format!("the check ended with {}: {complaint}", output.status),
    })
}

fn landlock_version(confinement: &str) -> Option<u32> {
    let (_, version) = confinement.split_once("landlock=")?;
    version.parse().ok()
}
