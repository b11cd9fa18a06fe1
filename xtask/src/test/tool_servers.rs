//! The servers of tools that the tests talk to: the reference servers of the protocol's makers.
//!
//! They are npm packages, pinned with all they need by the lock file beside the tests, and installed
//! below the target folder when the lock file is another one than at the last installation. Scripts
//! of packages do not run.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;

use crate::process;
use crate::workspace::Workspace;

/// The folder of the manifest and the lock file.
const MANIFEST: &str = "crates/loom-cli-mcp/tests/servers";

/// The folder of the installation, below the target folder.
const INSTALLATION: &str = "tools/mcp";

const LOCK_FILE: &str = "package-lock.json";

/// Installs the servers unless they are there. Returns the folder that they are in.
pub(super) fn ensure(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.target_path(INSTALLATION);
    let lock = workspace.path(MANIFEST).join(LOCK_FILE);
    let wanted = std::fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    // Copied when the installation is whole.
    let stamp = folder.join("installed.json");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    std::fs::create_dir_all(&folder)?;
    for file in ["package.json", LOCK_FILE] {
        std::fs::copy(workspace.path(MANIFEST).join(file), folder.join(file))
            .with_context(|| format!("cannot copy {file} to {}", folder.display()))?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&folder);
    process::run(&mut npm).context("cannot install the servers that the tests talk to")?;
    std::fs::write(&stamp, wanted)?;
    Ok(folder)
}
