//! The demo's folder: a git repository with a project to mend, and all that Loom itself writes.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::process;
use crate::workspace::Workspace;

/// The folder. It stays when the demo is over, so that one can look at what happened.
pub(super) struct Scratch {
    root: PathBuf,
}

impl Scratch {
    /// Makes the folder and commits the project in it.
    pub(super) fn create(workspace: &Workspace) -> anyhow::Result<Self> {
        let root = tempfile::Builder::new()
            .prefix("loom-demo-")
            .tempdir()
            .context("cannot make a temporary folder")?
            .keep();
        let scratch = Self { root };
        process::output(
            Command::new("cp")
                .arg("-R")
                .arg(workspace.path("xtask/demo/project"))
                .arg(scratch.project()),
        )?;
        process::output(
            scratch
                .git()
                .args(["init", "--quiet", "--initial-branch=main"]),
        )?;
        process::output(scratch.git().args(["add", "--all"]))?;
        process::output(scratch.git().args([
            "commit",
            "--quiet",
            "--message=Write zero units no more",
        ]))?;
        Ok(scratch)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn project(&self) -> PathBuf {
        self.root.join("timespan")
    }

    /// Returns `git` in the project, without the user's settings.
    pub(super) fn git(&self) -> Command {
        let mut git = Command::new("git");
        git.current_dir(self.project())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        for role in ["AUTHOR", "COMMITTER"] {
            git.env(format!("GIT_{role}_NAME"), "Demo")
                .env(format!("GIT_{role}_EMAIL"), "demo@localhost");
        }
        git
    }

    /// Returns the command that runs the project's tests, as the recorded answers run it.
    pub(super) fn tests(&self) -> Command {
        let mut cargo = Command::new("cargo");
        cargo
            .args(["test", "--offline", "--quiet"])
            .current_dir(self.project());
        cargo
    }
}
