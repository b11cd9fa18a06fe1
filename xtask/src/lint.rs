//! `cargo xtask lint`: every check that runs no test. All of them run; what failed is said at the end.

use std::fs;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};

use crate::process::{self, announce};
use crate::workspace::Workspace;
use crate::{check_layers, generate};

/// The newest release that the oldest supported compiler (`rust-version`) can build.
const CARGO_SHEAR: &str = "1.12.4";

/// Past this many lines a source file is split along an idea.
const MAX_LINES: usize = 500;

/// Runs every check, and fails with the names of those that failed.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        announce(name);
        let start = Instant::now();
        let outcome = check(workspace);
        let seconds = start.elapsed().as_secs_f32();
        match outcome {
            Ok(()) => println!("    ok: {name} ({seconds:.1} s)\n"),
            Err(error) => {
                eprintln!("error: {error:#}\n    FAILED: {name} ({seconds:.1} s)\n");
                failed.push(*name);
            }
        }
    }
    if failed.is_empty() {
        println!("lint: all {} checks passed", CHECKS.len());
        return Ok(());
    }
    bail!(
        "lint: {} of {} checks failed: {}",
        failed.len(),
        CHECKS.len(),
        failed.join(", ")
    )
}

type Check = fn(&Workspace) -> anyhow::Result<()>;

/// The quick checks first.
const CHECKS: &[(&str, Check)] = &[
    ("format", format),
    ("layers", check_layers::run),
    ("file lengths", file_lengths),
    ("unused dependencies", unused_dependencies),
    ("clippy", clippy),
    ("documentation", documentation),
    ("reference files", generate::check),
];

fn format(workspace: &Workspace) -> anyhow::Result<()> {
    process::run(workspace.cargo().args(["fmt", "--all", "--check"]))
        .context("run `cargo fmt --all`")
}

fn clippy(workspace: &Workspace) -> anyhow::Result<()> {
    process::run(workspace.cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))
}

fn documentation(workspace: &Workspace) -> anyhow::Result<()> {
    process::run(
        workspace
            .cargo()
            .args(["doc", "--workspace", "--no-deps", "--locked"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

/// Installs cargo-shear below the target directory when it is not there, and runs it.
fn unused_dependencies(workspace: &Workspace) -> anyhow::Result<()> {
    let root = workspace.target_path("tools");
    let installed = process::output(
        workspace
            .cargo()
            .args(["install", "--list", "--root"])
            .arg(&root),
    )?;
    if !installed
        .lines()
        .any(|line| line == format!("cargo-shear v{CARGO_SHEAR}:"))
    {
        println!("    cargo-shear is built once, which takes a minute or two");
        process::run(
            workspace
                .cargo()
                .args([
                    "install",
                    "cargo-shear",
                    "--locked",
                    "--version",
                    CARGO_SHEAR,
                    "--root",
                ])
                .arg(&root),
        )?;
    }
    process::run(
        Command::new(root.join("bin/cargo-shear"))
            .args(["--locked", "--deny-warnings"])
            .current_dir(&workspace.metadata.workspace_root),
    )
}

/// Fails for each Rust file of the repository, committed or about to be, that is too long.
fn file_lengths(workspace: &Workspace) -> anyhow::Result<()> {
    let files = process::output(
        Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
                "--",
                "*.rs",
            ])
            .current_dir(&workspace.metadata.workspace_root),
    )?;
    let mut too_long = Vec::new();
    for file in files.split_terminator('\0') {
        // A file that was deleted, but not yet from the index, has no length.
        let Ok(text) = fs::read_to_string(workspace.path(file)) else {
            continue;
        };
        let lines = text.lines().count();
        if lines > MAX_LINES {
            too_long.push(format!("{file}: {lines} lines"));
        }
    }
    if too_long.is_empty() {
        return Ok(());
    }
    bail!(
        "files with more than {MAX_LINES} lines; split each along an idea:\n  {}",
        too_long.join("\n  ")
    )
}
