//! Development tasks, run as `cargo xtask TASK`.
//!
//! Each task is a module of its own. The tasks know the product only from outside: they build its
//! programs with cargo and run them, so that this crate compiles in seconds and a broken product
//! crate never keeps a developer from running a task.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program whose output is for the developer at the terminal"
)]

mod bench;
mod check_layers;
mod cleanup;
mod demo;
mod generate;
mod isolated_loom;
mod jujutsu;
mod lint;
mod process;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Development tasks of this workspace")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measures speed and size, and prints a table
    Bench(bench::Arguments),
    /// Checks that every dependency between workspace crates goes down the layers
    CheckLayers,
    /// Lets the agent mend a small project, with a model whose answers are recorded
    Demo(demo::Arguments),
    /// Writes the reference files under docs/reference from what the programs say of themselves
    Generate(generate::Arguments),
    /// Runs every check that needs no test to run: format, clippy, layers, references, …
    Lint,
    /// Runs all tests, on SQLite and on a PostgreSQL server of its own
    Test(test::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = Workspace::load().and_then(|workspace| match arguments.task {
        Task::Bench(arguments) => bench::run(&workspace, &arguments),
        Task::CheckLayers => check_layers::run(&workspace),
        Task::Demo(arguments) => demo::run(&workspace, &arguments),
        Task::Generate(arguments) => generate::run(&workspace, &arguments),
        Task::Lint => lint::run(&workspace),
        Task::Test(arguments) => test::run(&workspace, &arguments),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
