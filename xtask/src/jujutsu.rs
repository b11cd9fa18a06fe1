//! The real `jj`, which tests and benchmarks run beside Loom on the same repository.
//!
//! It is built from the registry, in one pinned version and with the dependencies that its makers
//! locked, and kept below the target folder. `cargo install` does nothing when it is there already,
//! from the same version, features and profile; so each profile has a folder of its own.

use std::path::PathBuf;

use anyhow::Context;

use crate::process;
use crate::workspace::{Profile, Workspace};

/// The version whose formats `loom-common-spool` is built on.
const VERSION: &str = "0.45.1";

/// What the two builds are made with. The quick one is for tests; the other one is optimized as
/// Loom's release is, so that their times compare.
const QUICK: &[&str] = &[
    "--debug",
    "--config=profile.dev.debug=false",
    "--config=profile.dev.incremental=false",
];
const RELEASE: &[&str] = &[
    "--config=profile.release.codegen-units=1",
    "--config=profile.release.lto=\"thin\"",
    "--config=profile.release.strip=\"symbols\"",
];

/// Builds the program unless it is there. Returns its path.
pub(crate) fn ensure(workspace: &Workspace, profile: Profile) -> anyhow::Result<PathBuf> {
    let (folder, settings) = match profile {
        Profile::Dev => ("tools/jj", QUICK),
        Profile::Release => ("tools/jj-release", RELEASE),
    };
    let folder = workspace.target_path(folder);
    let program = folder.join("bin/jj");
    let mut install = workspace.cargo();
    install
        .args(["install", "--locked", "--version", VERSION])
        .args(["--no-default-features", "--features", "git", "--bin", "jj"])
        .args(settings)
        .arg("--root")
        .arg(&folder)
        .arg("jj-cli")
        // Where this is set, it is this workspace's.
        .env_remove("CARGO_TARGET_DIR");
    if program.is_file() {
        // It would only say that the folder is not on the path.
        install.arg("--quiet");
    }
    process::run(&mut install).context("cannot build the `jj` that Loom is compared with")?;
    Ok(program)
}
