//! What the tests talk to: servers of tools, by the makers of the protocol, one of a language, and the
//! editor's side of the Agent Client Protocol.
//!
//! They are npm packages, pinned with all they need by the lock files beside the tests, and installed
//! below the target folder when the lock file is another one than at the last installation. Scripts
//! of packages do not run.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;

use crate::process;
use crate::workspace::Workspace;

/// Servers that are installed together.
struct Servers {
    /// The variable in which the tests find the folder of the installation.
    variable: &'static str,
    /// The folder of the manifest and the lock file.
    manifest: &'static str,
    /// The folder of the installation, below the target folder.
    installation: &'static str,
}

const SERVERS: [Servers; 3] = [
    Servers {
        variable: "LOOM_TEST_MCP_SERVERS",
        manifest: "crates/loom-cli-mcp/tests/servers",
        installation: "tools/mcp",
    },
    Servers {
        variable: "LOOM_TEST_LANGUAGE_SERVERS",
        manifest: "crates/loom-cli-lsp/tests/servers",
        installation: "tools/lsp",
    },
    Servers {
        variable: "LOOM_TEST_EDITOR",
        manifest: "crates/loom-cli/tests/editor",
        installation: "tools/acp",
    },
];

const LOCK_FILE: &str = "package-lock.json";

/// Installs the servers unless they are there. Returns the variables that name their folders.
pub(super) fn ensure(workspace: &Workspace) -> anyhow::Result<Vec<(&'static str, PathBuf)>> {
    SERVERS
        .iter()
        .map(|servers| Ok((servers.variable, install(workspace, servers)?)))
        .collect()
}

fn install(workspace: &Workspace, servers: &Servers) -> anyhow::Result<PathBuf> {
    let folder = workspace.target_path(servers.installation);
    let lock = workspace.path(servers.manifest).join(LOCK_FILE);
    let wanted = std::fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    // Copied when the installation is whole.
    let stamp = folder.join("installed.json");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    std::fs::create_dir_all(&folder)?;
    for file in ["package.json", LOCK_FILE] {
        std::fs::copy(
            workspace.path(servers.manifest).join(file),
            folder.join(file),
        )
        .with_context(|| format!("cannot copy {file} to {}", folder.display()))?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&folder);
    process::run(&mut npm).context("cannot install the servers that the tests talk to")?;
    std::fs::write(&stamp, wanted)?;
    Ok(folder)
}
