//! The workspace as cargo describes it: where it lies, where its programs are built, its crates.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use cargo_metadata::{Metadata, MetadataCommand};

use crate::process;

/// The workspace that this program was built from.
pub(crate) struct Workspace {
    /// What `cargo metadata --no-deps` says.
    pub(crate) metadata: Metadata,
}

/// The cargo profile that a program was built with.
#[derive(Clone, Copy)]
pub(crate) enum Profile {
    /// Quick to build, slow to run.
    Dev,
    /// What users get.
    Release,
}

impl Workspace {
    /// Asks cargo for the workspace.
    pub(crate) fn load() -> anyhow::Result<Self> {
        let metadata = MetadataCommand::new()
            .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .no_deps()
            .exec()
            .context("cannot read the workspace with `cargo metadata`")?;
        Ok(Self { metadata })
    }

    /// Returns `path`, which is relative to the workspace's root, as an absolute path.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.metadata.workspace_root.join(path).into()
    }

    /// Returns a path below the target directory.
    pub(crate) fn target_path(&self, path: &str) -> PathBuf {
        self.metadata.target_directory.join(path).into()
    }

    /// Returns where cargo puts a program of this workspace.
    pub(crate) fn program(&self, name: &str, profile: Profile) -> PathBuf {
        let folder = match profile {
            Profile::Dev => "debug",
            Profile::Release => "release",
        };
        self.target_path(folder).join(name)
    }

    /// Builds all programs, with the features that the tests are built with.
    ///
    /// `--examples` makes cargo count in the features that dev-dependencies ask for. Without it, much of
    /// what the programs depend on would be built once for them and once more for the tests.
    pub(crate) fn build_programs(&self) -> anyhow::Result<()> {
        self.build(&["--workspace", "--bins", "--examples"])
    }

    /// Builds what the arguments of `cargo build` name, with cargo's own progress shown.
    pub(crate) fn build(&self, arguments: &[&str]) -> anyhow::Result<()> {
        process::run(self.cargo().args(["build", "--locked"]).args(arguments))
    }

    /// Starts a cargo command line in the workspace's root.
    ///
    /// `cargo run`, which started this program, describes its package in the environment. Build scripts
    /// that look at these variables would be run anew, and all that depends on them built anew, each time
    /// that cargo is called from here and not from a shell.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new("cargo");
        command.current_dir(&self.metadata.workspace_root);
        for (name, _) in std::env::vars_os() {
            let is_of_package = name.to_str().is_some_and(|name| {
                name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
            });
            if is_of_package {
                command.env_remove(name);
            }
        }
        command
    }
}
