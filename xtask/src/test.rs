//! `cargo xtask test`: everything the tests need, then the tests.
//!
//! 1. The programs that the tests run are looked for, and installed where that can be done unasked.
//! 2. The servers that the tests talk to are installed; the tests find them in
//!    `LOOM_TEST_MCP_SERVERS` and `LOOM_TEST_LANGUAGE_SERVERS`.
//! 3. The `jj` that tests run beside Loom is built, once; they find it in `LOOM_TEST_JJ`.
//! 4. A throw-away PostgreSQL server starts; the store tests find it in `LOOM_TEST_POSTGRES_URL`.
//! 5. The product's programs are built, because tests run them as processes.
//! 6. The tests of the documentation run, then all others.

mod postgres;
mod requirements;
mod tool_servers;

use std::process::{Command, Stdio};

use anyhow::bail;

use self::postgres::Postgres;
use crate::jujutsu;
use crate::process::{self, announce};
use crate::workspace::{Profile, Workspace};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What to run, in the words of `cargo nextest run`, such as `-p loom-cli` or a test's name
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    selection: Vec<String>,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    announce("look for what the tests need");
    let found = requirements::ensure()?;
    let tool_servers = tool_servers::ensure(workspace)?;
    let jujutsu = jujutsu::ensure(workspace, Profile::Dev)?;
    announce("start a throw-away PostgreSQL server");
    let postgres = Postgres::start(&found.postgres)?;
    println!("    {}", postgres.url());

    workspace.build_programs()?;

    let commands = if arguments.selection.is_empty() {
        vec![doctests(workspace), tests(workspace, &[])]
    } else {
        vec![tests(workspace, &arguments.selection)]
    };
    let mut failures = Vec::new();
    for mut command in commands {
        command
            .env("LOOM_TEST_POSTGRES_URL", postgres.url())
            .env("LOOM_TEST_JJ", &jujutsu)
            .envs(tool_servers.iter().map(|(name, folder)| (name, folder)));
        let outcome = process::run(&mut command);
        failures.extend(outcome.err());
    }
    announce("stop the PostgreSQL server");
    drop(postgres);
    match failures.as_slice() {
        [] => Ok(()),
        _ => bail!(
            "{}",
            failures
                .iter()
                .map(|failure| format!("{failure:#}"))
                .collect::<Vec<_>>()
                .join("; ")
        ),
    }
}

fn doctests(workspace: &Workspace) -> Command {
    let mut command = workspace.cargo();
    command.args(["test", "--doc", "--workspace", "--locked"]);
    command
}

/// nextest runs each test in a process of its own and ends one that hangs (`.config/nextest.toml`);
/// `cargo test` is there everywhere.
fn tests(workspace: &Workspace, selection: &[String]) -> Command {
    let mut command = workspace.cargo();
    if has_nextest(workspace) {
        command.args(["nextest", "run"]);
    } else {
        println!("    cargo-nextest is not installed: using `cargo test`");
        command.args(["test", "--all-targets"]);
    }
    command.arg("--locked");
    if !names_packages(selection) {
        command.arg("--workspace");
    }
    command.args(selection);
    command
}

fn has_nextest(workspace: &Workspace) -> bool {
    workspace
        .cargo()
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Tells whether the selection says itself which packages it is about.
fn names_packages(selection: &[String]) -> bool {
    selection
        .iter()
        .take_while(|argument| *argument != "--")
        .any(|argument| argument.starts_with("-p") || argument.starts_with("--package"))
}

#[cfg(test)]
mod tests {
    use super::names_packages;

    #[test]
    fn selection_that_names_packages_is_recognized() {
        let names = |arguments: &[&str]| {
            names_packages(
                &arguments
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>(),
            )
        };
        assert!(names(&["-p", "loom-cli"]));
        assert!(names(&["--package=loom-cli", "edit"]));
        assert!(!names(&["edit", "--no-capture"]));
        assert!(!names(&["edit", "--", "-p"]));
    }
}
