//! Loom as a user has it: `loom`, and the server that it starts and finds again by itself.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use tempfile::TempDir;

use super::model::Model;
use super::program;
use crate::isolated_loom::IsolatedLoom;
use crate::process;
use crate::workspace::Workspace;

/// A running server and the command that uses it; dropping it stops the server.
pub(super) struct Installation {
    model_url: String,
    project: PathBuf,
    loom: IsolatedLoom,
    _folder: TempDir,
}

impl Installation {
    /// Starts the server, with `model` as its only provider.
    pub(super) fn start(workspace: &Workspace, model: &Model) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let project = folder.path().join("project");
        fs::create_dir(&project)?;
        let loom = IsolatedLoom::create(folder.path(), &program(workspace, "loom"))?;
        let model_url = format!("http://{}", model.address());
        let installation = Self {
            model_url,
            project,
            loom,
            _folder: folder,
        };
        process::output(installation.loom().args(["server", "start"]))?;
        Ok(installation)
    }

    /// Returns `loom`, in an empty project.
    pub(super) fn loom(&self) -> Command {
        let mut loom = self.loom.command();
        loom.current_dir(&self.project)
            .env("LOOM_PROVIDER", "anthropic")
            .env("LOOM_MODEL", "bench")
            .env("LOOM_SERVER_ANTHROPIC_BASE_URL", &self.model_url)
            .env("LOOM_SERVER_ANTHROPIC_API_KEY", "bench-key");
        loom
    }
}
